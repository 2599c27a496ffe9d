//! Moving tools through stages: `promote`, `archive`, `restore`, `rollback` and their kin.

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

/// `archive NAME`.
pub(super) fn archive(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let reason = call.text("reason").map(str::to_owned);
    announce_and_execute(call, &engine, Command::Archive { tool: call.required("tool")?.to_owned(), reason })
}

/// `restore NAME`.
pub(super) fn restore(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::Restore { tool: call.required("tool")?.to_owned() })
}

/// `rollback NAME`.
pub(super) fn rollback(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let [to, reason] = ["to", "reason"].map(|name| call.text(name).map(str::to_owned));
    announce_and_execute(call, &engine, Command::Rollback { tool: call.required("tool")?.to_owned(), to, reason })
}

/// `restore-files NAME`.
pub(super) fn restore_files(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::RestoreFiles { tool: call.required("tool")?.to_owned() })
}

/// `fork NAME NEWNAME`.
pub(super) fn fork(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let (tool, name) = (call.required("tool")?.to_owned(), call.required("name")?.to_owned());
    announce_and_execute(call, &engine, Command::Fork { tool, name })
}

/// `deprecate NAME`.
pub(super) fn deprecate(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let [by, reason] = ["by", "reason"].map(|name| call.text(name).map(str::to_owned));
    announce_and_execute(call, &engine, Command::Deprecate { tool: call.required("tool")?.to_owned(), by, reason })
}
