//! Requests that lost their object and get it back.

use crate::domain::ReviewState;
use crate::store::{NewOperation, ReviewHead, StoreError, Tx};
use serde_json::json;

/// Who is named in the log when the files decide.
const SCAN: &str = "toolsmith";

/// Lets requests from outside wait again that ended because the bytes they were about were gone, when those are back.
/// One that was undone, or asked again since, stays closed. Brings `heads` up to date.
///
/// # Errors
/// Any failed read or write of the store.
pub(super) fn reopen_found(
    tx: &Tx<'_>,
    heads: &mut [ReviewHead],
    is_there: impl Fn(&ReviewHead) -> bool,
) -> Result<(), StoreError> {
    for at in 0..heads.len() {
        let head = &heads[at];
        let lost = head.state == ReviewState::Superseded && !head.kind.is_about_text();
        let same = |other: &ReviewHead| {
            let same_question = other.kind == head.kind || (other.kind.judges_version() && head.kind.judges_version());
            same_question && other.tool == head.tool && other.digest == head.digest
        };
        // Heads come oldest first.
        if !lost || !is_there(head) || heads[at + 1..].iter().any(same) {
            continue;
        }
        let Some(review) = tx.review(head.id)?.filter(|review| review.asker.is_some()) else { continue };
        let mut is_given_up = false;
        for verb in ["request", "new", "define"] {
            let given_up = tx.taken_back(verb, Some(review.tool.as_str()))?;
            is_given_up |= given_up.iter().any(|operation| operation.detail.get("review") == Some(&json!(review.id)));
        }
        if is_given_up {
            continue;
        }
        tx.log(&NewOperation {
            who: SCAN.to_owned(),
            verb: "reopen".to_owned(),
            subject: review.tool.to_string(),
            detail: json!({
                "review": review.id, "kind": review.kind, "digest": review.digest, "asker": review.asker,
                "reason": "its files exist and nothing else decides about them",
            }),
            reversible: false,
        })?;
        tx.set_review_state(review.id, ReviewState::Waiting)?;
        heads[at].state = ReviewState::Waiting;
    }
    Ok(())
}
