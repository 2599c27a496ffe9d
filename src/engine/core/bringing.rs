//! A version that was made elsewhere is put in its place.

use super::placed::Placed;
use super::rollback::arrive;
use super::step::{Actor, Step, answer, intend};
use super::undo_note::UndoNote;
use crate::engine::error::EngineError;
use crate::store::{NewOperation, TeamWriter, Tx};
use serde_json::json;

/// Puts a version whose bytes are kept where nothing lies. No commit: nobody approved it.
///
/// # Errors
/// `Conflict` while a move of the tool is owed; `Internal` for trouble with the store.
pub fn bring(tx: &Tx<'_>, actor: Actor<'_>, placed: &Placed) -> Result<Step, EngineError> {
    let note = UndoNote::RestoreFiles { before: None, after: placed.clone() };
    TeamWriter(tx).note_landed(placed.digest)?;
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "pull".to_owned(),
        subject: placed.tool.to_string(),
        detail: json!({"version": placed.version.to_string(), "digest": placed.digest, "undo": note}),
        reversible: true,
    })?;
    let mut step = arrive(tx, actor, placed, None, (operation, "pull"))?;
    step.commit = None;
    let intents = vec![intend(tx, actor, step)?];
    let message = format!("{} is a new experimental tool", placed.placement.base);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Puts a changed version whose bytes are kept in the place of one that nobody approved, whose bytes are kept too. No
/// commit: nobody approved it either. `why` is kept in the log; empty where the change says it all.
///
/// # Errors
/// `Conflict` while a move of the tool is owed; `Internal` for trouble with the store.
pub fn redefine(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    (before, after): (&Placed, &Placed),
    why: &str,
    reversible: bool,
) -> Result<Step, EngineError> {
    let note = UndoNote::RestoreFiles { before: Some(before.clone()), after: after.clone() };
    let mut detail = json!({
        "version": after.version.to_string(), "digest": after.digest, "changed": before.digest, "undo": note,
    });
    if !why.is_empty() {
        detail["reason"] = json!(why);
    }
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "define".to_owned(),
        subject: after.tool.to_string(),
        detail,
        reversible,
    })?;
    let mut step = arrive(tx, actor, after, Some(before.digest), (operation, "define"))?;
    step.commit = None;
    let intents = vec![intend(tx, actor, step)?];
    let message =
        format!("{} {} is in {} (before: {})", after.tool, after.version, after.placement.base, before.version);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}
