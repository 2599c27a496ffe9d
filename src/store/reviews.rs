//! Reviews, what they cover, and their decisions.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json, Text};
use crate::domain::{
    Decision, Digest, DisplayRecord, EventKind, OperationId, Request, Review, ReviewId, ReviewKind, ReviewState, Risk,
    SeenPart, Stage, Tally, ToolName,
};
use rusqlite::{Row, ToSql, params};

const INSERT: &str = "INSERT INTO reviews (kind, tool, version, digest, from_stage, to_stage, state, created_at_ms, \
     risk, summary, path, base_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// Columns of a decision, in the order that [`read_decision`] expects.
pub(super) const DECISION: &str = "d.review, d.kind, d.reviewer, d.reason, d.digest, d.at_ms, d.lines, d.lines_shown, \
     d.tail_shown, d.open_ms, d.operation, d.undone, d.override_reason, d.role, d.seen";

/// A review to open.
#[derive(Debug, Clone, PartialEq)]
pub struct NewReview {
    /// Determines what an approval does.
    pub kind: ReviewKind,
    /// The tool; for an adoption the word `adoption`.
    pub tool: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// The digest an approval covers.
    pub digest: Digest,
    /// Stage when the review is opened.
    pub from_stage: Stage,
    /// Stage after an approval.
    pub to_stage: Stage,
    /// How much harm a wrong approval could do.
    pub risk: Risk,
    /// One line for the queue, not escaped.
    pub summary: String,
    /// Path of the definition.
    pub path: String,
    /// The digest approved before.
    pub base_digest: Option<Digest>,
    /// For an adoption: what it covers.
    pub members: Vec<(ToolName, Digest)>,
}

/// The part of a review that is needed to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewHead {
    /// Counts up within the workspace.
    pub id: ReviewId,
    /// Determines what an approval does.
    pub kind: ReviewKind,
    /// Name of the tool; `adoption` for an adoption.
    pub tool: ToolName,
    /// The digest an approval covers.
    pub digest: Digest,
    /// Path of the definition when it was opened.
    pub path: String,
    /// Waiting, decided, or ended without a decision.
    pub state: ReviewState,
    /// Whether it is a permit that a run has used.
    pub used: bool,
    /// The version that its changes are compared with.
    pub base_digest: Option<Digest>,
}

/// The state of a review, for the row of its tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewOutcome {
    /// Counts up within the workspace.
    pub id: ReviewId,
    /// What the review asks for.
    pub kind: ReviewKind,
    /// Name of the tool; `adoption` for an adoption.
    pub tool: ToolName,
    /// The digest an approval covers.
    pub digest: Digest,
    /// Waiting, decided, or ended without a decision.
    pub state: ReviewState,
}

/// The columns of a [`ReviewHead`].
const HEAD: &str = "id, kind, tool, digest, path, state, EXISTS (SELECT 1 FROM used_permits u WHERE u.review = reviews.id), base_digest";

