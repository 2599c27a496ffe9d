//! Whether the log decided what a review says of itself: its state is a word in a table, the decision is in the log.

use super::UndoNote;
use crate::domain::{Decision, DecisionKind, Digest, Operation, Review, ReviewId, ReviewState};
use crate::store::{Queries, StoreError};
use serde_json::Value;

/// Why a review does not stand where it says; `None` when a decision in force put it there, and for one that nobody
/// decided.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_state(q: &Queries, review: &Review) -> Result<Option<String>, StoreError> {
    let kind = match review.state {
        ReviewState::Approved => DecisionKind::Approve,
        ReviewState::Rejected => DecisionKind::Reject,
        ReviewState::ChangesRequested => DecisionKind::RequestChanges,
        ReviewState::Waiting | ReviewState::Superseded | ReviewState::Expired => return Ok(None),
    };
    let what = format!("review {} of {} does not match the log: it says {}", review.id, review.tool, review.state);
    let in_force = |decision: &&Decision| decision.kind == kind && !decision.undone;
    let mut why = "no decision in force says so".to_owned();
    for decision in review.decisions.iter().filter(in_force) {
        match q.sound_operation(decision.operation)? {
            Ok(Some(entry)) if decides(&entry, review, kind) => return Ok(None),
            Ok(Some(entry)) => why = format!("entry {} did not decide so", entry.id),
            Ok(None) => why = format!("entry {}, which decided it, is not in the log", decision.operation),
            Err(fault) => why = format!("entry {}, which decided it, {fault}", decision.operation),
        }
    }
    Ok(Some(format!("{what}, and {why}")))
}

/// The same of a review by its number; one that cannot be read stands nowhere.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_review(q: &Queries, id: ReviewId) -> Result<Option<String>, StoreError> {
    match q.review(id) {
        Ok(Some(review)) => fault_of_state(q, &review),
        Ok(None) => Ok(None),
        Err(StoreError::Damaged { what }) => Ok(Some(format!("review {id} cannot be read: {what}"))),
        Err(error) => Err(error),
    }
}

/// Whether an entry of the log decided this review so, and still does. A yes that only counted decided nothing.
fn decides(entry: &Operation, review: &Review, kind: DecisionKind) -> bool {
    let digest = entry.detail.get("digest").and_then(Value::as_str).and_then(|hex| hex.parse::<Digest>().ok());
    let is_vote = matches!(UndoNote::of(entry), Some(UndoNote::Vote { .. }));
    entry.verb == kind.word()
        && entry.undone_by.is_none()
        && entry.detail.get("review").and_then(Value::as_i64) == Some(review.id.0)
        && digest == Some(review.digest)
        && !is_vote
}
