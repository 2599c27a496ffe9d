//! Connections from outside into the network namespace of a run.

use crate::runner::process::poll::poll_some;
use crate::runner::supervisor::{receive_parcel, send_fds};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connects to ports on which the tool listens on 127.0.0.1 in the network namespace of its run. Clones share one
/// channel, and any number of threads may use them at the same time.
///
/// Requests wait until the run has started; when it has ended, they fail with [`io::ErrorKind::NotConnected`].
#[derive(Debug, Clone)]
pub struct NamespaceConnector(Arc<OwnedFd>);

/// A connection that was requested. Dropping it cancels the request. Its descriptor becomes readable when the result is
/// there.
#[derive(Debug)]
pub struct PendingConnection(OwnedFd);

impl NamespaceConnector {
    /// A connector, and the socket through which the inner stage receives its requests.
    pub(in crate::runner) fn pair() -> io::Result<(NamespaceConnector, OwnedFd)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        Ok((NamespaceConnector(Arc::new(ours)), theirs))
    }

    /// Connects to a port. The socket is blocking.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] when no process listens there, [`io::ErrorKind::TimedOut`] after the
    /// timeout, [`io::ErrorKind::NotConnected`] when the run has ended, or the error of the system.
    pub fn connect(&self, port: u16, timeout: Duration) -> io::Result<OwnedFd> {
        let until = Instant::now() + timeout;
        let pending = loop {
            match self.request(port) {
                // The inner stage has not yet taken the earlier requests.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&self.0, PollFlags::OUT, until)?,
                result => break result?,
            }
        };
        loop {
            if let Some(socket) = pending.poll()? {
                return Ok(socket);
            }
            wait(&pending.0, PollFlags::IN, until)?;
        }
    }

    /// Requests a connection to a port and returns at once.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`] when the run has ended, [`io::ErrorKind::WouldBlock`] when too many
    /// requests are waiting.
    pub fn request(&self, port: u16) -> io::Result<PendingConnection> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        send_fds(&*self.0, &port.to_ne_bytes(), &[theirs.as_fd()]).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => run_has_ended(),
            _ => error,
        })?;
        Ok(PendingConnection(ours))
    }
}

impl PendingConnection {
    /// The connected socket; `None` while the connection is being made.
    ///
    /// # Errors
    /// As [`NamespaceConnector::connect`].
    pub fn poll(&self) -> io::Result<Option<OwnedFd>> {
        let parcel = match receive_parcel(&self.0, RecvFlags::DONTWAIT) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(run_has_ended()),
            result => result?,
        };
        // The inner stage closed the request without a result.
        let Ok(errno) = <[u8; 4]>::try_from(parcel.bytes).map(i32::from_ne_bytes) else { return Err(run_has_ended()) };
        match parcel.fds.into_iter().next() {
            Some(socket) if errno == 0 => Ok(Some(socket)),
            // The socket was sent, but this process has too many open files.
            None if errno == 0 => Err(Errno::MFILE.into()),
            _ => Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

impl AsFd for PendingConnection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn run_has_ended() -> io::Error {
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
