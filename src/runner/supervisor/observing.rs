//! The observer of a run, while it is active.

use super::plan::RunPlan;
use crate::domain::{IsolationLevel, Observation};
use crate::runner::observer::{Observer, Policy, Served};
use crate::runner::sandbox::Listener;
use std::os::fd::OwnedFd;

/// Why most runs without an observer have none.
const NOT_ASKED: &str = "it is disabled, or the isolation level has no system call filter";

/// The observer of a run, or why there is none.
pub(super) enum ObserverState {
    On(Box<(Listener, Observer)>),
    /// It was active, and this is its observation.
    Over(Observation),
    Off(String),
}

impl ObserverState {
    /// Before a run begins.
    pub(super) fn not_asked() -> ObserverState {
        ObserverState::Off(NOT_ASKED.to_owned())
    }

    pub(super) fn begin(plan: &RunPlan, level: IsolationLevel, listener: Option<OwnedFd>) -> ObserverState {
        let Some(listener) = listener else {
            let why = if plan.walls.observe { "the kernel provided no notification descriptor" } else { NOT_ASKED };
            return ObserverState::Off(why.to_owned());
        };
        match Listener::new(listener) {
            Ok(listener) => {
                let policy = Policy { level, ..plan.policy.clone() };
                ObserverState::On(Box::new((listener, Observer::new(policy))))
            }
            Err(error) => ObserverState::Off(format!("the kernel notifications cannot be answered: {error}")),
        }
    }

    pub(super) fn listener(&self) -> Option<&OwnedFd> {
        match self {
            ObserverState::On(pair) => Some(pair.0.fd()),
            ObserverState::Over(_) | ObserverState::Off(_) => None,
        }
    }

    /// Answers the waiting calls.
    pub(super) fn serve(&mut self) {
        let ObserverState::On(pair) = self else { return };
        let (listener, observer) = &mut **pair;
        // The observation records an error: it says that it is incomplete.
        let is_over = !matches!(observer.serve(listener), Ok(Served::Idle | Served::Busy));
        if is_over && let ObserverState::On(pair) = std::mem::replace(self, ObserverState::Off(String::new())) {
            *self = ObserverState::Over(pair.1.finish());
        }
    }

    pub(super) fn finish(self) -> Observation {
        match self {
            ObserverState::On(pair) => pair.1.finish(),
            ObserverState::Over(observation) => observation,
            ObserverState::Off(why) => Observation::off(why),
        }
    }
}
