//! The handle of a run, and starting a run.

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
    /// Asks the run to stop: TERM, or the signal of the service, and KILL after the grace time. Does nothing if it has
    /// ended.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Kills the run at once, even if it was asked to stop before. Does nothing if it has ended.
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

/// Starts a run on a separate thread and returns at once.
pub fn start(start: impl Into<Start>, hooks: Hooks) -> Running {
    let start = start.into();
    let link = Arc::new(Link::new());
    let (sender, changed) = watch::channel(0);
    let (sampler, samples) = watch::channel(Sample::default());
    let isolation = start.terms().isolation.clone();
    let job = Job { start, hooks, link: link.clone(), changed: sender, samples: sampler };
    // In a slot, so that it can be taken back if the thread cannot be started.
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
    /// Performs a run on a separate thread. If there is no thread, the run ends at once, and `perform` is dropped.
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

    /// Asks the run to stop: TERM, or the signal of the service, and KILL after the grace time. Does nothing if it has
    /// ended.
    pub fn cancel(&self) {
        self.link.cancel();
    }

    /// The report of a run whose thread could not be started.
    pub(in crate::runner) fn lost(&self) -> Option<&Report> {
        match &self.work {
            Work::Over(report) => Some(report),
            Work::Thread(..) => None,
        }
    }

    /// A handle that can cancel this run while another thread waits for it.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.link.clone())
    }

    /// The newest output, kept in memory.
    pub fn tail(&self) -> Arc<Tail> {
        self.link.tail.clone()
    }

    /// Changes when the tail grows; the value is how many bytes the run has written. Its sender is dropped when the run
    /// ends.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// The resource use of the run, a few times a second. Its sender is dropped when the run ends.
    pub fn samples(&self) -> watch::Receiver<Sample> {
        self.samples.clone()
    }

    /// Waits for the end of the run. Blocks the thread.
    pub fn wait(self) -> Report {
        match self.work {
            Work::Over(report) => *report,
            // A hook panicked: the child ended with its thread.
            Work::Thread(thread, isolation) => {
                thread.join().unwrap_or_else(|_| Report::without_process(RunEnd::Interrupted, isolation))
            }
        }
    }
}
