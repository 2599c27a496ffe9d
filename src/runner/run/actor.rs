//! The life of one run, on one thread: a `poll` loop over its streams, its end, cancellation and
//! the next deadline. Nothing here waits without a deadline for something that a tool controls.

use super::child::{Child, explain, poll, poll_streams, spawn};
use super::job::{Hooks, Job, Link, OnIsolated, OnOutput, Start};
use super::leftovers::{dropped, keep};
use crate::domain::{Isolation, IsolationLevel, Observation, Redactions, RunEnd, RunUsage, Sample, Stream};
use crate::runner::output::cleaner::{Cleaner, clean};
use crate::runner::output::spool::{Frame, MAX_FRAME, Spool, SpoolWriter};
use crate::runner::overlay::{Unpacked, discard, unpack};
use crate::runner::prepare::spec::{Handed, RunTerms, Spec};
use crate::runner::process::processes::sweep;
use crate::runner::result::difference::MAX_CHANGES;
use crate::runner::result::ending::{StopReason, judge};
use crate::runner::result::report::{Report, Staged};
use crate::runner::result::success::{MAX_JSON, Output};
use crate::runner::supervisor::{Ended, Heard, Inbox, Message, SupervisorOrder, send};
use rustix::io::Errno;
use rustix::process::Signal;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long output is read after everybody was killed, whoever still holds the streams.
const DRAIN: Duration = Duration::from_millis(500);

/// How long everything of a killed run may take to die; one stuck in the kernel would block us forever.
const GIVE_UP: Duration = Duration::from_secs(5);

/// How often a run without a time limit wakes at least.
const AT_LEAST: Duration = Duration::from_hours(1);

/// How much of the end of standard error is kept to find the reason of a failure, in bytes.
const LAST_WORDS: usize = 8 * 1024;

/// Runs a job from start to end.
pub(in crate::runner) fn perform(job: Job) -> Report {
    let Job { mut start, hooks, link, changed, samples } = job;
    let Hooks { on_start, on_isolated, on_output, on_end } = hooks;
    let handed = start.take_handed();
    let report = match begin(&start, handed, &link, Watchers { changed: &changed, samples: &samples }) {
        Err(end) => {
            let terms = start.terms();
            let report = Report::without_process(end, terms.isolation.clone());
            clean(report, &terms.redactor, Redactions::default())
        }
        Ok(mut run) => {
            on_start(run.child.begun());
            run.on_isolated = Some(on_isolated);
            run.on_output = on_output;
            run.follow()
        }
    };
    if let Some(spec) = start.here().filter(|spec| !spec.plan.view.stages.is_empty()) {
        discard(&spec.staged);
    }
    on_end(&report);
    report
}

/// Who is told that there is more.
#[derive(Debug, Clone, Copy)]
struct Watchers<'a> {
    changed: &'a watch::Sender<u64>,
    samples: &'a watch::Sender<Sample>,
}

fn begin<'a>(
    start: &'a Start,
    handed: Handed,
    link: &'a Arc<Link>,
    watchers: Watchers<'a>,
) -> Result<RunLoop<'a>, RunEnd> {
    let (terms, spec) = (start.terms(), start.here());
    let failed = |message| RunEnd::SpawnFailed { message };
    let spool = SpoolWriter::create(&terms.spool, terms.log)
        .map_err(|error| failed(format!("its output cannot be stored: {error}")))?;
    let (begun, child) = match start {
        Start::Here(spec) => (Instant::now(), spawn(spec, handed).map_err(failed)?),
        // The time until the worker is ready is not the run's.
        Start::Worker(call) => Child::of_worker(call.dial(&link.asked())?).map(|child| (Instant::now(), child))?,
    };
    Ok(RunLoop {
        terms,
        spec,
        link,
        watchers,
        inbox: Inbox::default(),
        isolation: terms.isolation.clone(),
        on_isolated: None,
        on_output: None,
        last: None,
        unsent: spec.and_then(|spec| spec.stdin.as_deref()).unwrap_or_default(),
        child,
        spool,
        cleaner: Cleaner::new(&terms.redactor),
        redactions: Redactions::default(),
        begun,
        phase: ProcessPhase::Running,
        stop: None,
        last_words: Vec::new(),
        piece: vec![0; MAX_FRAME],
        usage: RunUsage::default(),
        kept: 0,
        stdout_kept: 0,
        truncated: false,
        notes: Vec::new(),
    })
}

