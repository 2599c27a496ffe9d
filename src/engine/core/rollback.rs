//! Restoring kept bytes: a version approved before, or the approved files of a changed tool.

use super::commit_notes::commit_note;
use super::placed::Placed;
use super::relocation::Relocation;
use super::step::{Actor, Step, answer, close_reviews, intend};
use super::undo_note::UndoNote;
use super::vouch::beside;
use crate::domain::{Digest, OperationId};
use crate::engine::error::EngineError;
use crate::store::{Approval, NewOperation, Tx};
use serde_json::json;

/// The version to restore, and the one that it replaces.
#[derive(Debug, Clone, Copy)]
pub struct Comeback<'a> {
    /// The present content; its bytes are kept. `None` if there is none.
    pub before: Option<&'a Placed>,
    /// The restored version at its place.
    pub after: &'a Placed,
    pub reason: Option<&'a str>,
}

impl Comeback<'_> {
    /// The move that restores it.
    fn relocation(&self, tx: &Tx<'_>, actor: Actor<'_>, way: (OperationId, &str)) -> Result<Relocation, EngineError> {
        arrive(tx, actor, self.after, self.before.map(|old| old.digest), way)
    }
}

/// Puts a kept version in its place, where the kept version `replaces` may be.
pub(super) fn arrive(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    placed: &Placed,
    replaces: Option<Digest>,
    (operation, verb): (OperationId, &str),
) -> Result<Relocation, EngineError> {
    Ok(Relocation {
        operation,
        tool: placed.tool.clone(),
        version: placed.version.clone(),
        digest: placed.digest,
        from: None,
        from_files: Vec::new(),
        to: placed.placement.clone(),
        replaces,
        extra: beside(tx, placed)?,
        commit: commit_note(actor, placed, operation, verb),
        joined: Vec::new(),
        gone: false,
        returns: None,
    })
}

/// Removes a version; its kept bytes stay.
pub(super) fn leave(actor: Actor<'_>, placed: &Placed, (operation, verb): (OperationId, &str)) -> Relocation {
    Relocation {
        operation,
        tool: placed.tool.clone(),
        version: placed.version.clone(),
        digest: placed.digest,
        from: Some(placed.placement.clone()),
        from_files: placed.files.clone(),
        to: placed.placement.clone(),
        replaces: None,
        extra: Vec::new(),
        commit: commit_note(actor, placed, operation, verb),
        joined: Vec::new(),
        gone: true,
        returns: None,
    }
}

/// Uses a previously approved version again. `before` is the version in use: its approval ends.
///
/// # Errors
/// `Conflict` while another move of the tool is pending.
pub fn rollback(tx: &Tx<'_>, actor: Actor<'_>, before: &Placed, change: &Comeback<'_>) -> Result<Step, EngineError> {
    let after = change.after;
    let approvals = tx.approvals_of(&after.tool)?;
    let (kept, ended): (Vec<Approval>, Vec<Approval>) = approvals.into_iter().partition(|a| a.digest == after.digest);
    let approved = kept.is_empty();
    let closed = close_reviews(tx, &before.tool, before.digest)?;
    let (was, is) = (before.clone(), after.clone());
    let note = UndoNote::Rollback { before: was, after: is, ended: ended.clone(), approved, closed, taken: Vec::new() };
    let operation = actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: "rollback".to_owned(),
            subject: after.tool.to_string(),
            detail: json!({
                "from": {"version": before.version.to_string(), "digest": before.digest},
                "to": {"version": after.version.to_string(), "digest": after.digest},
                "reason": change.reason,
                "undo": note,
            }),
            reversible: true,
        },
    )?;
    for approval in &ended {
        tx.withdraw_approval(&after.tool, approval.digest)?;
    }
    if approved {
        tx.approve_version(&Approval {
            tool: after.tool.clone(),
            digest: after.digest,
            stage: after.stage,
            operation,
            at: tx.now(),
            base: Some(after.placement.base.clone()),
            signature: None,
        })?;
    }
    let intents = vec![intend(tx, actor, change.relocation(tx, actor, (operation, "roll back to"))?)?];
    let message = format!("{} {} is in use again (before: {})", after.tool, after.version, before.version);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Restores the approved files over changed ones, or into an empty place.
///
/// # Errors
/// `Conflict` while another move of the tool is pending.
pub fn restore_files(tx: &Tx<'_>, actor: Actor<'_>, change: &Comeback<'_>) -> Result<Step, EngineError> {
    let after = change.after;
    let note = UndoNote::RestoreFiles { before: change.before.cloned(), after: after.clone() };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "restore-files".to_owned(),
        subject: after.tool.to_string(),
        detail: json!({"digest": after.digest, "changed": change.before.map(|old| old.digest), "undo": note}),
        reversible: true,
    })?;
    let intents = vec![intend(tx, actor, change.relocation(tx, actor, (operation, "put back"))?)?];
    let message = format!("the approved files of {} {} are restored", after.tool, after.version);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Changed files that become a separate tool.
#[derive(Debug, Clone, Copy)]
pub struct Fork<'a> {
    /// The changed files in the place; their bytes are kept.
    pub before: &'a Placed,
    pub after: &'a Placed,
    /// The new tool; its bytes are kept.
    pub made: &'a Placed,
}

/// Makes changed files a new experimental tool, and puts the approved files back.
///
/// # Errors
/// `Conflict` while another move of one of the tools is pending.
pub fn fork(tx: &Tx<'_>, actor: Actor<'_>, fork: Fork<'_>) -> Result<Step, EngineError> {
    let Fork { before, after, made: fork } = fork;
    let note = UndoNote::Fork { before: before.clone(), after: after.clone(), fork: fork.clone() };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "fork".to_owned(),
        subject: after.tool.to_string(),
        detail: json!({"name": fork.tool, "digest": fork.digest, "changed": before.digest, "undo": note}),
        reversible: true,
    })?;
    // First the copy, then the restore: if interrupted between the two, the changed files are still in place.
    let mut copy = arrive(tx, actor, fork, None, (operation, "fork"))?;
    copy.commit = None;
    let back = arrive(tx, actor, after, Some(before.digest), (operation, "put back"))?;
    let intents = vec![intend(tx, actor, copy)?, intend(tx, actor, back)?];
    let message =
        format!("{} is a new experimental tool; the approved files of {} are restored", fork.tool, after.tool);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}
