//! The tool's own processes: a PID namespace inside that of bubblewrap. It contains the tool, its descendants, and one
//! process that only adopts orphans. The inner stage is outside: no call of the tool can number it, so the tool cannot
//! influence how its result is collected.
//!
//! When the first process of a namespace ends, everything in the namespace ends with it, even processes that fork
//! faster than they could be listed.
//!
//! The tool needs a `/proc` of these processes only. It is mounted once for all processes inside, because unmounting a
//! separate mount namespace for the tool would take milliseconds. The tool's process gets a separate mount namespace
//! only if the inner stage still needs its own `/proc` to read staged writes.

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

/// How long its processes may take to die; waiting for one stuck in the kernel would never end.
const GIVE_UP: Duration = Duration::from_secs(5);

/// How long the first process sleeps at most between two checks for orphans; their ends wake it.
const NAP: Duration = Duration::from_millis(999);

/// How often it checks whether the tool's process has started its program.
const LOOK: Duration = Duration::from_micros(500);

/// Who sees the processes of the namespace in `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcVisibility {
    /// All processes inside, including the inner stage, which then no longer has its own `/proc`.
    Everybody,
    Tool,
}

/// A PID namespace for the next process that is started here.
#[derive(Debug)]
pub(super) struct Nest {
    /// Its first process, in the numbering of the inner stage.
    first: i32,
    view: ProcVisibility,
    /// Becomes readable when the first process ends.
    ended: OwnedFd,
    /// Receives one byte when the first process is ready and the supervisor was informed.
    told: OwnedFd,
    /// The pipe on which a tool with a separate mount namespace waits to continue.
    gate: (OwnedFd, OwnedFd),
}

impl Nest {
    /// Creates the namespace and its first process. The inner stage must have one thread and still have the right to do
    /// so, which [`Nest::start`] drops.
    ///
    /// # Errors
    /// If the kernel refuses a further namespace, or no process is left.
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

    /// Starts the process that becomes the tool, and returns when it runs its program or failed to start it. Before it
    /// may start a program, the inner stage has dropped its rights and the supervisor knows the processes.
    ///
    /// # Errors
    /// If no process is left, the rights cannot be dropped, or the first process has ended.
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

    /// Called in the process that becomes the tool: waits until it may continue. Then `/proc` shows only its own
    /// processes.
    ///
    /// # Errors
    /// If the kernel refuses a mount, or the other processes have ended.
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

    /// The number of processes in it other than the first, after the tool's own has ended.
    pub(super) fn others(&self) -> u64 {
        match self.view {
            ProcVisibility::Everybody => descendants(1).len() as u64,
            ProcVisibility::Tool => {
                let me = rustix::process::getpid().as_raw_nonzero().get();
                descendants(me).iter().filter(|process| process.pid != self.first).count() as u64
            }
        }
    }

    /// Ends everything in it, including the `left` remaining processes, and adds the resource use of all of them.
    ///
    /// # Errors
    /// If a process does not die in 5 s.
    pub(super) fn end(self, left: u64, total: &mut Reaped) -> io::Result<()> {
        total.left = left;
        if let Some(first) = Pid::from_raw(self.first) {
            // It may have ended already, with all others.
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

/// The first process: adopts orphans until it is killed. Has no rights, no files and no memory that others may read.
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
