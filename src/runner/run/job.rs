//! The input of a run's thread: what to start, callbacks, cancellation.

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

/// The callback for the verified isolation.
pub(in crate::runner) type OnIsolated = Box<dyn FnOnce(&Isolation) + Send>;

/// The callback for output.
pub(in crate::runner) type OnOutput = Box<dyn FnMut(&Frame) + Send>;

/// The Toolsmith process whose end ends the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedRun {
    /// Its pid.
    pub pid: i32,
    /// When it started, as in [`crate::runner::process_started`].
    pub since: u64,
    /// The interpreter on the worker; `None` for a run on this machine, whose start names it.
    pub interpreter: Option<InterpreterFacts>,
}

/// What is started, and where.
#[derive(Debug)]
pub enum Start {
    /// On this machine, with a supervisor of this process.
    Here(Box<Spec>),
    /// On a worker, which runs the supervisor.
    Worker(Box<WorkerCall>),
}

impl From<Spec> for Start {
    fn from(spec: Spec) -> Start {
        Start::Here(Box::new(spec))
    }
}

impl Start {
    /// The specification if it runs on this machine; `None` if a worker executes it.
    pub fn here(&self) -> Option<&Spec> {
        match self {
            Start::Here(spec) => Some(spec),
            Start::Worker(_) => None,
        }
    }

    /// The terms under which it is supervised.
    pub(in crate::runner) fn terms(&self) -> &RunTerms {
        match self {
            Start::Here(spec) => &spec.terms,
            Start::Worker(call) => call.terms(),
        }
    }

    /// The descriptors to pass to it.
    pub(in crate::runner) fn take_handed(&mut self) -> Handed {
        match self {
            Start::Here(spec) => std::mem::take(&mut spec.handed),
            Start::Worker(_) => Handed::default(),
        }
    }
}

/// The callbacks of a run's owner for its start, output and end; called on the run's thread.
pub struct Hooks {
    /// The supervisor exists. Not called if it could not be started.
    pub on_start: Box<dyn FnOnce(StartedRun) + Send>,
    /// The tool starts, with this verified isolation. Not called if it never starts.
    pub on_isolated: OnIsolated,
    /// A piece of output that is kept. Secrets are redacted; pieces arrive in order, as soon as they are known to
    /// contain no secret. Text that may be the beginning of a secret arrives with the text after it, or after 100 ms if
    /// it is short enough to reveal nothing. The run does not continue reading output before this returns. The piece
    /// may not be on disk yet.
    pub on_output: Option<OnOutput>,
    /// The run has ended, in whatever way. Called exactly once, before [`crate::runner::Running::wait`] returns.
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

/// The state shared by handle and actor.
#[derive(Debug)]
pub(in crate::runner) struct Link {
    pub(in crate::runner) cancelled: AtomicBool,
    /// Without time to clean up.
    pub(in crate::runner) killed: AtomicBool,
    /// Wakes the actor; `None` if the system had no descriptor left: then the actor checks ten times a second.
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

    /// How a waiting caller sees that the run must stop.
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

/// Everything the actor needs, passed at once.
pub(in crate::runner) struct Job {
    pub(in crate::runner) start: Start,
    pub(in crate::runner) hooks: Hooks,
    pub(in crate::runner) link: Arc<Link>,
    pub(in crate::runner) changed: watch::Sender<u64>,
    pub(in crate::runner) samples: watch::Sender<Sample>,
}
