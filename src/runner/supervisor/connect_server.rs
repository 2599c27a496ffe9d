//! Serves the requests of a `NamespaceConnector` inside the network namespace of a run: the workbench names a port, the
//! inner stage connects to it and passes the connected socket out. It never reads, writes or blocks on that socket, so
//! its other duties continue.
//!
//! The tool holds neither end of the request socket. To it, a connection looks like one from any other program in its
//! network.

use super::wire::{receive_parcel, send_fds};
use crate::runner::sandbox;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketAddrV4, SocketFlags, SocketType};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};

/// The most connections that are being established at one time; further requests wait.
const MOST_PENDING: usize = 256;

/// The inner end of a connector.
#[derive(Debug)]
pub(super) struct ConnectServer {
    /// `None` without a connector, or when its outer end is closed.
    requests: Option<OwnedFd>,
    /// Whether the network namespace belongs to the run. It never connects in another one.
    is_own: bool,
    pending: Vec<Pending>,
}

/// A connection that is being established.
#[derive(Debug)]
struct Pending {
    socket: OwnedFd,
    port: u16,
    /// Where the result is sent.
    answer: OwnedFd,
}

impl ConnectServer {
    /// The server of a run, idle when the run has no connector. `host` identifies the host's network namespace.
    pub(super) fn new(requests: Option<OwnedFd>, host: Option<u64>) -> ConnectServer {
        let is_own = requests.is_some() && host.is_some() && own_mark().is_ok_and(|own| Some(own) != host);
        ConnectServer { requests, is_own, pending: Vec::new() }
    }

    /// What to poll for.
    pub(super) fn sources(&self) -> impl Iterator<Item = PollFd<'_>> {
        let requests = self.requests.iter().filter(|_| self.pending.len() < MOST_PENDING);
        let pending = self.pending.iter().flat_map(|pending| {
            [PollFd::new(&pending.socket, PollFlags::OUT), PollFd::new(&pending.answer, PollFlags::empty())]
        });
        requests.map(|requests| PollFd::new(requests, PollFlags::IN)).chain(pending)
    }

    /// Accepts requests and sends the available results.
    pub(super) fn serve(&mut self) {
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
            Err(error) => send_result(&answer, Err(error)),
        }
    }
}

impl Pending {
    /// Connects, or checks the progress; returns whether the request is done.
    fn advance(&self) -> bool {
        match rustix::net::connect(&self.socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port)) {
            Ok(()) | Err(Errno::ISCONN) => {
                // Blocking, as a socket is by default.
                send_result(&self.answer, rustix::io::ioctl_fionbio(&self.socket, false).map(|()| &self.socket));
                true
            }
            // Also done if the request was cancelled.
            Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR | Errno::AGAIN) => is_abandoned(&self.answer),
            Err(error) => {
                send_result(&self.answer, Err(error));
                true
            }
        }
    }
}

/// Sends the connected socket, or the error number.
fn send_result(answer: &OwnedFd, result: Result<&OwnedFd, Errno>) {
    let error = result.err().map_or(0, Errno::raw_os_error);
    let fds: Vec<_> = result.iter().map(AsFd::as_fd).collect();
    // A cancelled request needs no result.
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

/// Identifies the network namespace of this process.
fn own_mark() -> io::Result<u64> {
    sandbox::network_mark(&socket()?)
}
