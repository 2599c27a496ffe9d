//! A request from outside becomes a review, in one transaction with the tool it brings.

use super::placed::Placed;
use super::rollback::arrive;
use super::step::{Actor, Step, answer, intend};
use super::undo_note::UndoNote;
use crate::domain::{Caller, Instant, Request, ReviewId, ReviewState};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, NewReview, Tx};
use serde_json::json;

/// What was posted, read and checked.
#[derive(Debug)]
pub struct Posted<'a> {
    /// The word of the log for it.
    pub verb: &'static str,
    pub asker: &'a Caller,
    /// What is kept with the review.
    pub request: &'a Request,
    /// When silence becomes a rejection.
    pub expires_at: Option<Instant>,
    /// The waiting review of the version that it speaks for; else one is opened.
    pub waiting: Option<ReviewId>,
    /// A waiting review that it takes the place of.
    pub replaces: Option<ReviewId>,
    /// The review to open.
    pub review: NewReview,
    /// The tool to write; its bytes are kept.
    pub writes: Option<&'a Placed>,
}

/// Opens the review that a request asks for, or speaks for the one that waits.
///
/// # Errors
/// `Conflict` while a move of the tool is owed; `Internal` for errors of the store.
pub fn post(tx: &Tx<'_>, actor: Actor<'_>, posted: &Posted<'_>) -> Result<Step, EngineError> {
    if let Some(replaced) = posted.replaces {
        if tx.review(replaced)?.is_none_or(|review| review.state != ReviewState::Waiting) {
            let message = format!("review {replaced} is no longer pending");
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it again"));
        }
        tx.set_review_state(replaced, ReviewState::Superseded)?;
    }
    let review = match posted.waiting {
        Some(review) => review,
        None => tx.open_review(&posted.review)?,
    };
    // Only what is opened here ends by silence: nobody's word takes a review away that waited before.
    let expires_at = posted.expires_at.filter(|_| posted.waiting.is_none());
    tx.put_request(review, actor.who, expires_at, posted.request)?;
    let note = UndoNote::Post { review, wrote: posted.writes.cloned(), replaced: posted.replaces };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: posted.verb.to_owned(),
        subject: posted.review.tool.to_string(),
        detail: json!({
            "review": review,
            "kind": posted.request.kind,
            "version": posted.review.version.to_string(),
            "digest": posted.review.digest,
            "replaces": posted.replaces,
            "expires_at": expires_at,
            "undo": note,
        }),
        // What an agent asked for is answered, not taken back: `undo` without a number must not find it.
        reversible: matches!(posted.asker, Caller::Human(_)) && posted.waiting.is_none(),
    })?;
    let mut intents = Vec::new();
    if let Some(placed) = posted.writes {
        let mut step = arrive(tx, actor, placed, None, (operation, posted.verb))?;
        step.commit = None;
        intents.push(intend(tx, actor, step)?);
    }
    let message = format!("review {review} of {} is pending", posted.review.tool);
    Ok(Step { outcome: answer(Some(operation), Some(review), message), intents })
}
