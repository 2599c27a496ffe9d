//! Trials from inside: the inner stage starts the program once for each call, one after the other. Each has its own
//! sandbox layers, which are set up and verified as for a run.
//!
//! With [`READY`], a Python script is not started but forked: one sandboxed interpreter waits for calls and forks for
//! each. The forks cannot reach the inner stage either; at worst, one can end the waiting interpreter, and then the
//! program is started for each remaining call.
//!
//! Everything that a trial leaves is removed before the next one starts: processes are killed, the scratch folder is
//! emptied. Time, output and reading are bounded, and nothing that a tool reports is trusted.

use super::plan::{RunPlan, StartInput, Terms};
use super::tool::{LINGER, LOOK, Streams, become_tool};
use super::wire::{TrialEnd, send_fds};
use crate::domain::IsolationLevel;
use crate::runner::process::clear::empty_folder;
use crate::runner::process::poll::poll_some;
use crate::runner::process::processes::{descendants, kill_all};
use crate::runner::result::ending::StopReason;
use crate::runner::sample::SampleFile;
use crate::runner::sandbox::{self, Exit, Reaped};
use crate::runner::tool_state;
use rustix::event::PollFlags;
use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// The program of an interpreter that is ready for calls: Python, 3.6 or newer.
pub(in crate::runner) const READY: &str = include_str!("ready.py");

/// How long a waiting interpreter may take to answer; at first, this includes its start.
const PATIENCE: Duration = Duration::from_secs(5);

/// This many trials that do not end by themselves end the batch, because the others would take as long.
const MAX_ENDLESS: u32 = 3;

/// How long killed processes may take to die.
const GIVE_UP: Duration = Duration::from_secs(5);

/// The private memory file system of a run under bubblewrap.
const SHARED_MEMORY: &str = "/dev/shm";

/// Makes the trials one after the other until all are made or the supervisor orders to stop. Returns their total
/// resource use.
///
/// # Errors
/// If no process or pipe is left, the results cannot be sent, or the remains of a trial cannot be removed.
pub(super) fn make_all(
    plan: &RunPlan,
    (terms, state): (&Terms, Option<&OwnedFd>),
    streams: Streams,
    socket: &OwnedFd,
) -> io::Result<Reaped> {
    let mut text = Vec::new();
    File::from(streams.stdin).read_to_end(&mut text)?;
    let calls: Vec<StartInput> = serde_json::from_slice(&text)?;
    let mut results = File::from(streams.stdout);
    let mut bench = TrialRunner { plan, terms, state, socket, ready: None, is_stopped: false };
    if let Some(args) = &terms.ready {
        // Without it, the program is started for each.
        bench.ready = WarmInterpreter::start(plan, args, socket).ok();
    }
    let mut total = Reaped { exit: Exit::Code(0), cpu_ms: 0, max_rss_bytes: 0, left: 0 };
    let mut endless = 0;
    for call in &calls {
        let (made, output) = bench.make(call)?;
        endless += u32::from(made.stop == Some(StopReason::TimedOut));
        total.cpu_ms += made.tool.cpu_ms;
        total.max_rss_bytes = total.max_rss_bytes.max(made.tool.max_rss_bytes);
        write(&mut results, &made, &output)?;
        if bench.is_stopped || endless >= MAX_ENDLESS {
            break;
        }
    }
    bench.ready = None;
    sandbox::end_descendants(&mut total)?;
    Ok(Reaped { exit: Exit::Code(0), ..total })
}

/// The most files reported for one trial, the most files and folders examined, and the most bytes read of each file.
const MAX_LEFT: usize = 16;
const MAX_ENTRIES: usize = 1_000;
const MAX_READ: u64 = 16 * 1024;

