//! What happens next in a composite: a pure machine. An event and a state give a state and what is to be done.
//!
//! A step starts as soon as all steps that it waits for are over. After the first step that fails no further step
//! starts; those that run go on to their end, the rest are not run. A cancelled composite stops what runs.

use super::Composite;
use crate::domain::ids::RunId;
use crate::domain::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most steps that run at the same time.
pub const MOST_AT_ONCE: usize = 4;

words!(
    /// How far a step is.
    StepState {
        /// Steps that it needs are not over.
        Waiting = "waiting",
        /// Its run goes on.
        Running = "running",
        /// Its run succeeded.
        Succeeded = "succeeded",
        /// Its run did not succeed, or could not be started.
        Failed = "failed",
        /// Its condition did not hold.
        Skipped = "skipped",
        /// The recorded output of an earlier run stands for it.
        Reused = "reused",
        /// The composite ended before its turn.
        NotRun = "not-run",
        /// Somebody cancelled it.
        Cancelled = "cancelled",
        /// The process that ran it died.
        Interrupted = "interrupted",
    }
);

impl StepState {
    /// Whether those that wait for it may start.
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
    /// How far it is.
    pub state: StepState,
    /// The run whose output counts: its own, or the earlier one that is reused.
    pub run: Option<RunId>,
    /// Why it failed or could not start.
    pub cause: Option<String>,
}

/// What an earlier run of the same composite left of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// An output that can be used again.
    Output,
    /// It was skipped.
    Skipped,
    /// Nothing that can be used.
    Nothing,
}

/// What happened to a step, or to the whole. Steps are named by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEvent {
    /// The run of a step succeeded.
    Succeeded(usize),
    /// It did not, or could not be started.
    Failed(usize),
    /// Its condition did not hold.
    Skipped(usize),
    /// Its run was cancelled.
    StepCancelled(usize),
    /// Somebody wants the whole to stop.
    Cancel,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEffect {
    /// Begin a step.
    Start(usize),
    /// Stop the run of a step.
    Stop(usize),
    /// Nothing runs any more and nothing will.
    Over(FlowEnd),
}

/// How the whole ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEnd {
    /// Every step is done.
    Succeeded,
    /// This step failed first.
    Failed(usize),
    /// It was cancelled.
    Cancelled,
}

/// A composite that is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    needs: Vec<Vec<usize>>,
    states: Vec<StepState>,
    end: Option<FlowEnd>,
    is_over: bool,
}

impl Flow {
    /// Begins: every step waits, but for those whose recorded output is used.
    pub fn new(composite: &Composite) -> Flow {
        let needs = composite.needs();
        Flow { states: vec![StepState::Waiting; needs.len()], needs, end: None, is_over: false }
    }

    /// Begins from what an earlier run left. A step is run again when it is `from`, waits for a step that is run again,
    /// or left nothing; all others are used as they are recorded.
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

    /// Takes an event; gives what follows. Events that cannot be, such as the end of a step that does not run, change
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
