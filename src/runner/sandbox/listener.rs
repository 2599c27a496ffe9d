//! The supervisor's end of an observed filter: taking notifications and answering them.
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
    /// What to answer to.
    pub(in crate::runner) id: u64,
    /// The thread that made it, as this process numbers threads.
    pub(in crate::runner) pid: u32,
    pub(in crate::runner) call: SystemCall,
    /// Its arguments. Scalars are what the kernel will use; what pointers point to can change.
    pub(in crate::runner) args: [u64; 6],
}

/// The answer to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) enum CallAnswer {
    /// The kernel does it, as far as the other sandbox layers let it. Never an approval: what pointers point to may
    /// have changed since it was read.
    Continue,
    /// It fails with this number.
    Errno(i32),
    /// It is not done, and returns this.
    Value(i64),
}

/// The listener of one filter.
#[derive(Debug)]
pub(in crate::runner) struct Listener(OwnedFd);

impl Listener {
    /// Takes the listener that [`raise()`](super::raise()) gave out.
    ///
    /// # Errors
    /// When this kernel's notifications are larger than what is known here.
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
        // The answer then wakes the tool on the processor that it came from. Older kernels do without.
        let _ = listener.control(libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP as *mut libc::c_void);
        Ok(listener)
    }

    /// Becomes readable when a call waits, hangs up when no process is left that could make one.
    pub(in crate::runner) fn fd(&self) -> &OwnedFd {
        &self.0
    }

    /// Takes the next call that waits; `None` when none does, or the one that did was interrupted.
    ///
    /// # Errors
    /// [`io::ErrorKind::BrokenPipe`] when no process is left that could make one; else what the kernel says.
    pub(in crate::runner) fn receive(&self) -> io::Result<Option<Notification>> {
        // The receive call waits whatever the descriptor's flags say, so it is only made when it need not.
        let mut wanted = [PollFd::new(&self.0, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        if !wanted[0].revents().contains(PollFlags::IN) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // SAFETY: plain numbers, for which all zeroes is a value; the kernel demands zeroes.
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

    /// Answers a call. One whose process is gone needs no answer, which is not an error.
    ///
    /// # Errors
    /// What the kernel says.
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

    /// Whether the call still waits: what was read from its process before this was read from the right one.
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
