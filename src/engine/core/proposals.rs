//! What becomes of a yes to something that is no version: a text, an archive proposal, a deprecation.

use super::decision::{DecisionContext, Noted, record, still_there};
use super::deprecate::{Mark, set};
use super::lifecycle::{Journey, relocation};
use super::step::{Actor, Step, answer, close_reviews, intend};
use super::undo_note::UndoNote;
use crate::domain::{DecisionRequest, Review, ReviewState, Stage};
use crate::engine::error::EngineError;
use crate::store::Tx;

/// A specification or a plan is agreed on: that is recorded for whoever asked, and nothing moves.
pub(super) fn agree(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    request: &DecisionRequest,
    context: &DecisionContext<'_>,
    review: &Review,
) -> Result<Step, EngineError> {
    let operation = record(tx, actor, request, context, review, Noted::of(&UndoNote::Agree { review: review.id }))?;
    tx.set_review_state(review.id, ReviewState::Approved)?;
    let message = format!("{} of {} is approved; the requester may continue", review.kind, review.tool);
    Ok(Step { outcome: answer(Some(operation), Some(review.id), message), intents: Vec::new() })
}

/// The tool is put away, as proposed.
pub(super) fn put_away(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    request: &DecisionRequest,
    context: &DecisionContext<'_>,
    review: &Review,
) -> Result<Step, EngineError> {
    let before = still_there(context, review)?;
    let target = context.archive.as_ref().ok_or_else(|| EngineError::internal("an archive proposal without a path"))?;
    let after = before.moved_to(Stage::Archived, target.clone());
    // First its own: the proposal itself is decided, not lost.
    tx.set_review_state(review.id, ReviewState::Approved)?;
    let closed = close_reviews(tx, &before.tool, before.digest)?;
    let note = UndoNote::PutAway { review: review.id, before: before.clone(), after: after.clone(), closed };
    let operation = record(tx, actor, request, context, review, Noted::of(&note))?;
    let move_away = relocation(tx, actor, &Journey { before, after: &after, operation, verb: "archive" })?;
    let message = format!("{} {} is archived", before.tool, before.version);
    let intents = vec![intend(tx, actor, move_away)?];
    Ok(Step { outcome: answer(Some(operation), Some(review.id), message), intents })
}

/// The tool is marked, as proposed.
pub(super) fn deprecate(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    request: &DecisionRequest,
    context: &DecisionContext<'_>,
    review: &Review,
) -> Result<Step, EngineError> {
    let proposal = review.request.as_ref();
    let by = proposal.and_then(|proposal| proposal.successor.clone());
    let reason = proposal.map(|proposal| proposal.rationale.as_str()).filter(|text| !text.is_empty());
    let mark = Mark { tool: &review.tool, by: by.as_ref(), reason };
    let before = mark.check(tx)?;
    let note = UndoNote::Deprecate { tool: review.tool.clone(), before, review: Some(review.id) };
    let operation = record(tx, actor, request, context, review, Noted::of(&note))?;
    tx.set_review_state(review.id, ReviewState::Approved)?;
    set(tx, actor, &mark, operation)?;
    Ok(Step { outcome: answer(Some(operation), Some(review.id), mark.sentence()), intents: Vec::new() })
}
