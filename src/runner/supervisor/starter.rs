//! Starts supervisors. The first one is this program started again. From the second on, a *starter* does it: this
//! program started again once, with one thread, an empty environment and no other task, which forks for each run. That
//! avoids loading the program, which takes as long as the rest of a start. The process for the next run is forked while
//! a run continues, and waits.
//!
//! A supervisor is the same in both cases: in a separate session, with only the control socket.

use super::{SUPERVISE, receive_parcel, send_fds, supervise};
use crate::outside::Launch;
use crate::runner::process::processes::started_of_child;
use crate::runner::sandbox;
use rustix::event::{PollFd, PollFlags};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use rustix::process::{Pid, PidfdFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

/// The first argument that makes this program a starter. No verb begins with it.
pub(in crate::runner) const START: &str = "--as-starter";

/// Starts supervisors for a workbench.
#[derive(Debug)]
pub(in crate::runner) struct Starter {
    program: PathBuf,
    warm: Mutex<Warm>,
}

/// The state of the starter.
#[derive(Debug)]
enum Warm {
    /// Nothing was started yet.
    Unused,
    /// The next run creates one.
    Due,
    /// It receives orders here, and ends when this is closed.
    There { link: OwnedFd, process: std::process::Child, spare: Option<IdleSupervisor> },
    /// It could not be created, or was killed: each supervisor is started like the first.
    Never,
}

/// A supervisor, and its control socket. It ends when that is closed.
type IdleSupervisor = (Started, OwnedFd);

/// A supervisor that was started.
#[derive(Debug)]
pub(in crate::runner) struct Started {
    pub(in crate::runner) pid: i32,
    /// Becomes readable when it ends.
    pub(in crate::runner) pidfd: OwnedFd,
    /// `None` if the starter reaps it.
    process: Option<std::process::Child>,
}

impl Started {
    /// A process that was just started in the role of a supervisor.
    ///
    /// # Errors
    /// If the system has no handle for it.
    pub(in crate::runner) fn of(process: std::process::Child) -> io::Result<Started> {
        let pid = process.id() as i32;
        let handle = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
        let pidfd = rustix::process::pidfd_open(handle, PidfdFlags::empty())?;
        Ok(Started { pid, pidfd, process: Some(process) })
    }

    /// When it started, in ticks since boot.
    pub(in crate::runner) fn since(&self) -> u64 {
        started_of_child(self.pid)
    }

    /// Whether it has not ended.
    fn is_there(&self) -> bool {
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&now)) == Ok(0)
    }

    /// Releases a supervisor that has sent its last message: its run has ended completely, and the starter reaps it.
    pub(in crate::runner) fn leave(&mut self) {
        if self.process.is_some() {
            self.wait();
        }
    }

    /// Waits for its end.
    pub(in crate::runner) fn wait(&mut self) {
        if let Some(process) = &mut self.process {
            // Fails only if the child was already reaped.
            drop(process.wait());
            return;
        }
        let mut wanted = [PollFd::new(&self.pidfd, PollFlags::IN)];
        while rustix::event::poll(&mut wanted, None) == Err(rustix::io::Errno::INTR) {}
    }
}

impl Starter {
    pub(in crate::runner) fn new(program: PathBuf) -> Starter {
        Starter { program, warm: Mutex::new(Warm::Unused) }
    }

    /// A starter that starts this program again for each run and keeps no idle process.
    pub(in crate::runner) fn keeping_nothing(program: PathBuf) -> Starter {
        Starter { program, warm: Mutex::new(Warm::Never) }
    }

    /// The program that it starts.
    pub(in crate::runner) fn program(&self) -> &PathBuf {
        &self.program
    }

    /// Starts a supervisor; returns its control socket.
    ///
    /// # Errors
    /// If no process is left, or the program file is missing.
    pub(in crate::runner) fn start(&self) -> io::Result<IdleSupervisor> {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        match *warm {
            Warm::Unused => *warm = Warm::Due,
            Warm::Due => *warm = self.warm_up().unwrap_or(Warm::Never),
            Warm::There { .. } | Warm::Never => {}
        }
        if let Warm::There { link, spare, .. } = &mut *warm {
            if let Some(copy) = spare.take().filter(|(started, _)| started.is_there()) {
                return Ok(copy);
            }
            match copy(link) {
                Ok(copy) => return Ok(copy),
                Err(_) => warm.end(),
            }
        }
        drop(warm);
        let (control, theirs) = control()?;
        Ok((self.start_again(theirs)?, control))
    }

