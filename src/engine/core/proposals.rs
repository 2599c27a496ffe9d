//! What becomes of an approval of something that is not a version: a text, an archive proposal, a deprecation.

use super::decision::Deciding;
use super::deprecate::{Mark, set};
use super::lifecycle::{Journey, relocation};
use super::step::{Step, close_reviews, intend};
use super::undo_note::UndoNote;
use crate::domain::{ReviewState, Stage};
use crate::engine::error::EngineError;

/// A specification or a plan is agreed on: that is recorded for whoever asked, and nothing moves.
pub(super) fn agree(deciding: &Deciding<'_, '_>) -> Result<Step, EngineError> {
    let review = deciding.review;
    let operation = deciding.settle(&UndoNote::Agree { review: review.id }, ReviewState::Approved)?;
    let message = format!("{} of {} is approved; the requester may continue", review.kind, review.tool);
    Ok(deciding.step(operation, message, Vec::new()))
}

/// The tool is archived, as proposed.
pub(super) fn put_away(deciding: &Deciding<'_, '_>) -> Result<Step, EngineError> {
    let Deciding { tx, actor, context, review, .. } = *deciding;
    let before = deciding.placed()?;
    let target = context.archive.as_ref().ok_or_else(|| EngineError::internal("an archive proposal without a path"))?;
    let after = before.moved_to(Stage::Archived, target.clone());
    // First its own: the proposal itself is decided, not lost.
    tx.set_review_state(review.id, ReviewState::Approved)?;
    let closed = close_reviews(tx, &before.tool, before.digest)?;
    let note = UndoNote::PutAway { review: review.id, before: before.clone(), after: after.clone(), closed };
    let operation = deciding.record(&note)?;
    let move_away = relocation(tx, actor, &Journey { before, after: &after, operation, verb: "archive" })?;
    let message = format!("{} {} is archived", before.tool, before.version);
    let intents = vec![intend(tx, actor, move_away)?];
    Ok(deciding.step(operation, message, intents))
}

/// The tool is marked, as proposed.
pub(super) fn deprecate(deciding: &Deciding<'_, '_>) -> Result<Step, EngineError> {
    let Deciding { tx, actor, review, .. } = *deciding;
    let proposal = review.request.as_ref();
    let by = proposal.and_then(|proposal| proposal.successor.clone());
    let reason = proposal.map(|proposal| proposal.rationale.as_str()).filter(|text| !text.is_empty());
    let mark = Mark { tool: &review.tool, by: by.as_ref(), reason };
    let before = mark.check(tx)?;
    let note = UndoNote::Deprecate { tool: review.tool.clone(), before, review: Some(review.id) };
    let operation = deciding.settle(&note, ReviewState::Approved)?;
    set(tx, actor, &mark, operation)?;
    Ok(deciding.step(operation, mark.sentence(), Vec::new()))
}