impl Queries {
    /// Reviews in one of these states with their decisions and members, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn reviews(&self, states: &[ReviewState]) -> StoreResult<Vec<Review>> {
        let places: Vec<String> = (1..=states.len()).map(|place| format!("?{place}")).collect();
        let values: Vec<&dyn ToSql> = states.iter().map(|state| state as &dyn ToSql).collect();
        self.load_reviews(&format!("reviews.state IN ({})", places.join(", ")), &values)
    }

    /// One review with its decisions and members.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn review(&self, id: ReviewId) -> StoreResult<Option<Review>> {
        Ok(self.load_reviews("reviews.id = ?1", &[&id])?.pop())
    }

    /// All reviews in short form, or those of one tool, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn review_heads(&self, tool: Option<&ToolName>) -> StoreResult<Vec<ReviewHead>> {
        if let Some(tool) = tool {
            return self.rows(
                &format!("SELECT {HEAD} FROM reviews WHERE tool = ?1 ORDER BY id"),
                params![tool],
                read_head,
            );
        }
        self.rows(&format!("SELECT {HEAD} FROM reviews ORDER BY id"), [], read_head)
    }

    /// Calls back with the state of all reviews, or of those of one tool, oldest first. A list of 100,000 would take 15
    /// MB.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn each_review(&self, tool: Option<&ToolName>, take: &mut dyn FnMut(ReviewOutcome)) -> StoreResult<()> {
        let row = |row: &Row<'_>| {
            let (id, kind, tool) = (row.get(0)?, row.get(1)?, row.get(2)?);
            take(ReviewOutcome { id, kind, tool, digest: row.get(3)?, state: row.get(4)? });
            Ok(())
        };
        let columns = "id, kind, tool, digest, state";
        match tool {
            Some(tool) => {
                let sql = format!("SELECT {columns} FROM reviews WHERE tool = ?1 ORDER BY id");
                self.rows(&sql, params![tool], row).map(drop)
            }
            None => self.rows(&format!("SELECT {columns} FROM reviews ORDER BY id"), [], row).map(drop),
        }
    }

    /// Decided reviews of versions in the workspace that no decision in force supports. A quick check of the tables; it
    /// does not verify the log entries.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn undecided(&self) -> StoreResult<Vec<ReviewId>> {
        let sql = "SELECT r.id FROM reviews r WHERE r.state IN ('approved', 'rejected', 'changes-requested') \
             AND EXISTS (SELECT 1 FROM present p WHERE p.tool = r.tool AND p.digest = r.digest) \
             AND NOT EXISTS (SELECT 1 FROM decisions d JOIN operations o ON o.id = d.operation \
                 WHERE d.review = r.id AND d.undone = 0 AND o.undone_by IS NULL AND o.verb = d.kind \
                 AND d.kind = CASE r.state WHEN 'approved' THEN 'approve' WHEN 'rejected' THEN 'reject' \
                     ELSE 'request-changes' END \
                 AND instr(o.detail, '\"review\":' || r.id || ',') > 0 \
                 AND instr(o.detail, '\"undo\":{\"kind\":\"vote\"') = 0)";
        self.rows(sql, [], |row| row.get(0))
    }

    /// Reads reviews, their decisions and their members with one query each, however many there are.
    fn load_reviews(&self, which: &str, values: &[&dyn ToSql]) -> StoreResult<Vec<Review>> {
        self.snapshot(|queries| {
            let sql = format!(
                "SELECT id, kind, tool, version, digest, from_stage, to_stage, state, created_at_ms, \
                 (SELECT tally FROM verdicts v WHERE v.tool = reviews.tool AND v.digest = reviews.digest), risk, \
                 summary, path, base_digest, asker, expires_at_ms, request FROM reviews WHERE {which} ORDER BY id"
            );
            let mut reviews = queries.rows(&sql, values, read_review)?;
            // For 100,000 waiting reviews, the unused capacity of the list is 20 MB.
            reviews.shrink_to_fit();
            let place = |reviews: &[Review], id| reviews.binary_search_by_key(&id, |review| review.id).ok();
            for (id, member) in queries.load_members(which, values)? {
                let Some(at) = place(&reviews, id) else { continue };
                reviews[at].members.push(member);
            }
            for (id, decision) in queries.load_decisions(which, values)? {
                let Some(at) = place(&reviews, id) else { continue };
                reviews[at].decisions.push(decision);
            }
            Ok(reviews)
        })
    }

    fn load_members(&self, which: &str, values: &[&dyn ToSql]) -> StoreResult<Vec<(ReviewId, (ToolName, Digest))>> {
        let sql = format!(
            "SELECT m.review, m.tool, m.digest FROM reviews JOIN review_members m ON m.review = reviews.id \
             WHERE {which} ORDER BY m.review, m.position"
        );
        self.rows(&sql, values, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
    }

    fn load_decisions(&self, which: &str, values: &[&dyn ToSql]) -> StoreResult<Vec<(ReviewId, Decision)>> {
        let sql = format!(
            "SELECT {DECISION} FROM reviews JOIN decisions d ON d.review = reviews.id \
             WHERE {which} ORDER BY d.id"
        );
        self.rows(&sql, values, |row| Ok((row.get(0)?, read_decision(row)?)))
    }
}

