//! Undoing an operation: always by a new operation, never by rewriting.

use super::commit_notes::{commit_note, unapproved_note};
use super::leave::may_return;
use super::lifecycle::{Journey, relocation};
use super::placed::{Beside, Placed};
use super::relocation::{ApprovalFileChange, Relocation, Touched};
use super::rollback::{arrive, leave};
use super::staged_edits::Applying;
use super::step::{Actor, Step, Work, answer, intend, promise};
use super::undo_note::UndoNote;
use super::versions::in_one_commit;
use super::vouch::beside;
use crate::domain::{Operation, OperationId, ReviewId, ReviewState};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{Approval, NewOperation, Tx};
use serde_json::json;

/// Undoes the given operation, or the newest one that can be undone.
///
/// # Errors
/// `NotFound` if there is none; `Conflict` if it was already undone; `Refused` if operations of its kind cannot be
/// undone.
pub fn undo(tx: &Tx<'_>, actor: Actor<'_>, wanted: Option<OperationId>) -> Result<Step, EngineError> {
    let target = find(tx, wanted)?;
    let note: UndoNote = target
        .detail
        .get("undo")
        .cloned()
        .ok_or_else(|| EngineError::internal(format!("operation {} has no undo data", target.id)))
        .and_then(|value| serde_json::from_value(value).map_err(EngineError::internal))?;
    refuse_when_moved_since(tx, &target, &note)?;
    let granted = still_granted(tx, &note)?;
    let mut detail = json!({"operation": target.id, "verb": target.verb});
    if !granted.is_empty() {
        detail["granted"] = granted.iter().map(|entry| json!(entry.id)).collect();
    }
    let operation = actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: "undo".to_owned(),
            subject: target.subject.clone(),
            detail,
            reversible: false,
        },
    )?;
    tx.mark_undone(target.id, operation)?;
    ungrant(tx, &granted, operation)?;
    let mut intents = Vec::new();
    if let UndoNote::Apply { step } = &note {
        let back = Applying { back: true, ..step.clone() };
        intents.push(promise(tx, actor, operation, Work::Applying(back))?);
    }
    rows_back(tx, &note, &target, operation)?;
    // Makes a commit only if the operation made one: otherwise git never had the restored files.
    let commits = Actor { commit: actor.commit && tx.made_commit(target.id)?, ..actor };
    let changed = matches!(note, UndoNote::RestoreFiles { .. } | UndoNote::Fork { .. });
    let actor = if changed { commits } else { actor };
    for relocation in moves_back(tx, actor, &note, (target.id, operation))? {
        intents.push(intend(tx, actor, relocation)?);
    }
    if let Some(change) = unwritten(actor, &note, operation) {
        intents.push(promise(tx, actor, operation, Work::Beside(Box::new(change)))?);
    }
    let message = format!("operation {} ({} {}) is undone", target.id, target.verb, target.subject);
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

fn find(tx: &Tx<'_>, wanted: Option<OperationId>) -> Result<Operation, EngineError> {
    let hint = "`toolsmith log` lists operations";
    let found = match wanted {
        Some(id) => tx.operation(id)?,
        None => tx.newest_reversible()?,
    };
    let Some(operation) = found else {
        let what = wanted.map_or("nothing to undo".to_owned(), |id| format!("there is no operation {id}"));
        return Err(EngineError::new(ErrorCode::NotFound, what, hint));
    };
    if let Some(by) = operation.undone_by {
        let message = format!("operation {} was already undone by operation {by}", operation.id);
        return Err(EngineError::new(ErrorCode::Conflict, message, hint));
    }
    if !operation.reversible {
        let message = format!(
            "operation {} ({}) cannot be undone: it changed nothing that can be restored",
            operation.id, operation.verb
        );
        return Err(EngineError::new(ErrorCode::Refused, message, hint));
    }
    Ok(operation)
}