    /// Prepares the supervisor of the next run, if there is a starter. Takes as long as a start, so call it during a
    /// run.
    pub(in crate::runner) fn make_spare(&self) {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        if let Warm::There { link, spare: spare @ None, .. } = &mut *warm {
            match copy(link) {
                Ok(copy) => *spare = Some(copy),
                Err(_) => warm.end(),
            }
        }
    }

    /// Whether a process waits for the next run.
    #[cfg(test)]
    pub(in crate::runner) fn has_waiting(&self) -> bool {
        matches!(*self.warm.lock().unwrap_or_else(PoisonError::into_inner), Warm::There { .. })
    }

    fn warm_up(&self) -> io::Result<Warm> {
        let (link, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let process = self.command(START, theirs).spawn()?;
        Ok(Warm::There { link, process, spare: None })
    }

    /// Starts this program again as a supervisor.
    fn start_again(&self, control: OwnedFd) -> io::Result<Started> {
        Started::of(self.command(SUPERVISE, control).spawn()?)
    }

    fn command(&self, role: &str, stdin: OwnedFd) -> Launch {
        Launch::ourselves(&self.program).arg(role).streams(stdin, Stdio::null(), Stdio::null())
    }
}

impl Warm {
    /// Ends the starter; the supervisors that it started continue.
    fn end(&mut self) {
        if let Warm::There { link, mut process, spare } = std::mem::replace(self, Warm::Never) {
            drop((link, spare));
            // Killed because it did not answer. It has nothing to clean up.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        self.warm.get_mut().unwrap_or_else(PoisonError::into_inner).end();
    }
}

/// A control socket: this end and the supervisor's end.
fn control() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// Asks the starter for a supervisor. If this fails after the supervisor was started, the supervisor ends, because its
/// socket is closed.
fn copy(link: &OwnedFd) -> io::Result<IdleSupervisor> {
    let (control, theirs) = control()?;
    Ok((ask(link, &theirs)?, control))
}

fn ask(link: &OwnedFd, control: &OwnedFd) -> io::Result<Started> {
    send_fds(link, b"start", &[control.as_fd()])?;
    let parcel = receive_parcel(link, RecvFlags::empty())?;
    let pid = parcel.bytes.try_into().map(i32::from_ne_bytes).map_err(|_| io::ErrorKind::UnexpectedEof)?;
    let pidfd = parcel.fds.into_iter().next().ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Started { pid, pidfd, process: None })
}

/// The starter: standard input is its request socket. Returns the exit code.
pub(in crate::runner) fn play() -> i32 {
    let Ok(mut link) = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3) else { return 1 };
    // It must outlive the terminal and the signals of the workbench, as the supervisors do.
    let _ = rustix::process::setsid();
    sandbox::ignore_stop_signals();
    // Supervisors are reaped at once when they end; their sockets report how they ended.
    sandbox::forget_children();
    while let Ok(parcel) = receive_parcel(&link, RecvFlags::empty()) {
        let Some(control) = parcel.fds.into_iter().next() else { return 0 };
        if start_copy(&mut link, &control).is_err() {
            return 1;
        }
    }
    1
}

