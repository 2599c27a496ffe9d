//! Reopens requests whose object was lost and is back.

use crate::domain::ReviewState;
use crate::store::{NewOperation, ReviewHead, StoreError, Tx};
use serde_json::json;

/// The name in the log for decisions by the state of the files.
const SCAN: &str = "toolsmith";

/// Makes requests from outside pending again that were closed because their files were gone, if the files are back. A
/// request stays closed if it was undone, or if the same question was asked again since. Updates `heads`.
///
/// # Errors
///
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
        // The heads are sorted, oldest first.
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
