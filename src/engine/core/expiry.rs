//! Expiry of reviews, which counts as a rejection.

use crate::domain::{ReviewId, ReviewState};
use crate::engine::error::EngineError;
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// The name in the log for expiry.
const CLOCK: &str = "toolsmith";

/// Closes and logs every pending review that has expired. Returns those reviews.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn expire(tx: &Tx<'_>) -> Result<Vec<ReviewId>, EngineError> {
    let due = tx.due_reviews(tx.now())?;
    for id in &due {
        let Some(review) = tx.review(*id)? else { continue };
        tx.log(&NewOperation {
            who: CLOCK.to_owned(),
            verb: "expire".to_owned(),
            subject: review.tool.to_string(),
            detail: json!({
                "review": id,
                "kind": review.kind,
                "digest": review.digest,
                "asker": review.asker,
                "expires_at": review.expires_at,
            }),
            reversible: false,
        })?;
        tx.set_review_state(*id, ReviewState::Expired)?;
    }
    Ok(due)
}
