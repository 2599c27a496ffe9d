//! A version that was made elsewhere is put in its place.

use super::commit_notes::commit_note;
use super::placed::Placed;
use super::relocation::Relocation;
use super::rollback::{arrive, leave};
use super::step::{Actor, Step, answer, close_reviews, intend};
use super::undo_note::UndoNote;
use super::versions::in_one_commit;
use super::vouch::OF_TEAM;
use crate::domain::{CostTier, Instant};
use crate::engine::error::EngineError;
use crate::store::{Approval, NewOperation, TeamWriter, Tx};
use serde_json::json;

/// That the team approved a version for where it is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamApproval {
    /// Who signed it.
    pub by: String,
    /// When it was signed last.
    pub at: Instant,
    /// The highest cost tier that it is for.
    pub tier: CostTier,
}

/// Puts a version whose bytes are kept where nothing is, or in the place of `before`, whose bytes are kept too. No
/// commit: nobody approved it.
///
/// # Errors
/// `Conflict` while a move of the tool is owed; `Internal` for errors of the store.
pub fn bring(tx: &Tx<'_>, actor: Actor<'_>, placed: &Placed, before: Option<&Placed>) -> Result<Step, EngineError> {
    let note = UndoNote::RestoreFiles { before: before.cloned(), after: placed.clone() };
    TeamWriter(tx).note_landed(placed.digest)?;
    let mut detail = json!({"version": placed.version.to_string(), "digest": placed.digest, "undo": note});
    if let Some(before) = before {
        detail["changed"] = json!(before.digest);
    }
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "pull".to_owned(),
        subject: placed.tool.to_string(),
        detail,
        reversible: true,
    })?;
    let mut step = arrive(tx, actor, placed, before.map(|old| old.digest), (operation, "pull"))?;
    step.commit = None;
    let intents = vec![intend(tx, actor, step)?];
    let message = format!("{} is a new experimental tool", placed.placement.base);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Puts a version that the team approved in the place of an approved one, as an approval here would: the approval of the
/// older one ends, and its reviews with it. `taken` are experimental versions that go, because they are this one or older.
/// All bytes are kept. It counts for as long as the team approves it.
///
/// # Errors
/// `Conflict` while a move of the tool is owed; `Internal` for errors of the store.
pub fn update(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    (before, after): (&Placed, &Placed),
    taken: &[Placed],
    approval: &TeamApproval,
) -> Result<Step, EngineError> {
    let who = format!("{OF_TEAM}{}", approval.by);
    let actor = Actor { who: &who, pen: None, ..actor };
    TeamWriter(tx).note_landed(after.digest)?;
    let ended = tx.approvals_of(&after.tool)?;
    let mut closed = close_reviews(tx, &before.tool, before.digest)?;
    for one in taken {
        closed.extend(close_reviews(tx, &one.tool, one.digest)?);
    }
    let note = UndoNote::Rollback {
        before: before.clone(),
        after: after.clone(),
        ended: ended.clone(),
        approved: true,
        closed,
        taken: taken.to_vec(),
    };
    let operation = tx.log(&NewOperation {
        who: who.clone(),
        verb: "adopt".to_owned(),
        subject: after.tool.to_string(),
        detail: json!({
            "from": {"version": before.version.to_string(), "digest": before.digest},
            "version": after.version.to_string(), "digest": after.digest, "stage": after.stage,
            "reviewer": approval.by, "approved_at": approval.at, "undo": note,
        }),
        reversible: true,
    })?;
    for old in &ended {
        tx.withdraw_approval(&after.tool, old.digest)?;
    }
    tx.approve_version(&Approval {
        tool: after.tool.clone(),
        digest: after.digest,
        stage: after.stage,
        operation,
        at: approval.at,
        base: Some(after.placement.base.clone()),
        signature: None,
    })?;
    let away = |placed| Relocation { commit: None, ..leave(actor, placed, (operation, "")) };
    let mut moves: Vec<Relocation> = taken.iter().map(away).collect();
    moves.push(arrive(tx, actor, after, Some(before.digest), (operation, ""))?);
    in_one_commit(&mut moves, taken, commit_note(actor, after, operation, "adopt"));
    let intents = moves.into_iter().map(|step| intend(tx, actor, step)).collect::<Result<_, _>>()?;
    let message = format!("{} {} is {} (before: {})", after.tool, after.version, after.stage, before.version);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Puts a changed version whose bytes are kept in the place of one that nobody approved, whose bytes are kept too. No
/// commit: nobody approved it either. `why` is kept in the log; empty where the change says it all.
///
/// # Errors
/// `Conflict` while a move of the tool is owed; `Internal` for errors of the store.
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
