//! A conversation with a program of the user: it gets one text, and its answer arrives in pieces.
//!
//! Such a program is trusted like the user's shell: it runs as the user, with the network, outside the sandbox. It gets
//! only the given variables and an empty working folder. A [`keeper`] manages it, so that no process remains when the
//! conversation is over, or when the workbench is killed.

mod keeper;
#[cfg(test)]
mod tests;

pub(super) use keeper::{KEEP, keep};

use super::sandbox::Exit;
use super::supervisor::{Heard, Inbox, SupervisorOrder, send, send_fds};
use crate::outside::{Launch, Programs, Trusted};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How much of the standard error of a conversation is kept: its end, in bytes.
pub const ERROR_TAIL: usize = 2048;

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(1);

/// How long buffered output may take to arrive after all its writers have ended.
const DRAIN: Duration = Duration::from_secs(1);

/// How often a cancellation is checked for while a program is running.
const LOOK: Duration = Duration::from_millis(20);

/// Which program to talk to, its input, and the limits.
#[derive(Debug)]
pub struct Talk<'a> {
    /// The program. Its keeper checks again that it is trusted, and starts the file that it checked.
    pub program: &'a Trusted,
    /// Arguments, without the program's name.
    pub args: &'a [String],
    /// The trusted programs, and the folder in which its empty folder is created.
    pub programs: &'a Programs,
    /// All of its variables. The `Debug` of this type is not for logs: it shows their values.
    pub env: &'a [(String, String)],
    /// The text for its standard input.
    pub input: &'a [u8],
    /// This program, which is started again as the keeper; `None` for the running executable.
    pub keeper: Option<&'a Path>,
    /// How long it may produce no output.
    pub silence: Duration,
    /// How long it may run in total.
    pub longest: Duration,
    /// The maximum size of its output, in bytes.
    pub most: usize,
}

/// How a conversation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TalkEnd {
    /// The program ended with this code.
    Code(i32),
    /// A signal ended the program.
    Signal(i32),
    /// It could not be started; the error number of the system.
    NotStarted(i32),
    /// It produced no output for too long and was ended.
    Silent,
    /// It ran for too long and was ended.
    TooLong,
    /// It produced too much output and was ended.
    TooMuch,
    /// It was cancelled by the caller.
    Stopped,
}

/// The result of a conversation, without its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talked {
    /// Exit code, signal, limit, or cancellation.
    pub end: TalkEnd,
    /// The end of its standard error, at most [`ERROR_TAIL`] bytes.
    pub error_tail: Vec<u8>,
}

/// What the keeper is to start.
#[derive(Serialize, Deserialize)]
struct Task {
    program: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// Folders that belong to tools.
    foreign: Vec<PathBuf>,
    /// The folder in which its empty folder is created.
    place: PathBuf,
}

/// The single report of the keeper.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum KeeperReport {
    NotStarted { errno: i32 },
    NotKept { cause: String },
    Ended(Exit),
}

/// Starts a program, sends it the text, passes on its output, and waits until all its processes have ended. `stop` ends
/// it.
///
/// # Errors
/// If its keeper cannot be started or fails.
pub fn converse(talk: &Talk<'_>, on_piece: &mut dyn FnMut(&[u8]), stop: &AtomicBool) -> io::Result<Talked> {
    let mut talking = Talking::begin(talk)?;
    while !talking.is_over() {
        talking.wait()?;
        talking.feed(talk.input);
        talking.listen(talk, on_piece);
        talking.hear_errors();
        talking.hear_keeper()?;
        talking.mind(talk, stop);
    }
    talking.end()
}

/// A conversation that continues.
struct Talking {
    keeper: KeeperProcess,
    inbox: Inbox,
    stdin: Option<OwnedFd>,
    told: usize,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    said: usize,
    error_tail: VecDeque<u8>,
    begun: Instant,
    heard: Instant,
    /// Why it was ended, and when it is killed.
    ending: Option<(TalkEnd, Instant)>,
    /// The report of the keeper, and when it arrived.
    result: Option<(KeeperReport, Instant)>,
}

