//! What belongs to an agent: the runs that it started.

use crate::domain::{Caller, RunId};
use crate::engine::{Engine, EngineError, ErrorCode};

/// Refuses a run that somebody else started: what it wrote, or ending it, is not this agent's.
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
