//! The far side of a run on a worker: takes one request from standard input, starts the run with a supervisor of this
//! machine, and passes its output and the supervisor's words on to standard output.
//!
//! It decides nothing about the run but that it is isolated as demanded. When its standard input ends, so does the run.

use super::child::{Child, explain, spawn};
use crate::domain::{RunEnd, Stream, VersionFile};
use crate::runner::prepare::spec::Spec;
use crate::runner::process::poll::poll_some;
use crate::runner::supervisor::{Heard, Inbox, Message, SupervisorOrder, send};
use crate::runner::tried::Tried;
use crate::runner::worker::protocol::{
    FromFar, FromNear, Hello, MAX_ORDER, Opening, SentTrial, Speaker, Wants, decode, encode, line,
};
use crate::runner::worker::{LineBuffer, WorkerFacts, WorkerRun, WorkerTrials};
use rustix::event::PollFlags;
use rustix::io::Errno;
use serde::Serialize;
use serde::de::IgnoredAny;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// All files of a version together, in bytes.
const MAX_FILES: usize = 1 << 30;

/// More output than this is not read from the tool before the near side took it, in bytes.
const MOST_WAITING: usize = 1 << 20;

/// A piece of output, in bytes.
const PIECE: usize = 64 << 10;

/// How much longer than its limit a run may continue: the near side ends it at the limit, unless the connection is
/// dead.
const MARGIN: Duration = Duration::from_secs(30);

/// How long output is read after everybody of the run ended.
const DRAIN: Duration = Duration::from_millis(500);

/// How long the near side may take to read the end.
const FAREWELL: Duration = Duration::from_secs(30);

/// One request of a near side.
#[derive(Debug)]
pub struct WorkerSession {
    from: OwnedFd,
    to: OwnedFd,
    lines: LineBuffer,
    unsent: Vec<u8>,
}

/// What a near side wants.
#[derive(Debug)]
pub enum WorkerRequest {
    /// It was told the facts, and wants nothing more.
    Answered,
    /// It has another version of this program, and was told ours.
    OtherVersion(String),
    /// A run.
    Run(Box<WorkerSession>, Box<WorkerRun>),
    /// Trials for checks.
    Trials(Box<WorkerSession>, Box<WorkerTrials>),
}

impl WorkerSession {
    /// Takes the first line of the near side and answers it. `facts` says what this machine is, with languages or not.
    ///
    /// # Errors
    /// When there is no such line, or the answer cannot be written.
    pub fn accept(
        (from, to): (OwnedFd, OwnedFd),
        facts: impl FnOnce(bool) -> WorkerFacts,
    ) -> io::Result<WorkerRequest> {
        let mut session = WorkerSession { from, to, lines: LineBuffer::new(MAX_ORDER), unsent: Vec::new() };
        let opening = session.wait_for_line()?;
        let speaker: Opening<IgnoredAny> = serde_json::from_slice(&opening)?;
        let toolsmith = Speaker::this();
        if speaker.toolsmith != toolsmith {
            session.send(&Hello { toolsmith, facts: () })?;
            return Ok(WorkerRequest::OtherVersion(speaker.toolsmith.version));
        }
        let opening: Opening<Wants> = serde_json::from_slice(&opening)?;
        let facts = facts(opening.wants == Wants::Facts);
        session.send(&Hello { toolsmith, facts })?;
        Ok(match opening.wants {
            Wants::Facts => WorkerRequest::Answered,
            Wants::Run(run) => WorkerRequest::Run(Box::new(session), run),
            Wants::Trials(trials) => WorkerRequest::Trials(Box::new(session), trials),
        })
    }

    /// Asks for the files of the version; they are not checked here.
    ///
    /// # Errors
    /// When they do not come.
    pub fn files(&mut self) -> io::Result<Vec<VersionFile>> {
        self.send(&FromFar::FilesNeeded)?;
        let wrong = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
        let (mut files, mut total) = (Vec::<VersionFile>::new(), 0);
        loop {
            match serde_json::from_slice(&self.wait_for_line()?)? {
                FromNear::File { path, mode } => files.push(VersionFile { path, mode, bytes: Vec::new() }),
                FromNear::Bytes(text) => {
                    let bytes = decode(&text).ok_or_else(|| wrong("a file cannot be read"))?;
                    total += bytes.len();
                    let file = files.last_mut().filter(|_| total <= MAX_FILES);
                    file.ok_or_else(|| wrong("the files are too large, or out of order"))?.bytes.extend(bytes);
                }
                FromNear::FilesEnd => return Ok(files),
                // It does not want to wait any longer.
                FromNear::Order(_) => return Err(wrong("the run was stopped before it started")),
            }
        }
    }

    /// Tells that the run does not start.
    ///
    /// # Errors
    /// When the near side is gone.
    pub fn refuse(mut self, end: RunEnd) -> io::Result<()> {
        self.send(&FromFar::not_started(end))
    }

