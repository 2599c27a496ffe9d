//! One batch: its supervisor is started, told what to make, and heard until all is made or time is over.

use crate::domain::{InterpreterFacts, Observation, RunEnd, WriteMode};
use crate::runner::grants::WritePath;
use crate::runner::prepare::prepare_with;
use crate::runner::prepare::request::StartRequest;
use crate::runner::prepare::spec::Spec;
use crate::runner::process::poll::poll_some;
use crate::runner::process::processes::sweep;
use crate::runner::result::ending::{StopReason, judge};
use crate::runner::result::success::Output;
use crate::runner::run::baseline::Baselines;
use crate::runner::run::child::{Child, spawn_batch};
use crate::runner::sample::SampleFile;
use crate::runner::supervisor::{
    Ended, Heard, Inbox, Message, READY, StartInput, SupervisorOrder, Terms, TrialEnd, send,
};
use crate::runner::tried::{Pace, Tried};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often it is looked whether somebody wants it to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How long everything of a batch may take to end once that was ordered.
const GIVE_UP: Duration = Duration::from_secs(5);

/// What all trials of a batch may write together, in bytes.
const MAX_OUTPUT: usize = 16 << 20;

/// The first Python that can be copied as [`READY`] does it.
const READY_PYTHON: (u32, u32) = (3, 6);

/// How much of the end of standard error says why a trial failed, in bytes.
const LAST_WORDS: usize = 8 * 1024;

/// Trials of one version that can be made.
#[derive(Debug)]
pub struct Batch {
    spec: Spec,
    calls: Vec<Result<StartInput, RunEnd>>,
    is_watched: bool,
}

/// Works out what to start for each input. Of the request, `input`, `spool`, `staged` and `observe` count for nothing.
///
/// # Errors
/// What [`super::super::prepare()`] says of a version that cannot be started at all. An input that does not fit is
/// told where its result would be.
pub fn prepare_batch(request: &StartRequest, inputs: &[Value], pace: Pace) -> Result<Batch, RunEnd> {
    let caller = std::env::vars_os().collect();
    let is_watched = pace == Pace::Watched;
    let mut refused = None;
    // Any input that fits shows what is started.
    for input in inputs {
        let request = StartRequest { input: Some(input), observe: is_watched, ..*request };
        match prepare_with(&request, &caller, inputs) {
            Ok((mut spec, calls)) => {
                let ready =
                    (pace == Pace::Quick).then(|| ready_args(&spec, request.manifest.recipe.as_ref()?.entry.as_ref()?));
                spec.plan.trials = Some(Terms { each: spec.terms.limits.wall, ready: ready.flatten() });
                return Ok(Batch { spec, calls, is_watched });
            }
            Err(end @ RunEnd::InvalidInput { .. }) => refused = refused.or(Some(end)),
            Err(end) => return Err(end),
        }
    }
    Err(refused.unwrap_or_else(|| RunEnd::InvalidInput { message: "no input is available".to_owned() }))
}

/// Whether what a start is given has the name of a file in it, or that of the folder of the file.
fn names(call: &StartInput, sample: &SampleFile) -> bool {
    let name = sample.path.split('/').next().unwrap_or(&sample.path);
    let values = call.args.iter().chain(call.env.iter().map(|(_, value)| value));
    values.map(|value| value.to_string_lossy()).any(|value| value.contains(name))
        || call.stdin.as_ref().is_some_and(|text| text.contains(name))
}

/// The arguments of an interpreter that is copied, when the program is one and starts with the entry file.
fn ready_args(spec: &Spec, entry: &str) -> Option<Vec<OsString>> {
    if !spec.interpreter.as_ref().is_some_and(is_python) {
        return None;
    }
    let script = spec.plan.args.get(spec.lead)?;
    if Path::new(script) != spec.plan.view.tool.join(entry) {
        return None;
    }
    let lead = spec.plan.args.iter().take(spec.lead).cloned();
    Some(lead.chain(["-c".into(), READY.into(), script.clone()]).collect())
}

