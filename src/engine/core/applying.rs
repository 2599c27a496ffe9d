//! Applies the staged writes of a run as an operation, in the transaction that ends the run; `undo` reverts it.

use super::staged_edits::{Applying, run_subject};
use super::step::{Actor, Work, promise};
use super::undo_note::UndoNote;
use crate::engine::error::EngineError;
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Logs that the writes of a run are applied, and records the intent to do it.
///
/// # Errors
/// Any failed write to the store.
pub fn apply(tx: &Tx<'_>, actor: Actor<'_>, step: Applying) -> Result<(i64, Work), EngineError> {
    let note = UndoNote::Apply { step: step.clone() };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "apply".to_owned(),
        subject: run_subject(step.run),
        detail: json!({"tool": step.tool, "paths": step.edits.len(), "undo": note}),
        reversible: true,
    })?;
    promise(tx, actor, operation, Work::Applying(step))
}
