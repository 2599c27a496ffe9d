//! A run that was started, from outside: starting it, and the handle.

use super::actor;
use super::job::{Hooks, Job, Link, Start};
use crate::domain::{Isolation, RunEnd, Sample};
use crate::runner::output::tail::Tail;
use crate::runner::result::report::Report;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Cancels a run from anywhere.
#[derive(Debug, Clone)]
pub struct Canceller(Arc<Link>);

impl Canceller {
    /// Asks the run to stop: TERM, or the signal of the service, and KILL after the grace time. Does nothing when it is
    /// over.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Has the run killed at once, also when it was asked to stop before. Does nothing when it is over.
    pub fn kill(&self) {
        self.0.kill();
    }
}

/// A run that was started. Dropping it lets the run continue.
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

/// Starts a run on a thread of its own and returns at once.
pub fn start(start: impl Into<Start>, hooks: Hooks) -> Running {
    let start = start.into();
    let link = Arc::new(Link::new());
    let (sender, changed) = watch::channel(0);
    let (sampler, samples) = watch::channel(Sample::default());
    let isolation = start.terms().isolation.clone();
    let job = Job { start, hooks, link: link.clone(), changed: sender, samples: sampler };
    // In a slot, so that it can be taken back when there is no thread to take it.
    let slot = Arc::new(Mutex::new(Some(job)));
    let take = |slot: &Mutex<Option<Job>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    let for_thread = slot.clone();
    let running = Running::begin(link, (changed, samples), isolation, move |isolation| match take(&for_thread) {
        Some(job) => actor::perform(job),
        None => Report::without_process(RunEnd::Interrupted, isolation),
    });
    if let Some(report) = running.lost()
        && let Some(job) = take(&slot)
    {
        (job.hooks.on_end)(report);
    }
    running
}

impl Running {
    /// Does the work of a run on a thread of its own. Without a thread it is over at once, and `perform` is dropped.
    pub(in crate::runner) fn begin(
        link: Arc<Link>,
        (changed, samples): (watch::Receiver<u64>, watch::Receiver<Sample>),
        isolation: Isolation,
        perform: impl FnOnce(Isolation) -> Report + Send + 'static,
    ) -> Running {
        let own = isolation.clone();
        let thread = std::thread::Builder::new().name("run".to_owned()).spawn(move || perform(own));
        let work = match thread {
            Ok(thread) => Work::Thread(thread, isolation),
            Err(error) => {
                let message = format!("no thread could be started for it: {error}");
                Work::Over(Box::new(Report::without_process(RunEnd::SpawnFailed { message }, isolation)))
            }
        };
        Running { link, changed, samples, work }
    }

    /// Asks the run to stop: TERM, or the signal of the service, and KILL after the grace time. Does nothing when it is
    /// over.
    pub fn cancel(&self) {
        self.link.cancel();
    }

    /// The report of a run for which there was no thread.
    pub(in crate::runner) fn lost(&self) -> Option<&Report> {
        match &self.work {
            Work::Over(report) => Some(report),
            Work::Thread(..) => None,
        }
    }

    /// Something that can cancel this run while somebody else waits for it.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.link.clone())
    }

    /// The newest output, kept in memory.
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
