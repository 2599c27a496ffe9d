//! Connections into the network of a run, from outside.

use crate::runner::process::poll::poll_some;
use crate::runner::supervisor::{receive_parcel, send_fds};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Leads into the network of a run: connects to ports that the tool listens at on 127.0.0.1 there. Copies are the same
/// door, and any number of threads may use it at one time.
///
/// Before the run started, requests wait; when it is over, they fail with [`io::ErrorKind::NotConnected`].
#[derive(Debug, Clone)]
pub struct Door(Arc<OwnedFd>);

/// A connection that was asked for. Dropping it gives it up. Its descriptor becomes readable when there is an answer.
#[derive(Debug)]
pub struct Knock(OwnedFd);

impl Door {
    /// A door, and its inner end.
    pub(in crate::runner) fn pair() -> io::Result<(Door, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((Door(Arc::new(ours)), theirs))
    }

    /// Connects to a port. The socket is a blocking one.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] when nobody listens there, [`io::ErrorKind::TimedOut`] when the timeout is
    /// over, [`io::ErrorKind::NotConnected`] when the run is over, or what the system says.
    pub fn connect(&self, port: u16, timeout: Duration) -> io::Result<OwnedFd> {
        let until = Instant::now() + timeout;
        let knock = loop {
            match self.knock(port) {
                // So many were asked for that the inner stage has not taken.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&self.0, PollFlags::OUT, until)?,
                result => break result?,
            }
        };
        loop {
            if let Some(socket) = knock.answer()? {
                return Ok(socket);
            }
            wait(&knock.0, PollFlags::IN, until)?;
        }
    }

    /// Asks for a connection to a port and returns at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] when the run is over, [`io::ErrorKind::WouldBlock`] when more was asked for
    /// than is taken.
    pub fn knock(&self, port: u16) -> io::Result<Knock> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        send_fds(&*self.0, &port.to_ne_bytes(), &[theirs.as_fd()]).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => is_over(),
            _ => error,
        })?;
        Ok(Knock(ours))
    }
}

impl Knock {
    /// The connected socket; `None` while there is no answer.
    ///
    /// # Errors
    /// As [`Door::connect`].
    pub fn answer(&self) -> io::Result<Option<OwnedFd>> {
        let parcel = match receive_parcel(&self.0, RecvFlags::DONTWAIT) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(is_over()),
            result => result?,
        };
        // The other end was closed without a word.
        let Ok(errno) = <[u8; 4]>::try_from(parcel.bytes).map(i32::from_ne_bytes) else { return Err(is_over()) };
        match parcel.fds.into_iter().next() {
            Some(socket) if errno == 0 => Ok(Some(socket)),
            // It was sent, and there was no place for it here.
            None if errno == 0 => Err(Errno::MFILE.into()),
            _ => Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

impl AsFd for Knock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn is_over() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the service has ended")
}

fn wait(socket: &OwnedFd, flags: PollFlags, until: Instant) -> io::Result<()> {
    if Instant::now() >= until {
        return Err(io::ErrorKind::TimedOut.into());
    }
    match poll_some([(Some(socket), flags)], until) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
