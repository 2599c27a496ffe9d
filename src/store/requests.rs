//! Reviews requested from outside: by whom, their deadline, and the posted request.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::{Digest, Instant, Request, ReviewId, ReviewState, ToolName};
use rusqlite::params;

impl Queries {
    /// Waiting reviews whose deadline has passed at `now`, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn due_reviews(&self, now: Instant) -> StoreResult<Vec<ReviewId>> {
        let sql = "SELECT id FROM reviews WHERE state = ?1 AND expires_at_ms <= ?2 ORDER BY id";
        self.rows(sql, params![ReviewState::Waiting, now], |row| row.get(0))
    }

    /// Digests of a tool with a human approval that was not undone, newest decision first, without duplicates.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn approved_before(&self, tool: &ToolName) -> StoreResult<Vec<Digest>> {
        let sql = "SELECT digest FROM ( \
                   SELECT d.id AS id, d.digest AS digest FROM decisions d JOIN reviews r ON r.id = d.review \
                   WHERE r.tool = ?1 AND d.kind = 'approve' AND d.undone = 0 AND r.state = 'approved' \
                   AND r.kind IN ('new', 'evolved', 'drift', 'promotion') \
                   UNION ALL \
                   SELECT d.id, m.digest FROM decisions d JOIN reviews r ON r.id = d.review \
                   JOIN review_members m ON m.review = r.id \
                   WHERE m.tool = ?1 AND d.kind = 'approve' AND d.undone = 0 AND r.state = 'approved' \
                   AND r.kind = 'adoption') \
                   GROUP BY digest ORDER BY max(id) DESC";
        self.rows(sql, params![tool], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Records who requested a review, its deadline, and the posted request. Emits no event: opening the review did.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such review, and any other [`StoreError`] of a failed write.
    pub fn put_request(
        &self,
        review: ReviewId,
        asker: &str,
        expires_at: Option<Instant>,
        request: &Request,
    ) -> StoreResult<()> {
        let sql = "UPDATE reviews SET asker = ?2, expires_at_ms = ?3, request = ?4 WHERE id = ?1";
        if self.change(sql, params![review, asker, expires_at, Json(request)])? == 0 {
            return Err(StoreError::missing(format_args!("review {review}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, digest, name, operation, review, store};
    use super::*;
    use crate::domain::{Decision, DecisionKind, DisplayRecord, RequestKind};
    use serde_json::json;

    fn request() -> Request {
        serde_json::from_value(json!({
            "kind": "ToolReviewRequest", "tool": "x", "description": "adds", "rationale": "was asked to",
            "test_results": [{"name": "t", "state": "passed"}], "metadata": {"run": 7}
        }))
        .unwrap()
    }

    #[test]
    fn what_was_posted_stays_with_its_review_and_is_due_when_its_time_is_over() {
        let (_dir, mut store) = store();
        let end = Instant(NOW.0 + 5_000);
        let (asked, own) = change(&mut store, |tx| {
            let asked = tx.open_review(&review("x", "1"))?;
            tx.put_request(asked, "agent:coder", Some(end), &request())?;
            Ok((asked, tx.open_review(&review("y", "1"))?))
        });
        let found = store.review(asked).unwrap().unwrap();
        assert_eq!((found.asker.as_deref(), found.expires_at), (Some("agent:coder"), Some(end)));
        assert_eq!(found.request, Some(Box::new(request())));
        assert_eq!(request().kind, RequestKind::Tool);
        let own = store.review(own).unwrap().unwrap();
        assert_eq!((own.asker, own.expires_at, own.request), (None, None, None));
        assert_eq!(store.due_reviews(Instant(end.0 - 1)).unwrap(), []);
        assert_eq!(store.due_reviews(end).unwrap(), [asked]);
        change(&mut store, |tx| tx.set_review_state(asked, ReviewState::Expired));
        assert_eq!(store.due_reviews(end).unwrap(), []);
    }

    #[test]
    fn versions_approved_before_are_those_whose_yes_holds_newest_first() {
        let (_dir, mut store) = store();
        let mut approve = |content: &str, state: ReviewState, undone: bool| {
            change(&mut store, |tx| {
                let id = tx.open_review(&review("x", content))?;
                let operation = tx.log(&operation("approve", "x"))?;
                tx.add_decision(
                    id,
                    &Decision {
                        kind: DecisionKind::Approve,
                        reviewer: "Ada".to_owned(),
                        reason: None,
                        digest: digest(content),
                        at: NOW,
                        shown: DisplayRecord::default(),
                        operation,
                        undone,
                        override_reason: None,
                        role: None,
                    },
                )?;
                tx.set_review_state(id, state)
            });
        };
        approve("1", ReviewState::Approved, false);
        approve("2", ReviewState::Approved, false);
        approve("3", ReviewState::Approved, true);
        approve("4", ReviewState::Waiting, false);
        approve("1", ReviewState::Approved, false);
        assert_eq!(store.approved_before(&name("x")).unwrap(), [digest("1"), digest("2")]);
        assert_eq!(store.approved_before(&name("y")).unwrap(), []);
    }
}
