//! Starting supervisors. The first one is this program started again. From the second on a *starter* is asked: this
//! program started again once, with one thread, an empty environment and nothing else to do, which makes a copy of
//! itself for each run. That saves loading the program, which costs as much as the rest of a start. A copy for the next
//! run is made while one continues, and waits.
//!
//! A supervisor is the same in both ways: in a session of its own, with the control socket and nothing else of ours.

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

/// The first argument that makes this program a starter. No verb begins like this.
pub(in crate::runner) const START: &str = "--as-starter";

/// What starts supervisors for a workbench.
#[derive(Debug)]
pub(in crate::runner) struct Starter {
    program: PathBuf,
    warm: Mutex<Warm>,
}

/// Whether a starter is there.
#[derive(Debug)]
enum Warm {
    /// Nothing was started yet.
    Unused,
    /// The next run makes one.
    Due,
    /// It takes orders here; it ends when this is closed.
    There { link: OwnedFd, process: std::process::Child, spare: Option<IdleSupervisor> },
    /// It could not be made, or was killed: each supervisor is started as the first.
    Never,
}

/// A supervisor, and the socket where it is told what to do. It ends when that is closed.
type IdleSupervisor = (Started, OwnedFd);

/// A supervisor that was started.
#[derive(Debug)]
pub(in crate::runner) struct Started {
    pub(in crate::runner) pid: i32,
    /// Becomes readable when it ends.
    pub(in crate::runner) pidfd: OwnedFd,
    /// `None` when the starter takes it away.
    process: Option<std::process::Child>,
}

impl Started {
    /// A process that was just started in the place of a supervisor.
    ///
    /// # Errors
    /// When the system has no handle for it.
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

    /// Lets one go that has said its last word: nothing is left of its run, and the starter takes it away.
    pub(in crate::runner) fn leave(&mut self) {
        if self.process.is_some() {
            self.wait();
        }
    }

    /// Waits for its end.
    pub(in crate::runner) fn wait(&mut self) {
        if let Some(process) = &mut self.process {
            // It fails only when the child was taken away already.
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

    /// One that starts this program again for each run and keeps no process beside those that run.
    pub(in crate::runner) fn keeping_nothing(program: PathBuf) -> Starter {
        Starter { program, warm: Mutex::new(Warm::Never) }
    }

    /// The program that it starts.
    pub(in crate::runner) fn program(&self) -> &PathBuf {
        &self.program
    }

    /// Starts a supervisor; the socket is where it is told what to do.
    ///
    /// # Errors
    /// When the system has no process left, or the program is gone.
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

    /// Has the supervisor of the next run made, where there is a starter. Takes as long as to start one, so it is to be
    /// called while a run continues.
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
    /// Gives it up; what it started continues.
    fn end(&mut self) {
        if let Warm::There { link, mut process, spare } = std::mem::replace(self, Warm::Never) {
            drop((link, spare));
            // Killed rather than asked: it did not answer. It has nothing to clean up.
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

/// A socket to a supervisor: our end and its end.
fn control() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// Asks the starter for a supervisor. Should there be one when this fails, it ends with its socket, which nobody holds.
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

/// The starter: standard input is where it is asked. Returns what to exit with.
pub(in crate::runner) fn play() -> i32 {
    let Ok(mut link) = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3) else { return 1 };
    // It must outlive the terminal and the signals of the workbench, as the supervisors do.
    let _ = rustix::process::setsid();
    sandbox::ignore_stop_signals();
    // Supervisors that ended are taken away at once; how they ended is told by their sockets.
    sandbox::forget_children();
    while let Ok(parcel) = receive_parcel(&link, RecvFlags::empty()) {
        let Some(control) = parcel.fds.into_iter().next() else { return 0 };
        if start_copy(&mut link, &control).is_err() {
            return 1;
        }
    }
    1
}

/// Makes a copy that becomes a supervisor, and says who it is.
fn start_copy(link: &mut OwnedFd, control: &OwnedFd) -> io::Result<()> {
    let pid = sandbox::fork(|| {
        sandbox::default_signals();
        // In the places of the starter's own socket, which is not the copy's.
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

    /// A supervisor that nobody tells anything ends.
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
            // Soon of its own session; until then of the starter's. What is sent to ours reaches neither.
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
        // As when its owner was killed: only the socket says so.
        drop(link);
        rustix::event::poll(&mut [PollFd::new(&ended, PollFlags::IN)], None).unwrap();
        assert!(process.wait().unwrap().success());
    }
}
