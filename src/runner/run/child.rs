//! Bringing a run into being: its streams, its supervisor, and why it did not work.

use super::job::StartedRun;
use crate::domain::{InterpreterFacts, RunEnd};
use crate::runner::interpreter::{missing, shebang};
use crate::runner::prepare::spec::{Handed, Spec};
use crate::runner::process::poll::poll_some;
use crate::runner::process::terminal;
use crate::runner::sandbox::SYSTEM;
use crate::runner::supervisor::starter::Started;
use crate::runner::supervisor::{StartInput, send, send_fds};
use crate::runner::tool_state::KeptState;
use crate::runner::worker::WorkerConnection;
use rustix::event::PollFlags;
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Instant;

/// The supervisor of a run that was just started. Our ends of the tool's streams never block.
#[derive(Debug)]
pub(in crate::runner) struct Child {
    pub(in crate::runner) supervisor: Started,
    pub(in crate::runner) control: OwnedFd,
    /// Whether it still does.
    pub(in crate::runner) is_heard: bool,
    /// Whether it said its last word: then nothing of the run is left but itself.
    pub(in crate::runner) is_done: bool,
    /// Where the tool takes input from, when it takes any.
    pub(in crate::runner) stdin: Option<OwnedFd>,
    pub(in crate::runner) stdout: Option<OwnedFd>,
    /// `None` from the beginning with a terminal, which has only one stream.
    pub(in crate::runner) stderr: Option<OwnedFd>,
    /// Where what it keeps comes back, when it keeps something.
    pub(in crate::runner) state: Option<OwnedFd>,
    /// What a worker runs it with.
    interpreter: Option<InterpreterFacts>,
    /// Whether a worker has its supervisor.
    is_carried: bool,
}

impl Child {
    /// The process that carries a run to a worker and back, in the place of its supervisor.
    ///
    /// # Errors
    /// When its streams cannot be read without waiting.
    pub(in crate::runner) fn of_worker(line: WorkerConnection) -> Result<Child, RunEnd> {
        let WorkerConnection { carrier, control, stdout, stderr, interpreter } = line;
        for stream in [&stdout, &stderr] {
            rustix::io::ioctl_fionbio(stream, true).map_err(|error| {
                let message = format!("its streams cannot be read: {error}");
                RunEnd::SpawnFailed { message }
            })?;
        }
        Ok(Child {
            supervisor: carrier,
            control,
            is_heard: true,
            is_done: false,
            stdin: None,
            stdout: Some(stdout),
            stderr: Some(stderr),
            state: None,
            interpreter,
            is_carried: true,
        })
    }

    /// What becomes readable at its end. The process that carries a run to a worker ends before its last word is told.
    pub(in crate::runner) fn end(&self) -> Option<&OwnedFd> {
        (!(self.is_carried && self.is_heard)).then_some(&self.supervisor.pidfd)
    }

    /// Who is told of its start.
    pub(in crate::runner) fn begun(&self) -> StartedRun {
        let interpreter = self.interpreter.clone();
        StartedRun { pid: self.supervisor.pid, since: self.supervisor.since(), interpreter }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It ends by itself once its control socket closes, and everything of the run before it.
        let _ = rustix::net::shutdown(&self.control, rustix::net::Shutdown::Both);
        if self.is_done {
            self.supervisor.leave();
        } else {
            self.supervisor.wait();
        }
    }
}

/// Starts the supervisor and tells it what to start.
///
/// # Errors
/// One line for a human.
pub(in crate::runner) fn spawn(spec: &Spec, handed: Handed) -> Result<Child, String> {
    let streams =
        Streams::open(spec, handed.stdin).map_err(|error| format!("its streams cannot be created: {error}"))?;
    let files = packed(spec).map_err(|error| format!("its files could not be passed on: {error}"))?;
    let bundle = bundle(spec).map_err(|error| format!("staged writes could not be prepared: {error}"))?;
    let state = state(spec).map_err(|error| format!("its kept files could not be passed on: {error}"))?;
    let kept = state.as_ref().map(OwnedFd::try_clone).transpose();
    let kept = kept.map_err(|error| format!("its kept files could not be passed on: {error}"))?;
    let first = std::iter::once(files).chain(handed.listeners).chain(handed.connector);
    let handed: Vec<OwnedFd> = first.chain(state).chain(bundle).collect();
    let child = start(spec, streams, &handed);
    let mut child = child.map_err(|error| format!("its supervisor could not be started: {error}"))?;
    child.state = kept;
    Ok(child)
}

