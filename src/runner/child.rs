//! Bringing a process into being: pipes or a terminal, confinement, and why it did not work.

use super::interpreter::{missing, shebang};
use super::processes::{started_of_child, threads_of_user};
use super::request::Spec;
use super::{sandbox, terminal};
use rustix::process::{Pid, PidfdFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often, and how far apart, a start is tried while the program is still open for writing:
/// another thread's child may hold the descriptor between its fork and exec.
const BUSY_TRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Makes the kernel choose the tool, not the workbench, when memory runs out (-1000 to 1000).
const OOM_SCORE: &str = "500";

/// A process that was just started. Our ends of its streams never block.
#[derive(Debug)]
pub(super) struct Child {
    /// Its pid, which is also its process group and session.
    pub(super) pid: i32,
    /// Ticks since boot.
    pub(super) started: u64,
    /// Becomes readable when it ends.
    pub(super) pidfd: OwnedFd,
    /// Where it takes input from, when it takes any.
    pub(super) stdin: Option<OwnedFd>,
    /// What it writes.
    pub(super) stdout: Option<OwnedFd>,
    /// `None` from the beginning with a terminal, which has only one stream.
    pub(super) stderr: Option<OwnedFd>,
}

/// Starts the process.
///
/// # Errors
/// One line for a human.
pub(super) fn spawn(spec: &Spec) -> Result<Child, String> {
    let mut command = Command::new(&spec.program);
    command.args(&spec.args).env_clear().envs(&spec.env).current_dir(&spec.scratch);
    command.stdin(if spec.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut terminal = None;
    if spec.pty {
        let (ours, theirs) = terminal::open().map_err(|error| format!("no terminal for it: {error}"))?;
        let twin = theirs.try_clone().map_err(|error| format!("no terminal for it: {error}"))?;
        command.stdout(theirs).stderr(twin);
        terminal = Some(ours);
    } else {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let user_threads = (!rustix::process::getuid().is_root()).then(threads_of_user);
    sandbox::confine(&mut command, &spec.limits, user_threads);
    let mut process = spawn_when_free(&mut command).map_err(|error| explain(spec, &error))?;
    // Our copies of its ends would keep the streams open after it is gone.
    drop(command);
    let pid = process.id() as i32;
    let _ = std::fs::write(format!("/proc/{pid}/oom_score_adj"), OOM_SCORE);
    let child = Child {
        pid,
        started: started_of_child(pid),
        pidfd: watch_end(pid)?,
        stdin: process.stdin.take().map(OwnedFd::from),
        stdout: terminal.or_else(|| process.stdout.take().map(OwnedFd::from)),
        stderr: process.stderr.take().map(OwnedFd::from),
    };
    for stream in [&child.stdin, &child.stdout, &child.stderr].into_iter().flatten() {
        let _ = rustix::io::ioctl_fionbio(stream.as_fd(), true);
    }
    Ok(child)
}

/// A descriptor that becomes readable when the child ends.
fn watch_end(pid: i32) -> Result<OwnedFd, String> {
    let handle = Pid::from_raw(pid).ok_or_else(|| "it has no pid".to_owned())?;
    rustix::process::pidfd_open(handle, PidfdFlags::empty()).map_err(|error| {
        let _ = rustix::process::kill_process_group(handle, rustix::process::Signal::KILL);
        let _ = sandbox::reap(pid);
        format!("its end cannot be watched: {error}")
    })
}

fn spawn_when_free(command: &mut Command) -> io::Result<std::process::Child> {
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES => {
                tries += 1;
                std::thread::sleep(BUSY_PAUSE);
            }
            result => return result,
        }
    }
}

/// Why a start failed, in words that say what to do.
fn explain(spec: &Spec, error: &io::Error) -> String {
    let name = spec.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !spec.scratch.is_dir() {
        return "its scratch folder is gone".to_owned();
    }
    match error.raw_os_error() {
        Some(libc::ENOENT) if spec.program.exists() => match shebang(&spec.program) {
            Some(line) => format!("the first line of {name} names {}: {}", line.name, missing(&line.name)),
            None => format!("{name} needs a loader that is not installed"),
        },
        Some(libc::E2BIG) => "arguments and environment are too long together; take the input as stdin-json".to_owned(),
        Some(libc::EACCES) => {
            format!("{name} may not be executed; chmod +x it, or name its interpreter in the command")
        }
        _ => format!("{name} could not be started: {error}"),
    }
}