/// The first files in the working folder after a trial, by path, except unchanged input files. All processes of the
/// tool have ended; links are not followed, and unreadable files are left out, which still allows a comparison. A tool
/// may leave any number of files, so entries are limited before any is read.
fn left_files(scratch: &Path, given: &[SampleFile]) -> Vec<SampleFile> {
    let mut folders = vec![scratch.to_owned()];
    let (mut files, mut entries) = (Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        let Ok(listed) = std::fs::read_dir(folder) else { continue };
        for entry in listed.flatten().take(MAX_ENTRIES - entries) {
            entries += 1;
            // Caches and histories of interpreters are not results.
            let name = entry.file_name();
            let is_own = name.as_bytes().starts_with(b".") || name == "__pycache__";
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_own => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && !is_own => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files.iter().filter_map(|path| left_file(scratch, path, given)).take(MAX_LEFT).collect()
}

fn left_file(scratch: &Path, path: &Path, given: &[SampleFile]) -> Option<SampleFile> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let mut bytes = Vec::new();
    file.take(MAX_READ).read_to_end(&mut bytes).ok()?;
    let path = path.strip_prefix(scratch).ok()?.to_string_lossy().into_owned();
    let left = SampleFile { path, text: String::from_utf8_lossy(&bytes).into_owned() };
    (!given.contains(&left)).then_some(left)
}

/// A length, this many bytes of JSON, the bytes of both streams.
fn write(results: &mut File, made: &TrialEnd, output: &[Vec<u8>; 2]) -> io::Result<()> {
    let head = serde_json::to_vec(made)?;
    let length = u32::try_from(head.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_le_bytes();
    for part in [&length[..], &head, &output[0], &output[1]] {
        results.write_all(part)?;
    }
    Ok(())
}

struct TrialRunner<'a> {
    plan: &'a RunPlan,
    terms: &'a Terms,
    /// The kept files of the tool, if any: each trial begins with the same.
    state: Option<&'a OwnedFd>,
    socket: &'a OwnedFd,
    ready: Option<WarmInterpreter>,
    is_stopped: bool,
}

impl TrialRunner<'_> {
    fn make(&mut self, call: &StartInput) -> io::Result<(TrialEnd, [Vec<u8>; 2])> {
        let (pipes, streams) = Pipes::open(call)?;
        tool_state::put_samples(&call.files, &self.plan.view.scratch, self.plan.user)?;
        let mut begun = Instant::now();
        let copied = self.ready.as_ref().map(|ready| ready.copy(call, &streams, self.socket));
        let pid = match copied {
            Some(Ok(pid)) => pid,
            Some(Err(_)) => {
                self.ready = None;
                begun = Instant::now();
                self.start(call, &streams)?
            }
            None => self.start(call, &streams)?,
        };
        drop(streams);
        let most = usize::try_from(self.plan.limits.output_bytes).unwrap_or(usize::MAX);
        let mut trial = Trial { pid, pipes, kept: [Vec::new(), Vec::new()], most, stop: None };
        let is_ordered = trial.follow(self.socket, begun + self.terms.each)?;
        self.is_stopped |= is_ordered;
        let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut tool = sandbox::reap(pid)?;
        trial.read_rest();
        self.end_others(&mut tool)?;
        trial.read_rest();
        let left = left_files(&self.plan.view.scratch, &call.files);
        self.clean()?;
        let Trial { kept, stop, .. } = trial;
        Ok((TrialEnd { tool, stop, took_us, wrote: [kept[0].len(), kept[1].len()], left }, kept))
    }

    fn start(&self, call: &StartInput, streams: &Streams) -> io::Result<i32> {
        let mut plan = self.plan.clone();
        plan.args.clone_from(&call.args);
        plan.env.0.extend(call.env.iter().cloned());
        sandbox::fork(|| become_tool(&plan, streams, self.socket, None))
    }

    /// Ends all processes of a trial, except the waiting interpreter.
    fn end_others(&self, total: &mut Reaped) -> io::Result<()> {
        let ends = sandbox::ChildSignalGuard::block()?;
        let Some(ready) = &self.ready else {
            let deadline = Instant::now() + LINGER;
            while Instant::now() < deadline && sandbox::has_children(total)? {
                ends.wait(LOOK);
            }
            return sandbox::end_descendants(total);
        };
        let me = rustix::process::getpid().as_raw_nonzero().get();
        let begun = Instant::now();
        loop {
            let others: Vec<_> = descendants(me).into_iter().filter(|process| process.pid != ready.pid).collect();
            if others.is_empty() {
                // Reaps those that have already ended.
                sandbox::has_children(total)?;
                return Ok(());
            }
            if begun.elapsed() > LINGER {
                kill_all(&others);
                total.left = total.left.max(others.len() as u64);
            }
            if begun.elapsed() > GIVE_UP {
                return Err(io::ErrorKind::TimedOut.into());
            }
            // Some are not children of this process, so their end is not reported; then the loop checks again.
            ends.wait(LOOK);
        }
    }

    /// Cleans the scratch folder, except for kept files.
    fn clean(&self) -> io::Result<()> {
        empty_folder(&self.plan.view.scratch)?;
        if self.plan.level == IsolationLevel::Isolated && self.plan.bubblewrap.is_some() {
            empty_folder(Path::new(SHARED_MEMORY))?;
        }
        match (&self.plan.view.state, self.state) {
            (Some(view), Some(from)) => tool_state::lay_out(view, from, &self.plan.view.scratch, self.plan.user),
            _ => Ok(()),
        }
    }
}

