//! Composite tools: steps that call other tools.
//!
//! Three parts, all without I/O: the definition (here), how values reach a step ([`mapping`]), and what happens next
//! ([`flow`]). A step waits for the steps that its input and its condition refer to, and for those in `after`. A step
//! without any of these waits for the step before it; `after = []` starts at once. Adjacent steps with the same
//! `parallel` form a group: they do not wait for each other, all of them wait for what precedes the group, and what
//! follows waits for all of them.

mod flow;
mod mapping;
#[cfg(test)]
mod tests;

pub use flow::{Flow, FlowEffect, FlowEnd, FlowEvent, MOST_AT_ONCE, Recorded, RunStep, StepState};
pub use mapping::{MappingError, StepOutput, StepOutputs, filled};

use super::text::SafeText;
use mapping::references;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::Range;

/// The most steps of a composite.
pub const MOST_STEPS: usize = 100;

/// How deep calls may nest: a composite in a composite, or a tool that calls a tool.
pub const MOST_DEPTH: usize = 8;

/// The longest name of a step, in characters.
const STEP_CHARS: usize = 64;

/// One step: a call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Unique among the steps: letters, digits, `_` and `-`.
    pub id: String,
    /// What the step is for; empty when it is not described.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The tool that is called, as a human would name it: `NAME` or `NAME@VERSION`.
    pub tool: String,
    /// The input, with placeholders; `None` passes on an earlier output, see [`Composite::feeder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The steps that must be over before it starts, in addition to those that it refers to; `None` if not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Vec<String>>,
    /// Its group: adjacent steps with the same name run at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<String>,
    /// A rule over `input` and `steps`; the step is skipped if it does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// The steps of a composite tool, and its result.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Composite {
    /// In the order in which they are written.
    pub steps: Vec<Step>,
    /// The output of the whole, with placeholders; `None` is the output of the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

/// Why steps cannot be executed, whatever tools exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompositeError {
    /// There are no steps.
    #[error("it has no steps; add [[steps]] with id and tool")]
    NoSteps,
    /// More than [`MOST_STEPS`].
    #[error("it has {0} steps; at most {MOST_STEPS} are allowed")]
    TooMany(usize),
    /// A name that no placeholder could contain.
    #[error("the step name {} is not valid; use letters, digits, _ and -, at most {STEP_CHARS}", SafeText::new(.0))]
    BadName(String),
    /// Two steps have the same name.
    #[error("two steps are called {0}; give each its own id")]
    Twice(String),
    /// A step without a tool.
    #[error("step {0} names no tool; add tool")]
    NoTool(String),
    /// `after`, an input, a condition or the result names a step that does not exist.
    #[error("{place} refers to step {}, which does not exist", SafeText::new(.wanted))]
    UnknownStep {
        /// Where the name occurs: `step x` or `the result`.
        place: String,
        /// The name.
        wanted: String,
    },
    /// Steps that wait for each other.
    #[error("these steps wait for each other: {0}")]
    Cycle(String),
}

impl Composite {
    /// Looks for errors that make execution impossible.
    ///
    /// # Errors
    /// The first [`CompositeError`].
    pub fn check(&self) -> Result<(), CompositeError> {
        if self.steps.is_empty() {
            return Err(CompositeError::NoSteps);
        }
        if self.steps.len() > MOST_STEPS {
            return Err(CompositeError::TooMany(self.steps.len()));
        }
        let mut known = BTreeSet::new();
        for step in &self.steps {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if step.id.is_empty() || step.id.len() > STEP_CHARS || !step.id.chars().all(is_name) {
                return Err(CompositeError::BadName(step.id.clone()));
            }
            if !known.insert(step.id.as_str()) {
                return Err(CompositeError::Twice(step.id.clone()));
            }
            if step.tool.trim().is_empty() {
                return Err(CompositeError::NoTool(step.id.clone()));
            }
        }
        let unknown = |place: String, named: BTreeSet<String>| {
            let wanted = named.into_iter().find(|name| !known.contains(name.as_str()));
            wanted.map_or(Ok(()), |wanted| Err(CompositeError::UnknownStep { place, wanted }))
        };
        for step in &self.steps {
            unknown(format!("step {}", step.id), named_by(step))?;
        }
        unknown("the result".to_owned(), self.result.as_ref().map(references).unwrap_or_default())?;
        self.circle().map_or(Ok(()), |circle| Err(CompositeError::Cycle(circle)))
    }

