//! The keeper of a conversation: this program started again, between the workbench and the user's program. It
//! starts the program in an empty folder, adopts whatever that leaves behind, and ends it all: when it is ordered to,
//! when the program is over, and when the workbench is gone, also by SIGKILL.
//!
//! It has one thread and never touches what is said.

use super::{KeeperReport, Task};
use crate::outside::{Launch, Trust, new_folder};
use crate::runner::process::processes::kill_group_of;
use crate::runner::sandbox::{self, Reaped};
use crate::runner::supervisor::{Heard, Inbox, SupervisorOrder, receive_parcel, send};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// The first argument that makes this program a keeper. No verb begins like this.
pub(in crate::runner) const KEEP: &str = "--as-keeper";

/// How long what the program left in the background may continue writing.
const LINGER: Duration = Duration::from_secs(1);

/// How often it checks whether that is over.
const LOOK: Duration = Duration::from_millis(5);

/// The keeper: standard input is the control socket. Returns what to exit with.
pub(in crate::runner) fn keep() -> i32 {
    let Ok(control) = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3) else { return 1 };
    // It must outlive the terminal and the signals of the workbench to clean up after them.
    let _ = rustix::process::setsid();
    let said = receive(&control)
        .and_then(|(task, streams, inbox)| look_after(&task, streams, &control, inbox))
        .unwrap_or_else(|error| KeeperReport::NotKept { cause: error.to_string() });
    i32::from(send(&control, &said).is_err())
}

fn receive(control: &OwnedFd) -> io::Result<(Task, [OwnedFd; 3], Inbox)> {
    let parcel = receive_parcel(control, RecvFlags::empty())?;
    let streams = parcel.fds.try_into().map_err(|_| io::ErrorKind::UnexpectedEof)?;
    let mut inbox = Inbox::after(parcel.bytes.get(1..).unwrap_or_default());
    Ok((inbox.wait(control)?, streams, inbox))
}

fn look_after(task: &Task, streams: [OwnedFd; 3], control: &OwnedFd, inbox: Inbox) -> io::Result<KeeperReport> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let folder = new_folder(&task.place)?;
    let pid = match start(task, streams, folder.path())? {
        Ok(pid) => pid,
        Err(errno) => return Ok(KeeperReport::NotStarted { errno }),
    };
    let exit = follow(pid, control, inbox)?.exit;
    // What is left of an empty folder harms nobody.
    let _ = folder.close();
    Ok(KeeperReport::Ended(exit))
}

/// Starts the program; inside, the number of the error for which it could not be.
fn start(task: &Task, streams: [OwnedFd; 3], folder: &Path) -> io::Result<Result<i32, i32>> {
    let (ours, theirs) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let failure = File::from(theirs);
    let pid = sandbox::fork(|| {
        let errno = become_program(task, &streams, folder).raw_os_error().unwrap_or(libc::EINVAL);
        i32::from((&failure).write_all(&errno.to_le_bytes()).is_err())
    })?;
    // Kept open, they would hide the end of what is written to them.
    drop((failure, streams));
    let mut errno = Vec::new();
    File::from(ours).read_to_end(&mut errno)?;
    let Some(errno) = errno.first_chunk::<4>() else { return Ok(Ok(pid)) };
    sandbox::reap(pid)?;
    Ok(Err(i32::from_le_bytes(*errno)))
}

/// Turns this process into the program. Returns only when that failed.
fn become_program(task: &Task, streams: &[OwnedFd; 3], folder: &Path) -> io::Error {
    let prepare = || -> io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        rustix::process::setsid()?;
        sandbox::default_signals();
        rustix::stdio::dup2_stdin(&streams[0])?;
        rustix::stdio::dup2_stdout(&streams[1])?;
        rustix::stdio::dup2_stderr(&streams[2])?;
        Ok(())
    };
    if let Err(error) = prepare() {
        return error;
    }
    let env = task.env.iter().map(|(name, value)| (name, value));
    match Trust::new(task.foreign.iter().cloned()).named_program(&task.program) {
        Ok(program) => Launch::new(program).folder(folder).args(&task.args).envs(env).exec(),
        Err(_) => io::Error::from_raw_os_error(libc::EACCES),
    }
}

/// Waits for the end of the program, obeys meanwhile, and ends what is left of it.
fn follow(pid: i32, control: &OwnedFd, mut inbox: Inbox) -> io::Result<Reaped> {
    let program = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidInput)?;
    let ended = rustix::process::pidfd_open(program, PidfdFlags::empty())?;
    loop {
        let mut wanted = [PollFd::new(&ended, PollFlags::IN), PollFd::new(control, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [is_over, is_ordered] = [&wanted[0], &wanted[1]].map(|fd| !fd.revents().is_empty());
        if is_over {
            break;
        }
        if is_ordered {
            let heard = inbox.read(control)?;
            while let Some(order) = inbox.next::<SupervisorOrder>()? {
                kill_group_of(program, if order == SupervisorOrder::Term { Signal::TERM } else { Signal::KILL });
            }
            if heard == Heard::Gone {
                kill_group_of(program, Signal::KILL);
                // It dies of that for certain, unless it is stuck in the kernel: then nobody is left to wait.
                break;
            }
        }
    }
    let mut reaped = sandbox::reap(pid)?;
    let deadline = Instant::now() + LINGER;
    let pause = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
    while Instant::now() < deadline && sandbox::has_children(&mut reaped)? {
        let mut wanted = [PollFd::new(control, PollFlags::IN)];
        match rustix::event::poll(&mut wanted, Some(&pause)) {
            Ok(0) | Err(Errno::INTR) => {}
            // Whatever is ordered now, it is what happens next anyway.
            Ok(_) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let exit = reaped.exit;
    sandbox::end_descendants(&mut reaped)?;
    Ok(Reaped { exit, ..reaped })
}