fn read_head(row: &rusqlite::Row<'_>) -> rusqlite::Result<ReviewHead> {
    Ok(ReviewHead {
        id: row.get(0)?,
        kind: row.get(1)?,
        tool: row.get(2)?,
        digest: row.get(3)?,
        path: row.get(4)?,
        state: row.get(5)?,
        used: row.get(6)?,
        base_digest: row.get(7)?,
    })
}

impl Tx<'_> {
    /// Opens a review, which then waits for a human. Emits `review-opened`.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed write.
    pub fn open_review(&self, new: &NewReview) -> StoreResult<ReviewId> {
        let row = params![
            new.kind,
            new.tool,
            Text(&new.version),
            new.digest,
            new.from_stage,
            new.to_stage,
            ReviewState::Waiting,
            self.now(),
            new.risk,
            new.summary,
            new.path,
            new.base_digest
        ];
        let id = ReviewId(self.insert(INSERT, row)?);
        let sql = "INSERT INTO review_members (review, position, tool, digest) VALUES (?1, ?2, ?3, ?4)";
        for (position, (tool, digest)) in (0_i64..).zip(&new.members) {
            self.change(sql, params![id, position, tool, digest])?;
        }
        self.emit(EventKind::ReviewOpened, id)?;
        Ok(id)
    }

    /// Sets the summary of a waiting review when more is known. Emits `review-opened`, so that views of the review are
    /// updated.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when no such review waits, and any other [`StoreError`] of a failed write.
    pub fn set_review_summary(&self, id: ReviewId, summary: &str) -> StoreResult<()> {
        let sql = "UPDATE reviews SET summary = ?2 WHERE id = ?1 AND state = ?3";
        if self.change(sql, params![id, summary, ReviewState::Waiting])? == 0 {
            return Err(StoreError::missing(format_args!("waiting review {id}")));
        }
        self.emit(EventKind::ReviewOpened, id).map(drop)
    }

    /// Sets the state of a review. Emits `review-superseded` for that state, otherwise `review-decided` (also when a
    /// decision is undone and the review waits again).
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such review, and any other [`StoreError`] of a failed write.
    pub fn set_review_state(&self, id: ReviewId, state: ReviewState) -> StoreResult<()> {
        if self.change("UPDATE reviews SET state = ?2 WHERE id = ?1", params![id, state])? == 0 {
            return Err(StoreError::missing(format_args!("review {id}")));
        }
        let kind = match state {
            ReviewState::Superseded => EventKind::ReviewSuperseded,
            ReviewState::Waiting
            | ReviewState::Approved
            | ReviewState::Rejected
            | ReviewState::ChangesRequested
            | ReviewState::Expired => EventKind::ReviewDecided,
        };
        self.emit(kind, id).map(drop)
    }

    /// Appends a decision to a review. Emits no event: setting the state does.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed write, also when the review or the log entry does not exist.
    pub fn add_decision(&self, review: ReviewId, decision: &Decision) -> StoreResult<()> {
        let sql = "INSERT INTO decisions (review, kind, reviewer, reason, digest, at_ms, lines, lines_shown, \
                   tail_shown, open_ms, operation, undone, override_reason, role, seen) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
        let shown = &decision.shown;
        let row = params![
            review,
            decision.kind,
            decision.reviewer,
            decision.reason,
            decision.digest,
            decision.at,
            Count(shown.lines),
            Count(shown.lines_shown),
            shown.tail_shown,
            Count(shown.open_ms),
            decision.operation,
            decision.undone,
            decision.override_reason,
            decision.role,
            Json(shown.parts.clone())
        ];
        self.insert(sql, row).map(drop)
    }

    /// Marks the decisions of this log entry as undone; returns how many there were.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed write.
    pub fn mark_decision_undone(&self, operation: OperationId) -> StoreResult<usize> {
        self.change("UPDATE decisions SET undone = 1 WHERE operation = ?1", params![operation])
    }
}