    /// The index of a step.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.id == id)
    }

    /// For each step, the indexes of the steps that it waits for, in ascending order; unknown names are left out.
    pub fn needs(&self) -> Vec<Vec<usize>> {
        let needs = |(at, step): (usize, &Step)| {
            let named = named_by(step);
            let mut needs: BTreeSet<usize> = named.iter().filter_map(|id| self.position(id)).collect();
            if step.after.is_none() && named.is_empty() {
                needs.extend(self.before(at));
            }
            needs.extend(self.feeder(at));
            needs.into_iter().collect()
        };
        self.steps.iter().enumerate().map(needs).collect()
    }

    /// The indexes of the group of a step: its neighbours with the same `parallel`, or the step alone.
    fn group(&self, at: usize) -> Range<usize> {
        let is_same = |other: &&Step| other.parallel.is_some() && other.parallel == self.steps[at].parallel;
        let first = at - self.steps[..at].iter().rev().take_while(is_same).count();
        first..at + 1 + self.steps[at + 1..].iter().take_while(is_same).count()
    }

    /// The indexes of the step, or the group of steps, before a step and its group.
    fn before(&self, at: usize) -> Range<usize> {
        self.group(at).start.checked_sub(1).map_or(0..0, |last| self.group(last))
    }

    /// The step whose output a step without an input gets: the last one in `after`, otherwise the last one before it
    /// and its group. `None` if it has an input, or gets the input of the composite.
    pub fn feeder(&self, at: usize) -> Option<usize> {
        let step = self.steps.get(at).filter(|step| step.input.is_none())?;
        match &step.after {
            Some(after) => self.position(after.last()?),
            None => self.before(at).last(),
        }
    }

    /// The inputs of the composite that its placeholders name, in the order in which they first appear.
    pub fn inputs(&self) -> Vec<String> {
        let templates = self.steps.iter().filter_map(|step| step.input.as_ref()).chain(&self.result);
        let mut names = Vec::new();
        for name in templates.flat_map(mapping::inputs_of) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The names of the steps that wait for each other.
    fn circle(&self) -> Option<String> {
        let needs = self.needs();
        let mut is_free = vec![false; needs.len()];
        // Each round frees at least one step, or the rest wait for each other.
        while let Some(next) = (0..needs.len()).find(|at| !is_free[*at] && needs[*at].iter().all(|need| is_free[*need]))
        {
            is_free[next] = true;
        }
        let stuck: Vec<&str> =
            self.steps.iter().zip(&is_free).filter(|(_, free)| !**free).map(|(step, _)| step.id.as_str()).collect();
        (!stuck.is_empty()).then(|| stuck.join(", "))
    }

    /// The indexes of the steps to run again from a step: that step and everything that waits for it, directly or not.
    pub fn from(&self, step: usize) -> BTreeSet<usize> {
        let needs = self.needs();
        let mut again = BTreeSet::from([step]);
        loop {
            let more = (0..needs.len()).filter(|at| needs[*at].iter().any(|need| again.contains(need)));
            let before = again.len();
            let more: Vec<usize> = more.collect();
            again.extend(more);
            if again.len() == before {
                return again;
            }
        }
    }
}

/// The steps that a step refers to: in its input, its condition and `after`.
fn named_by(step: &Step) -> BTreeSet<String> {
    let mut named = step.input.as_ref().map(references).unwrap_or_default();
    named.extend(step.when.as_deref().map(mapping::references_of_rule).unwrap_or_default());
    named.extend(step.after.iter().flatten().cloned());
    named
}
