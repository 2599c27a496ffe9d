//! Promote, archive, restore.

use super::approvals::Approvals;
use super::commit_notes::commit_note;
use super::placed::Placed;
use super::relocation::Relocation;
use super::scan::{open_for, reviews_about};
use super::step::{Actor, Step, answer, close_reviews, intend};
use super::undo_note::UndoNote;
use super::vouch::beside;
use crate::domain::{OperationId, Placement, ReviewId, ReviewKind, ReviewState, Stage, Tool};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// How to approve a pending review: the command that shows it.
fn decide(tx: &Tx<'_>, tool: &Tool) -> Result<String, EngineError> {
    let review = reviews_about(tx, &tool.name, |state| state == ReviewState::Waiting)?.into_iter().next();
    Ok(review.map_or_else(
        || "`toolsmith reviews` lists what is pending".to_owned(),
        |review| format!("decide its pending {}: `toolsmith review {}`", review.asks(), review.id),
    ))
}

/// Requests a higher stage: names the pending review, or opens one.
///
/// # Errors
/// `Refused` for a step that skips a stage or is not upwards, and for an unapproved version.
pub fn promote(tx: &Tx<'_>, actor: Actor<'_>, tool: &Tool, to: Stage) -> Result<Step, EngineError> {
    let approvals = Approvals::read(tx)?;
    let kind = match (tool.stage, to) {
        (Stage::Experimental, Stage::Approved) if approvals.knows(&tool.name) => ReviewKind::Evolved,
        (Stage::Experimental, Stage::Approved) => ReviewKind::New,
        (Stage::Approved, Stage::Core) if approvals.covers(tool) => ReviewKind::Promotion,
        (Stage::Approved, Stage::Core) => {
            return Err(refused(tool, to, "this version is not approved here", "decide its pending review first"));
        }
        (Stage::Experimental, Stage::Core) => {
            return Err(refused(tool, to, "it is experimental and must be approved first", "promote it to approved"));
        }
        (Stage::Archived, _) => {
            return Err(refused(tool, to, "it is archived", "restore it first"));
        }
        _ if tool.stage.is_vouched() && !approvals.covers(tool) => {
            return Err(refused(
                tool,
                to,
                &format!("it came as {}; nobody approved it here", tool.stage),
                &decide(tx, tool)?,
            ));
        }
        _ => return Err(refused(tool, to, &format!("it is already {}", tool.stage), "")),
    };
    if let Some(waiting) = tx.review_heads(None)?.into_iter().find(|h| {
        h.state == ReviewState::Waiting && h.kind.judges_version() && h.tool == tool.name && h.digest == tool.digest
    }) {
        let message = format!("review {} of {} is pending", waiting.id, tool.name);
        return Ok(Step { outcome: answer(None, Some(waiting.id), message), intents: Vec::new() });
    }
    let review = open_for(tx, tool, kind, approvals.newest(&tool.name))?;
    let operation = actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: "promote".to_owned(),
            subject: tool.name.to_string(),
            detail: json!({"to": to, "review": review, "digest": tool.digest, "undo": UndoNote::Propose { review }}),
            reversible: true,
        },
    )?;
    let message = format!("review {review} of {} is pending", tool.name);
    Ok(Step { outcome: answer(Some(operation), Some(review), message), intents: Vec::new() })
}

fn refused(tool: &Tool, to: Stage, why: &str, hint: &str) -> EngineError {
    EngineError::new(ErrorCode::Refused, format!("{} cannot become {to}: {why}", tool.name), hint)
}

/// The place of an archived version; depends on whether the usual place is taken by another version.
pub fn archived_placement(tool: &Tool, attempt: u32) -> Placement {
    let digest = &tool.digest.hex()[..8];
    let suffix = match attempt {
        0 => String::new(),
        1 => format!("-{digest}"),
        more => format!("-{digest}-{more}"),
    };
    Placement { base: format!("tools/archived/{}{suffix}", tool.name), exclusive: true }
}

/// Archives a version.
pub fn archive(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    before: &Placed,
    target: Placement,
    reason: Option<&str>,
) -> Result<Step, EngineError> {
    let after = before.moved_to(Stage::Archived, target);
    let message = format!("{} {} is archived", before.tool, before.version);
    let closed = close_reviews(tx, &before.tool, before.digest)?;
    move_version(tx, actor, Move { verb: "archive", before, after, reason, closed }, message)
}

/// Restores an archived version to its previous place.
pub fn restore(tx: &Tx<'_>, actor: Actor<'_>, before: &Placed, after: Placed) -> Result<Step, EngineError> {
    let message = format!("{} {} is {} again", before.tool, before.version, after.stage);
    move_version(tx, actor, Move { verb: "restore", before, after, reason: None, closed: Vec::new() }, message)
}

/// A move that is a separate operation.
struct Move<'a> {
    verb: &'a str,
    before: &'a Placed,
    after: Placed,
    reason: Option<&'a str>,
    closed: Vec<ReviewId>,
}

fn move_version(tx: &Tx<'_>, actor: Actor<'_>, change: Move<'_>, message: String) -> Result<Step, EngineError> {
    let Move { before, after, closed, .. } = change;
    let note = UndoNote::Move { before: before.clone(), after: after.clone(), closed };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: change.verb.to_owned(),
        subject: before.tool.to_string(),
        detail: json!({"reason": change.reason, "digest": before.digest, "undo": note}),
        reversible: true,
    })?;
    let relocation = relocation(tx, actor, &Journey { before, after: &after, operation, verb: change.verb })?;
    let intents = vec![intend(tx, actor, relocation)?];
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Source and target of a move, and its operation.
pub(super) struct Journey<'a> {
    pub(super) before: &'a Placed,
    pub(super) after: &'a Placed,
    pub(super) operation: OperationId,
    /// The verb for the commit message.
    pub(super) verb: &'a str,
}

/// The relocation that moves a version from one place to another.
pub(super) fn relocation(tx: &Tx<'_>, actor: Actor<'_>, journey: &Journey<'_>) -> Result<Relocation, EngineError> {
    let &Journey { before, after, operation, verb } = journey;
    Ok(Relocation {
        operation,
        tool: before.tool.clone(),
        version: before.version.clone(),
        digest: before.digest,
        from: Some(before.placement.clone()),
        from_files: before.files.clone(),
        to: after.placement.clone(),
        replaces: None,
        extra: beside(tx, after)?,
        commit: commit_note(actor, after, operation, verb),
        joined: Vec::new(),
        gone: false,
        returns: None,
    })
}
