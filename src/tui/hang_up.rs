//! Detects the loss of the terminal, with or without SIGHUP.
//!
//! crossterm 0.29 reads a closed terminal in an endless loop, because it ignores a read of zero bytes. Therefore the
//! terminal is monitored here, and crossterm is not called once [`is_gone`] is true.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Signal, getpid, kill_process};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long the program may run without its terminal. Quitting takes up to 4 s. If the program still runs after the
/// grace period, the terminal was closed between a check and crossterm's read, and only a kill helps. The next start
/// recovers as after any kill.
const GRACE: Duration = Duration::from_secs(10);

/// The events of a closed terminal. `POLLHUP` and `POLLERR` are always reported.
const GONE: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);

/// Monitors the terminal in a separate thread.
pub(super) struct HangUp {
    terminal: OwnedFd,
    gone: UnboundedReceiver<()>,
    /// The thread ends when this sender is dropped.
    _alive: Sender<()>,
}

impl HangUp {
    /// Monitors standard input.
    ///
    /// # Errors
    /// If the descriptor cannot be duplicated, or no thread can be started.
    pub(super) fn watch() -> io::Result<HangUp> {
        HangUp::of(rustix::stdio::stdin().try_clone_to_owned()?, || {
            // The only possible error is that the process does not exist.
            let _ = kill_process(getpid(), Signal::KILL);
        })
    }

    fn of(terminal: OwnedFd, too_late: impl FnOnce() + Send + 'static) -> io::Result<HangUp> {
        let (watched, (tell, gone), (alive, ended)) = (terminal.try_clone()?, unbounded_channel(), channel());
        std::thread::Builder::new()
            .name("hang-up".to_owned())
            .spawn(move || wait(&watched, &tell, &ended, GRACE, too_late))?;
        Ok(HangUp { terminal, gone, _alive: alive })
    }

    /// Waits until the terminal is gone; never ends otherwise.
    pub(super) async fn recv(&mut self) {
        if self.gone.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the terminal is gone.
    pub(super) fn is_gone(&self) -> bool {
        is_gone(&self.terminal)
    }
}

fn is_gone(terminal: &impl AsFd) -> bool {
    let mut look = [PollFd::new(terminal, PollFlags::empty())];
    rustix::event::poll(&mut look, Some(&Timespec::default())).is_ok() && look[0].revents().intersects(GONE)
}

/// Waits for the end of the terminal, reports it, and calls `too_late` if the program still runs after the grace
/// period.
fn wait(
    terminal: &OwnedFd,
    tell: &UnboundedSender<()>,
    ended: &Receiver<()>,
    grace: Duration,
    too_late: impl FnOnce(),
) {
    loop {
        let mut look = [PollFd::new(terminal, PollFlags::empty())];
        match rustix::event::poll(&mut look, None) {
            Ok(_) if look[0].revents().intersects(GONE) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
    if tell.send(()).is_ok() && ended.recv_timeout(grace) == Err(RecvTimeoutError::Timeout) {
        too_late();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    /// Both ends of a terminal: that of the emulator and that of the program.
    fn terminal() -> (OwnedFd, OwnedFd) {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        (master, rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap())
    }

    #[tokio::test]
    async fn a_closed_terminal_is_noticed_and_input_is_none() {
        let (master, slave) = terminal();
        let mut hang_up = HangUp::of(slave, || unreachable!("it ends in time")).unwrap();
        rustix::io::write(&master, b"key").unwrap();
        assert!(!hang_up.is_gone() && hang_up.gone.try_recv().is_err());
        drop(master);
        hang_up.recv().await;
        assert!(hang_up.is_gone());
    }

    #[test]
    fn a_program_that_goes_on_without_its_terminal_is_ended() {
        let (master, slave) = terminal();
        drop(master);
        let ((tell, _gone), (alive, ended), (late, was_late)) = (unbounded_channel(), channel(), channel());
        wait(&slave, &tell, &ended, Duration::ZERO, move || late.send(()).unwrap());
        assert!(was_late.try_recv().is_ok());
        drop(alive);
        let (late, was_late) = channel::<()>();
        wait(&slave, &tell, &ended, GRACE, move || late.send(()).unwrap());
        assert!(was_late.try_recv().is_err(), "it has ended in time");
    }
}
