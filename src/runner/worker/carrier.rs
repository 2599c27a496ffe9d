//! Passes data between the worker and the thread of a run: output to pipes, the supervisor's messages to a control
//! socket, orders the other way. To the run's thread this looks like a local supervisor.

use super::connection::Connection;
use super::protocol::{FromFar, FromNear, decode, safe_message};
use crate::domain::{InterpreterFacts, IsolationLevel, RunEnd, Stream};
use crate::runner::process::poll::poll_some;
use crate::runner::supervisor::starter::Started;
use crate::runner::supervisor::{Heard, Inbox, Message, SupervisorOrder, send};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// How much output is buffered before the run's thread has read it, in bytes.
const MOST_WAITING: usize = 1 << 20;

/// How long the far side may take to end after its last message.
const FAREWELL: Duration = Duration::from_secs(2);

/// How often an idle connection is checked.
const AT_LEAST: Duration = Duration::from_hours(1);

/// A run that starts on a worker, as its thread sees it.
pub(in crate::runner) struct WorkerConnection {
    /// The keeper of the prefix; it ends when the run has ended.
    pub(in crate::runner) carrier: Started,
    pub(in crate::runner) control: OwnedFd,
    pub(in crate::runner) stdout: OwnedFd,
    pub(in crate::runner) stderr: OwnedFd,
    /// The interpreter on the worker.
    pub(in crate::runner) interpreter: Option<InterpreterFacts>,
}

/// Output on its way to the run's thread.
struct Outgoing {
    pipe: Option<OwnedFd>,
    waiting: Vec<u8>,
}

struct Carrier {
    line: Connection,
    least: IsolationLevel,
    control: OwnedFd,
    orders: Inbox,
    /// Standard output and standard error.
    outgoing: [Outgoing; 2],
    /// The last message of the run.
    last: Option<Message>,
    /// Whether the run's thread has ended or needs nothing more.
    is_alone: bool,
}

/// Starts a thread that passes on everything that arrives from now on.
///
/// # Errors
/// If no descriptor, handle or thread is left.
pub(super) fn carry(
    line: Connection,
    least: IsolationLevel,
    interpreter: Option<InterpreterFacts>,
) -> Result<WorkerConnection, RunEnd> {
    let worker = line.worker.clone();
    begin(line, least, interpreter).map_err(|error| RunEnd::SpawnFailed {
        message: format!("the run on worker {worker} cannot be followed: {error}"),
    })
}

fn begin(
    mut line: Connection,
    least: IsolationLevel,
    interpreter: Option<InterpreterFacts>,
) -> io::Result<WorkerConnection> {
    let flags = SocketFlags::CLOEXEC;
    let (control, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let pipe = || -> io::Result<(OwnedFd, Outgoing)> {
        let (ours, theirs) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&theirs, true)?;
        Ok((ours, Outgoing { pipe: Some(theirs), waiting: Vec::new() }))
    };
    let ((stdout, out), (stderr, err)) = (pipe()?, pipe()?);
    // The run's thread has the number of the keeper and waits for it; the keeper's socket stays with the carrier.
    let carrier = Started::of(line.keeper.give_process()?)?;
    let work = Carrier {
        line,
        least,
        control: theirs,
        orders: Inbox::default(),
        outgoing: [out, err],
        last: None,
        is_alone: false,
    };
    std::thread::Builder::new().name("worker".to_owned()).spawn(move || work.carry())?;
    Ok(WorkerConnection { carrier, control, stdout, stderr, interpreter })
}

impl Carrier {
    fn carry(mut self) {
        while self.last.is_none() && !self.is_alone {
            self.take_lines();
            if self.last.is_none() && !self.turn() {
                break;
            }
        }
        self.tell_last();
        self.part();
    }

    /// Handles the received lines, as long as there is space for their content.
    fn take_lines(&mut self) {
        while self.last.is_none() && self.has_room() {
            let line = match self.line.lines.next() {
                Ok(Some(line)) => {
                    serde_json::from_slice::<FromFar>(line).map_err(|_| "it sent a line that is not a message")
                }
                Ok(None) if self.line.from.is_none() => {
                    self.last = Some(Message::Lost { cause: self.line.cause_of_end() });
                    return;
                }
                Ok(None) => return,
                Err(_) => Err("it sent a line that is too long"),
            };
            match line {
                Ok(FromFar::Output(stream, text)) => match decode(&text) {
                    Some(bytes) => {
                        let [out, err] = &mut self.outgoing;
                        let outgoing = if stream == Stream::Stdout { out } else { err };
                        outgoing.waiting.extend(bytes);
                    }
                    None => self.lose("it sent output that cannot be read"),
                },
                Ok(FromFar::Told(message)) => self.pass_on(safe_message(message)),
                Ok(
                    FromFar::NotStarted { .. }
                    | FromFar::FilesNeeded
                    | FromFar::Starting { .. }
                    | FromFar::Trial(_)
                    | FromFar::TrialsEnd(_),
                ) => {
                    self.lose("it sent a message out of order");
                }
                Err(why) => self.lose(why),
            }
        }
    }