/// This process's ends of a trial's streams; non-blocking.
struct Pipes {
    stdin: Option<(OwnedFd, Vec<u8>)>,
    out: [Option<OwnedFd>; 2],
}

impl Pipes {
    fn open(call: &StartInput) -> io::Result<(Pipes, Streams)> {
        let pipe = || rustix::pipe::pipe_with(PipeFlags::CLOEXEC);
        let (stdin, given) = match &call.stdin {
            Some(text) => {
                let (theirs, ours) = pipe()?;
                rustix::io::ioctl_fionbio(&ours, true)?;
                (theirs, Some((ours, text.clone().into_bytes())))
            }
            None => (File::open("/dev/null")?.into(), None),
        };
        let (out, stdout) = pipe()?;
        let (err, stderr) = pipe()?;
        for ours in [&out, &err] {
            rustix::io::ioctl_fionbio(ours, true)?;
        }
        Ok((
            Pipes { stdin: given, out: [Some(out), Some(err)] },
            Streams { stdin, stdout, stderr, listeners: Vec::new() },
        ))
    }
}

fn kill(handle: Pid) {
    // It may just have ended, or have no process group yet.
    let _ = rustix::process::kill_process_group(handle, Signal::KILL);
    let _ = rustix::process::kill_process(handle, Signal::KILL);
}

struct Trial {
    pid: i32,
    pipes: Pipes,
    kept: [Vec<u8>; 2],
    /// The maximum size of its output.
    most: usize,
    stop: Option<StopReason>,
}

impl Trial {
    /// Follows it to the end of its own process; returns whether the supervisor ordered to stop meanwhile.
    fn follow(&mut self, socket: &OwnedFd, until: Instant) -> io::Result<bool> {
        let handle = Pid::from_raw(self.pid).ok_or(io::ErrorKind::InvalidInput)?;
        let ended = rustix::process::pidfd_open(handle, PidfdFlags::empty())?;
        let mut is_ordered = false;
        loop {
            let [out, err] = &self.pipes.out;
            let sources = [
                (Some(&ended), PollFlags::IN),
                ((!is_ordered).then_some(socket), PollFlags::IN),
                (out.as_ref(), PollFlags::IN),
                (err.as_ref(), PollFlags::IN),
                (self.pipes.stdin.as_ref().map(|(fd, _)| fd), PollFlags::OUT),
            ];
            let patience = if self.stop.is_some() || is_ordered { Instant::now() + GIVE_UP } else { until };
            let [is_over, ordered, out, err, stdin] = match poll_some(sources, patience) {
                Ok(ready) => ready,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if is_over {
                return Ok(is_ordered);
            }
            if stdin {
                self.feed();
            }
            for (stream, is_ready) in [out, err].into_iter().enumerate() {
                if is_ready {
                    self.read(stream);
                }
            }
            if ordered {
                // Any order, or the end of the supervisor, ends the trials.
                is_ordered = true;
                self.stop = self.stop.take().or(Some(StopReason::Cancelled));
            } else if self.stop.is_none() && Instant::now() >= until {
                self.stop = Some(StopReason::TimedOut);
            }
            if self.stop.is_some() {
                kill(handle);
            }
        }
    }

    /// Sends input. A tool may ignore its input.
    fn feed(&mut self) {
        let Some((fd, rest)) = &mut self.pipes.stdin else { return };
        match rustix::io::write(&*fd, rest) {
            Ok(taken) => drop(rest.drain(..taken)),
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) => rest.clear(),
        }
        if rest.is_empty() {
            self.pipes.stdin = None;
        }
    }

