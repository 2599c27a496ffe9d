//! The connection to a worker: the prefix with its keeper, and the lines on its standard streams until the run starts
//! there.

use super::lines::LineBuffer;
use super::protocol::{ANSWER_START, Hello, MAX_BANNER, MAX_LINE, Speaker, line, safe};
use crate::domain::{RunEnd, count};
use crate::outside::{Programs, Trusted};
use crate::runner::conversation::{KeeperProcess, KeeperReport, KeptProgram, start_kept};
use crate::runner::process::poll::poll_some;
use crate::runner::sandbox::Exit;
use crate::runner::supervisor::{Heard, Inbox};
use rustix::event::PollFlags;
use rustix::io::Errno;
use serde::Serialize;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many bytes at the end of the prefix's standard error are kept.
const ERROR_TAIL: usize = 1024;

/// The maximum time to find out how the prefix ended, after its output ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The exit code of a shell for a program that does not exist.
const NO_PROGRAM: i32 = 127;

/// Tells a waiting caller that the run must stop.
#[derive(Debug, Clone, Copy)]
pub(in crate::runner) struct AskedToStop<'a> {
    pub(in crate::runner) is_asked: &'a AtomicBool,
    /// Becomes readable when a stop is requested.
    pub(in crate::runner) wake: Option<&'a OwnedFd>,
}

/// The command that starts the far side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix<'a> {
    /// Name of the worker in the settings.
    pub(super) worker: &'a str,
    pub(super) program: &'a Trusted,
    pub(super) args: &'a [String],
    pub(super) env: &'a [(String, String)],
    pub(super) programs: &'a Programs,
    /// This program, which is started again as the keeper; `None` uses the running executable.
    pub(super) keeper: Option<&'a Path>,
    /// How long the far side may be silent.
    pub(super) patience: Duration,
}

/// An open connection to a worker.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) worker: String,
    pub(super) keeper: KeeperProcess,
    pub(super) said_by_keeper: Inbox,
    pub(super) to: Option<OwnedFd>,
    /// Bytes for the far side that are not written yet.
    pub(super) unsent: Vec<u8>,
    pub(super) from: Option<OwnedFd>,
    pub(super) lines: LineBuffer,
    pub(super) errors: Option<OwnedFd>,
    error_tail: Vec<u8>,
    patience: Duration,
}

/// Why no line arrived.
enum NoLine {
    Asked,
    Silent,
    Ended,
    TooLong,
}