/// Refuses to undo a move if a later operation moved the same version again, because it is no longer in the expected
/// place.
fn refuse_when_moved_since(tx: &Tx<'_>, target: &Operation, note: &UndoNote) -> Result<(), EngineError> {
    let since = |later: &Operation| {
        let message = format!("{2} was moved since by operation {0} ({1})", later.id, later.verb, later.subject);
        let hint = format!("undo that one first: `toolsmith undo {}`", later.id);
        EngineError::new(ErrorCode::Conflict, message, hint)
    };
    if let UndoNote::Deprecate { tool, .. } = note {
        let later = tx.reversible_after(target.id, tool.as_str())?;
        let marked = later.iter().find(|later| matches!(UndoNote::of(later), Some(UndoNote::Deprecate { .. })));
        return marked.map_or(Ok(()), |later| Err(since(later)));
    }
    for arrived in note.arrived() {
        for later in tx.reversible_after(target.id, arrived.tool.as_str())? {
            let moved = UndoNote::of(&later);
            let took = moved.as_ref().map(UndoNote::took).unwrap_or_default();
            if took.iter().any(|taken| taken.digest == arrived.digest) {
                return Err(since(&later));
            }
        }
    }
    Ok(())
}

/// Reverts the rows.
fn rows_back(tx: &Tx<'_>, note: &UndoNote, target: &Operation, operation: OperationId) -> Result<(), EngineError> {
    if let Some(change) = note.row_change() {
        return if may_return(tx, note)? { change.undo(tx, target) } else { Ok(()) };
    }
    match note {
        UndoNote::Vouch { tool, digest } => {
            tx.withdraw_approval(tool, *digest)?;
        }
        UndoNote::Propose { review } | UndoNote::Post { review, .. } => {
            tx.unmake(*review)?;
            if tx.review(*review)?.is_some_and(|review| review.state == ReviewState::Waiting) {
                tx.set_review_state(*review, ReviewState::Superseded)?;
                if let UndoNote::Post { replaced: Some(replaced), .. } = note {
                    wait_again(tx, &[*replaced])?;
                }
            }
        }
        UndoNote::Vote { review } => {
            if tx.review(*review)?.is_none_or(|review| review.state != ReviewState::Waiting) {
                let message = format!("review {review} was decided since then");
                return Err(EngineError::new(ErrorCode::Conflict, message, "undo that decision first"));
            }
            reopen(tx, *review, target.id)?;
        }
        UndoNote::Agree { review } => {
            if tx.review_heads(None)?.iter().any(|head| head.id == *review && head.used) {
                let message = format!("the permit of review {review} was used by a run");
                return Err(EngineError::new(ErrorCode::Conflict, message, "nothing takes a run back"));
            }
            reopen(tx, *review, target.id)?;
        }
        UndoNote::Decline { review } => reopen(tx, *review, target.id)?,
        UndoNote::Deprecate { tool, before, review } => {
            tx.set_deprecation(tool, before.as_ref(), operation)?;
            if let Some(review) = review {
                reopen(tx, *review, target.id)?;
            }
        }
        UndoNote::Adopt { review, members, .. } => {
            for (tool, digest) in members {
                tx.withdraw_approval(tool, *digest)?;
            }
            reopen(tx, *review, target.id)?;
        }
        UndoNote::Move { closed, .. } | UndoNote::Trim { closed, .. } => wait_again(tx, closed)?,
        UndoNote::PutAway { review, closed, .. } => {
            wait_again(tx, closed)?;
            reopen(tx, *review, target.id)?;
        }
        UndoNote::Rollback { after, ended, approved, closed, .. } => {
            wait_again(tx, closed)?;
            if *approved {
                tx.withdraw_approval(&after.tool, after.digest)?;
            }
            put_back(tx, ended)?;
        }
        UndoNote::Approve { .. } => unapprove(tx, note, target, operation)?,
        // Their files are restored; they have no rows.
        _ => {}
    }
    Ok(())
}

/// The entries that granted declared permissions to the tools of an adoption, except those undone since.
fn still_granted(tx: &Tx<'_>, note: &UndoNote) -> Result<Vec<Operation>, EngineError> {
    let UndoNote::Adopt { granted, .. } = note else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for id in granted {
        entries.extend(tx.operation(*id)?.filter(|entry| entry.undone_by.is_none()));
    }
    Ok(entries)
}