fn read_review(row: &Row<'_>) -> rusqlite::Result<Review> {
    let kind: ReviewKind = row.get(1)?;
    let verdict = row.get::<_, Option<Json<Tally>>>(9)?.map(|json| json.0);
    let risk: Risk = row.get(10)?;
    Ok(Review {
        id: row.get(0)?,
        kind,
        tool: row.get(2)?,
        version: row.get::<_, Text<semver::Version>>(3)?.0,
        digest: row.get(4)?,
        from_stage: row.get(5)?,
        to_stage: row.get(6)?,
        state: row.get(7)?,
        created_at: row.get(8)?,
        risk: if kind.judges_version() { risk.beside(verdict.as_ref()) } else { risk },
        verdict,
        summary: row.get(11)?,
        path: row.get(12)?,
        base_digest: row.get(13)?,
        members: Vec::new(),
        decisions: Vec::new(),
        asker: row.get(14)?,
        expires_at: row.get(15)?,
        request: row.get::<_, Option<Json<Request>>>(16)?.map(|json| Box::new(json.0)),
        team: None,
        colleague: None,
    })
}

/// Reads a decision from the columns after the number of its review.
pub(super) fn read_decision(row: &Row<'_>) -> rusqlite::Result<Decision> {
    Ok(Decision {
        kind: row.get(1)?,
        reviewer: row.get(2)?,
        reason: row.get(3)?,
        digest: row.get(4)?,
        at: row.get(5)?,
        shown: DisplayRecord {
            lines: row.get::<_, Count>(6)?.0,
            lines_shown: row.get::<_, Count>(7)?.0,
            tail_shown: row.get(8)?,
            open_ms: row.get::<_, Count>(9)?.0,
            parts: row.get::<_, Json<Vec<SeenPart>>>(14)?.0,
        },
        operation: row.get(10)?,
        undone: row.get(11)?,
        override_reason: row.get(12)?,
        role: row.get(13)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, digest, name, operation, review, store};
    use super::*;
    use crate::domain::{DecisionKind, EventSeq, Instant};

    fn decision(operation: OperationId) -> Decision {
        Decision {
            kind: DecisionKind::Reject,
            reviewer: "Ada <ada@example.org>".to_owned(),
            reason: Some("not yet".to_owned()),
            digest: digest("1"),
            at: Instant(NOW.0 - 3),
            shown: DisplayRecord {
                lines: 40,
                lines_shown: 39,
                tail_shown: true,
                open_ms: 1200,
                parts: vec![SeenPart { part: "evidence".to_owned(), lines: 40, lines_shown: 39, ms: 1100 }],
            },
            operation,
            undone: false,
            override_reason: Some("measured by hand".to_owned()),
            role: None,
        }
    }

    #[test]
    fn a_review_reads_back_with_its_members_and_decisions() {
        let (_dir, mut store) = store();
        let members = vec![(name("b"), digest("b")), (name("a"), digest("a"))];
        let new = NewReview { members: members.clone(), base_digest: Some(digest("0")), ..review("x", "1") };
        let (other, id, operation) = change(&mut store, |tx| {
            let other = tx.open_review(&review("y", "2"))?;
            let id = tx.open_review(&new)?;
            let operation = tx.log(&operation("reject", "x"))?;
            tx.add_decision(id, &decision(operation))?;
            tx.set_review_state(id, ReviewState::Rejected)?;
            Ok((other, id, operation))
        });
        let expected = Review {
            id,
            kind: new.kind,
            tool: new.tool,
            version: new.version,
            digest: new.digest,
            from_stage: new.from_stage,
            to_stage: new.to_stage,
            state: ReviewState::Rejected,
            created_at: NOW,
            verdict: None,
            risk: new.risk,
            summary: new.summary,
            path: new.path,
            base_digest: new.base_digest,
            members,
            decisions: vec![decision(operation)],
            asker: None,
            expires_at: None,
            request: None,
            team: None,
            colleague: None,
        };
        assert_eq!(store.review(id).unwrap(), Some(expected.clone()));
        assert_eq!(store.reviews(&[ReviewState::Rejected]).unwrap(), vec![expected]);
        let ids = |states: &[ReviewState]| store.reviews(states).unwrap().iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(ids(ReviewState::ALL), [other, id]);
        assert_eq!(ids(&[ReviewState::Waiting]), [other]);
        assert_eq!(ids(&[]), []);
        assert_eq!(store.review(ReviewId(99)).unwrap(), None);
        let heads: Vec<_> = store.review_heads(None).unwrap().into_iter().map(|h| (h.id, h.state)).collect();
        assert_eq!(heads, [(other, ReviewState::Waiting), (id, ReviewState::Rejected)]);
    }

    #[test]
    fn a_summary_changes_while_the_review_waits() {
        let (_dir, mut store) = store();
        let id = change(&mut store, |tx| {
            let id = tx.open_review(&review("x", "1"))?;
            tx.set_review_summary(id, "more")?;
            tx.set_review_state(id, ReviewState::Approved)?;
            assert!(tx.set_review_summary(id, "too late").is_err());
            Ok(id)
        });
        assert_eq!(store.review(id).unwrap().unwrap().summary, "more");
    }

    #[test]
    fn every_change_of_a_review_is_told_by_its_number() {
        let (_dir, mut store) = store();
        let id = change(&mut store, |tx| {
            let id = tx.open_review(&review("x", "1"))?;
            for state in [ReviewState::Approved, ReviewState::Waiting, ReviewState::Superseded] {
                tx.set_review_state(id, state)?;
            }
            Ok(id)
        });
        let events = store.events_since(EventSeq(0), 9).unwrap();
        assert!(events.iter().all(|event| event.subject == id.to_string()));
        assert_eq!(
            events.into_iter().map(|event| event.kind).collect::<Vec<_>>(),
            [EventKind::ReviewOpened, EventKind::ReviewDecided, EventKind::ReviewDecided, EventKind::ReviewSuperseded,]
        );
        let missing = store.transact(NOW, |tx| tx.set_review_state(ReviewId(9), ReviewState::Approved));
        assert!(matches!(missing, Err(StoreError::Missing { what }) if what == "review 9"));
    }

    #[test]
    fn a_decision_that_is_taken_back_stays_with_a_mark() {
        let (_dir, mut store) = store();
        let (id, first, second) = change(&mut store, |tx| {
            let id = tx.open_review(&review("x", "1"))?;
            let (first, second) = (tx.log(&operation("reject", "x"))?, tx.log(&operation("reject", "x"))?);
            tx.add_decision(id, &decision(first))?;
            tx.add_decision(id, &decision(second))?;
            Ok((id, first, second))
        });
        assert_eq!(change(&mut store, |tx| tx.mark_decision_undone(first)), 1);
        let decisions = store.review(id).unwrap().unwrap().decisions;
        assert_eq!(decisions, vec![Decision { undone: true, ..decision(first) }, decision(second)]);
    }

    #[test]
    fn a_decision_needs_its_review_and_its_log_entry() {
        let (_dir, mut store) = store();
        let refused = store.transact(NOW, |tx| tx.add_decision(ReviewId(1), &decision(OperationId(1))));
        assert!(matches!(refused, Err(StoreError::Sql { .. })));
    }
}
