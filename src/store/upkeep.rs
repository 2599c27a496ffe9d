//! What upkeep needs to know of the whole library: when tools were added, who used them, what is pinned.

use super::error::StoreResult;
use super::queries::Queries;
use crate::domain::{Digest, Instant, ReviewKind, ReviewState, ToolName};
use rusqlite::params;
use std::collections::{HashMap, HashSet};

impl Queries {
    /// When each version was first seen.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn first_seen(&self) -> StoreResult<HashMap<(ToolName, Digest), Instant>> {
        let sql = "SELECT tool, digest, first_seen_at_ms FROM versions";
        let rows = self.rows(sql, [], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// When each subject of the log was last used: its newest entry that was not undone. A request alone is not a use.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn touched(&self) -> StoreResult<HashMap<String, Instant>> {
        let sql = "SELECT subject, max(at_ms) FROM operations WHERE verb <> 'request' AND undone_by IS NULL \
                   GROUP BY subject";
        let rows = self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// The tools with a pinned version.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn pinned_tools(&self) -> StoreResult<HashSet<ToolName>> {
        let rows = self.rows("SELECT DISTINCT tool FROM pins", [], |row| row.get(0))?;
        Ok(rows.into_iter().collect())
    }

    /// Tools with a waiting review that somebody requested or that is about more than a new file. Reviews that a scan
    /// opens for every new tool do not count.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn asked_about(&self) -> StoreResult<HashSet<ToolName>> {
        let sql = "SELECT DISTINCT tool FROM reviews WHERE state = ?1 AND (asker IS NOT NULL OR kind <> ?2)";
        let rows = self.rows(sql, params![ReviewState::Waiting, ReviewKind::New], |row| row.get(0))?;
        Ok(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, change_at, digest, name, operation, review, store, version};
    use super::*;
    use crate::store::NewReview;

    #[test]
    fn the_newest_entry_about_a_tool_counts_unless_it_only_asks_or_was_taken_back() {
        let (_dir, mut store) = store();
        let at = |ms: i64| Instant(NOW.0 + ms);
        change(&mut store, |tx| tx.log(&operation("approve", "x")));
        let undone = change_at(&mut store, at(1), |tx| tx.log(&operation("archive", "x")));
        change_at(&mut store, at(2), |tx| tx.log(&operation("request", "x")));
        change_at(&mut store, at(3), |tx| tx.log(&operation("request", "y")));
        assert_eq!(store.touched().unwrap(), HashMap::from([("x".to_owned(), at(1))]));
        change_at(&mut store, at(4), |tx| {
            let by = tx.log(&operation("undo", "z"))?;
            tx.mark_undone(undone, by)
        });
        let both = HashMap::from([("x".to_owned(), NOW), ("z".to_owned(), at(4))]);
        assert_eq!(store.touched().unwrap(), both);
    }

    #[test]
    fn versions_pins_and_questions_are_told_of_all_tools_at_once() {
        let (_dir, mut store) = store();
        change(&mut store, |tx| {
            tx.record_version(&version("x", "1"))?;
            let operation = tx.log(&operation("pin", "x"))?;
            tx.pin(&name("x"), digest("1"), "Ada", operation)?;
            tx.open_review(&review("fresh", "1"))?;
            tx.open_review(&NewReview { kind: ReviewKind::Archive, ..review("old", "1") })
        });
        assert_eq!(store.first_seen().unwrap(), HashMap::from([((name("x"), digest("1")), NOW)]));
        assert_eq!(store.pinned_tools().unwrap(), HashSet::from([name("x")]));
        assert_eq!(store.asked_about().unwrap(), HashSet::from([name("old")]));
    }
}
