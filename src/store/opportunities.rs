//! The data from which opportunities are computed, and how users answered them.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Count;
use crate::domain::{DismissedOpportunity, OperationId, ReviewId, RunFact};
use rusqlite::{Row, params};
use std::collections::HashMap;

/// Longer inputs (in characters) are left out of a [`RunFact`]: they are documents, not values passed from run to run.
const LONG_INPUT: usize = 16_384;

impl Queries {
    /// The newest runs that have ended, limited in number, oldest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn run_facts(&self, limit: usize) -> StoreResult<Vec<RunFact>> {
        let sql = "SELECT id, tool, caller, outcome, started_at_ms, duration_ms, cpu_ms, \
                   max(peak_memory_bytes, max_rss_bytes), error, \
                   CASE WHEN length(input) <= ?2 THEN input ELSE '' END, interpreter IS NOT NULL \
                   FROM runs WHERE outcome <> 'running' ORDER BY started_at_ms DESC, id DESC LIMIT ?1";
        let mut facts = self.rows(sql, params![Count(limit as u64), Count(LONG_INPUT as u64)], read_fact)?;
        facts.reverse();
        Ok(facts)
    }

    /// Opportunities that became specifications, by key, each with its newest review. Those whose review was undone are
    /// left out.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn accepted_opportunities(&self) -> StoreResult<HashMap<String, ReviewId>> {
        let sql = "SELECT json_extract(request, '$.metadata.opportunity.key') AS key, max(id) FROM reviews \
                   WHERE kind = 'specification' AND request IS NOT NULL AND state <> 'superseded' \
                   AND key IS NOT NULL GROUP BY key";
        Ok(self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect())
    }

    /// The opportunities that were dismissed, newest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn dismissed_opportunities(&self) -> StoreResult<Vec<DismissedOpportunity>> {
        let sql = "SELECT key, kind, title, reason, who, at_ms FROM dismissed_opportunities ORDER BY at_ms DESC, key";
        self.rows(sql, [], |row| {
            Ok(DismissedOpportunity {
                key: row.get(0)?,
                kind: row.get(1)?,
                title: row.get(2)?,
                reason: row.get(3)?,
                who: row.get(4)?,
                at: row.get(5)?,
            })
        })
    }
}

impl Tx<'_> {
    /// Dismisses an opportunity; `false` when it was dismissed before. Emits no event: readers query these rows.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn dismiss_opportunity(&self, what: &DismissedOpportunity, operation: OperationId) -> StoreResult<bool> {
        let sql = "INSERT INTO dismissed_opportunities (key, kind, title, reason, who, at_ms, operation) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO NOTHING";
        let DismissedOpportunity { key, kind, title, reason, who, at: _ } = what;
        Ok(self.change(sql, params![key, kind, title, reason, who, self.now(), operation])? > 0)
    }

    /// Shows a dismissed opportunity again; `false` when it was not dismissed.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn recall_opportunity(&self, key: &str) -> StoreResult<bool> {
        Ok(self.change("DELETE FROM dismissed_opportunities WHERE key = ?1", params![key])? > 0)
    }
}

fn read_fact(row: &Row<'_>) -> rusqlite::Result<RunFact> {
    let count = |column: usize| row.get::<_, Count>(column).map(|count| count.0);
    Ok(RunFact {
        id: row.get(0)?,
        tool: row.get(1)?,
        caller: row.get(2)?,
        outcome: row.get(3)?,
        started_at: row.get(4)?,
        duration_ms: count(5)?,
        cpu_ms: count(6)?,
        memory_bytes: count(7)?,
        error: row.get(8)?,
        input: row.get(9)?,
        is_interpreted: row.get(10)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, change_at, finished, operation, review, run, store};
    use super::super::{NewReview, NewRun};
    use super::*;
    use crate::domain::{
        Instant, OpportunityKind, Request, ReviewKind, ReviewState, RunEnd, RunId, RunOutcome, ToolName,
    };
    use serde_json::json;

    #[test]
    fn the_newest_ended_runs_are_told_oldest_first_and_without_documents() {
        let (_dir, mut store) = store();
        for (at, input) in [(1, "{\"n\":1}".to_owned()), (2, "x".repeat(LONG_INPUT + 1)), (3, "{}".to_owned())] {
            let new = NewRun { input, ..run("x") };
            let id = change_at(&mut store, Instant(NOW.0 + at), |tx| tx.start_run(&new));
            let end = RunEnd::Failed { exit_code: 1, reason: format!("no {at}") };
            change(&mut store, |tx| tx.finish_run(id, &finished(end)));
        }
        change_at(&mut store, Instant(NOW.0 + 4), |tx| tx.start_run(&run("x")));
        let facts = store.run_facts(2).unwrap();
        let told: Vec<_> = facts.iter().map(|fact| (fact.id, fact.input.as_str(), fact.error.as_deref())).collect();
        assert_eq!(told, [(RunId(2), "", Some("no 2")), (RunId(3), "{}", Some("no 3"))]);
        let newest = &facts[1];
        assert_eq!((newest.outcome, newest.duration_ms, newest.memory_bytes), (RunOutcome::Failed, 12, 8192));
        assert_eq!((newest.tool.clone(), newest.is_interpreted), (ToolName::new("x").unwrap(), false));
    }

    #[test]
    fn what_was_accepted_is_told_until_its_review_is_taken_back() {
        let (_dir, mut store) = store();
        let asked = json!({"kind": "specification", "tool": "x", "description": "d", "rationale": "r",
            "metadata": {"opportunity": {"key": "ab12"}}});
        let request: Request = serde_json::from_value(asked).unwrap();
        let new = NewReview { kind: ReviewKind::Specification, ..review("x", "1") };
        let id = change(&mut store, |tx| {
            let id = tx.open_review(&new)?;
            tx.put_request(id, "Ada", None, &request)?;
            Ok(id)
        });
        assert_eq!(store.accepted_opportunities().unwrap(), HashMap::from([("ab12".to_owned(), id)]));
        change(&mut store, |tx| tx.set_review_state(id, ReviewState::Rejected));
        assert_eq!(store.accepted_opportunities().unwrap().len(), 1, "a no is an answer too");
        change(&mut store, |tx| tx.set_review_state(id, ReviewState::Superseded));
        assert_eq!(store.accepted_opportunities().unwrap(), HashMap::new());
    }

    #[test]
    fn what_was_dismissed_is_kept_once_and_can_be_seen_again() {
        let (_dir, mut store) = store();
        let one = DismissedOpportunity {
            key: "ab12".to_owned(),
            kind: OpportunityKind::Sequence,
            title: "a → b".to_owned(),
            reason: Some("not worth it".to_owned()),
            who: "Ada".to_owned(),
            at: NOW,
        };
        let twice = change(&mut store, |tx| {
            let operation = tx.log(&operation("dismiss", "ab12"))?;
            Ok((tx.dismiss_opportunity(&one, operation)?, tx.dismiss_opportunity(&one, operation)?))
        });
        assert_eq!(twice, (true, false));
        assert_eq!(store.dismissed_opportunities().unwrap(), [one]);
        assert!(change(&mut store, |tx| tx.recall_opportunity("ab12")));
        assert!(!change(&mut store, |tx| tx.recall_opportunity("ab12")));
        assert_eq!(store.dismissed_opportunities().unwrap(), []);
    }
}