/// Revokes the permissions that an adoption granted.
fn ungrant(tx: &Tx<'_>, granted: &[Operation], by: OperationId) -> Result<(), EngineError> {
    for entry in granted {
        if let Some(change) = UndoNote::of(entry).as_ref().and_then(UndoNote::row_change) {
            change.undo(tx, entry)?;
        }
        tx.mark_undone(entry.id, by)?;
    }
    Ok(())
}

/// Restores the approvals to the state before an approval.
fn unapprove(tx: &Tx<'_>, note: &UndoNote, target: &Operation, operation: OperationId) -> Result<(), EngineError> {
    let UndoNote::Approve { review, before, after, replaced, replaced_approved, ended, closed } = note else {
        return Ok(());
    };
    wait_again(tx, closed)?;
    tx.withdraw_approval(&after.tool, after.digest)?;
    if let Some(ended) = ended {
        put_back(tx, ended)?;
    } else {
        if before.stage.is_vouched() && before.placement != after.placement {
            // A promotion from approved to core: the approval of the digest itself stays.
            approve_again(tx, before, operation)?;
        }
        if let (Some(old), true) = (replaced, *replaced_approved) {
            approve_again(tx, old, operation)?;
        }
    }
    reopen(tx, *review, target.id)
}

/// The moves that restore files, after the rows.
fn moves_back(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    note: &UndoNote,
    (target, operation): (OperationId, OperationId),
) -> Result<Vec<Relocation>, EngineError> {
    let honest = |placed: &Placed, relocation: Relocation| {
        let commit = actor.commit.then(|| unapproved_note(actor, placed, operation, "are back"));
        Relocation { commit, ..relocation }
    };
    match note {
        UndoNote::Trim { taken, .. } => {
            let back = |placed| Ok(Relocation { commit: None, ..arrive(tx, actor, placed, None, (operation, ""))? });
            let mut moves = taken.iter().map(back).collect::<Result<Vec<_>, EngineError>>()?;
            let note = taken.last().and_then(|last| commit_note(actor, last, operation, "undo trim of"));
            in_one_commit(&mut moves, taken, note);
            Ok(moves)
        }
        UndoNote::PutAway { before, after, .. } => {
            let journey = Journey { before: after, after: before, operation, verb: "undo archive of" };
            Ok(vec![relocation(tx, actor, &journey)?])
        }
        UndoNote::Move { before, after, .. } => {
            let journey = Journey { before: after, after: before, operation, verb: "undo" };
            Ok(vec![relocation(tx, actor, &journey)?])
        }
        UndoNote::Rollback { before, after, taken, .. } => {
            let back = |placed| Ok(Relocation { commit: None, ..arrive(tx, actor, placed, None, (operation, ""))? });
            let mut moves = taken.iter().map(back).collect::<Result<Vec<_>, EngineError>>()?;
            moves.push(arrive(tx, actor, before, Some(after.digest), (operation, "undo: back to"))?);
            let note = moves.last_mut().and_then(|last| last.commit.take());
            in_one_commit(&mut moves, taken, note);
            Ok(moves)
        }
        UndoNote::RestoreFiles { before, after } => Ok(vec![match before {
            Some(before) => honest(before, arrive(tx, actor, before, Some(after.digest), (operation, ""))?),
            // Content that was not kept as a copy was set aside.
            None => Relocation { returns: Some(target), ..leave(actor, after, (operation, "undo: take away again")) },
        }]),
        UndoNote::Fork { before, after, fork } => {
            let away = Relocation { commit: None, ..leave(actor, fork, (operation, "")) };
            Ok(vec![honest(before, arrive(tx, actor, before, Some(after.digest), (operation, ""))?), away])
        }
        UndoNote::Post { wrote, .. } => {
            let away = |placed| Relocation { commit: None, ..leave(actor, placed, (operation, "")) };
            Ok(wrote.as_ref().map(away).into_iter().collect())
        }
        UndoNote::Approve { before, after, replaced, .. } => {
            let journey = Journey { before: after, after: before, operation, verb: "undo approval of" };
            back(tx, actor, &journey, replaced.as_deref())
        }
        _ => Ok(Vec::new()),
    }
}

