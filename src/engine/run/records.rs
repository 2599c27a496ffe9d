//! Recorded runs: their input and result.

use crate::domain::{Outcome, Run, RunId, ToolName, is_redacted, without_redacted};
use crate::engine::Runs;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::RunFilter;
use crate::store::RunQuery;
use serde_json::{Value, json};

impl Runs<'_> {
    /// Recorded runs that the filter accepts, newest first.
    pub fn list(&self, filter: &RunFilter) -> Result<Vec<Run>, EngineError> {
        self.workspace.read(|q| {
            Ok(q.runs(&RunQuery {
                tool: filter.tool.clone(),
                outcome: filter.outcome,
                since: filter.since,
                digest: filter.digest,
                signature: None,
                parent: None,
                limit: if filter.limit == 0 { 50 } else { filter.limit },
            })?)
        })
    }

    /// One run.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn record(&self, run: RunId) -> Result<Run, EngineError> {
        self.workspace.read(|q| Ok(q.run(run)?))?.ok_or_else(|| {
            EngineError::new(ErrorCode::NotFound, format!("there is no run {run}"), "`toolsmith runs` lists them")
        })
    }

    /// The input last given to a tool by a human, without the fields that held a secret.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn last_input(&self, tool: &ToolName) -> Result<Option<Value>, EngineError> {
        let text = self.workspace.read(|q| Ok(q.last_input(tool)?))?;
        let input = text.map(|text| serde_json::from_str(&text).map_err(EngineError::internal)).transpose()?;
        Ok(input.and_then(without_redacted))
    }

    /// The input of a recorded run, for repeating it; `None` for a run without one.
    ///
    /// # Errors
    /// `NotFound` if there is no such run; `Refused` if its input contained a secret, which is not kept.
    pub fn input_again(&self, run: RunId) -> Result<Option<Value>, EngineError> {
        let record = self.record(run)?;
        if is_redacted(&record.input) {
            return Err(EngineError::new(
                ErrorCode::Refused,
                format!("the input of run {run} contained a secret, which is not stored"),
                "run the tool with the full input instead",
            ));
        }
        let input = Some(record.input).filter(|text| !text.is_empty());
        input.map(|text| serde_json::from_str(&text).map_err(EngineError::internal)).transpose()
    }

    pub(in crate::engine) fn cancel(&self, run: RunId) -> Result<Outcome, EngineError> {
        let record = self.record(run)?;
        if record.outcome != crate::domain::RunOutcome::Running {
            return Err(EngineError::new(
                ErrorCode::Conflict,
                format!("run {run} ended: {}", record.outcome),
                format!("`toolsmith output {run}` gives its output"),
            ));
        }
        if !self.cancel_live(run) {
            self.workspace.transact(|tx| Ok(tx.ask_cancel(run)?))?;
        }
        Ok(Outcome {
            operation: None,
            review: None,
            message: format!("stopping run {run}"),
            commit: None,
            detail: json!({"run": run}),
        })
    }
}
