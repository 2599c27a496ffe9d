//! Restricts an agent to the runs that it started.

use crate::domain::{Caller, RunId};
use crate::engine::{Engine, EngineError, ErrorCode};

/// Refuses a run of another caller: its output, or stopping it, is not allowed for this agent.
///
/// # Errors
/// `Refused`; `NotFound` for an unknown run.
pub(super) fn demand_own(engine: &Engine, caller: &Caller, run: RunId) -> Result<(), EngineError> {
    if engine.runs().record(run)?.caller == caller.word() {
        return Ok(());
    }
    let message = format!("run {run} was not started by you");
    Err(EngineError::new(ErrorCode::Refused, message, "only runs that you started are yours to read and to cancel"))
}
