//! A conversation with a program of the user's own: it is told one text, and what it says comes in pieces.
//!
//! Such a program is trusted like the user's shell: it runs as the user, with the network, outside the sandbox. It gets
//! only the variables that it is handed and an empty folder to stand in. A [`keeper`] looks after it, so that nothing
//! of it is left when the conversation is over, or when the workbench is killed.

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

/// How long a program that was asked to end may take to do so.
const GRACE: Duration = Duration::from_secs(1);

/// How long what was written may take to come after everybody who could write it is gone.
const DRAIN: Duration = Duration::from_secs(1);

/// How often it is looked whether somebody wants it stopped, while a program is asked.
const LOOK: Duration = Duration::from_millis(20);

/// What to say to which program, and within what bounds.
#[derive(Debug)]
pub struct Talk<'a> {
    /// The program. Its keeper judges it once more, and starts the file that it judged.
    pub program: &'a Trusted,
    /// Arguments, without the program's name.
    pub args: &'a [String],
    /// What is trusted, and where its empty folder is made.
    pub programs: &'a Programs,
    /// All of its variables. The `Debug` of this type is not for logs: it shows their values.
    pub env: &'a [(String, String)],
    /// What it is told.
    pub input: &'a [u8],
    /// This program, to be started again as the keeper; `None` takes the one that is running.
    pub keeper: Option<&'a Path>,
    /// How long it may say nothing.
    pub silence: Duration,
    /// How long all of it may take.
    pub longest: Duration,
    /// How much it may say, in bytes.
    pub most: usize,
}

/// How a conversation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TalkEnd {
    /// The program ended with this code.
    Code(i32),
    /// A signal ended the program.
    Signal(i32),
    /// It could not be started; the system's number for why.
    NotStarted(i32),
    /// It said nothing for too long and was ended.
    Silent,
    /// It took too long altogether and was ended.
    TooLong,
    /// It said too much and was ended.
    TooMuch,
    /// Somebody wanted it stopped.
    Stopped,
}

/// The result of a conversation beside what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talked {
    /// Exit, signal, a limit, or stopped by the caller.
    pub end: TalkEnd,
    /// The end of what it wrote to standard error, at most [`ERROR_TAIL`] bytes.
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
    /// Where its empty folder is made.
    place: PathBuf,
}

/// What the keeper says, once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum KeeperReport {
    NotStarted { errno: i32 },
    NotKept { cause: String },
    Ended(Exit),
}

/// Starts a program, tells it the text, hands on what it says, and waits until nothing of it is left. `stop` ends it.
///
/// # Errors
/// When its keeper cannot be started or breaks.
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
    /// Why we ended it, and when it is killed.
    ending: Option<(TalkEnd, Instant)>,
    /// What the keeper said, and when.
    result: Option<(KeeperReport, Instant)>,
}

/// A keeper; ends with everything it keeps when dropped.
#[derive(Debug)]
pub(super) struct KeeperProcess {
    /// `None` when somebody else waits for it.
    process: Option<std::process::Child>,
    pub(super) control: OwnedFd,
}

impl KeeperProcess {
    /// Gives away its process, for somebody else to wait for.
    ///
    /// # Errors
    /// When it was given away before.
    pub(super) fn give_process(&mut self) -> io::Result<std::process::Child> {
        self.process.take().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for KeeperProcess {
    fn drop(&mut self) {
        // It ends by itself once its control socket closes, and everything that it keeps before it.
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
/// When the keeper cannot be started.
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
    // Our copy of its end would keep the socket open after it is gone.
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

    /// Whether the keeper said how it ended, and all that was written has come.
    fn is_over(&self) -> bool {
        let is_drained = self.stdout.is_none() && self.stderr.is_none();
        self.result.as_ref().is_some_and(|(_, at)| is_drained || at.elapsed() > DRAIN)
    }

    /// Waits until something is ready, or for a moment.
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

    /// Tells as much as it takes. A program that does not want to hear may still answer.
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
                    // Who takes in a long text is not silent.
                    self.heard = Instant::now();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.stdin = None,
            }
        }
    }

    /// Hands on what was said.
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

    /// Checks whether it is to be ended.
    fn mind(&mut self, talk: &Talk<'_>, stop: &AtomicBool) {
        if self.result.is_some() {
            return;
        }
        if let Some((_, deadline)) = &mut self.ending {
            if Instant::now() > *deadline {
                *deadline = Instant::now() + GRACE;
                // A keeper that is gone is found out by its socket.
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
        // A keeper that is gone is found out by its socket.
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

/// The next piece of a stream that does not block; takes the stream away at its end.
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
