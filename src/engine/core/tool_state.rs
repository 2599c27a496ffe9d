//! Deleting the state that a tool keeps between its runs.

use super::step::{Actor, Step, answer};
use crate::domain::{ToolName, count, size};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Records that the state of a tool is deleted. The files themselves are not in the store.
///
/// # Errors
/// `Conflict` if there is none.
pub fn clear_state(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    tool: &ToolName,
    files: usize,
    bytes: u64,
) -> Result<Step, EngineError> {
    if files == 0 {
        return Err(EngineError::new(ErrorCode::Conflict, format!("{tool} keeps no files"), ""));
    }
    let operation = actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: "clear-state".to_owned(),
            subject: tool.to_string(),
            detail: json!({"files": files, "bytes": bytes}),
            reversible: false,
        },
    )?;
    let message = format!("{} of {tool} deleted ({})", count(files, "file"), size(bytes));
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}
