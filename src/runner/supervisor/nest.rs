//! The tool's own processes: a PID namespace inside the one that bubblewrap makes. In it are the tool, whatever it
//! starts, and one process that only takes in orphans. The inner stage stays outside: no call of the tool can number
//! it, so nothing that the tool does changes how its result is collected.
//!
//! The first process of a namespace ends everything in it with itself, also what forks faster than it could be listed.
//!
//! The tool needs a `/proc` of these processes only. It is mounted once for everybody inside: mounts of its own for the
//! tool would cost milliseconds when they are taken down. Only where the inner stage still needs its own `/proc`, to
//! read out staged writes, the tool's process gets such mounts.

use super::wire::{Inside, send_packet};
use crate::runner::process::processes::{descendants, is_copy};
use crate::runner::sandbox::{self, ChildSignalGuard, Reaped};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::mount::MountFlags;
use rustix::pipe::PipeFlags;
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, Signal};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How long everything in it may take to die; one stuck in the kernel would block us forever.
const GIVE_UP: Duration = Duration::from_secs(5);

/// How long the first process sleeps at most between two looks for orphans; their ends wake it.
const NAP: Duration = Duration::from_millis(999);

/// How often it checks whether the tool's process has started its program.
const LOOK: Duration = Duration::from_micros(500);

/// Who sees the processes of the namespace in `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcVisibility {
    /// Everybody inside, also the inner stage, which then has no `/proc` of its own any more.
    Everybody,
    Tool,
}

/// A namespace of processes that the next process started here will be in.
#[derive(Debug)]
pub(super) struct Nest {
    /// Its first process, as the inner stage numbers it.
    first: i32,
    view: ProcVisibility,
    /// Becomes readable when the first process ends.
    ended: OwnedFd,
    /// Gets one byte when the first process is ready and the supervisor was told of it.
    told: OwnedFd,
    /// Where a tool with mounts of its own waits, and where it is let go.
    gate: (OwnedFd, OwnedFd),
}

impl Nest {
    /// Makes the namespace and its first process. The inner stage must have one thread and still hold the right to do
    /// so, which [`Nest::start`] gives up.
    ///
    /// # Errors
    /// When the kernel refuses a further namespace, or there is no process left.
    pub(super) fn make(socket: &OwnedFd, view: ProcVisibility) -> io::Result<Nest> {
        sandbox::own_processes()?;
        let (told, tell) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let gate = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let first = sandbox::fork(|| i32::from(be_first(socket, view, &tell).is_err()))?;
        drop(tell);
        let handle = Pid::from_raw(first).ok_or(io::ErrorKind::InvalidInput)?;
        let ended = rustix::process::pidfd_open(handle, PidfdFlags::empty())?;
        Ok(Nest { first, view, ended, told, gate })
    }

    /// Starts the process that becomes the tool, and returns when it runs its program or could not start it. Once it may
    /// start a program, the inner stage has given up its rights and the supervisor knows who is who.
    ///
    /// # Errors
    /// When there is no process left, the rights cannot be given up, or the first process is gone.
    pub(super) fn start(&self, tool: impl FnOnce() -> i32) -> io::Result<i32> {
        match self.view {
            ProcVisibility::Everybody => {
                sandbox::drop_capabilities()?;
                sandbox::start_in_our_memory(tool)
            }
            ProcVisibility::Tool => {
                // It still needs the rights for its own mounts.
                let pid = sandbox::fork(tool)?;
                sandbox::drop_capabilities()?;
                wait(&self.told)?;
                rustix::io::write(&self.gate.1, &[1])?;
                while is_copy(pid) {
                    std::thread::sleep(LOOK);
                }
                Ok(pid)
            }
        }
    }

    /// In the process that becomes the tool: waits until it may continue. Then `/proc` shows its own processes only.
    ///
    /// # Errors
    /// When the kernel refuses a mount, or the others are gone.
    pub(super) fn enter(&self) -> io::Result<()> {
        match self.view {
            ProcVisibility::Everybody => wait(&self.told),
            ProcVisibility::Tool => {
                sandbox::own_mounts()?;
                mount_proc()?;
                wait(&self.gate.0)
            }
        }
    }

    /// How many processes live in it beside the first, once the tool's own has ended.
    pub(super) fn others(&self) -> u64 {
        match self.view {
            ProcVisibility::Everybody => descendants(1).len() as u64,
            ProcVisibility::Tool => {
                let me = rustix::process::getpid().as_raw_nonzero().get();
                descendants(me).iter().filter(|process| process.pid != self.first).count() as u64
            }
        }
    }

    /// Ends everything in it, `left` processes among them, and counts what all of them used.
    ///
    /// # Errors
    /// When something does not die in 5 s.
    pub(super) fn end(self, left: u64, total: &mut Reaped) -> io::Result<()> {
        total.left = left;
        if let Some(first) = Pid::from_raw(self.first) {
            // It may have ended already, and everything with it.
            let _ = rustix::process::kill_process(first, Signal::KILL);
        }
        let patience = Timespec { tv_sec: GIVE_UP.as_secs() as i64, tv_nsec: 0 };
        let mut wanted = [PollFd::new(&self.ended, PollFlags::IN)];
        if rustix::event::poll(&mut wanted, Some(&patience))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        sandbox::has_children(total)?;
        Ok(())
    }
}

/// The first process: takes in orphans until it is killed. Holds no rights, no files and no memory that others may
/// read.
fn be_first(socket: &OwnedFd, view: ProcVisibility, tell: &OwnedFd) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    if view == ProcVisibility::Everybody {
        mount_proc()?;
    }
    sandbox::drop_capabilities()?;
    send_packet(socket, &Inside::First, &[])?;
    let ends = ChildSignalGuard::block()?;
    rustix::io::write(tell, &[1])?;
    sandbox::close_all()?;
    let mut total = Reaped::default();
    loop {
        sandbox::has_children(&mut total)?;
        ends.wait(NAP);
    }
}

fn mount_proc() -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount(c"proc", c"/proc", c"proc", flags, None)?;
    Ok(())
}

/// Waits for one byte.
fn wait(pipe: &OwnedFd) -> io::Result<()> {
    loop {
        match rustix::io::read(pipe, &mut [0; 1]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
