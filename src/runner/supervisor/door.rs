//! Connections into the network of a run, made from inside: the workbench names a port, the inner stage connects there
//! and hands the connected socket out. It reads and writes nothing on it, and waits for nothing: its own duties go on.
//!
//! The tool has neither end of the socket that requests come through, and sees a connection as from any other program
//! in its network.

use super::wire::{receive_parcel, send_fds};
use crate::runner::sandbox;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketAddrV4, SocketFlags, SocketType};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};

/// Connections that are being made at one time; further requests wait.
const MOST_PENDING: usize = 256;

/// The inner end of a door.
#[derive(Debug)]
pub(super) struct InnerDoor {
    /// `None` when there is no door, or nobody outside any more.
    requests: Option<OwnedFd>,
    /// Whether the network is the run's own: nobody else's is connected to.
    is_own: bool,
    pending: Vec<Pending>,
}

/// A connection that is being made.
#[derive(Debug)]
struct Pending {
    socket: OwnedFd,
    port: u16,
    /// Who wants it.
    answer: OwnedFd,
}

impl InnerDoor {
    /// The door of a run, if it has one. `host` is the mark of the host's network.
    pub(super) fn new(requests: Option<OwnedFd>, host: Option<u64>) -> InnerDoor {
        let is_own = requests.is_some() && host.is_some() && own_mark().is_ok_and(|own| Some(own) != host);
        InnerDoor { requests, is_own, pending: Vec::new() }
    }

    /// What is waited for.
    pub(super) fn sources(&self) -> impl Iterator<Item = PollFd<'_>> {
        let requests = self.requests.iter().filter(|_| self.pending.len() < MOST_PENDING);
        let pending = self.pending.iter().flat_map(|pending| {
            [PollFd::new(&pending.socket, PollFlags::OUT), PollFd::new(&pending.answer, PollFlags::empty())]
        });
        requests.map(|requests| PollFd::new(requests, PollFlags::IN)).chain(pending)
    }

    /// Takes requests and answers those that can be answered.
    pub(super) fn turn(&mut self) {
        self.pending.retain(|pending| !pending.advance());
        while self.pending.len() < MOST_PENDING {
            let Some(requests) = &self.requests else { break };
            match receive_parcel(requests, RecvFlags::DONTWAIT) {
                Ok(parcel) if parcel.bytes.is_empty() => self.requests = None,
                Ok(parcel) => {
                    let port = <[u8; 2]>::try_from(parcel.bytes).map(u16::from_ne_bytes);
                    if let (Ok(port), Some(answer)) = (port, parcel.fds.into_iter().next()) {
                        self.begin(port, answer);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.requests = None,
            }
        }
    }

    fn begin(&mut self, port: u16, answer: OwnedFd) {
        let socket = if self.is_own { socket() } else { Err(Errno::NETUNREACH) };
        match socket {
            Ok(socket) => {
                let pending = Pending { socket, port, answer };
                if !pending.advance() {
                    self.pending.push(pending);
                }
            }
            Err(error) => tell(&answer, Err(error)),
        }
    }
}

impl Pending {
    /// Connects, or looks what came of it; whether it is over.
    fn advance(&self) -> bool {
        match rustix::net::connect(&self.socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)) {
            Ok(()) | Err(Errno::ISCONN) => {
                // As whoever opens a socket gets it.
                tell(&self.answer, rustix::io::ioctl_fionbio(&self.socket, false).map(|()| &self.socket));
                true
            }
            // Nobody waits for it any more.
            Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR | Errno::AGAIN) => is_abandoned(&self.answer),
            Err(error) => {
                tell(&self.answer, Err(error));
                true
            }
        }
    }
}

/// Hands out a socket, or says why there is none.
fn tell(answer: &OwnedFd, result: Result<&OwnedFd, Errno>) {
    let error = result.err().map_or(0, Errno::raw_os_error);
    let fds: Vec<_> = result.iter().map(AsFd::as_fd).collect();
    // Who is gone wants no answer.
    let _ = send_fds(answer, &error.to_ne_bytes(), &fds);
}

fn is_abandoned(answer: &OwnedFd) -> bool {
    let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
    !matches!(rustix::net::recv(answer, &mut [0; 1], flags), Err(Errno::AGAIN | Errno::INTR))
}

fn socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
}

/// The mark of the network that this process is in.
fn own_mark() -> io::Result<u64> {
    sandbox::network_mark(&socket()?)
}