/// Reopens reviews whose version is back.
fn wait_again(tx: &Tx<'_>, closed: &[ReviewId]) -> Result<(), EngineError> {
    for review in closed {
        if tx.review(*review)?.is_some_and(|review| review.state == ReviewState::Superseded) {
            tx.set_review_state(*review, ReviewState::Waiting)?;
        }
    }
    Ok(())
}

/// Puts approvals back in force, except those whose own operation was undone since.
fn put_back(tx: &Tx<'_>, ended: &[Approval]) -> Result<(), EngineError> {
    for approval in ended {
        if tx.operation(approval.operation)?.is_some_and(|operation| operation.undone_by.is_none()) {
            tx.approve_version(approval)?;
        }
    }
    Ok(())
}

/// The change of `approval.toml` for a version that an approval left in its place: no files move back, but the file
/// must no longer name the undone approval.
fn unwritten(actor: Actor<'_>, note: &UndoNote, operation: OperationId) -> Option<ApprovalFileChange> {
    let (before, after, is_approved) = match note {
        UndoNote::Approve { before, after, ended, .. } => {
            let was = |approval: &Approval| approval.digest == before.digest;
            (before, after, ended.iter().flatten().any(was))
        }
        // Only the file next to them was restored.
        UndoNote::RestoreFiles { before: Some(before), after } if before.digest == after.digest => {
            (before, after, true)
        }
        _ => return None,
    };
    let text = match &before.approval {
        Beside::Text(text) => Some(text.clone()),
        Beside::Nothing => None,
        Beside::Unknown => return None,
    };
    (before.placement == after.placement).then(|| ApprovalFileChange {
        operation,
        tool: before.tool.clone(),
        digest: before.digest,
        place: before.placement.clone(),
        text,
        commit: if is_approved {
            commit_note(actor, before, operation, "undo: still")
        } else {
            actor.commit.then(|| unapproved_note(actor, before, operation, "stay"))
        },
    })
}

/// For entries of an older format, which did not store the approvals that they ended.
fn approve_again(tx: &Tx<'_>, placed: &Placed, operation: OperationId) -> Result<(), EngineError> {
    tx.approve_version(&Approval {
        tool: placed.tool.clone(),
        digest: placed.digest,
        stage: placed.stage,
        operation,
        at: tx.now(),
        base: Some(placed.placement.base.clone()),
        signature: None,
    })?;
    Ok(())
}

/// The moves that remove an approved version and put the replaced one in its place.
fn back(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    journey: &Journey<'_>,
    replaced: Option<&Placed>,
) -> Result<Vec<Relocation>, EngineError> {
    let (operation, undone) = (journey.operation, journey.before.digest);
    let (mut moves, mut joined) = (Vec::new(), Vec::new());
    if journey.before.placement != journey.after.placement {
        let mut step = relocation(tx, actor, journey)?;
        if replaced.is_some() {
            // One commit for both moves: the second one makes it.
            step.commit = None;
            joined.push(Touched { place: step.to.clone(), files: step.from_files.clone() });
        }
        moves.push(step);
    }
    if let Some(old) = replaced {
        moves.push(Relocation {
            operation,
            tool: old.tool.clone(),
            version: old.version.clone(),
            digest: old.digest,
            from: None,
            from_files: Vec::new(),
            to: old.placement.clone(),
            replaces: Some(undone),
            extra: beside(tx, old)?,
            commit: commit_note(actor, old, operation, "undo: back to"),
            joined,
            gone: false,
            returns: None,
        });
    }
    Ok(moves)
}

fn reopen(tx: &Tx<'_>, review: ReviewId, decided_by: OperationId) -> Result<(), EngineError> {
    tx.mark_decision_undone(decided_by)?;
    tx.set_review_state(review, ReviewState::Waiting)?;
    Ok(())
}