/// Starts the supervisor of a batch of trials: what each is given goes in, the result of each comes out.
///
/// # Errors
/// One line for a human.
pub(in crate::runner) fn spawn_batch(spec: &Spec, calls: &[StartInput]) -> Result<Child, String> {
    let streams =
        Streams::batch(calls).map_err(|error| format!("the streams for its trials cannot be created: {error}"))?;
    let files = packed(spec).map_err(|error| format!("its files could not be passed on: {error}"))?;
    let state = state(spec).map_err(|error| format!("its kept files could not be passed on: {error}"))?;
    let handed: Vec<OwnedFd> = std::iter::once(files).chain(state).collect();
    start(spec, streams, &handed).map_err(|error| format!("its supervisor could not be started: {error}"))
}

fn start(spec: &Spec, streams: Streams, handed: &[OwnedFd]) -> io::Result<Child> {
    let (supervisor, control) = spec.starter.start()?;
    let Streams { ours: [stdin, stdout, stderr], theirs: [tool_in, tool_out, tool_err] } = streams;
    let fds: Vec<_> = [&tool_in, &tool_out, &tool_err].into_iter().chain(handed).map(AsFd::as_fd).collect();
    send_fds(&control, &[0], &fds)?;
    send(&control, &spec.plan)?;
    for stream in [&stdin, &stdout, &stderr].into_iter().flatten() {
        rustix::io::ioctl_fionbio(stream, true)?;
    }
    spec.starter.make_spare();
    Ok(Child {
        supervisor,
        control,
        is_heard: true,
        is_done: false,
        stdin,
        stdout,
        stderr,
        state: None,
        interpreter: None,
        is_carried: false,
    })
}

/// The tool's streams: our ends and its ends.
struct Streams {
    ours: [Option<OwnedFd>; 3],
    theirs: [OwnedFd; 3],
}

impl Streams {
    fn open(spec: &Spec, given: Option<OwnedFd>) -> io::Result<Streams> {
        let pipe = || rustix::pipe::pipe_with(PipeFlags::CLOEXEC);
        let (tool_in, stdin) = match given {
            Some(theirs) => (theirs, None),
            None if spec.stdin.is_some() => {
                let (theirs, ours) = pipe()?;
                (theirs, Some(ours))
            }
            None => (OwnedFd::from(File::open("/dev/null")?), None),
        };
        if spec.terms.pty {
            let (ours, theirs) = terminal::open()?;
            let twin = theirs.try_clone()?;
            return Ok(Streams { ours: [stdin, Some(ours), None], theirs: [tool_in, theirs, twin] });
        }
        let (stdout, tool_out) = pipe()?;
        let (stderr, tool_err) = pipe()?;
        Ok(Streams { ours: [stdin, Some(stdout), Some(stderr)], theirs: [tool_in, tool_out, tool_err] })
    }
}

impl Streams {
    fn batch(calls: &[StartInput]) -> io::Result<Streams> {
        let mut given = File::from(rustix::fs::memfd_create("calls", MemfdFlags::CLOEXEC)?);
        given.write_all(&serde_json::to_vec(calls)?)?;
        given.rewind()?;
        let (results, theirs) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let nowhere = File::options().write(true).open("/dev/null")?;
        Ok(Streams { ours: [None, Some(results), None], theirs: [given.into(), theirs, nowhere.into()] })
    }
}

/// The version's files one after the other, in memory that nobody can change any more.
fn packed(spec: &Spec) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(rustix::fs::memfd_create("version", flags)?);
    for bytes in &spec.files {
        file.write_all(bytes)?;
    }
    file.rewind()?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file.into())
}