/// Forks a process that becomes a supervisor, and reports its identity.
fn start_copy(link: &mut OwnedFd, control: &OwnedFd) -> io::Result<()> {
    let pid = sandbox::fork(|| {
        sandbox::default_signals();
        // Replaces the starter's own socket, which the copy must not use.
        let closed = rustix::stdio::dup2_stdin(control).and_then(|()| rustix::io::dup2(control, link));
        if closed.is_err() { 1 } else { supervise(control) }
    })?;
    let handle = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    let pidfd = rustix::process::pidfd_open(handle, PidfdFlags::empty())?;
    send_fds(link, &pid.to_ne_bytes(), &[pidfd.as_fd()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::Shutdown;
    use std::time::{Duration, Instant};

    fn starter() -> Starter {
        Starter::new("/proc/self/exe".into())
    }

    /// A supervisor whose socket is closed ends.
    fn end((mut started, control): (Started, OwnedFd)) -> i32 {
        rustix::net::shutdown(&control, Shutdown::Both).unwrap();
        started.wait();
        started.pid
    }

    fn server(starter: &Starter) -> Option<u32> {
        match &*starter.warm.lock().unwrap() {
            Warm::There { process, .. } => Some(process.id()),
            Warm::Unused | Warm::Due | Warm::Never => None,
        }
    }

    #[test]
    fn from_the_second_on_supervisors_are_copies_of_one_process() {
        let starter = starter();
        let first = starter.start().unwrap();
        assert!(first.0.process.is_some() && server(&starter).is_none());
        end(first);
        let copies = [starter.start().unwrap(), starter.start().unwrap()];
        let warm = i32::try_from(server(&starter).unwrap()).unwrap();
        for copy in copies {
            assert!(copy.0.process.is_none() && copy.0.since() > 0);
            assert_eq!(crate::runner::process::processes::parent(copy.0.pid), Some(warm));
            // It will have a separate session, and until then that of the starter. Signals to the session of this
            // process reach neither.
            let begun = Instant::now();
            while crate::runner::process::processes::session_of(copy.0.pid) != Some(copy.0.pid) {
                assert!(begun.elapsed() < Duration::from_secs(30), "it stays in a session of another process");
                std::thread::yield_now();
            }
            end(copy);
        }
    }

    #[test]
    fn a_starter_that_was_killed_is_done_without() {
        let starter = starter();
        end(starter.start().unwrap());
        end(starter.start().unwrap());
        let warm = Pid::from_raw(i32::try_from(server(&starter).unwrap()).unwrap()).unwrap();
        rustix::process::kill_process(warm, rustix::process::Signal::KILL).unwrap();
        for _ in 0..2 {
            let next = starter.start().unwrap();
            assert!(next.0.process.is_some());
            end(next);
        }
    }

    #[test]
    fn a_spare_is_the_next_supervisor_unless_it_was_killed_and_ends_with_the_workbench() {
        let starter = starter();
        let spare = || match &*starter.warm.lock().unwrap() {
            Warm::There { spare, .. } => spare.as_ref().map(|(started, _)| started.pid),
            Warm::Unused | Warm::Due | Warm::Never => None,
        };
        starter.make_spare();
        assert!(server(&starter).is_none(), "it waits for a second run");
        end(starter.start().unwrap());
        end(starter.start().unwrap());
        starter.make_spare();
        let first = spare().unwrap();
        starter.make_spare();
        assert_eq!(spare(), Some(first), "one is enough");
        assert_eq!(end(starter.start().unwrap()), first);
        assert_eq!(spare(), None);
        starter.make_spare();
        let killed = Pid::from_raw(spare().unwrap()).unwrap();
        let ended = rustix::process::pidfd_open(killed, PidfdFlags::empty()).unwrap();
        rustix::process::kill_process(killed, rustix::process::Signal::KILL).unwrap();
        rustix::event::poll(&mut [PollFd::new(&ended, PollFlags::IN)], None).unwrap();
        assert_ne!(end(starter.start().unwrap()), killed.as_raw_nonzero().get());
        starter.make_spare();
        let last = Pid::from_raw(spare().unwrap()).unwrap();
        let ended = rustix::process::pidfd_open(last, PidfdFlags::empty()).unwrap();
        drop(starter);
        rustix::event::poll(&mut [PollFd::new(&ended, PollFlags::IN)], None).unwrap();
    }

    #[test]
    fn the_starter_ends_with_the_workbench() {
        let starter = starter();
        end(starter.start().unwrap());
        end(starter.start().unwrap());
        let warm = Pid::from_raw(i32::try_from(server(&starter).unwrap()).unwrap()).unwrap();
        let ended = rustix::process::pidfd_open(warm, PidfdFlags::empty()).unwrap();
        let Warm::There { link, mut process, .. } = std::mem::replace(&mut *starter.warm.lock().unwrap(), Warm::Never)
        else {
            panic!("there is none")
        };
        // As if its owner was killed: only the closed socket shows it.
        drop(link);
        rustix::event::poll(&mut [PollFd::new(&ended, PollFlags::IN)], None).unwrap();
        assert!(process.wait().unwrap().success());
    }
}
