//! The state machine of a composite, as a pure function: a state and an event give a new state and the next effects.
//!
//! A step starts as soon as all steps that it waits for are over. After the first failed step, no further step starts:
//! running steps run to their end, the others are not run. A cancelled composite stops its running steps.

use super::Composite;
use crate::domain::ids::RunId;
use crate::domain::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most steps that run at the same time.
pub const MOST_AT_ONCE: usize = 4;

words!(
    /// The state of a step.
    StepState {
        /// Steps that it needs are not over.
        Waiting = "waiting",
        /// Its run is in progress.
        Running = "running",
        /// Its run succeeded.
        Succeeded = "succeeded",
        /// Its run did not succeed, or could not be started.
        Failed = "failed",
        /// Its condition did not hold.
        Skipped = "skipped",
        /// The recorded output of an earlier run is used.
        Reused = "reused",
        /// The composite ended before it started.
        NotRun = "not-run",
        /// It was cancelled.
        Cancelled = "cancelled",
        /// The process that ran it died.
        Interrupted = "interrupted",
    }
);

impl StepState {
    /// Whether the steps that wait for it may start.
    pub fn is_done(self) -> bool {
        matches!(self, StepState::Succeeded | StepState::Skipped | StepState::Reused)
    }
}

/// A step as its run is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// Name of the step.
    pub id: String,
    /// The tool, as the definition names it.
    pub tool: String,
    /// Its state.
    pub state: StepState,
    /// The run whose output counts: its own, or the earlier one that is reused.
    pub run: Option<RunId>,
    /// Why it failed or could not start.
    pub cause: Option<String>,
}

/// What an earlier run of the same composite recorded for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// A reusable output.
    Output,
    /// It was skipped.
    Skipped,
    /// Nothing reusable.
    Nothing,
}

/// An event of a step, or of the whole composite. Steps are identified by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEvent {
    /// The run of a step succeeded.
    Succeeded(usize),
    /// The run of a step failed, or could not be started.
    Failed(usize),
    /// Its condition did not hold.
    Skipped(usize),
    /// Its run was cancelled.
    StepCancelled(usize),
    /// Cancellation of the whole composite was requested.
    Cancel,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEffect {
    /// Start a step.
    Start(usize),
    /// Stop the run of a step.
    Stop(usize),
    /// Nothing is running, and nothing will start.
    Over(FlowEnd),
}

/// How the composite ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEnd {
    /// Every step is done.
    Succeeded,
    /// This step failed first.
    Failed(usize),
    /// It was cancelled.
    Cancelled,
}

/// The execution of a composite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    needs: Vec<Vec<usize>>,
    states: Vec<StepState>,
    end: Option<FlowEnd>,
    is_over: bool,
}

impl Flow {
    /// A new flow: every step waits.
    pub fn new(composite: &Composite) -> Flow {
        let needs = composite.needs();
        Flow { states: vec![StepState::Waiting; needs.len()], needs, end: None, is_over: false }
    }

    /// A flow that continues an earlier run. A step is run again if it is `from`, waits for a step that is run again,
    /// or has nothing recorded. All others are used as recorded.
    pub fn again(composite: &Composite, from: Option<usize>, recorded: &[Recorded]) -> Flow {
        let mut flow = Flow::new(composite);
        let mut again: BTreeSet<usize> = from.map(|at| composite.from(at)).unwrap_or_default();
        for at in 0..flow.states.len() {
            if recorded.get(at).is_none_or(|recorded| *recorded == Recorded::Nothing) {
                again.extend(composite.from(at));
            }
        }
        for (at, state) in flow.states.iter_mut().enumerate().filter(|(at, _)| !again.contains(at)) {
            *state = if recorded.get(at) == Some(&Recorded::Skipped) { StepState::Skipped } else { StepState::Reused };
        }
        flow
    }

    /// The state of each step.
    pub fn states(&self) -> &[StepState] {
        &self.states
    }

    /// What to do first.
    pub fn begin(&mut self) -> Vec<FlowEffect> {
        self.next()
    }

    /// Takes an event; returns what follows. Impossible events, such as the end of a step that is not running, change
    /// nothing.
    pub fn apply(&mut self, event: FlowEvent) -> Vec<FlowEffect> {
        let (at, state) = match event {
            FlowEvent::Succeeded(at) => (at, StepState::Succeeded),
            FlowEvent::Failed(at) => (at, StepState::Failed),
            FlowEvent::Skipped(at) => (at, StepState::Skipped),
            FlowEvent::StepCancelled(at) => (at, StepState::Cancelled),
            FlowEvent::Cancel => return self.cancel(),
        };
        match self.states.get_mut(at) {
            Some(known) if *known == StepState::Running => *known = state,
            _ => return Vec::new(),
        }
        match state {
            StepState::Failed => self.end = self.end.or(Some(FlowEnd::Failed(at))),
            StepState::Cancelled => self.end = self.end.or(Some(FlowEnd::Cancelled)),
            _ => {}
        }
        self.next()
    }

    fn cancel(&mut self) -> Vec<FlowEffect> {
        if self.is_over {
            return Vec::new();
        }
        self.end = self.end.or(Some(FlowEnd::Cancelled));
        let running = self.places(StepState::Running);
        let stop = running.into_iter().map(FlowEffect::Stop);
        stop.collect::<Vec<_>>().into_iter().chain(self.next()).collect()
    }

    fn next(&mut self) -> Vec<FlowEffect> {
        if self.is_over {
            return Vec::new();
        }
        let mut effects = Vec::new();
        if self.end.is_some() {
            for at in self.places(StepState::Waiting) {
                self.states[at] = StepState::NotRun;
            }
        } else {
            let mut room = MOST_AT_ONCE.saturating_sub(self.places(StepState::Running).len());
            for at in self.places(StepState::Waiting) {
                if room > 0 && self.needs[at].iter().all(|need| self.states[*need].is_done()) {
                    self.states[at] = StepState::Running;
                    effects.push(FlowEffect::Start(at));
                    room -= 1;
                }
            }
        }
        if self.places(StepState::Running).is_empty() {
            self.is_over = true;
            effects.push(FlowEffect::Over(self.end.unwrap_or(FlowEnd::Succeeded)));
        }
        effects
    }

    fn places(&self, state: StepState) -> Vec<usize> {
        (0..self.states.len()).filter(|at| self.states[*at] == state).collect()
    }
}
