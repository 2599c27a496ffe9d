//! Requests a higher stage: `promote`.

use super::call::Call;
use super::done::{Done, announce_and_execute};
use crate::domain::{Command, Stage};
use crate::engine::{EngineError, ErrorCode};

/// `promote NAME --to STAGE`.
pub(super) fn promote(call: &Call<'_>) -> Result<Done, EngineError> {
    if call.text("to") == Some("session") {
        return super::versions::use_in_session(call);
    }
    let to: Option<Stage> = call.word("to")?;
    let to = to.ok_or_else(|| {
        EngineError::new(ErrorCode::Usage, "--to is missing", "add --to approved, --to core or --to session")
    })?;
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::Promote { tool: call.required("tool")?.to_owned(), to })
}
