//! Pinned versions, which trim keeps.

use super::row_changes::PinChange;
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::Tool;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Pins or unpins a version.
///
/// # Errors
/// `Conflict` if nothing would change.
pub fn pin(tx: &Tx<'_>, actor: Actor<'_>, tool: &Tool, pinned: bool) -> Result<Step, EngineError> {
    let what = format!("{} {}", tool.name, tool.version);
    if tx.pins(&tool.name)?.contains(&tool.digest) == pinned {
        let message = format!("{what} is already {}", if pinned { "pinned" } else { "not pinned" });
        return Err(EngineError::new(ErrorCode::Conflict, message, ""));
    }
    let note = UndoNote::Pin(PinChange { tool: tool.name.clone(), digest: tool.digest, pinned });
    let detail = json!({"version": tool.version.to_string(), "digest": tool.digest, "undo": note});
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: if pinned { "pin" } else { "unpin" }.to_owned(),
        subject: tool.name.to_string(),
        detail,
        reversible: true,
    })?;
    let message = if pinned {
        tx.pin(&tool.name, tool.digest, actor.who, operation)?;
        format!("{what} is pinned: trim keeps it")
    } else {
        tx.unpin(&tool.name, tool.digest)?;
        format!("{what} is no longer pinned")
    };
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}