    /// Has trials made and tells the result of them. They are asked to stop when nobody waits.
    ///
    /// # Errors
    /// When the near side cannot be told.
    pub fn make_trials(mut self, make: impl FnOnce(&AtomicBool) -> Result<Vec<Tried>, String>) -> io::Result<()> {
        let stop = AtomicBool::new(false);
        let (until_done, done) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let made = std::thread::scope(|scope| {
            let (from, stop) = (&self.from, &stop);
            scope.spawn(move || watch(from, &until_done, stop));
            let made = make(stop);
            drop(done);
            made
        });
        match made {
            Ok(trials) => {
                for trial in trials {
                    self.send(&FromFar::Trial(Box::new(SentTrial::of(trial))))?;
                }
                self.send(&FromFar::TrialsEnd(None))
            }
            Err(why) => self.send(&FromFar::TrialsEnd(Some(why))),
        }
    }

    /// Carries out the run; returns when nothing of it is left.
    ///
    /// # Errors
    /// When the near side cannot be told; the run is over then, too.
    pub fn perform(mut self, mut spec: Spec) -> io::Result<()> {
        let handed = std::mem::take(&mut spec.handed);
        let child = match spawn(&spec, handed) {
            Ok(child) => child,
            Err(message) => return self.refuse(RunEnd::SpawnFailed { message }),
        };
        self.send(&FromFar::Starting { interpreter: spec.interpreter.clone() })?;
        for stream in [&self.from, &self.to] {
            rustix::io::ioctl_fionbio(stream, true)?;
        }
        let limits = spec.terms.limits;
        let until = Instant::now().checked_add(limits.wall.saturating_add(spec.terms.grace + MARGIN));
        let relay = Relay {
            input: spec.stdin.as_deref().unwrap_or_default(),
            output_left: limits.output_bytes.saturating_add(MOST_WAITING as u64),
            session: self,
            spec: &spec,
            child,
            inbox: Inbox::default(),
            last: None,
            until,
        };
        relay.relay()
    }

