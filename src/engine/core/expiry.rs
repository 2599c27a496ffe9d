//! Silence that became a no.

use crate::domain::{ReviewId, ReviewState};
use crate::engine::error::EngineError;
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Who is named in the log when time decides.
const CLOCK: &str = "toolsmith";

/// Closes every waiting review whose time is over, and logs each. Those that it closed.
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