fn is_python(facts: &InterpreterFacts) -> bool {
    let name = Path::new(&facts.path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut numbers = facts.version.split('.').map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    name.starts_with("python") && version >= READY_PYTHON
}

impl Batch {
    /// Shows it further files and folders at their own paths, and lets it write one folder at once.
    pub(in crate::runner) fn with_places(mut self, read: &[PathBuf], write: &Path) -> Batch {
        let plan = &mut self.spec.plan;
        plan.view.read.extend(read.iter().cloned());
        plan.walls.read.extend(read.iter().cloned());
        let path = write.to_owned();
        let (mode, protected) = (WriteMode::Direct, Vec::new());
        plan.view.write.push(WritePath { path, mode, folder: true, exists: true, protected });
        plan.walls.write.push(write.to_owned());
        self
    }

    /// Lets each trial find those of these files in its working folder that its input names.
    #[must_use]
    pub fn with_samples(mut self, samples: &[SampleFile]) -> Batch {
        for call in self.calls.iter_mut().flatten() {
            call.files = samples.iter().filter(|sample| names(call, sample)).cloned().collect();
        }
        self
    }

    /// The user that it runs as, when that is not ours.
    pub(in crate::runner) fn user(&self) -> Option<u32> {
        self.spec.plan.user
    }

    /// Tells the observer what the interpreter does by itself.
    ///
    /// # Errors
    /// Those of [`Baselines::tell`].
    pub fn learn(&mut self, baselines: &Baselines) -> io::Result<()> {
        baselines.tell(&mut self.spec)
    }

    /// Makes the trials and waits for them; blocks the thread. What is not made by `until`, or before somebody
    /// sets `stop`, says so. The results are in the order of the inputs.
    ///
    /// # Errors
    /// Why nothing was started, one line.
    pub fn make(mut self, until: Instant, stop: &AtomicBool) -> Result<Vec<Tried>, String> {
        let calls: Vec<StartInput> = self.calls.iter().filter_map(|call| call.clone().ok()).collect();
        if let Some(terms) = &self.spec.plan.trials {
            // The kernel counts each process; all of them together may use what each of them may.
            let each = self.spec.terms.limits.cpu_seconds.max(terms.each.as_secs());
            self.spec.plan.limits.cpu_seconds = each.saturating_mul(calls.len() as u64 + 1);
        }
        for call in calls.iter().take(1) {
            self.spec.plan.args.clone_from(&call.args);
        }
        let child = spawn_batch(&self.spec, &calls)?;
        let mut course = Course {
            spec: &self.spec,
            child,
            inbox: Inbox::default(),
            bytes: Vec::new(),
            results: Vec::new(),
            written: 0,
            seen: VecDeque::new(),
            last: None,
            why: None,
        };
        course.follow(until, stop);
        course.finish(self.calls, self.is_watched)
    }
}

/// A batch under way.
struct Course<'a> {
    spec: &'a Spec,
    child: Child,
    inbox: Inbox,
    /// The part of the results that has arrived but is not complete.
    bytes: Vec<u8>,
    results: Vec<(TrialEnd, [Vec<u8>; 2])>,
    written: usize,
    /// What trials were seen to do, in their order.
    seen: VecDeque<Observation>,
    last: Option<Message>,
    /// Why it was ended early.
    why: Option<String>,
}

