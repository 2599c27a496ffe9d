//! The supervisor's end of an observed filter: receives notifications and answers them.
//!
//! The process that made a call waits until it is answered. When the listener is closed the kernel
//! answers ENOSYS: a run whose supervisor died fails closed.

use super::calls::SystemCall;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// One call that waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) struct Notification {
    /// The ID for the answer.
    pub(in crate::runner) id: u64,
    /// The thread that made it, in the numbering of this process.
    pub(in crate::runner) pid: u32,
    pub(in crate::runner) call: SystemCall,
    /// Its arguments. Scalars are what the kernel will use; the targets of pointers can change.
    pub(in crate::runner) args: [u64; 6],
}

/// The answer to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum CallAnswer {
    /// The kernel executes it, as far as the other sandbox layers allow. Never an approval: the targets of pointers may
    /// have changed since they were read.
    Continue,
    /// It fails with this number.
    Errno(i32),
    /// It is not executed, and returns this value.
    Value(i64),
}

/// The listener of one filter.
#[derive(Debug)]
pub(in crate::runner) struct Listener(OwnedFd);

impl Listener {
    /// Wraps the listener returned by [`raise()`](super::raise()).
    ///
    /// # Errors
    /// If this kernel's notifications are larger than the known structure.
    pub(in crate::runner) fn new(fd: OwnedFd) -> io::Result<Listener> {
        let mut sizes = libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
        // SAFETY: the pointer is to a live local of the type that this operation fills.
        let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) };
        checked(result as libc::c_int)?;
        let fits = usize::from(sizes.seccomp_notif) <= size_of::<libc::seccomp_notif>()
            && usize::from(sizes.seccomp_notif_resp) <= size_of::<libc::seccomp_notif_resp>();
        if !fits {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the kernel notifications have an unknown size"));
        }
        let listener = Listener(fd);
        // The answer then wakes the tool on its current processor. Older kernels do not support it.
        let _ = listener.control(libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP as *mut libc::c_void);
        Ok(listener)
    }

    /// Becomes readable when a call waits, and hangs up when no process is left that could make one.
    pub(in crate::runner) fn fd(&self) -> &OwnedFd {
        &self.0
    }

    /// Receives the next waiting call; `None` if there is none, or it was interrupted.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] if no process is left that could make one; otherwise the error of the kernel.
    pub(in crate::runner) fn receive(&self) -> io::Result<Option<Notification>> {
        // The receive call blocks whatever the descriptor's flags are, so it is only made if a call is waiting.
        let mut wanted = [PollFd::new(&self.0, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        if !wanted[0].revents().contains(PollFlags::IN) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // SAFETY: plain numbers, for which zero is valid; the kernel requires zeroes.
        let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        match self.control(libc::SECCOMP_IOCTL_NOTIF_RECV, (&raw mut notification).cast()) {
            Ok(()) => {}
            // Its process was killed, or a signal interrupted it, since it was announced.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => return Ok(None),
            Err(error) => return Err(error),
        }
        let Some(call) = SystemCall::of(i64::from(notification.data.nr)) else {
            self.answer(notification.id, CallAnswer::Errno(libc::EPERM))?;
            return Ok(None);
        };
        let libc::seccomp_notif { id, pid, data, .. } = notification;
        Ok(Some(Notification { id, pid, call, args: data.args }))
    }

    /// Answers a call. If its process has ended, no answer is needed, which is not an error.
    ///
    /// # Errors
    /// The error of the kernel.
    pub(in crate::runner) fn answer(&self, id: u64, verdict: CallAnswer) -> io::Result<()> {
        let (val, error, flags) = match verdict {
            CallAnswer::Continue => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            CallAnswer::Errno(errno) => (0, -errno, 0),
            CallAnswer::Value(value) => (value, 0, 0),
        };
        let mut response = libc::seccomp_notif_resp { id, val, error, flags };
        match self.control(libc::SECCOMP_IOCTL_NOTIF_SEND, (&raw mut response).cast()) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            result => result,
        }
    }

    /// Whether the call still waits: if so, data read from its process before this check is from the right process.
    pub(in crate::runner) fn still_valid(&self, id: u64) -> bool {
        let mut id = id;
        self.control(libc::SECCOMP_IOCTL_NOTIF_ID_VALID, (&raw mut id).cast()).is_ok()
    }

    fn control(&self, request: libc::Ioctl, argument: *mut libc::c_void) -> io::Result<()> {
        // SAFETY: the requests used here read and write at most the structure that `argument` points to, which
        // the callers own and whose size `new` checked.
        checked(unsafe { libc::ioctl(self.0.as_raw_fd(), request, argument) })
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, since Linux 6.6.
const SYNC_WAKE_UP: usize = 1;

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
