//! Trials from inside: the inner stage starts the program once for each call, one after the other, each behind sandbox
//! layers of its own that are raised and verified as those of a run.
//!
//! With [`READY`] a Python script is not started but copied: one interpreter behind the sandbox layers waits for calls
//! and makes a copy of itself for each. Such a copy can reach nothing of the inner stage either; the worst that it can
//! do is to end the one that it is a copy of, and then the program is started for each call that is left.
//!
//! Before the next trial starts, everything that the last one left is gone: processes are killed, the scratch
//! folder is emptied. Time, output and what is read of it are bounded; nothing here believes what a tool says.

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

/// How long a ready interpreter may take to answer: at first it has to start.
const PATIENCE: Duration = Duration::from_secs(5);

/// This many trials that did not end by themselves end the batch: the others would take as long.
const MAX_ENDLESS: u32 = 3;

/// How long killed processes may take to die.
const GIVE_UP: Duration = Duration::from_secs(5);

/// Where a run behind bubblewrap has memory of its own as files.
const SHARED_MEMORY: &str = "/dev/shm";

/// Makes one trial after the other until all are made or the supervisor orders to stop. Returns what they used
/// together.
///
/// # Errors
/// When the system has no process or pipe left, nobody takes the results, or what a trial left cannot be removed.
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
        // Without it each is started.
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

/// Files that are told of one trial, files and folders that are looked at, and bytes that are read of each file.
const MAX_LEFT: usize = 16;
const MAX_ENTRIES: usize = 1_000;
const MAX_READ: u64 = 16 * 1024;

/// The first files in the working folder after a trial, by path, without those that it was given and did not change.
/// Nothing of the tool is alive; no link is followed, and what cannot be read is left out: a comparison without it is
/// still one. A tool may leave any number of files, so the entries are bounded before one is read.
fn left_files(scratch: &Path, given: &[SampleFile]) -> Vec<SampleFile> {
    let mut folders = vec![scratch.to_owned()];
    let (mut files, mut entries) = (Vec::new(), 0);
    while let Some(folder) = folders.pop() {
        let Ok(listed) = std::fs::read_dir(folder) else { continue };
        for entry in listed.flatten().take(MAX_ENTRIES - entries) {
            entries += 1;
            // Caches and histories of interpreters are no results.
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
    /// The files that the tool keeps, when it keeps some: each trial begins with the same.
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

    /// Ends whoever a trial left; the ready interpreter stays.
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
                // Takes away those that are over already.
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
            // Some are not our children, so that their end does not reach us: then it is looked again.
            ends.wait(LOOK);
        }
    }

    /// The next one finds a scratch folder with nothing but what the tool keeps.
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

/// Our ends of a trial's streams; they never block.
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
    // It may just have ended, or have no group of its own yet.
    let _ = rustix::process::kill_process_group(handle, Signal::KILL);
    let _ = rustix::process::kill_process(handle, Signal::KILL);
}

struct Trial {
    pid: i32,
    pipes: Pipes,
    kept: [Vec<u8>; 2],
    /// How much it may write.
    most: usize,
    stop: Option<StopReason>,
}

impl Trial {
    /// Follows it to the end of its own process; whether the supervisor ordered to stop meanwhile.
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
                // Whatever is ordered, or a supervisor that is gone: nobody wants another trial.
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

    /// A tool that does not want its input is fine.
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

    /// Takes one piece of a stream; `false` when there is none now.
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

    /// Takes what is there without waiting.
    fn read_rest(&mut self) {
        for stream in 0..2 {
            while self.read(stream) {}
        }
    }
}

/// An interpreter that makes a copy of itself for each call; ended when dropped.
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

    /// The process of a copy, which is our child then.
    ///
    /// # Errors
    /// When the interpreter is gone, or does not answer in time.
    fn copy(&self, call: &StartInput, streams: &Streams, socket: &OwnedFd) -> io::Result<i32> {
        let given = given(call)?;
        let Streams { stdin, stdout, stderr, .. } = streams;
        send_fds(&self.link, b"call", &[stdin.as_fd(), stdout.as_fd(), stderr.as_fd(), given.as_fd()])?;
        let until = Instant::now() + PATIENCE;
        loop {
            let sources = [(Some(&self.link), PollFlags::IN), (Some(socket), PollFlags::IN)];
            match poll_some(sources, until) {
                Ok([true, _]) => break,
                // An order: the trial that follows obeys it.
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
        // Only a process that is our child can be waited for; whatever else this is, it is no answer.
        let me = rustix::process::getpid().as_raw_nonzero().get();
        number
            .filter(|pid| *pid > 1 && *pid != self.pid && crate::runner::process::processes::parent(*pid) == Some(me))
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl Drop for WarmInterpreter {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            // It may be over; taken away with everybody else that ends.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    }
}

/// What a copy is given, in a file: how many arguments, the arguments, names and values in turn, each with a zero.
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