    /// Reads one piece of a stream; `false` if there is none now.
    fn read(&mut self, stream: usize) -> bool {
        let Some(open) = &self.pipes.out[stream] else { return false };
        let mut piece = [0; 16 * 1024];
        match rustix::io::read(open, &mut piece) {
            Err(Errno::INTR) => true,
            Err(Errno::AGAIN) => false,
            Ok(0) | Err(_) => {
                self.pipes.out[stream] = None;
                false
            }
            Ok(got) => {
                let room = self.most.saturating_sub(self.kept[0].len() + self.kept[1].len());
                self.kept[stream].extend_from_slice(&piece[..got.min(room)]);
                if got > room {
                    self.stop = self.stop.take().or(Some(StopReason::Output));
                    self.pipes.out[stream] = None;
                }
                true
            }
        }
    }

    /// Reads the available output without waiting.
    fn read_rest(&mut self) {
        for stream in 0..2 {
            while self.read(stream) {}
        }
    }
}

/// An interpreter that forks for each call; ended when dropped.
struct WarmInterpreter {
    pid: i32,
    link: OwnedFd,
}

impl WarmInterpreter {
    fn start(plan: &RunPlan, args: &[OsString], socket: &OwnedFd) -> io::Result<WarmInterpreter> {
        let (link, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let nowhere = || OpenOptions::new().write(true).open("/dev/null").map(OwnedFd::from);
        let streams = Streams { stdin: theirs, stdout: nowhere()?, stderr: nowhere()?, listeners: Vec::new() };
        let plan = RunPlan { args: args.to_vec(), ..plan.clone() };
        let pid = sandbox::fork(|| become_tool(&plan, &streams, socket, None))?;
        Ok(WarmInterpreter { pid, link })
    }

    /// The process of a fork, which is then a child of this process.
    ///
    /// # Errors
    /// If the interpreter has ended, or does not answer in time.
    fn copy(&self, call: &StartInput, streams: &Streams, socket: &OwnedFd) -> io::Result<i32> {
        let given = given(call)?;
        let Streams { stdin, stdout, stderr, .. } = streams;
        send_fds(&self.link, b"call", &[stdin.as_fd(), stdout.as_fd(), stderr.as_fd(), given.as_fd()])?;
        let until = Instant::now() + PATIENCE;
        loop {
            let sources = [(Some(&self.link), PollFlags::IN), (Some(socket), PollFlags::IN)];
            match poll_some(sources, until) {
                Ok([true, _]) => break,
                // An order: the trial that follows handles it.
                Ok([false, true]) => return Err(io::ErrorKind::Interrupted.into()),
                Ok([false, false]) if Instant::now() < until => {}
                Ok([false, false]) => return Err(io::ErrorKind::TimedOut.into()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut answer = [0; 32];
        let got = rustix::io::read(&self.link, &mut answer)?;
        let number = std::str::from_utf8(&answer[..got]).ok().and_then(|text| text.parse().ok());
        // Only children can be waited for; any other number is invalid.
        let me = rustix::process::getpid().as_raw_nonzero().get();
        number
            .filter(|pid| *pid > 1 && *pid != self.pid && crate::runner::process::processes::parent(*pid) == Some(me))
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl Drop for WarmInterpreter {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            // It may have ended; it is reaped with all others.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

/// The input of a fork, in a file: the number of arguments, the arguments, names and values in turn, each terminated by
/// a zero.
fn given(call: &StartInput) -> io::Result<OwnedFd> {
    let count = call.args.len().to_string();
    let words = call.args.iter().chain(call.env.iter().flat_map(|(name, value)| [name, value]));
    let mut bytes = count.into_bytes();
    bytes.push(0);
    for word in words {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(0);
    }
    let mut file = File::from(rustix::fs::memfd_create("call", MemfdFlags::CLOEXEC)?);
    file.write_all(&bytes)?;
    Ok(file.into())
}