/// How far the process is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProcessPhase {
    Running,
    /// It was asked to end and may clean up until then.
    Asked {
        kill_at: Instant,
    },
    /// It was killed; if it is still there at this time, nothing helps.
    Killed {
        give_up_at: Instant,
    },
}

/// What a turn of the loop found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoopStep {
    GoOn,
    /// Nothing of the run is left.
    Ended,
}

struct RunLoop<'a> {
    terms: &'a RunTerms,
    /// What it was started with; `None` when a worker carries it out.
    spec: Option<&'a Spec>,
    link: &'a Arc<Link>,
    watchers: Watchers<'a>,
    inbox: Inbox,
    /// What it has, as far as it is known.
    isolation: Isolation,
    /// Who is told of it, once.
    on_isolated: Option<OnIsolated>,
    /// Who is told of output.
    on_output: Option<OnOutput>,
    /// The supervisor's last word.
    last: Option<Message>,
    /// Input that the tool has not taken yet.
    unsent: &'a [u8],
    child: Child,
    spool: SpoolWriter,
    cleaner: Cleaner,
    /// What was replaced in the output, known at its end.
    redactions: Redactions,
    begun: Instant,
    phase: ProcessPhase,
    stop: Option<StopReason>,
    last_words: Vec<u8>,
    /// Where a piece of output is read into.
    piece: Vec<u8>,
    usage: RunUsage,
    /// Bytes of output that count against the limit, both streams, as the tool wrote them.
    kept: u64,
    /// Bytes of standard output in the spool: without secrets.
    stdout_kept: u64,
    truncated: bool,
    notes: Vec<String>,
}