/// A keeper. Dropping it ends everything it started.
#[derive(Debug)]
pub(super) struct KeeperProcess {
    /// `None` when somebody else waits for the process.
    process: Option<std::process::Child>,
    pub(super) control: OwnedFd,
}

impl KeeperProcess {
    /// Gives away its process, so that the caller can wait for it.
    ///
    /// # Errors
    /// If it was already given away.
    pub(super) fn give_process(&mut self) -> io::Result<std::process::Child> {
        self.process.take().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for KeeperProcess {
    fn drop(&mut self) {
        // The keeper ends when its control socket closes, after it has ended its processes.
        let _ = rustix::net::shutdown(&self.control, rustix::net::Shutdown::Both);
        if let Some(mut process) = self.process.take() {
            let _ = process.wait();
        }
    }
}

/// A program to start with a keeper.
pub(super) struct KeptProgram<'a> {
    pub(super) program: &'a Trusted,
    pub(super) args: &'a [String],
    pub(super) programs: &'a Programs,
    pub(super) env: &'a [(String, String)],
    pub(super) keeper: Option<&'a Path>,
}

/// Starts a program with its keeper; our ends of its streams never block.
///
/// # Errors
/// If the keeper cannot be started.
pub(super) fn start_kept(kept: &KeptProgram<'_>) -> io::Result<(KeeperProcess, [OwnedFd; 3])> {
    let pipe = || rustix::pipe::pipe_with(PipeFlags::CLOEXEC);
    let (tool_in, stdin) = pipe()?;
    let (stdout, tool_out) = pipe()?;
    let (stderr, tool_err) = pipe()?;
    let flags = SocketFlags::CLOEXEC;
    let (control, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let launch = Launch::ourselves(kept.keeper.unwrap_or(Path::new("/proc/self/exe"))).arg(KEEP);
    let mut launch = launch.streams(theirs, Stdio::null(), Stdio::null());
    let keeper = KeeperProcess { process: Some(launch.spawn()?), control };
    // An open copy here would keep the socket open after the keeper has ended.
    drop(launch);
    send_fds(&keeper.control, &[0], &[tool_in.as_fd(), tool_out.as_fd(), tool_err.as_fd()])?;
    let task = Task {
        program: kept.program.found_at().to_owned(),
        args: kept.args.to_vec(),
        env: kept.env.to_vec(),
        foreign: kept.programs.trust().foreign().to_vec(),
        place: kept.programs.place(),
    };
    send(&keeper.control, &task)?;
    for stream in [&stdin, &stdout, &stderr] {
        rustix::io::ioctl_fionbio(stream, true)?;
    }
    Ok((keeper, [stdin, stdout, stderr]))
}

impl Talking {
    fn begin(talk: &Talk<'_>) -> io::Result<Talking> {
        let Talk { program, args, programs, env, keeper, .. } = *talk;
        let (keeper, [stdin, stdout, stderr]) = start_kept(&KeptProgram { program, args, programs, env, keeper })?;
        let now = Instant::now();
        Ok(Talking {
            keeper,
            inbox: Inbox::default(),
            stdin: Some(stdin),
            told: 0,
            stdout: Some(stdout),
            stderr: Some(stderr),
            said: 0,
            error_tail: VecDeque::with_capacity(ERROR_TAIL),
            begun: now,
            heard: now,
            ending: None,
            result: None,
        })
    }

    /// Whether the keeper has reported the end and all output has arrived.
    fn is_over(&self) -> bool {
        let is_drained = self.stdout.is_none() && self.stderr.is_none();
        self.result.as_ref().is_some_and(|(_, at)| is_drained || at.elapsed() > DRAIN)
    }

    /// Waits until a descriptor is ready, or for a short time.
    fn wait(&self) -> io::Result<()> {
        let mut wanted = vec![PollFd::new(&self.keeper.control, PollFlags::IN)];
        wanted.extend(self.stdout.iter().chain(&self.stderr).map(|fd| PollFd::new(fd, PollFlags::IN)));
        wanted.extend(self.stdin.iter().map(|fd| PollFd::new(fd, PollFlags::OUT)));
        let moment = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
        match rustix::event::poll(&mut wanted, Some(&moment)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends as much input as the program accepts. A program that does not read its input may still answer.
    fn feed(&mut self, input: &[u8]) {
        while let Some(stdin) = &self.stdin {
            let rest = input.get(self.told..).unwrap_or_default();
            if rest.is_empty() {
                self.stdin = None;
                return;
            }
            match rustix::io::write(stdin, rest) {
                Ok(wrote) => {
                    self.told += wrote;
                    // A program that is still reading a long text is not silent.
                    self.heard = Instant::now();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.stdin = None,
            }
        }
    }

    /// Passes on its output.
    fn listen(&mut self, talk: &Talk<'_>, on_piece: &mut dyn FnMut(&[u8])) {
        let Some(piece) = read(&mut self.stdout) else { return };
        self.heard = Instant::now();
        if self.ending.is_some() {
            return;
        }
        let room = talk.most - self.said.min(talk.most);
        self.said += piece.len();
        on_piece(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            self.stop(TalkEnd::TooMuch, SupervisorOrder::Kill);
        }
    }

    fn hear_errors(&mut self) {
        let Some(piece) = read(&mut self.stderr) else { return };
        self.error_tail.extend(piece);
        let over = self.error_tail.len().saturating_sub(ERROR_TAIL);
        self.error_tail.drain(..over);
    }

    fn hear_keeper(&mut self) -> io::Result<()> {
        if self.result.is_some() {
            return Ok(());
        }
        let heard = self.inbox.read(&self.keeper.control)?;
        self.result = self.inbox.next()?.map(|said| (said, Instant::now()));
        if heard == Heard::Gone && self.result.is_none() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "its supervisor process stopped"));
        }
        Ok(())
    }

    /// Checks whether it must be ended.
    fn mind(&mut self, talk: &Talk<'_>, stop: &AtomicBool) {
        if self.result.is_some() {
            return;
        }
        if let Some((_, deadline)) = &mut self.ending {
            if Instant::now() > *deadline {
                *deadline = Instant::now() + GRACE;
                // The closed socket shows that a keeper is gone.
                let _ = send(&self.keeper.control, &SupervisorOrder::Kill);
            }
        } else if stop.load(Ordering::Relaxed) {
            self.stop(TalkEnd::Stopped, SupervisorOrder::Term);
        } else if self.heard.elapsed() > talk.silence {
            self.stop(TalkEnd::Silent, SupervisorOrder::Term);
        } else if self.begun.elapsed() > talk.longest {
            self.stop(TalkEnd::TooLong, SupervisorOrder::Term);
        }
    }

    fn stop(&mut self, why: TalkEnd, order: SupervisorOrder) {
        self.stdin = None;
        self.ending = Some((why, Instant::now() + GRACE));
        // The closed socket shows that a keeper is gone.
        let _ = send(&self.keeper.control, &order);
    }

    fn end(self) -> io::Result<Talked> {
        let error_tail = self.error_tail.into();
        let end = match (self.ending, self.result) {
            (Some((why, _)), _) => why,
            (None, Some((KeeperReport::Ended(Exit::Code(code)), _))) => TalkEnd::Code(code),
            (None, Some((KeeperReport::Ended(Exit::Signal(signal)), _))) => TalkEnd::Signal(signal),
            (None, Some((KeeperReport::NotStarted { errno }, _))) => TalkEnd::NotStarted(errno),
            (None, Some((KeeperReport::NotKept { cause }, _))) => return Err(io::Error::other(cause)),
            (None, None) => return Err(io::ErrorKind::BrokenPipe.into()),
        };
        Ok(Talked { end, error_tail })
    }
}

/// The next piece of a non-blocking stream; closes the stream at its end.
fn read(stream: &mut Option<OwnedFd>) -> Option<Vec<u8>> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        match rustix::io::read(stream.as_ref()?, &mut piece[..]) {
            Ok(0) => *stream = None,
            Ok(got) => {
                piece.truncate(got);
                return Some(piece);
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return None,
            Err(_) => *stream = None,
        }
    }
}
