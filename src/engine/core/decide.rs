//! Deciding a review: an approval names a digest, and it is written in the same transaction as the move of the version.

use super::ancestors::Ancestors;
use super::approvals::Approvals;
use super::commit_notes::commit_note;
use super::decision::{Deciding, DecisionContext};
use super::placed::{Placed, stage_placement};
use super::relocation::{CommitNote, Relocation};
use super::scan::members_digest;
use super::step::{Actor, Step, close_reviews, intend};
use super::undo_note::UndoNote;
use super::votes::{self, Vote};
use super::vouch::approval_file;
use super::{gate, part, proposals, reading};
use crate::domain::{
    DecisionKind, DecisionRequest, OperationId, Review, ReviewKind, ReviewState, Stage, Unread, count, visible_words,
};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{Approval, PresentRow, Tx};

/// The maximum length of a reason in a commit message, in characters; the log and `approval.toml` contain the full
/// reason.
const MAX_REASON_CHARS: usize = 300;

/// Decides a review.
///
/// # Errors
/// `Conflict` if the review was already decided, the digest differs or the evidence changed; `Usage` if a rejection has
/// no reason; `Refused` if a check failed or lines were not seen.
pub fn decide(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    request: &DecisionRequest,
    context: &DecisionContext<'_>,
) -> Result<Step, EngineError> {
    let review = part::separated(tx, request, &context.roles, current(tx, request)?)?;
    let deciding = Deciding { tx, actor, request, context, review: &review, passed_over: None };
    if !request.approves() {
        return decline(&deciding);
    }
    let passed_over = gate::pass(tx, request, context.gates, &review)?;
    let deciding = Deciding { passed_over: passed_over.as_ref(), ..deciding };
    reading::demand(tx, request, &review)?;
    if let Vote::Counts(message) =
        votes::count(&review, actor.who, request.role.as_deref(), &context.roles, &context.team)?
    {
        return votes::keep(&deciding, message);
    }
    match review.kind {
        ReviewKind::Specification | ReviewKind::Plan | ReviewKind::Call => proposals::agree(&deciding),
        ReviewKind::Archive => proposals::put_away(&deciding),
        ReviewKind::Deprecation => proposals::deprecate(&deciding),
        ReviewKind::Adoption => adopt(&deciding),
        ReviewKind::New | ReviewKind::Evolved | ReviewKind::Drift | ReviewKind::Promotion => approve(&deciding),
    }
}

/// Refuses a review that is no longer pending, and names who decided it.
pub fn undecided(review: &Review) -> Result<(), EngineError> {
    if review.state == ReviewState::Waiting {
        return Ok(());
    }
    let by = review.decisions.last().map(|d| format!(" by {}", d.reviewer)).unwrap_or_default();
    let hint = match review.state {
        ReviewState::Superseded => {
            "a version made from it was approved, or its files changed, moved or were removed and have their own review"
        }
        ReviewState::Expired => "it expired without a decision; the requester can ask again",
        _ => "`toolsmith log` shows who decided it; `toolsmith undo` reverts a decision",
    };
    let message = format!("review {} is not pending: {}{by}", review.id, review.state);
    Err(EngineError::new(ErrorCode::Conflict, message, hint))
}

/// The error for a review that can no longer be decided.
fn too_late(review: &Review) -> EngineError {
    let message = format!("review {} is not pending: it expired without a decision", review.id);
    EngineError::new(ErrorCode::Conflict, message, "the requester can ask again")
}

/// Reads the review again inside the transaction, so that two processes cannot both decide it.
fn current(tx: &Tx<'_>, request: &DecisionRequest) -> Result<Review, EngineError> {
    let id = request.review;
    let review = tx.review(id)?.ok_or_else(|| {
        EngineError::new(ErrorCode::NotFound, format!("there is no review {id}"), "`toolsmith reviews` lists them")
    })?;
    undecided(&review)?;
    if review.is_due(tx.now()) {
        return Err(too_late(&review));
    }
    if review.digest != request.digest {
        return Err(EngineError::new(
            ErrorCode::Conflict,
            format!("review {id} is about {}, not about {}", review.digest.short(), request.digest.short()),
            "reopen the review and read the current version",
        ));
    }
    Ok(review)
}

fn decline(deciding: &Deciding<'_, '_>) -> Result<Step, EngineError> {
    let Deciding { request, review, .. } = *deciding;
    if request.reason.as_deref().and_then(visible_words).is_none() {
        return Err(EngineError::new(
            ErrorCode::Usage,
            format!("{} needs a reason", request.kind),
            "write what is wrong; the author of the tool reads it",
        ));
    }
    let state = match request.kind {
        DecisionKind::Reject => ReviewState::Rejected,
        DecisionKind::RequestChanges | DecisionKind::Approve => ReviewState::ChangesRequested,
    };
    let operation = deciding.settle(&UndoNote::Decline { review: review.id }, state)?;
    let message = format!("review {} of {}: {}", review.id, review.tool, state);
    Ok(deciding.step(operation, message, Vec::new()))
}

