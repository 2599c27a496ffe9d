//! Staged writes of a run become an operation: in the transaction that ends the run, and back by undo.

use super::{Actor, UndoNote, Work, promise};
use crate::domain::{RunId, ToolName};
use crate::engine::error::EngineError;
use crate::engine::staged::{Edit, subject};
use crate::store::{NewOperation, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Staged writes to apply, or to take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applying {
    /// The run that wrote them.
    pub run: RunId,
    /// Its tool.
    pub tool: ToolName,
    /// What changes, in ascending order of path.
    pub edits: Vec<Edit>,
    /// Whether the contents before come back.
    pub back: bool,
}

/// Logs that the writes of a run are applied, and promises to do it.
///
/// # Errors
/// Any failed write to the store.
pub fn apply(tx: &Tx<'_>, actor: Actor<'_>, step: Applying) -> Result<(i64, Work), EngineError> {
    let note = UndoNote::Apply { step: step.clone() };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "apply".to_owned(),
        subject: subject(step.run),
        detail: json!({"tool": step.tool, "paths": step.edits.len(), "undo": note}),
        reversible: true,
    })?;
    promise(tx, actor, operation, Work::Applying(step))
}
