//! Tests whether the log confirms the state of a review: the table contains only a word, the log contains the decision.

use super::undo_note::UndoNote;
use crate::domain::{Decision, DecisionKind, Digest, Operation, Review, ReviewId, ReviewState};
use crate::store::{Queries, StoreError};
use serde_json::Value;

/// Why the state of a review is invalid; `None` if a valid decision confirms it, or if the review is undecided.
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
    let mut why = "no decision in force matches".to_owned();
    for decision in review.decisions.iter().filter(in_force) {
        match q.sound_operation(decision.operation)? {
            Ok(Some(entry)) if decides(&entry, review, kind) => return Ok(None),
            Ok(Some(entry)) => why = format!("entry {} does not contain this decision", entry.id),
            Ok(None) => why = format!("entry {}, which decided it, is not in the log", decision.operation),
            Err(fault) => why = format!("entry {}, which decided it, {fault}", decision.operation),
        }
    }
    Ok(Some(format!("{what}, and {why}")))
}

/// The same for a review by its number; an unreadable review is invalid.
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

/// Whether a log entry is a valid decision of this kind on this review. An approval that only counted as a vote decided
/// nothing.
fn decides(entry: &Operation, review: &Review, kind: DecisionKind) -> bool {
    let digest = entry.detail.get("digest").and_then(Value::as_str).and_then(|hex| hex.parse::<Digest>().ok());
    let is_vote = matches!(UndoNote::of(entry), Some(UndoNote::Vote { .. }));
    entry.verb == kind.word()
        && entry.undone_by.is_none()
        && entry.detail.get("review").and_then(Value::as_i64) == Some(review.id.0)
        && digest == Some(review.digest)
        && !is_vote
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Instant, OperationId};
    use crate::store::{NewOperation, Store, Tx};
    use serde_json::json;

    fn in_store(work: impl FnOnce(&Tx<'_>) -> Result<(), StoreError>) {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path()).unwrap().transact(Instant(0), work).unwrap();
    }

    fn log(tx: &Tx<'_>, verb: &str, detail: Value) -> Result<OperationId, StoreError> {
        let (who, verb, subject) = ("Ada".to_owned(), verb.to_owned(), "t".to_owned());
        tx.log(&NewOperation { who, verb, subject, detail, reversible: true })
    }

    fn review(state: ReviewState, decisions: Vec<Decision>) -> Review {
        Review { state, decisions, ..Review::ordinary("t") }
    }

    /// The entry of a decision on this review.
    fn detail() -> Value {
        let review = Review::ordinary("t");
        json!({"review": review.id, "digest": review.digest, "undo": UndoNote::Decline { review: review.id }})
    }

    #[test]
    fn a_state_counts_only_with_a_decision_in_force_that_the_log_has() {
        use DecisionKind::{Approve, Reject, RequestChanges};
        for (state, kind) in [
            (ReviewState::Approved, Approve),
            (ReviewState::Rejected, Reject),
            (ReviewState::ChangesRequested, RequestChanges),
        ] {
            in_store(|tx| {
                let entry = log(tx, kind.word(), detail())?;
                let decision = Decision::ordinary(kind, entry.0);
                let fault = |decision: Decision| fault_of_state(tx, &review(state, vec![decision]));
                assert_eq!(fault(decision.clone())?, None, "{state}");
                let none = fault_of_state(tx, &review(state, Vec::new()))?.unwrap();
                assert!(none.ends_with("no decision in force matches"), "{none}");
                for other in [Approve, Reject, RequestChanges].into_iter().filter(|other| *other != kind) {
                    assert_eq!(fault(Decision { kind: other, ..decision.clone() })?, Some(none.clone()), "{other}");
                }
                assert_eq!(fault(Decision { undone: true, ..decision.clone() })?, Some(none));
                let nowhere = fault(Decision { operation: OperationId(9), ..decision })?.unwrap();
                assert!(nowhere.ends_with("entry 9, which decided it, is not in the log"), "{nowhere}");
                Ok(())
            });
        }
    }

    #[test]
    fn an_entry_decides_only_the_review_and_version_that_it_names() {
        let with = |key: &str, value: Value| {
            let mut detail = detail();
            detail[key] = value;
            detail
        };
        let vote = UndoNote::Vote { review: Review::ordinary("t").id };
        for (verb, detail) in [
            ("reject", detail()),
            ("approve", with("review", json!(2))),
            ("approve", with("review", Value::Null)),
            ("approve", with("digest", json!(Digest([9; 32])))),
            ("approve", with("digest", Value::Null)),
            ("approve", with("undo", json!(vote))),
        ] {
            in_store(|tx| {
                let entry = log(tx, verb, detail.clone())?;
                let decision = Decision::ordinary(DecisionKind::Approve, entry.0);
                let fault = fault_of_state(tx, &review(ReviewState::Approved, vec![decision]))?.unwrap_or_default();
                assert!(fault.ends_with("entry 1 does not contain this decision"), "{verb} {detail}: {fault}");
                Ok(())
            });
        }
    }

    #[test]
    fn a_decision_that_was_taken_back_decides_nothing_and_an_older_one_may() {
        in_store(|tx| {
            let first = log(tx, "approve", detail())?;
            let second = log(tx, "approve", detail())?;
            let back = log(tx, "undo", json!({"operation": first}))?;
            tx.mark_undone(first, back)?;
            let by = |operations: &[OperationId]| {
                let decision = |operation: &OperationId| Decision::ordinary(DecisionKind::Approve, operation.0);
                fault_of_state(tx, &review(ReviewState::Approved, operations.iter().map(decision).collect()))
            };
            assert!(by(&[first])?.is_some_and(|fault| fault.ends_with("entry 1 does not contain this decision")));
            assert_eq!(by(&[first, second])?, None);
            Ok(())
        });
    }

    #[test]
    fn what_nobody_decides_needs_no_entry() {
        in_store(|tx| {
            for state in [ReviewState::Waiting, ReviewState::Superseded, ReviewState::Expired] {
                assert_eq!(fault_of_state(tx, &review(state, Vec::new()))?, None, "{state}");
            }
            assert_eq!(fault_of_review(tx, ReviewId(7))?, None, "there is none");
            Ok(())
        });
    }
}