fn adopt(deciding: &Deciding<'_, '_>) -> Result<Step, EngineError> {
    let Deciding { tx, review, context, .. } = *deciding;
    if members_digest(&review.members) != review.digest {
        return Err(EngineError::internal(format!(
            "the member list of review {} does not match its digest",
            review.id
        )));
    }
    let note = UndoNote::Adopt { review: review.id, members: review.members.clone(), granted: context.granted.clone() };
    let operation = deciding.settle(&note, ReviewState::Approved)?;
    for (tool, digest) in &review.members {
        let version = tx.version(tool, *digest)?;
        let stage = version.as_ref().map_or(Stage::Approved, |version| version.stage);
        let base = version.map(|version| version.placement.base);
        let (tool, digest, at) = (tool.clone(), *digest, tx.now());
        tx.approve_version(&Approval { tool, digest, stage, operation, at, base, signature: None })?;
    }
    let message = format!("{} adopted", count(review.members.len(), "tool"));
    Ok(deciding.step(operation, message, Vec::new()))
}

fn approve(deciding: &Deciding<'_, '_>) -> Result<Step, EngineError> {
    let Deciding { tx, actor, request, context, review, .. } = *deciding;
    let before = deciding.placed()?;
    let target = match review.kind {
        ReviewKind::Drift => before.placement.clone(),
        ReviewKind::New
        | ReviewKind::Evolved
        | ReviewKind::Promotion
        | ReviewKind::Adoption
        | ReviewKind::Specification
        | ReviewKind::Archive
        | ReviewKind::Deprecation
        | ReviewKind::Call
        | ReviewKind::Plan => stage_placement(review.to_stage, &review.tool),
    };
    let after = before.moved_to(review.to_stage, target);
    let (replaced_approved, ended) = end_approvals(tx, review, context.replaced.as_ref())?;
    let closed = match &context.replaced {
        Some(old) => close_reviews(tx, &old.tool, old.digest)?,
        None => Vec::new(),
    };
    let note = UndoNote::Approve {
        review: review.id,
        before: before.clone(),
        after: after.clone(),
        replaced: context.replaced.clone().map(Box::new),
        replaced_approved,
        ended: Some(ended),
        closed,
    };
    let operation = deciding.settle(&note, ReviewState::Approved)?;
    tx.approve_version(&Approval {
        tool: review.tool.clone(),
        digest: review.digest,
        stage: review.to_stage,
        operation,
        at: tx.now(),
        base: Some(after.placement.base.clone()),
        signature: tx.log_signature(operation)?.map(|kept| kept.signature),
    })?;
    let extra = approval_file(tx, &after)?;
    let relocation = Relocation {
        operation,
        tool: review.tool.clone(),
        version: review.version.clone(),
        digest: review.digest,
        from: (before.placement != after.placement).then(|| before.placement.clone()),
        from_files: before.files.clone(),
        replaces: context.replaced.as_ref().map(|old| old.digest),
        extra,
        commit: approval_note(actor, &after, operation, request),
        joined: Vec::new(),
        gone: false,
        returns: None,
        to: after.placement.clone(),
    };
    let message = format!("{} {} is {} as {}", review.tool, review.version, after.stage, review.digest.short());
    let message = format!("{message}{}", left_behind(tx, review)?);
    let intents = vec![intend(tx, actor, relocation)?];
    Ok(deciding.step(operation, message, intents))
}

/// Names the files of older versions that the approved one was made from, with how to archive them; empty if there are
/// none.
fn left_behind(tx: &Tx<'_>, review: &Review) -> Result<String, EngineError> {
    let ancestors = Ancestors::read(tx, &Approvals::read(tx)?)?;
    let is_older = |row: &&PresentRow| {
        row.stage == Stage::Experimental
            && row.tool == review.tool
            && row.digest != review.digest
            && ancestors.successor(&row.tool, row.digest).is_some()
    };
    let present = tx.present()?;
    let paths: Vec<&str> = present.iter().filter(is_older).map(|row| row.path.as_str()).collect();
    Ok(match paths.as_slice() {
        [] => String::new(),
        [path] => format!("; the older {path} is still there: `toolsmith archive {path}` archives it"),
        [path, rest @ ..] => format!(
            "; the older {path} and {} are still there: `toolsmith archive {path}` archives the first",
            count(rest.len(), "other file")
        ),
    })
}

/// Ends the approval of the replaced version. Returns whether there was one, and all approvals that the new one
/// replaces.
fn end_approvals(
    tx: &Tx<'_>,
    review: &Review,
    replaced: Option<&Placed>,
) -> Result<(bool, Vec<Approval>), EngineError> {
    let mut ended = tx.approvals_of(&review.tool)?;
    ended.retain(|old| old.digest == review.digest || replaced.is_some_and(|placed| placed.digest == old.digest));
    let was_approved = match replaced {
        Some(placed) => tx.withdraw_approval(&placed.tool, placed.digest)?,
        None => false,
    };
    Ok((was_approved, ended))
}

/// The commit of an approval; it also states how much was not seen, and why it was approved.
fn approval_note(
    actor: Actor<'_>,
    placed: &Placed,
    operation: OperationId,
    request: &DecisionRequest,
) -> Option<CommitNote> {
    let mut note = commit_note(actor, placed, operation, DecisionKind::Approve.word())?;
    let unread = Unread::of(&request.shown).map(|unread| ("Toolsmith-Unread".to_owned(), unread.stated()));
    let reason = request.reason.as_deref().and_then(visible_words).map(|reason| {
        let line: String = reason.chars().take(MAX_REASON_CHARS).collect();
        ("Toolsmith-Reason".to_owned(), line)
    });
    note.trailers.extend(unread.into_iter().chain(reason));
    Some(note)
}
