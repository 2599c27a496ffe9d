//! A run that was started, from outside: the handle, the hooks, the report.

use super::actor;
use super::request::Spec;
use super::tail::Tail;
use crate::domain::{Difference, Digest, Isolation, Observation, RunEnd, RunUsage, Sample};
use rustix::event::EventfdFlags;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// What is done with the isolation that was verified.
pub(super) type OnIsolated = Box<dyn FnOnce(&Isolation) + Send>;

/// What the owner of a run does at its two ends, on the run's own thread.
pub struct Hooks {
    /// The supervisor exists: its pid, and when it started as [`super::process_started`] tells it. Not
    /// called when it could not be started.
    pub on_start: Box<dyn FnOnce(i32, u64) + Send>,
    /// The tool starts, behind walls that were verified: what it has. Not called when it never starts.
    pub on_isolated: OnIsolated,
    /// The run is over, whatever came of it. Called exactly once, before [`Running::wait`] returns.
    pub on_end: Box<dyn FnOnce(&Report) + Send>,
}

impl Default for Hooks {
    fn default() -> Self {
        Hooks { on_start: Box::new(|_, _| {}), on_isolated: Box::new(|_| {}), on_end: Box::new(|_| {}) }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub end: RunEnd,
    /// What it used.
    pub usage: RunUsage,
    /// Whether output was lost: cut at the limit, or not kept.
    pub truncated: bool,
    /// The isolation it had.
    pub isolation: Isolation,
    /// What else a human should know, one line each: lost output, background processes.
    pub notes: Vec<String>,
    /// What it was seen to do.
    pub observation: Observation,
    /// What it wrote to declared paths, when that is staged and not yet applied.
    pub staged: Option<Staged>,
}

/// Writes of a run to declared paths, kept aside until they are applied as one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Folder that mirrors absolute paths below it and holds each new content.
    pub dir: PathBuf,
    /// What differs, by path.
    pub changes: Vec<StagedChange>,
    /// Why nothing of it may be applied; then the changes are what was found until that was seen.
    pub fault: Option<String>,
}

/// One staged write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedChange {
    /// The absolute path that would change.
    pub path: PathBuf,
    /// How.
    pub difference: Difference,
    /// Digest of the content there when the run began; `None` when there was nothing.
    pub before: Option<Digest>,
}

impl Report {
    /// The report of a run whose process never existed, or whose end nobody saw.
    pub(super) fn without_process(end: RunEnd, isolation: Isolation) -> Report {
        let observation = Observation::off("it never started, or nobody saw its end");
        let usage = RunUsage::default();
        Report { end, usage, truncated: false, isolation, notes: Vec::new(), observation, staged: None }
    }
}

/// What handle and actor share.
#[derive(Debug)]
pub(super) struct Link {
    cancelled: AtomicBool,
    /// Wakes the actor; `None` when the system had none left: then it looks ten times a second.
    pub(super) wake: Option<OwnedFd>,
    pub(super) tail: Arc<Tail>,
}

impl Link {
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        if let Some(wake) = &self.wake {
            // Can only fail when it is already signalled.
            let _ = rustix::io::write(wake, &1_u64.to_ne_bytes());
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

/// Cancels a run from anywhere.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<Link>);

impl Canceller {
    /// Asks the run to stop: TERM, KILL after the grace time. Does nothing when it is over.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// A run that was started. Dropping it lets the run go on.
#[derive(Debug)]
pub struct Running {
    link: Arc<Link>,
    changed: watch::Receiver<u64>,
    samples: watch::Receiver<Sample>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Thread(JoinHandle<Report>, Isolation),
    Over(Box<Report>),
}

/// Everything the actor needs, handed over at once.
pub(super) struct Job {
    pub(super) spec: Spec,
    pub(super) hooks: Hooks,
    pub(super) link: Arc<Link>,
    pub(super) changed: watch::Sender<u64>,
    pub(super) samples: watch::Sender<Sample>,
}

/// Starts a run on a thread of its own and returns at once.
pub fn start(spec: Spec, hooks: Hooks) -> Running {
    let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok();
    let link = Arc::new(Link { cancelled: AtomicBool::new(false), wake, tail: Arc::new(Tail::default()) });
    let (sender, changed) = watch::channel(0);
    let (sampler, samples) = watch::channel(Sample::default());
    let isolation = spec.isolation.clone();
    // In a slot, so that it can be taken back when there is no thread to take it.
    let slot = Arc::new(Mutex::new(Some(Job { spec, hooks, link: link.clone(), changed: sender, samples: sampler })));
    let take = |slot: &Mutex<Option<Job>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let lost = isolation.clone();
    let for_thread = slot.clone();
    let thread = std::thread::Builder::new().name("run".to_owned()).spawn(move || match take(&for_thread) {
        Some(job) => actor::perform(job),
        None => Report::without_process(RunEnd::Interrupted, lost),
    });
    let work = match thread {
        Ok(thread) => Work::Thread(thread, isolation),
        Err(error) => {
            let message = format!("there is no thread left to run it: {error}");
            let report = Report::without_process(RunEnd::SpawnFailed { message }, isolation);
            if let Some(job) = take(&slot) {
                (job.hooks.on_end)(&report);
            }
            Work::Over(Box::new(report))
        }
    };
    Running { link, changed, samples, work }
}

impl Running {
    /// Asks the run to stop: TERM, KILL after the grace time. Does nothing when it is over.
    pub fn cancel(&self) {
        self.link.cancel();
    }

    /// Something that can cancel this run while somebody else waits for it.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.link.clone())
    }

    /// The newest output.
    pub fn tail(&self) -> Arc<Tail> {
        self.link.tail.clone()
    }

    /// Changes whenever there is more in the tail; the value is how many bytes the run has written.
    /// Its sender is gone when the run is over.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// What the run uses, a few times a second. Its sender is gone when the run is over.
    pub fn samples(&self) -> watch::Receiver<Sample> {
        self.samples.clone()
    }

    /// Waits for the end of the run. Blocks the thread.
    pub fn wait(self) -> Report {
        match self.work {
            Work::Over(report) => *report,
            // A hook panicked: the child died with its thread.
            Work::Thread(thread, isolation) => {
                thread.join().unwrap_or_else(|_| Report::without_process(RunEnd::Interrupted, isolation))
            }
        }
    }
}