impl Course<'_> {
    fn follow(&mut self, until: Instant, stop: &AtomicBool) {
        let mut give_up = None;
        loop {
            let now = Instant::now();
            if give_up.is_none() {
                if stop.load(Ordering::Acquire) {
                    self.why = Some("the checks were stopped".to_owned());
                } else if now >= until {
                    self.why = Some("the time limit for all trials was reached".to_owned());
                }
                if self.why.is_some() {
                    // A supervisor that is gone has nothing left to end.
                    let _ = send(&self.child.control, &SupervisorOrder::Kill);
                    give_up = Some(now + GIVE_UP);
                }
            }
            if give_up.is_some_and(|give_up| now >= give_up) {
                // It may have ended by itself; the sweep ends what it left.
                let _ = rustix::process::pidfd_send_signal(&self.child.supervisor.pidfd, Signal::KILL);
                sweep(Path::new(&self.spec.plan.mark));
                return;
            }
            let sources = [
                (self.child.is_heard.then_some(&self.child.control), PollFlags::IN),
                (self.child.stdout.as_ref(), PollFlags::IN),
                (Some(&self.child.supervisor.pidfd), PollFlags::IN),
            ];
            let [told, results, ended] = match poll_some(sources, now + LOOK) {
                Ok(ready) => ready,
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return,
            };
            if results {
                self.read();
            }
            if told || ended {
                self.listen();
            }
            if ended || self.last.is_some() {
                while self.read() {}
                return;
            }
        }
    }

    fn listen(&mut self) {
        let heard = self.inbox.read(&self.child.control);
        loop {
            match self.inbox.next() {
                Ok(Some(Message::Started(_) | Message::Sample(_))) => {}
                Ok(Some(Message::Observed(seen))) => self.seen.push_back(*seen),
                Ok(Some(last)) => self.last = Some(last),
                Ok(None) => break,
                Err(error) => {
                    self.why = Some(format!("the message of its supervisor is invalid: {error}"));
                    break;
                }
            }
        }
        if !matches!(heard, Ok(Heard::More)) {
            self.child.is_heard = false;
        }
    }

    /// Takes one piece of the results; `false` when there is none now.
    fn read(&mut self) -> bool {
        let Some(open) = &self.child.stdout else { return false };
        let mut piece = vec![0; 64 * 1024];
        match rustix::io::read(open, &mut piece) {
            Err(Errno::INTR) => true,
            Err(Errno::AGAIN) => false,
            Ok(0) | Err(_) => {
                self.child.stdout = None;
                false
            }
            Ok(got) => {
                self.bytes.extend_from_slice(&piece[..got]);
                self.take();
                true
            }
        }
    }

    /// Takes the results that are whole.
    fn take(&mut self) {
        let mut at = 0;
        while let Some((made, output, next)) = whole(&self.bytes[at..]) {
            at += next;
            self.written += output[0].len() + output[1].len();
            self.results.push((made, output));
        }
        self.bytes.drain(..at);
        if self.written > MAX_OUTPUT && self.why.is_none() {
            self.why = Some("its trials wrote more than 16 MiB in total".to_owned());
            let _ = send(&self.child.control, &SupervisorOrder::Kill);
        }
    }

    fn finish(mut self, calls: Vec<Result<StartInput, RunEnd>>, is_watched: bool) -> Result<Vec<Tried>, String> {
        let mut stop = None;
        match self.last.take() {
            Some(Message::Refused { cause }) => return Err(cause),
            Some(Message::SpawnFailed { errno }) => {
                let error = io::Error::from_raw_os_error(errno);
                return Err(crate::runner::run::child::explain(self.spec, &error));
            }
            Some(Message::Ended(ended)) => {
                let Ended { stop: limit, observation, .. } = *ended;
                stop = limit;
                self.seen.push_back(observation);
            }
            // The last two are of workers only.
            Some(
                Message::Started(_)
                | Message::Sample(_)
                | Message::Observed(_)
                | Message::NotStarted { .. }
                | Message::Lost { .. },
            )
            | None => {
                self.why = self.why.take().or(Some("its supervisor ended unexpectedly".to_owned()));
            }
        }
        let why = self.why.clone().unwrap_or_else(|| {
            "earlier trials ended the batch: a common limit was reached, or three did not finish".to_owned()
        });
        let last = self.results.len().saturating_sub(1);
        let mut results = std::mem::take(&mut self.results).into_iter().enumerate();
        let unmade = || Tried::unstarted(RunEnd::Refused { message: format!("not run: {why}") });
        let tried = calls.into_iter().map(|call| match call {
            Err(end) => Tried::unstarted(end),
            Ok(_) => match results.next() {
                None => unmade(),
                Some((at, result)) => {
                    let seen = if is_watched { self.seen.pop_front() } else { None };
                    // A limit of all processes together ends the batch in the trial that passed it.
                    let limit = if at == last { stop.take() } else { None };
                    self.judge(result, limit, seen)
                }
            },
        });
        Ok(tried.collect())
    }

    fn judge(
        &self,
        (made, [stdout, stderr]): (TrialEnd, [Vec<u8>; 2]),
        limit: Option<StopReason>,
        seen: Option<Observation>,
    ) -> Tried {
        let TrialEnd { tool, stop, took_us, left, .. } = made;
        let spec = self.spec;
        let tail = &stderr[stderr.len().saturating_sub(LAST_WORDS)..];
        let stop = limit.or(stop);
        let output = if stop.is_some() { Output::Lost } else { Output::Whole(stdout) };
        let end =
            judge(stop, Some(&tool), &spec.terms.limits, &spec.terms.rule, (&output, &String::from_utf8_lossy(tail)));
        let stdout = if let Output::Whole(bytes) = output { bytes } else { Vec::new() };
        Tried {
            end,
            stdout,
            stderr,
            left,
            took: Duration::from_micros(took_us),
            cpu_ms: tool.cpu_ms,
            peak_memory_bytes: tool.max_rss_bytes,
            observation: seen.unwrap_or_else(|| Observation::off("this trial was not observed")),
        }
    }
}

/// The first result in these bytes, and how long it is.
fn whole(bytes: &[u8]) -> Option<(TrialEnd, [Vec<u8>; 2], usize)> {
    let length = u32::from_le_bytes(*bytes.first_chunk::<4>()?) as usize;
    let made: TrialEnd = serde_json::from_slice(bytes.get(4..4 + length)?).ok()?;
    let (out, err) = (4 + length + made.wrote[0], 4 + length + made.wrote[0] + made.wrote[1]);
    let output = [bytes.get(4 + length..out)?.to_vec(), bytes.get(out..err)?.to_vec()];
    Some((made, output, err))
}
