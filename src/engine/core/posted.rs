//! Opens a review for a request from outside, in one transaction with the tool that it contains.

use super::placed::Placed;
use super::rollback::arrive;
use super::step::{Actor, Step, answer, intend};
use super::undo_note::UndoNote;
use crate::domain::{Caller, Instant, Request, ReviewId, ReviewState};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, NewReview, Tx};
use serde_json::json;

/// A posted request, parsed and validated.
#[derive(Debug)]
pub struct Posted<'a> {
    /// Its verb in the log.
    pub verb: &'static str,
    pub asker: &'a Caller,
    /// Stored with the review.
    pub request: &'a Request,
    /// When it expires and counts as rejected.
    pub expires_at: Option<Instant>,
    /// The pending review to which the request is added; `None` opens a new review.
    pub waiting: Option<ReviewId>,
    /// A pending review that it replaces.
    pub replaces: Option<ReviewId>,
    /// The review to open.
    pub review: NewReview,
    /// The tool to write; its bytes are kept.
    pub writes: Option<&'a Placed>,
}

/// Opens the review for a request, or adds the request to the pending one.
///
/// # Errors
/// `Conflict` while a move of the tool is pending; `Internal` for errors of the store.
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
    // Only a review that this request opens expires: a request must not make an earlier review expire.
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
        // A request of an agent is answered, not undone: `undo` without a number must not select it.
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
