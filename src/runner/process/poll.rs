//! Waits for several descriptors at once, some of which may be absent.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Waits until something happens on one of the present sources.
pub(in crate::runner) fn poll_some<const N: usize>(
    sources: [(Option<&OwnedFd>, PollFlags); N],
    until: Instant,
) -> Result<[bool; N], Errno> {
    let mut places = Vec::with_capacity(N);
    let mut fds = Vec::with_capacity(N);
    for (place, (fd, flags)) in sources.into_iter().enumerate() {
        if let Some(fd) = fd {
            places.push(place);
            fds.push(PollFd::new(fd, flags));
        }
    }
    let wait = until.saturating_duration_since(Instant::now());
    let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
    rustix::event::poll(&mut fds, Some(&wait))?;
    let mut ready = [false; N];
    for (place, fd) in places.into_iter().zip(&fds) {
        ready[place] = !fd.revents().is_empty();
    }
    Ok(ready)
}

/// Waits until the descriptor is readable or in error; `false` on a timeout.
pub fn poll_readable(fd: &OwnedFd, most: Duration) -> bool {
    waited(fd, PollFlags::IN, most)
}

/// Waits until the descriptor is writable or in error; `false` on a timeout.
pub fn poll_writable(fd: &OwnedFd, most: Duration) -> bool {
    waited(fd, PollFlags::OUT, most)
}

fn waited(fd: &OwnedFd, flags: PollFlags, most: Duration) -> bool {
    // If polling fails, the operation is simply tried.
    poll_some([(Some(fd), flags)], Instant::now() + most).map_or_else(|error| error != Errno::INTR, |[ready]| ready)
}
