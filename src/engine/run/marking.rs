//! Marking that a tool failed at what it was wanted for.

use crate::domain::{Caller, NewMark, Outcome, RunId, Severity, VerbCall};
use crate::engine::Failures;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument, parsed};
use crate::engine::view::Preview;
use crate::insight::negative_tags;

/// What somebody says of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkRequest {
    /// The tool, named as a human would.
    pub tool: String,
    /// The run that failed; `None` when it did not run here.
    pub run: Option<RunId>,
    /// What it was wanted for, in words.
    pub scenario: String,
    /// The failure in one sentence.
    pub error: String,
    /// How bad it is.
    pub severity: Severity,
}

/// Says that the answer of a call was wrong.
pub(super) const WRONG_ANSWER: PlainVerb = PlainVerb {
    name: "wrong-answer",
    needs_catalog: false,
    preview: |engine, call| {
        let run = engine.runs().record(run_of(call)?)?;
        Ok(Preview {
            title: format!("Was the answer of run {} wrong?", run.id),
            lines: vec![format!("calls forget that {} succeeded there, and rank it lower", run.tool)],
            undo: "u (undo) removes the mark; the next success is learned again".to_owned(),
        })
    },
    perform: Perform::Human(|engine, who, call| engine.failures().wrong_answer(who, run_of(call)?)),
};

fn run_of(call: &VerbCall) -> Result<RunId, EngineError> {
    argument(call, "run")?;
    parsed(call, "run")?.map(RunId).ok_or_else(|| EngineError::internal("a run without a number"))
}

impl Failures<'_> {
    /// Takes back what a call learned from a run.
    fn wrong_answer(&self, who: &str, run: RunId) -> Result<Outcome, EngineError> {
        let run = self.engine.runs().record(run)?;
        self.engine.finish(self.workspace.transact(|tx| core::take_back_lesson(tx, self.workspace.actor(who), &run))?)
    }

    /// Marks a failure: the version of the run, or the one that the name means now, failed in a scenario. Humans and
    /// agents may. The answer names the mark and the negative tags that it gives.
    ///
    /// # Errors
    /// `Usage` for a scenario that is empty or too long; `NotFound` when there is no such tool or run; `Conflict`
    /// when the run is one of another tool.
    pub fn mark(&self, request: &MarkRequest, caller: &Caller) -> Result<Outcome, EngineError> {
        core::check_scenario(&request.scenario)?;
        let tool = self.engine.library().resolve(&request.tool)?;
        let digest = match request.run {
            None => tool.digest,
            Some(run) => {
                let record = self.engine.runs().record(run)?;
                if record.tool != tool.name {
                    let message = format!("run {run} is a run of {}, not of {}", record.tool, tool.name);
                    return Err(EngineError::new(ErrorCode::Conflict, message, "name the tool of that run"));
                }
                record.digest
            }
        };
        let who = caller.identity();
        let mark = NewMark {
            run: request.run,
            tool: tool.name.clone(),
            digest,
            scenario: request.scenario.clone(),
            error: request.error.clone(),
            severity: request.severity,
            tags: negative_tags(&request.scenario, &tool),
            who: who.clone(),
        };
        self.engine.finish(self.workspace.transact(|tx| core::mark_failure(tx, self.workspace.actor(&who), mark))?)
    }
}