impl Connection {
    /// Starts the prefix and sends the first line.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub(super) fn begin(prefix: &Prefix<'_>, opening: &impl Serialize) -> Result<Connection, RunEnd> {
        let Prefix { worker, program, args, env, programs, keeper, patience } = *prefix;
        let failed = |error: io::Error| RunEnd::Refused {
            message: format!("worker {worker}: its prefix cannot be started: {error}"),
        };
        let (keeper, [to, from, errors]) =
            start_kept(&KeptProgram { program, args, programs, env, keeper }).map_err(failed)?;
        Ok(Connection {
            worker: worker.to_owned(),
            keeper,
            said_by_keeper: Inbox::default(),
            to: Some(to),
            unsent: line(opening).map_err(failed)?,
            from: Some(from),
            lines: LineBuffer::new(MAX_BANNER),
            errors: Some(errors),
            error_tail: Vec::new(),
            patience,
        })
    }

    /// Waits for the answer of the far side, skipping other text before it.
    ///
    /// # Errors
    ///
    /// Why there is none, or that its version differs.
    pub(super) fn hello<T: serde::de::DeserializeOwned>(&mut self, asked: &AskedToStop<'_>) -> Result<T, RunEnd> {
        let mut passed_over = 0;
        let mut first = None;
        loop {
            let line = self.wait_for_line(asked)?;
            let text = String::from_utf8_lossy(&line).into_owned();
            if let Some(at) = text.find(ANSWER_START) {
                return self.understood(text.get(at..).unwrap_or_default());
            }
            passed_over += line.len() + 1;
            let first = first.get_or_insert(text);
            if passed_over > MAX_BANNER {
                return Err(self.banner(first));
            }
        }
    }

    fn understood<T: serde::de::DeserializeOwned>(&mut self, text: &str) -> Result<T, RunEnd> {
        let own = Speaker::this().version;
        let speaker: Result<Hello<serde::de::IgnoredAny>, _> = serde_json::from_str(text);
        let Ok(Hello { toolsmith: Speaker { version }, .. }) = speaker else {
            return Err(self.refused("its answer cannot be read: it may be another version of Toolsmith"));
        };
        if version != own {
            let version = safe(&version.chars().take(64).collect::<String>());
            return Err(self.refused(&format!(
                "it has Toolsmith {version}, this machine has {own}: install the same version on both"
            )));
        }
        self.lines.allow(MAX_LINE);
        let hello: Result<Hello<T>, _> = serde_json::from_str(text);
        hello.map(|hello| hello.facts).map_err(|error| self.refused(&format!("its answer cannot be read: {error}")))
    }

    fn banner(&self, first: &str) -> RunEnd {
        let first = safe(&first.chars().take(80).collect::<String>());
        self.refused(&format!(
            "it printed more than {MAX_BANNER} bytes that are not an answer, beginning with {first:?}: check its prefix, and what login files print there"
        ))
    }

    /// The next line.
    ///
    /// # Errors
    ///
    /// Why no line arrives, in words.
    pub(super) fn wait_for_line(&mut self, asked: &AskedToStop<'_>) -> Result<Vec<u8>, RunEnd> {
        match self.next_line(asked) {
            Ok(line) => Ok(line),
            Err(NoLine::Asked) => Err(RunEnd::Cancelled),
            Err(NoLine::TooLong) => {
                let first = String::from_utf8_lossy(self.lines.rest()).into_owned();
                Err(self.banner(&first))
            }
            Err(NoLine::Silent) => Err(self.refused(&format!(
                "no answer within {}s; `toolsmith workers {}` tries it, and `patience` in its settings allows more time{}",
                self.patience.as_secs(),
                self.worker,
                self.said()
            ))),
            Err(NoLine::Ended) => {
                let message = self.cause_of_end();
                Err(RunEnd::Refused { message })
            }
        }
    }

    fn next_line(&mut self, asked: &AskedToStop<'_>) -> Result<Vec<u8>, NoLine> {
        let mut heard = Instant::now();
        loop {
            if let Some(line) = self.lines.next().map_err(|_| NoLine::TooLong)? {
                return Ok(line.to_vec());
            }
            if asked.is_asked.load(Ordering::Acquire) {
                return Err(NoLine::Asked);
            }
            if self.from.is_none() {
                return Err(NoLine::Ended);
            }
            if heard.elapsed() > self.patience {
                return Err(NoLine::Silent);
            }
            // Without a wake handle, the stop request is polled.
            let most = if asked.wake.is_some() { self.patience } else { Duration::from_millis(100) };
            let until = Instant::now() + most.min(self.patience.saturating_sub(heard.elapsed()));
            let sources = [
                (self.from.as_ref(), PollFlags::IN),
                (self.errors.as_ref(), PollFlags::IN),
                (self.to.as_ref().filter(|_| !self.unsent.is_empty()), PollFlags::OUT),
                (asked.wake, PollFlags::IN),
            ];
            let ready = match poll_some(sources, until) {
                Ok(ready) => ready,
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return Err(NoLine::Ended),
            };
            if ready[0] && self.take_in() {
                heard = Instant::now();
            }
            if ready[1] {
                self.take_errors();
            }
            if ready[2] && self.give_out() {
                heard = Instant::now();
            }
        }
    }

    /// Reads a piece of the far side's output; returns whether there was any.
    pub(super) fn take_in(&mut self) -> bool {
        let mut piece = vec![0; 64 << 10];
        match self.from.as_ref().map(|from| rustix::io::read(from, &mut piece[..])) {
            Some(Ok(got @ 1..)) => {
                self.lines.push(&piece[..got]);
                true
            }
            Some(Err(Errno::AGAIN | Errno::INTR)) | None => false,
            Some(_) => {
                self.from = None;
                false
            }
        }
    }

    /// Keeps the end of the prefix's standard error.
    pub(super) fn take_errors(&mut self) {
        let mut piece = [0; 4096];
        match self.errors.as_ref().map(|errors| rustix::io::read(errors, &mut piece[..])) {
            Some(Ok(got @ 1..)) => {
                self.error_tail.extend_from_slice(&piece[..got]);
                let excess = self.error_tail.len().saturating_sub(ERROR_TAIL);
                self.error_tail.drain(..excess);
            }
            Some(Err(Errno::AGAIN | Errno::INTR)) | None => {}
            Some(_) => self.errors = None,
        }
    }

    /// Writes as much as the far side accepts; returns whether it accepted anything.
    pub(super) fn give_out(&mut self) -> bool {
        match self.to.as_ref().map(|to| rustix::io::write(to, &self.unsent)) {
            Some(Ok(wrote)) => {
                self.unsent.drain(..wrote);
                wrote > 0
            }
            Some(Err(Errno::AGAIN | Errno::INTR)) | None => false,
            // A closed connection is detected when reading.
            Some(Err(_)) => {
                (self.to, self.unsent) = (None, Vec::new());
                false
            }
        }
    }

    /// Queues a line, which is sent as soon as it is accepted.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub(super) fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.unsent.extend(line(value)?);
        Ok(())
    }

    /// Lets the far side be silent for longer, once it has answered.
    pub(super) fn wait_longer(&mut self, patience: Duration) {
        self.patience = self.patience.max(patience);
    }

    /// The end of a run that the worker does not execute.
    pub(super) fn refused(&self, why: &str) -> RunEnd {
        RunEnd::Refused { message: format!("worker {}: {why}", self.worker) }
    }

    /// The reason why the prefix ended, as far as it is known.
    pub(super) fn cause_of_end(&mut self) -> String {
        let report = self.report_of_keeper();
        while self.errors.is_some() && report.is_some() {
            let before = self.error_tail.len();
            self.take_errors();
            if self.errors.is_some() && self.error_tail.len() == before {
                break;
            }
        }
        let worker = &self.worker;
        let how = match report {
            Some(KeeperReport::NotStarted { errno }) => {
                format!("its prefix cannot be started: {}", io::Error::from_raw_os_error(errno))
            }
            Some(KeeperReport::NotKept { cause }) => format!("its prefix cannot be started: {cause}"),
            Some(KeeperReport::Ended(Exit::Code(NO_PROGRAM))) => format!(
                "the connection ended with exit code {NO_PROGRAM}: a program was not found there; install Toolsmith {} on it, or name it with `program` in [workers.{worker}]",
                Speaker::this().version
            ),
            Some(KeeperReport::Ended(Exit::Code(code))) => format!("the connection ended with exit code {code}"),
            Some(KeeperReport::Ended(Exit::Signal(signal))) => format!("the connection ended by signal {signal}"),
            None => "the connection ended".to_owned(),
        };
        format!("worker {worker}: {how}{}", self.said())
    }

    fn report_of_keeper(&mut self) -> Option<KeeperReport> {
        let until = Instant::now() + LAST_WORDS;
        loop {
            let heard = self.said_by_keeper.read(&self.keeper.control).ok()?;
            if let Some(report) = self.said_by_keeper.next().ok().flatten() {
                return Some(report);
            }
            if heard == Heard::Gone || Instant::now() >= until {
                return None;
            }
            let [_] = poll_some([(Some(&self.keeper.control), PollFlags::IN)], until).ok()?;
        }
    }

    /// The output of the prefix, for the end of a message.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.error_tail);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines.as_slice() {
            [] => String::new(),
            [.., last] => {
                let more = lines.len() - 1;
                let more = if more > 0 { format!(" (after {})", count(more, "line")) } else { String::new() };
                format!("; it said: {}{more}", safe(last))
            }
        }
    }
}
