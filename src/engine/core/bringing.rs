//! Puts a version from another machine or program into its place.

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

/// The team's approval of a version for its target place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamApproval {
    /// Who signed it.
    pub by: String,
    /// When it was last signed.
    pub at: Instant,
    /// The highest cost tier that it covers.
    pub tier: CostTier,
}

/// Puts a kept version into an empty place, or replaces `before`, whose bytes are kept too. Makes no commit, because
/// the version is not approved.
///
/// # Errors
/// `Conflict` while a move of the tool is pending; `Internal` for errors of the store.
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

/// Replaces an approved version with a version that the team approved. The effect is that of a local approval: the
/// approval of the older version and its reviews end. `taken` are experimental versions that are removed because they
/// equal the new version or are older. All bytes are kept. The new version counts as approved as long as the team
/// approves it.
///
/// # Errors
/// `Conflict` while a move of the tool is pending; `Internal` for errors of the store.
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

/// Replaces an unapproved version, whose bytes are kept, with a changed, kept version. Makes no commit, because the new
/// version is not approved either. `why` is stored in the log; empty if the change needs no explanation.
///
/// # Errors
/// `Conflict` while a move of the tool is pending; `Internal` for errors of the store.
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
