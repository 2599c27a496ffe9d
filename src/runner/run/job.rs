//! What a run is given to its thread with: what to start, who is told, how it is cancelled.

use crate::domain::{InterpreterFacts, Isolation, Sample};
use crate::runner::output::spool::Frame;
use crate::runner::output::tail::Tail;
use crate::runner::prepare::spec::{Handed, RunTerms, Spec};
use crate::runner::result::report::Report;
use crate::runner::worker::{AskedToStop, WorkerCall};
use rustix::event::EventfdFlags;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What is done with the isolation that was verified.
pub(in crate::runner) type OnIsolated = Box<dyn FnOnce(&Isolation) + Send>;

/// What is done with output.
pub(in crate::runner) type OnOutput = Box<dyn FnMut(&Frame) + Send>;

/// The process of ours that a run ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedRun {
    /// Its pid.
    pub pid: i32,
    /// When it started, as [`crate::runner::process_started`] tells it.
    pub since: u64,
    /// The interpreter that a worker runs it with; `None` for a run of this machine, whose start names it.
    pub interpreter: Option<InterpreterFacts>,
}

/// What is started, and where it takes place.
#[derive(Debug)]
pub enum Start {
    /// On this machine, with a supervisor of this process.
    Here(Box<Spec>),
    /// On a worker, which has the supervisor.
    Worker(Box<WorkerCall>),
}

impl From<Spec> for Start {
    fn from(spec: Spec) -> Start {
        Start::Here(Box::new(spec))
    }
}

impl Start {
    /// What is started on this machine; `None` when a worker carries it out.
    pub fn here(&self) -> Option<&Spec> {
        match self {
            Start::Here(spec) => Some(spec),
            Start::Worker(_) => None,
        }
    }

    /// By which it is followed.
    pub(in crate::runner) fn terms(&self) -> &RunTerms {
        match self {
            Start::Here(spec) => &spec.terms,
            Start::Worker(call) => call.terms(),
        }
    }

    /// The descriptors that it is handed.
    pub(in crate::runner) fn take_handed(&mut self) -> Handed {
        match self {
            Start::Here(spec) => std::mem::take(&mut spec.handed),
            Start::Worker(_) => Handed::default(),
        }
    }
}

/// What the owner of a run does at its two ends, and with its output, on the run's own thread.
pub struct Hooks {
    /// The supervisor exists. Not called when it could not be started.
    pub on_start: Box<dyn FnOnce(StartedRun) + Send>,
    /// The tool starts, behind sandbox layers that were verified: what it has. Not called when it never starts.
    pub on_isolated: OnIsolated,
    /// A piece of output that is kept: without secrets, in the order in which it arrived, as soon as it is known to
    /// hold none. What could be the beginning of a secret comes with what follows it, or after 100 ms when it is short
    /// enough to say nothing. The run does not continue reading output before this returns. Its piece may not be on
    /// disk yet.
    pub on_output: Option<OnOutput>,
    /// The run is over, whatever came of it. Called exactly once, before [`crate::runner::Running::wait`] returns.
    pub on_end: Box<dyn FnOnce(&Report) + Send>,
}

impl Default for Hooks {
    fn default() -> Self {
        Hooks { on_start: Box::new(|_| {}), on_isolated: Box::new(|_| {}), on_output: None, on_end: Box::new(|_| {}) }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

/// What handle and actor share.
#[derive(Debug)]
pub(in crate::runner) struct Link {
    pub(in crate::runner) cancelled: AtomicBool,
    /// Without time to clean up.
    pub(in crate::runner) killed: AtomicBool,
    /// Wakes the actor; `None` when the system had none left: then it looks ten times a second.
    pub(in crate::runner) wake: Option<OwnedFd>,
    pub(in crate::runner) tail: Arc<Tail>,
}

impl Link {
    pub(in crate::runner) fn new() -> Link {
        Link {
            cancelled: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            wake: rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
            tail: Arc::default(),
        }
    }

    pub(in crate::runner) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        if let Some(wake) = &self.wake {
            // Can only fail when it is already signalled.
            let _ = rustix::io::write(wake, &1_u64.to_ne_bytes());
        }
    }

    pub(in crate::runner) fn kill(&self) {
        self.killed.store(true, Ordering::Release);
        self.cancel();
    }

    /// How somebody who waits learns that the run is to stop.
    pub(in crate::runner) fn asked(&self) -> AskedToStop<'_> {
        AskedToStop { is_asked: &self.cancelled, wake: self.wake.as_ref() }
    }

    pub(in crate::runner) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }

    pub(in crate::runner) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

/// Everything the actor needs, handed over at once.
pub(in crate::runner) struct Job {
    pub(in crate::runner) start: Start,
    pub(in crate::runner) hooks: Hooks,
    pub(in crate::runner) link: Arc<Link>,
    pub(in crate::runner) changed: watch::Sender<u64>,
    pub(in crate::runner) samples: watch::Sender<Sample>,
}