    /// Waits for a line of the near side.
    fn wait_for_line(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = vec![0; PIECE];
        loop {
            if let Some(line) = self.lines.next().map_err(|_| io::ErrorKind::InvalidData)? {
                return Ok(line.to_vec());
            }
            match rustix::io::read(&self.from, &mut piece[..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(got) => self.lines.push(&piece[..got]),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends a line; waits until it is taken.
    fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = line(value)?;
        let mut rest = &text[..];
        while !rest.is_empty() {
            match rustix::io::write(&self.to, rest) {
                Ok(wrote) => rest = &rest[wrote..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Keeps a line until it can be sent.
    fn queue(&mut self, value: &FromFar) -> io::Result<()> {
        self.unsent.extend(line(value)?);
        Ok(())
    }

    /// Sends as much as is taken now.
    fn give_out(&mut self) -> io::Result<()> {
        match rustix::io::write(&self.to, &self.unsent) {
            Ok(wrote) => drop(self.unsent.drain(..wrote)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Asks for a stop when the near side is gone, until `done` is closed. It has nothing to say meanwhile.
fn watch(from: &OwnedFd, done: &OwnedFd, stop: &AtomicBool) {
    let mut piece = [0; 4096];
    loop {
        let sources = [(Some(from), PollFlags::IN), (Some(done), PollFlags::IN)];
        match poll_some(sources, Instant::now() + Duration::from_hours(1)) {
            Ok([_, true]) => return,
            Ok([true, _]) if !matches!(rustix::io::read(from, &mut piece[..]), Ok(1..)) => {
                stop.store(true, Ordering::Release);
                return;
            }
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}

/// A run under way.
struct Relay<'a> {
    session: WorkerSession,
    spec: &'a Spec,
    child: Child,
    inbox: Inbox,
    /// The supervisor's last word.
    last: Option<Message>,
    /// Input that the tool has not taken yet.
    input: &'a [u8],
    /// So much output is passed on at most: the near side keeps less, and ends the run.
    output_left: u64,
    /// When the run is ended, whatever the near side does; `None` for never.
    until: Option<Instant>,
}

impl Relay<'_> {
    fn relay(mut self) -> io::Result<()> {
        while self.last.is_none() {
            // The run is ended with its child, which is dropped.
            if !self.turn()? {
                return Ok(());
            }
        }
        self.child.stdin = None;
        self.drain()?;
        let told = match self.last.take() {
            Some(Message::SpawnFailed { errno }) => {
                Message::NotStarted { message: explain(self.spec, &io::Error::from_raw_os_error(errno)) }
            }
            Some(message) => message,
            None => return Ok(()),
        };
        self.session.queue(&FromFar::Told(told))?;
        let until = Instant::now() + FAREWELL;
        while !self.session.unsent.is_empty() {
            let [is_ready] = poll_some([(Some(&self.session.to), PollFlags::OUT)], until)?;
            if !is_ready {
                break;
            }
            self.session.give_out()?;
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.session.unsent.len() < MOST_WAITING
    }

    /// Waits for something and does it; `false` when the run is to end because nobody waits for it.
    fn turn(&mut self) -> io::Result<bool> {
        let until = self.until.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        let has_room = self.has_room();
        let sources = [
            (Some(&self.session.from), PollFlags::IN),
            (Some(&self.session.to).filter(|_| !self.session.unsent.is_empty()), PollFlags::OUT),
            (self.child.stdout.as_ref().filter(|_| has_room), PollFlags::IN),
            (self.child.stderr.as_ref().filter(|_| has_room), PollFlags::IN),
            (self.child.stdin.as_ref(), PollFlags::OUT),
            (self.child.is_heard.then_some(&self.child.control), PollFlags::IN),
            (Some(&self.child.supervisor.pidfd), PollFlags::IN),
        ];
        let ready = match poll_some(sources, until) {
            Ok(ready) => ready,
            Err(Errno::INTR | Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Ok(false);
        }
        if ready[0] && !self.take_orders()? {
            return Ok(false);
        }
        if ready[1] {
            self.session.give_out()?;
        }
        for (ready, stream) in [(ready[2], Stream::Stdout), (ready[3], Stream::Stderr)] {
            if ready {
                self.read(stream)?;
            }
        }
        if ready[4] {
            self.feed();
        }
        if ready[5] || ready[6] {
            self.listen()?;
        }
        // A supervisor that was killed has no last word: what is left of the run ends with its child.
        Ok(self.last.is_some() || !ready[6])
    }

    /// Passes orders on; `false` when the near side is gone.
    fn take_orders(&mut self) -> io::Result<bool> {
        let mut piece = [0; 4096];
        match rustix::io::read(&self.session.from, &mut piece[..]) {
            Ok(0) => return Ok(false),
            Ok(got) => self.session.lines.push(&piece[..got]),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        while let Some(text) = self.session.lines.next().map_err(|_| io::ErrorKind::InvalidData)? {
            // What is not an order comes from nobody who may go on.
            let order = match serde_json::from_slice(text)? {
                FromNear::Order(order) => order,
                FromNear::File { .. } | FromNear::Bytes(_) | FromNear::FilesEnd => SupervisorOrder::Kill,
            };
            // A supervisor that is gone has nothing left to end.
            let _ = send(&self.child.control, &order);
        }
        Ok(true)
    }

    /// Takes one piece of output.
    fn read(&mut self, stream: Stream) -> io::Result<()> {
        let source = match stream {
            Stream::Stdout => &mut self.child.stdout,
            Stream::Stderr => &mut self.child.stderr,
        };
        let Some(open) = source else { return Ok(()) };
        let mut piece = vec![0; PIECE];
        match rustix::io::read(&*open, &mut piece[..]) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A terminal whose last user is gone answers EIO.
            Ok(0) | Err(_) => *source = None,
            Ok(got) => {
                let passed = got.min(usize::try_from(self.output_left).unwrap_or(usize::MAX));
                self.output_left -= passed as u64;
                if passed > 0 {
                    self.session.queue(&FromFar::Output(stream, encode(&piece[..passed])))?;
                }
            }
        }
        Ok(())
    }

    /// Gives the tool as much of its input as it takes now.
    fn feed(&mut self) {
        let Some(stdin) = &self.child.stdin else { return };
        match rustix::io::write(stdin, self.input) {
            Ok(wrote) => self.input = &self.input[wrote..],
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) => self.input = &[],
        }
        if self.input.is_empty() {
            self.child.stdin = None;
        }
    }

    /// Takes what the supervisor tells.
    fn listen(&mut self) -> io::Result<()> {
        let heard = self.inbox.read(&self.child.control);
        while let Ok(Some(message)) = self.inbox.next::<Message>() {
            match message {
                Message::Started(_) | Message::Sample(_) => self.session.queue(&FromFar::Told(message))?,
                Message::Observed(_) => {}
                last => {
                    self.last = Some(last);
                    self.child.is_done = true;
                }
            }
        }
        if !matches!(heard, Ok(Heard::More)) {
            self.child.is_heard = false;
        }
        Ok(())
    }

    /// Reads what is left of the output, for a bounded time, as far as the near side takes it.
    fn drain(&mut self) -> io::Result<()> {
        let mut quiet_at = Instant::now() + DRAIN;
        while self.child.stdout.is_some() || self.child.stderr.is_some() {
            let has_room = self.has_room();
            if !has_room {
                // The tool is over; it is the near side that takes its time.
                quiet_at = Instant::now() + FAREWELL;
            }
            let sources = [
                (Some(&self.session.to).filter(|_| !self.session.unsent.is_empty()), PollFlags::OUT),
                (self.child.stdout.as_ref().filter(|_| has_room), PollFlags::IN),
                (self.child.stderr.as_ref().filter(|_| has_room), PollFlags::IN),
            ];
            let ready = match poll_some(sources, quiet_at) {
                Ok(ready) => ready,
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(error) => return Err(error.into()),
            };
            if ready[0] {
                self.session.give_out()?;
            }
            for (ready, stream) in [(ready[1], Stream::Stdout), (ready[2], Stream::Stderr)] {
                if ready {
                    self.read(stream)?;
                }
            }
            if Instant::now() >= quiet_at {
                break;
            }
        }
        Ok(())
    }
}
