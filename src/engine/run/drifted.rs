//! Calls to an MCP server whose list of tools differs from the reviewed one.

use crate::domain::mcp::DRIFTED;
use crate::domain::{Kind, RunEnd, Tool};
use crate::engine::Runs;
use crate::engine::core;
use crate::engine::error::EngineError;

impl Runs<'_> {
    /// Opens a review for a server whose list of tools differs from the reviewed one.
    pub(super) fn ask_about_drift(&self, row: &Tool, end: &RunEnd) -> Result<(), EngineError> {
        let Some(reason) = drift_in(row, end) else { return Ok(()) };
        self.workspace.transact(|tx| Ok(core::ask_about_server(tx, row, reason)?))
    }
}

/// The end of a run. If the server's list of tools differs, the tool was not called: the run was refused, it did not
/// fail.
pub(super) fn end_of(row: &Tool, end: RunEnd) -> RunEnd {
    match drift_in(row, &end) {
        Some(reason) => RunEnd::Refused { message: reason.to_owned() },
        None => end,
    }
}

/// Why a server was not called, if its list of tools differs from the reviewed one.
fn drift_in<'e>(row: &Tool, end: &'e RunEnd) -> Option<&'e str> {
    match end {
        RunEnd::Failed { exit_code: DRIFTED, reason } if row.kind == Kind::Mcp => Some(reason),
        _ => None,
    }
}