impl RunLoop<'_> {
    fn follow(mut self) -> Report {
        loop {
            let until = self.next_deadline();
            if self.turn(until) == LoopStep::Ended || !self.keep_limits() {
                break;
            }
        }
        self.child.stdin = None;
        self.drain();
        self.report()
    }

    /// The earliest time at which something is to be done unasked.
    fn next_deadline(&self) -> Instant {
        let next = match self.phase {
            ProcessPhase::Running => self.wall_end().unwrap_or_else(|| Instant::now() + AT_LEAST),
            ProcessPhase::Asked { kill_at } => kill_at,
            ProcessPhase::Killed { give_up_at } => give_up_at,
        };
        self.cleaner.wake_at().map_or(next, |wake_at| next.min(wake_at))
    }

    /// When its time is up; `None` for never.
    fn wall_end(&self) -> Option<Instant> {
        self.begun.checked_add(self.terms.limits.wall)
    }

    /// Waits for the next thing to happen and takes what is there.
    fn turn(&mut self, until: Instant) -> LoopStep {
        let ready = match poll(&self.child, self.link.wake.as_ref(), until) {
            Ok(ready) => ready,
            Err(Errno::INTR | Errno::AGAIN) => return LoopStep::GoOn,
            Err(error) => {
                self.notes.push(format!("the run could not be monitored: {error}"));
                self.stop(StopReason::Broken);
                // Without poll there is nothing to wait on but the end itself.
                return LoopStep::Ended;
            }
        };
        if ready.wake
            && let Some(wake) = &self.link.wake
        {
            let _ = rustix::io::read(wake, &mut [0_u8; 8]);
        }
        if ready.stdout {
            self.read(Stream::Stdout);
        }
        if ready.stderr {
            self.read(Stream::Stderr);
        }
        if ready.stdin {
            self.feed();
        }
        if ready.stdout || ready.stderr {
            self.spool.flush();
            self.watchers.changed.send_replace(self.usage.stdout_bytes + self.usage.stderr_bytes);
        }
        if ready.control || ready.ended {
            self.listen();
        }
        if ready.ended || self.last.is_some() { LoopStep::Ended } else { LoopStep::GoOn }
    }

    /// Takes what the supervisor tells. One that is silent or talks nonsense is seen at its end.
    fn listen(&mut self) {
        let heard = self.inbox.read(&self.child.control);
        loop {
            match self.inbox.next() {
                Ok(Some(Message::Started(facts))) => {
                    self.isolation.level = facts.level;
                    self.isolation.layers.extend(facts.layers);
                    self.isolation.missing.extend(facts.missing);
                    if let Some(tell) = self.on_isolated.take() {
                        tell(&self.isolation);
                    }
                }
                Ok(Some(Message::Sample(sample))) => {
                    self.watchers.samples.send_replace(sample);
                }
                // Only of trials, which somebody else follows.
                Ok(Some(Message::Observed(_))) => {}
                Ok(Some(last)) => {
                    self.last = Some(last);
                    self.child.is_done = true;
                }
                Ok(None) => break,
                Err(error) => {
                    self.notes.push(format!("the message of its supervisor is invalid: {error}"));
                    break;
                }
            }
        }
        if !matches!(heard, Ok(Heard::More)) {
            self.child.is_heard = false;
        }
    }

    /// Takes one piece of a stream.
    fn read(&mut self, stream: Stream) {
        let source = match stream {
            Stream::Stdout => &mut self.child.stdout,
            Stream::Stderr => &mut self.child.stderr,
        };
        let Some(open) = source else { return };
        match rustix::io::read(&*open, &mut self.piece) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            // A terminal whose last user is gone answers EIO.
            Ok(0) | Err(_) => *source = None,
            Ok(len) => {
                // Out of its place and back, so that the rest of the run can be changed meanwhile.
                let piece = std::mem::take(&mut self.piece);
                self.take(stream, &piece[..len]);
                self.piece = piece;
            }
        }
    }

    /// Keeps a piece of output as far as the limit allows.
    fn take(&mut self, stream: Stream, piece: &[u8]) {
        match stream {
            Stream::Stdout => self.usage.stdout_bytes += piece.len() as u64,
            Stream::Stderr => self.usage.stderr_bytes += piece.len() as u64,
        }
        let room = self.terms.limits.output_bytes.saturating_sub(self.kept);
        let (bytes, over) = piece.split_at(piece.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
        if !bytes.is_empty() {
            self.kept += bytes.len() as u64;
            let clean = self.cleaner.push(stream, bytes);
            self.keep(stream, clean);
        }
        if !over.is_empty() {
            self.truncated = true;
            self.stop(StopReason::Output);
        }
    }

    /// Keeps output without secrets, and shows it.
    fn keep(&mut self, stream: Stream, mut bytes: Vec<u8>) {
        let at_ms = self.begun.elapsed().as_millis() as u64;
        while !bytes.is_empty() {
            // A mark may be longer than what it stands for.
            let rest = bytes.split_off(bytes.len().min(MAX_FRAME));
            if stream == Stream::Stdout {
                self.stdout_kept += bytes.len() as u64;
            }
            if stream == Stream::Stderr || self.terms.pty {
                self.last_words.extend_from_slice(&bytes);
                let excess = self.last_words.len().saturating_sub(LAST_WORDS);
                self.last_words.drain(..excess);
            }
            let offset = self.spool.append(stream, at_ms, &bytes);
            let frame = Frame { stream, at_ms, bytes, offset };
            if let Some(tell) = &mut self.on_output {
                tell(&frame);
            }
            self.link.tail.push(frame);
            bytes = rest;
        }
    }

    /// Shows what was held back, once it is quiet.
    fn show_quiet(&mut self) {
        if self.cleaner.wake_at().is_some_and(|wake_at| Instant::now() >= wake_at) {
            let shown = self.cleaner.glimpse();
            self.give_out(shown);
        }
    }

    /// Keeps what was held back at the end. Of output that was cut, it may be half a secret.
    fn end_output(&mut self) {
        let (rest, redactions) = self.cleaner.finish();
        self.redactions = redactions;
        if !self.truncated {
            self.give_out(rest);
        }
    }

    fn give_out(&mut self, pieces: [(Stream, Vec<u8>); 2]) {
        for (stream, bytes) in pieces {
            self.keep(stream, bytes);
        }
        self.spool.flush();
        self.watchers.changed.send_replace(self.usage.stdout_bytes + self.usage.stderr_bytes);
    }

    /// Gives the tool as much of its input as it takes now. A tool that does not want it is fine.
    fn feed(&mut self) {
        let Some(stdin) = &self.child.stdin else { return };
        match rustix::io::write(stdin, self.unsent) {
            Ok(len) => self.unsent = &self.unsent[len..],
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) => self.unsent = &[],
        }
        if self.unsent.is_empty() {
            self.child.stdin = None;
        }
    }

    /// Does what the clock and others ask for. `false` when the process cannot be ended.
    fn keep_limits(&mut self) -> bool {
        self.show_quiet();
        let now = Instant::now();
        if self.link.is_cancelled() {
            self.stop(StopReason::Cancelled);
        }
        if self.link.is_killed() && !matches!(self.phase, ProcessPhase::Killed { .. }) {
            self.kill();
        }
        match self.phase {
            ProcessPhase::Running if self.wall_end().is_some_and(|end| now >= end) => self.stop(StopReason::TimedOut),
            ProcessPhase::Asked { kill_at } if now >= kill_at => self.kill(),
            ProcessPhase::Killed { give_up_at } if now >= give_up_at => {
                self.notes.push("it could not be killed and may still be running".to_owned());
                return false;
            }
            ProcessPhase::Running | ProcessPhase::Asked { .. } | ProcessPhase::Killed { .. } => {}
        }
        true
    }

    /// Stops the run for this reason; the first reason stays, but a harder one ends the grace time.
    fn stop(&mut self, reason: StopReason) {
        if self.stop.is_some() {
            if !reason.is_gentle() && matches!(self.phase, ProcessPhase::Asked { .. }) {
                self.kill();
            }
            return;
        }
        if reason.is_gentle() {
            self.phase = ProcessPhase::Asked { kill_at: Instant::now() + self.terms.grace };
            self.order(SupervisorOrder::Term);
        } else {
            self.kill();
        }
        self.stop = Some(reason);
    }

    fn kill(&mut self) {
        self.phase = ProcessPhase::Killed { give_up_at: Instant::now() + GIVE_UP };
        self.order(SupervisorOrder::Kill);
    }

    /// A supervisor that is gone has nothing left to end.
    fn order(&self, order: SupervisorOrder) {
        let _ = send(&self.child.control, &order);
    }

    /// Reads what is left, for a bounded time. The supervisor has ended everybody, unless it was killed itself.
    fn drain(&mut self) {
        match self.spec {
            _ if self.last.is_some() => {}
            Some(spec) => {
                // It may be dead already; the sweep ends what it left.
                let _ = rustix::process::pidfd_send_signal(&self.child.supervisor.pidfd, Signal::KILL);
                sweep(Path::new(&spec.plan.mark));
                self.notes.push("its supervisor ended unexpectedly; its remaining processes were killed".to_owned());
            }
            // Its carrier closes the connection then; the worker ends the run.
            None => {
                let _ = rustix::net::shutdown(&self.child.control, rustix::net::Shutdown::Both);
                self.notes.push("the worker did not say how it ended; the connection was closed".to_owned());
            }
        }
        self.read_until(Instant::now() + DRAIN);
        if self.child.stdout.is_some() || self.child.stderr.is_some() {
            self.notes.push("a process outside the run keeps its output open; reading stopped".to_owned());
        }
        self.end_output();
    }

    /// Reads until both streams end, at most until `deadline`.
    fn read_until(&mut self, deadline: Instant) {
        while (self.child.stdout.is_some() || self.child.stderr.is_some()) && Instant::now() < deadline {
            let ready = match poll_streams(&self.child, deadline) {
                Ok(ready) => ready,
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return,
            };
            for (is_ready, stream) in [(ready.0, Stream::Stdout), (ready.1, Stream::Stderr)] {
                if is_ready {
                    self.read(stream);
                }
            }
            self.spool.flush();
            self.watchers.changed.send_replace(self.usage.stdout_bytes + self.usage.stderr_bytes);
        }
    }

    fn report(mut self) -> Report {
        if let Some(error) = self.spool.failure() {
            self.truncated = true;
            self.notes.push(format!("output was lost because it could not be written: {error}"));
        }
        self.usage.duration_ms = self.begun.elapsed().as_millis() as u64;
        match self.last.take() {
            Some(Message::Ended(ended)) => self.ended(*ended),
            Some(Message::Refused { cause }) => {
                let missing = vec![cause.clone()];
                self.isolation =
                    Isolation { level: IsolationLevel::None, layers: Vec::new(), missing, ..self.isolation };
                self.finish(RunEnd::Uncontained { message: cause }, Observation::off("it never started"))
            }
            Some(Message::SpawnFailed { errno }) => {
                let error = io::Error::from_raw_os_error(errno);
                let message = self.spec.map_or_else(|| error.to_string(), |spec| explain(spec, &error));
                self.finish(RunEnd::SpawnFailed { message }, Observation::off("it never started"))
            }
            Some(Message::NotStarted { message }) => {
                self.finish(RunEnd::SpawnFailed { message }, Observation::off("it never started"))
            }
            last @ (Some(Message::Lost { .. } | Message::Started(_) | Message::Sample(_) | Message::Observed(_))
            | None) => {
                self.notes.extend(last.and_then(Message::cause_of_loss));
                let observation = Observation::off("its end was not observed");
                self.finish(RunEnd::Interrupted, observation.uncollected("its end was not observed"))
            }
        }
    }

    fn ended(mut self, ended: Ended) -> Report {
        let Ended { tool, stop, peak, mut observation, notes } = ended;
        self.usage.cpu_ms = tool.cpu_ms.max(peak.cpu_ms);
        self.usage.max_rss_bytes = tool.max_rss_bytes;
        self.usage.peak_memory_bytes = peak.memory_bytes.max(tool.max_rss_bytes);
        self.usage.peak_processes = peak.processes.max(1);
        self.usage.disk_bytes = peak.disk_bytes;
        self.notes.extend(notes);
        if self.stop.is_none() && tool.left > 0 {
            let what = if tool.left == 1 { "a background process" } else { "background processes" };
            self.notes.push(format!("it left {what} running; killed: {}", tool.left));
        }
        if self.terms.log.is_some() {
            self.note_cuts();
        }
        let stop = self.stop.take().or(stop);
        let output = if stop.is_some() || self.terms.log.is_some() { Output::Lost } else { self.output() };
        let last_words = String::from_utf8_lossy(&self.last_words);
        let end = judge(stop, Some(&tool), &self.terms.limits, &self.terms.rule, (&output, &last_words));
        let end =
            keep((self.spec.and_then(|spec| spec.state.as_ref()), self.child.state.as_ref()), end, &mut self.notes);
        let kept = self.spec.and_then(|spec| spec.plan.view.state.as_ref());
        self.notes.extend(dropped(&observation, kept));
        let staged = self.unpack(&mut observation);
        Report { staged, ..self.finish(end, observation) }
    }

    /// Says how much of its output is not kept any more.
    fn note_cuts(&mut self) {
        // Whoever reads the output is told, too.
        let cuts = Spool::open(&self.terms.spool).and_then(|spool| spool.cuts()).unwrap_or_default();
        let bytes: u64 = cuts.iter().map(|cut| cut.bytes).sum();
        if bytes > 0 {
            self.notes.push(format!("its log is limited: {bytes} bytes of older output are not kept"));
        }
    }

    /// Takes what it wrote to declared paths.
    fn unpack(&mut self, observation: &mut Observation) -> Option<Staged> {
        let spec = self.spec.filter(|spec| !spec.plan.view.stages.is_empty())?;
        match unpack(&spec.bundle(), &spec.staged.join("new")) {
            Ok(Unpacked { staged, changes, notes }) => {
                self.notes.extend(notes);
                let room = MAX_CHANGES.saturating_sub(observation.changes.len());
                observation.changes_cut += changes.len().saturating_sub(room) as u64;
                observation.changes.extend(changes.into_iter().take(room));
                (!staged.changes.is_empty() || staged.fault.is_some()).then_some(staged)
            }
            Err(error) => {
                self.notes.push(format!("its writes to declared paths were lost and not applied: {error}"));
                let why = || format!("its writes to declared paths were lost: {error}");
                observation.uncollected.get_or_insert_with(why);
                None
            }
        }
    }

    fn finish(mut self, end: RunEnd, observation: Observation) -> Report {
        if let Some(why) = &observation.uncollected {
            self.notes.push(format!("the list of created and changed files could not be collected: {why}"));
        }
        let report = Report {
            end,
            usage: self.usage,
            truncated: self.truncated,
            isolation: self.isolation,
            notes: self.notes,
            observation,
            staged: None,
        };
        clean(report, &self.terms.redactor, self.redactions)
    }

    /// Standard output for the success rule, read back from the spool.
    fn output(&self) -> Output {
        if self.truncated {
            return Output::Lost;
        }
        if self.usage.stdout_bytes > MAX_JSON {
            return Output::TooLarge;
        }
        let mut bytes = Vec::new();
        let read =
            Spool::open(&self.terms.spool).map(|spool| spool.bytes(Some(Stream::Stdout)).read_to_end(&mut bytes));
        if matches!(read, Ok(Ok(len)) if len as u64 == self.stdout_kept) { Output::Whole(bytes) } else { Output::Lost }
    }
}