    fn pass_on(&mut self, message: Message) {
        match message {
            Message::Started(facts) if !facts.level.reaches(self.least) => {
                self.lose(&format!("the run was isolated as {}, but {} is required", facts.level, self.least));
            }
            Message::Started(_) | Message::Sample(_) => {
                self.is_alone |= send(&self.control, &message).is_err();
            }
            Message::Observed(_) => {}
            Message::Refused { cause } => {
                self.last = Some(Message::Refused { cause: format!("worker {}: {cause}", self.line.worker) });
            }
            Message::NotStarted { message } => {
                self.last = Some(Message::NotStarted { message: format!("worker {}: {message}", self.line.worker) });
            }
            last => self.last = Some(last),
        }
    }

    fn lose(&mut self, why: &str) {
        self.last = Some(Message::Lost { cause: format!("worker {}: {why}", self.line.worker) });
    }

    fn has_room(&self) -> bool {
        self.outgoing.iter().map(|outgoing| outgoing.waiting.len()).sum::<usize>() < MOST_WAITING
    }

    /// Waits for an event and handles it; `false` if nothing can be waited for.
    fn turn(&mut self) -> bool {
        let [out, err] = &self.outgoing;
        let has_waiting = |outgoing: &&Outgoing| !outgoing.waiting.is_empty();
        let sources = [
            (self.line.from.as_ref().filter(|_| self.has_room()), PollFlags::IN),
            (self.line.errors.as_ref(), PollFlags::IN),
            (self.line.to.as_ref().filter(|_| !self.line.unsent.is_empty()), PollFlags::OUT),
            (Some(&self.control), PollFlags::IN),
            (Some(out).filter(has_waiting).and_then(|out| out.pipe.as_ref()), PollFlags::OUT),
            (Some(err).filter(has_waiting).and_then(|err| err.pipe.as_ref()), PollFlags::OUT),
        ];
        let ready = match poll_some(sources, Instant::now() + AT_LEAST) {
            Ok(ready) => ready,
            Err(Errno::INTR | Errno::AGAIN) => return true,
            Err(error) => {
                self.lose(&format!("the connection cannot be watched: {error}"));
                return false;
            }
        };
        if ready[0] {
            self.line.take_in();
        }
        if ready[1] {
            self.line.take_errors();
        }
        if ready[2] {
            self.line.give_out();
        }
        if ready[3] {
            self.take_orders();
        }
        for (outgoing, ready) in self.outgoing.iter_mut().zip([ready[4], ready[5]]) {
            if ready {
                outgoing.write();
            }
        }
        true
    }

    fn take_orders(&mut self) {
        let heard = self.orders.read(&self.control);
        while let Ok(Some(order)) = self.orders.next::<SupervisorOrder>() {
            // Both orders can always be encoded.
            let _ = self.line.send(&FromNear::Order(order));
        }
        if !matches!(heard, Ok(Heard::More)) {
            self.is_alone = true;
        }
    }

    /// Passes on all output, then the last message.
    fn tell_last(&mut self) {
        let Some(last) = self.last.take() else { return };
        while !self.is_alone
            && self.outgoing.iter().any(|outgoing| outgoing.pipe.is_some() && !outgoing.waiting.is_empty())
        {
            // Nothing more is read from the worker.
            let from = self.line.from.take();
            let is_watched = self.turn();
            self.line.from = from;
            if !is_watched {
                break;
            }
        }
        for outgoing in &mut self.outgoing {
            outgoing.pipe = None;
        }
        // The run's thread may have ended.
        let _ = send(&self.control, &last);
    }

    /// Closes the connection: the far side ends, then the rest of the prefix.
    fn part(mut self) {
        self.outgoing.iter_mut().for_each(|outgoing| outgoing.pipe = None);
        (self.line.to, self.line.unsent) = (None, Vec::new());
        let until = Instant::now() + FAREWELL;
        let mut bin = vec![0; 64 << 10];
        while let Some(from) = &self.line.from {
            match poll_some([(Some(from), PollFlags::IN)], until) {
                Ok([true]) => {}
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Ok([false]) | Err(_) => break,
            }
            match rustix::io::read(from, &mut bin[..]) {
                Ok(1..) | Err(Errno::INTR | Errno::AGAIN) if Instant::now() < until => {}
                _ => break,
            }
        }
        // The keeper ends the remaining processes, and itself, when its socket is closed.
    }
}

impl Outgoing {
    fn write(&mut self) {
        match self.pipe.as_ref().map(|pipe| rustix::io::write(pipe, &self.waiting)) {
            Some(Ok(wrote)) => drop(self.waiting.drain(..wrote)),
            Some(Err(Errno::AGAIN | Errno::INTR)) | None => {}
            // The reader is gone.
            Some(Err(_)) => (self.pipe, self.waiting) = (None, Vec::new()),
        }
    }
}
