//! Versions that trim keeps.

use super::row_change::RowChange;
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{Digest, Operation, Tool, ToolName};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Pins a version, or takes the pin away.
///
/// # Errors
/// `Conflict` when it is so already.
pub fn pin(tx: &Tx<'_>, actor: Actor<'_>, tool: &Tool, pinned: bool) -> Result<Step, EngineError> {
    let what = format!("{} {}", tool.name, tool.version);
    if tx.pins(&tool.name)?.contains(&tool.digest) == pinned {
        let message = format!("{what} is {} already", if pinned { "pinned" } else { "not pinned" });
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
        format!("{what} is not pinned any more")
    };
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// A version that was pinned, or whose pin was taken away, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinChange {
    /// The tool.
    pub tool: ToolName,
    /// The version.
    pub digest: Digest,
    /// Whether it was pinned.
    pub pinned: bool,
}

impl PinChange {
    fn set(&self, tx: &Tx<'_>, pinned: bool, entry: &Operation) -> Result<(), EngineError> {
        if pinned {
            tx.pin(&self.tool, self.digest, &entry.who, entry.id)?;
        } else {
            tx.unpin(&self.tool, self.digest)?;
        }
        Ok(())
    }
}

impl RowChange for PinChange {
    fn table(&self) -> Option<&'static str> {
        Some("pins")
    }

    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        self.set(tx, self.pinned, entry)
    }

    fn undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        self.set(tx, !self.pinned, entry)
    }
}
