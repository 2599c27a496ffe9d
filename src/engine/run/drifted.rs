//! Calls of the tools of an MCP server that lists other tools than those that were reviewed.

use crate::domain::mcp::DRIFTED;
use crate::domain::{Kind, RunEnd, Tool};
use crate::engine::Runs;
use crate::engine::core;
use crate::engine::error::EngineError;

impl Runs<'_> {
    /// Asks a human about a server that lists other tools than those that were reviewed.
    pub(super) fn ask_about_drift(&self, row: &Tool, end: &RunEnd) -> Result<(), EngineError> {
        let Some(reason) = drift_in(row, end) else { return Ok(()) };
        self.workspace.transact(|tx| Ok(core::ask_about_server(tx, row, reason)?))
    }
}

/// How a run ended. The tool of a server that changed was not called: that is a refusal, and no failure of the tool.
pub(super) fn end_of(row: &Tool, end: RunEnd) -> RunEnd {
    match drift_in(row, &end) {
        Some(reason) => RunEnd::Refused { message: reason.to_owned() },
        None => end,
    }
}

/// Why a server was not called, if it lists other tools than those that were reviewed.
fn drift_in<'e>(row: &Tool, end: &'e RunEnd) -> Option<&'e str> {
    match end {
        RunEnd::Failed { exit_code: DRIFTED, reason } if row.kind == Kind::Mcp => Some(reason),
        _ => None,
    }
}
