//! Marking that a tool failed at a scenario.

use crate::domain::{Caller, FailureMark, MarkId, MarkWords, NewMark, Outcome, RunId, Severity, VerbCall};
use crate::engine::Failures;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument, parsed};
use crate::engine::view::Preview;
use crate::insight::{Scenario, negative_tags};

/// A reported failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkRequest {
    /// The tool, as the user named it.
    pub tool: String,
    /// The run that failed; `None` if it did not run here.
    pub run: Option<RunId>,
    /// The scenario, in words.
    pub scenario: String,
    /// The failure in one sentence.
    pub error: String,
    /// Its severity.
    pub severity: Severity,
}

/// Edits a mark.
pub(super) const EDIT_MARK: PlainVerb = PlainVerb {
    name: "edit-mark",
    needs_catalog: true,
    preview: |engine, call| {
        let (mark, words) = engine.failures().edited(call)?;
        let line =
            |what: &str, before: &str, after: &str| (before != after).then(|| format!("{what}: {before} → {after}"));
        let lines = [
            line("scenario", &mark.scenario, &words.scenario),
            line("error", &mark.error, &words.error),
            line("severity", mark.severity.word(), words.severity.word()),
            line("tags", &mark.tags.join(", "), &words.tags.join(", ")),
        ];
        Ok(Preview {
            title: format!("Change mark {} of {}?", mark.id, mark.tool),
            lines: lines.into_iter().flatten().collect(),
            undo: "u (undo) reverts it".to_owned(),
        })
    },
    perform: Perform::Human(|engine, who, call| engine.failures().edit_mark(who, call)),
};

/// Reports that the answer of a call was wrong.
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
    fn edit_mark(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let (mark, words) = self.edited(call)?;
        Ok(self.workspace.transact(|tx| core::edit_mark(tx, self.workspace.actor(who), mark.id, words))?.outcome)
    }

    /// The mark to edit, and its new content. Another scenario gives other tags.
    fn edited(&self, call: &VerbCall) -> Result<(FailureMark, MarkWords), EngineError> {
        argument(call, "mark")?;
        let id = MarkId(parsed(call, "mark")?.unwrap_or_default());
        let mark = self.workspace.read(|q| Ok(q.failure_mark(id)?))?.ok_or_else(|| core::unknown_mark(id))?;
        let mut words = mark.words();
        words.severity = parsed(call, "severity")?.unwrap_or(words.severity);
        if let Some(error) = call.get("error") {
            error.clone_into(&mut words.error);
        }
        if let Some(scenario) = call.get("scenario").filter(|scenario| *scenario != words.scenario) {
            scenario.clone_into(&mut words.scenario);
            let tool = self.engine.library().resolve(mark.tool.as_str())?;
            words.tags = negative_tags(scenario, &tool);
        }
        Ok((mark, words))
    }

    /// Forgets what was learned from a run.
    fn wrong_answer(&self, who: &str, run: RunId) -> Result<Outcome, EngineError> {
        let run = self.engine.runs().record(run)?;
        self.engine.finish(self.workspace.transact(|tx| {
            core::take_back_lesson(tx, self.workspace.actor(who), &run, &|words| Scenario::new(words).key())
        })?)
    }

    /// Marks a failure: the version of the run, or the present version of the name, failed in a scenario. Humans and
    /// agents may do this. The result names the mark and its negative tags.
    ///
    /// # Errors
    /// `Usage` for a scenario that is empty or too long; `NotFound` if there is no such tool or run; `Conflict` if the
    /// run is one of another tool.
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