/// The files that it keeps, in memory that they come back in.
fn state(spec: &Spec) -> io::Result<Option<OwnedFd>> {
    spec.state.as_ref().map(KeptState::hand_over).transpose()
}

/// The file that staged writes come back in, when there will be any.
fn bundle(spec: &Spec) -> io::Result<Option<OwnedFd>> {
    if spec.plan.view.stages.is_empty() {
        return Ok(None);
    }
    std::fs::create_dir_all(&spec.staged)?;
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(0o600).open(spec.bundle())?;
    Ok(Some(file.into()))
}

/// Whether the program of a run is among what the run sees.
fn is_visible(spec: &Spec) -> bool {
    let view = &spec.plan.view;
    let ours = [&view.tool, &view.scratch].into_iter().any(|folder| spec.plan.program.starts_with(folder));
    let write = view.write.iter().map(|write| &write.path).chain(view.stages.iter().map(|stage| &stage.root));
    ours || is_of_system(&spec.program) || view.read.iter().chain(write).any(|path| spec.program.starts_with(path))
}

/// Whether every run sees what is at a path: programs and libraries of the system.
pub fn is_of_system(path: &Path) -> bool {
    SYSTEM.iter().any(|folder| path.starts_with(folder))
}

/// Says that a program is outside of what a run sees.
pub fn not_visible(program: &Path) -> String {
    format!(
        "{} is not visible in the sandbox; declare it under [permissions] read and have it approved, or put it into the folder of the tool",
        program.display()
    )
}

/// Why a start failed, in words that say what to do.
pub(in crate::runner) fn explain(spec: &Spec, error: &io::Error) -> String {
    let program = &spec.program;
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EACCES) if program.exists() && !is_visible(spec) => not_visible(program),
        Some(libc::ENOENT) if program.exists() => match shebang(program) {
            Some(line) => format!("the shebang line of {name} names {}: {}", line.name, missing(&line.name)),
            None => format!("{name} needs a loader that is not installed"),
        },
        Some(libc::E2BIG) => "arguments and environment are too long; use input = \"stdin-json\"".to_owned(),
        Some(libc::EACCES) => {
            format!("{name} is not executable; run chmod +x on it, or name its interpreter in the command")
        }
        _ => format!("{name} could not be started: {error}"),
    }
}

/// What of a run can be read or written without waiting.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::runner) struct ReadyStreams {
    pub(in crate::runner) stdout: bool,
    pub(in crate::runner) stderr: bool,
    pub(in crate::runner) stdin: bool,
    pub(in crate::runner) wake: bool,
    pub(in crate::runner) control: bool,
    pub(in crate::runner) ended: bool,
}

/// Waits until something of a run is ready, or somebody wakes its thread.
///
/// # Errors
/// Those of the system.
pub(in crate::runner) fn poll(child: &Child, wake: Option<&OwnedFd>, until: Instant) -> Result<ReadyStreams, Errno> {
    let sources = [
        (child.stdout.as_ref(), PollFlags::IN),
        (child.stderr.as_ref(), PollFlags::IN),
        (child.stdin.as_ref(), PollFlags::OUT),
        (wake, PollFlags::IN),
        (child.is_heard.then_some(&child.control), PollFlags::IN),
        (child.end(), PollFlags::IN),
    ];
    let [stdout, stderr, stdin, wake, control, ended] = poll_some(sources, until)?;
    Ok(ReadyStreams { stdout, stderr, stdin, wake, control, ended })
}

/// Which of stdout and stderr have something, or have ended.
///
/// # Errors
/// Those of the system.
pub(in crate::runner) fn poll_streams(child: &Child, until: Instant) -> Result<(bool, bool), Errno> {
    let sources = [(child.stdout.as_ref(), PollFlags::IN), (child.stderr.as_ref(), PollFlags::IN)];
    poll_some(sources, until).map(|[stdout, stderr]| (stdout, stderr))
}
