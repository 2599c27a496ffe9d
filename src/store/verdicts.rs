//! Verdicts of the checks on versions, and which process computes them.
//!
//! A lease says who checks a version and until when; the reader decides whether it has expired. The verdict of a
//! version is always replaced as a whole, also while checks run, so that a killed process leaves an unfinished verdict
//! that the next owner starts over.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{Digest, EventKind, Instant, ReviewId, ReviewState, ToolName, Unread, Verdict};
use rusqlite::params;
use std::collections::HashMap;

/// A waiting review whose version has no complete verdict against its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexamined {
    /// Number of the waiting review.
    pub review: ReviewId,
    /// Name of the tool under review.
    pub tool: ToolName,
    /// Digest of the version to check.
    pub digest: Digest,
    /// The version approved before.
    pub base: Option<Digest>,
}

impl Queries {
    /// The verdict of a version.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn verdict(&self, tool: &ToolName, digest: Digest) -> StoreResult<Option<Verdict>> {
        let sql = "SELECT body FROM verdicts WHERE tool = ?1 AND digest = ?2";
        let found: Option<Json<Verdict>> = self.row(sql, params![tool, digest], |row| row.get(0))?;
        Ok(found.map(|json| json.0))
    }

    /// Waiting reviews of versions without a complete verdict against their base and without a valid lease at `now`,
    /// oldest first, at most `limit`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn unexamined(&self, now: Instant, limit: usize) -> StoreResult<Vec<Unexamined>> {
        let sql = "SELECT r.id, r.tool, r.digest, r.base_digest FROM reviews r \
             LEFT JOIN verdicts v ON v.tool = r.tool AND v.digest = r.digest \
             LEFT JOIN check_leases l ON l.tool = r.tool AND l.digest = r.digest \
             WHERE r.state = ?1 AND r.kind IN ('new', 'evolved', 'drift', 'promotion') \
             AND (v.tool IS NULL OR v.complete = 0 OR (v.base IS NOT r.base_digest AND v.digest IS NOT r.base_digest)) \
             AND (l.tool IS NULL OR l.until_at_ms < ?2) ORDER BY r.id LIMIT ?3";
        self.rows(sql, params![ReviewState::Waiting, now, limit as i64], |row| {
            Ok(Unexamined { review: row.get(0)?, tool: row.get(1)?, digest: row.get(2)?, base: row.get(3)? })
        })
    }

    /// Versions that were approved despite failed checks, with the reason; undone decisions do not count.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn overrides(&self) -> StoreResult<Vec<(ToolName, Digest, String)>> {
        let sql = "SELECT r.tool, d.digest, d.override_reason FROM decisions d JOIN reviews r ON r.id = d.review \
                   WHERE d.override_reason IS NOT NULL AND d.undone = 0 ORDER BY d.id";
        self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// How many lines of each version were on no screen when it was approved. Of several approvals, the one with the
    /// fewest unread lines counts. Ignores undone approvals and approvals without a line count.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn approved_unread(&self) -> StoreResult<HashMap<(ToolName, Digest), Unread>> {
        let sql = "SELECT r.tool, d.digest, d.lines, d.lines_shown FROM decisions d JOIN reviews r ON r.id = d.review \
                   WHERE d.kind = 'approve' AND d.undone = 0 AND d.lines > 0 AND r.kind <> 'adoption' \
                   UNION ALL \
                   SELECT m.tool, m.digest, d.lines, d.lines_shown FROM decisions d \
                   JOIN review_members m ON m.review = d.review \
                   WHERE d.kind = 'approve' AND d.undone = 0 AND d.lines > 0";
        let rows = self.rows(sql, [], |row| {
            let (lines, shown) = (row.get::<_, Count>(2)?.0, row.get::<_, Count>(3)?.0);
            Ok(((row.get(0)?, row.get(1)?), Unread { lines_total: lines, lines_unread: lines.saturating_sub(shown) }))
        })?;
        let mut least: HashMap<(ToolName, Digest), Unread> = HashMap::new();
        for (version, unread) in rows {
            let known = least.entry(version).or_insert(unread);
            if unread.lines_unread < known.lines_unread {
                *known = unread;
            }
        }
        least.retain(|_, unread| unread.lines_unread > 0);
        Ok(least)
    }

    /// The path at which each approved version was reviewed, before the approval moved it, by name; oldest first.
    /// Ignores undone approvals.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn approved_from(&self) -> StoreResult<HashMap<ToolName, Vec<(Digest, String)>>> {
        let sql = "SELECT r.tool, d.digest, r.path FROM decisions d JOIN reviews r ON r.id = d.review \
                   WHERE d.kind = 'approve' AND d.undone = 0 AND r.kind IN ('new', 'evolved') ORDER BY d.id";
        let mut paths: HashMap<ToolName, Vec<(Digest, String)>> = HashMap::new();
        for (tool, digest, path) in self.rows(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            paths.entry(tool).or_default().push((digest, path));
        }
        Ok(paths)
    }

    /// Whether somebody holds a valid lease on the checks of a version at `now`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn is_being_examined(&self, tool: &ToolName, digest: Digest, now: Instant) -> StoreResult<bool> {
        let sql = "SELECT 1 FROM check_leases WHERE tool = ?1 AND digest = ?2 AND until_at_ms >= ?3";
        Ok(self.row(sql, params![tool, digest, now], |_| Ok(()))?.is_some())
    }
}

impl Queries {
    /// Who holds leases on checks.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn check_owners(&self) -> StoreResult<Vec<String>> {
        self.rows("SELECT DISTINCT owner FROM check_leases", [], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Ends all leases of an owner.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn end_check_leases_of(&self, owner: &str) -> StoreResult<()> {
        self.change("DELETE FROM check_leases WHERE owner = ?1", params![owner]).map(drop)
    }

    /// Takes the lease on the checks of a version, or extends one's own; `false` when another owner holds it.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn lease_checks(&self, tool: &ToolName, digest: Digest, owner: &str, until: Instant) -> StoreResult<bool> {
        let sql = "INSERT INTO check_leases (tool, digest, owner, until_at_ms) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (tool, digest) DO UPDATE SET owner = ?3, until_at_ms = ?4 \
                   WHERE owner = ?3 OR until_at_ms < ?5";
        Ok(self.change(sql, params![tool, digest, owner, until, self.now()])? > 0)
    }

    /// Ends one's own lease.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn end_check_lease(&self, tool: &ToolName, digest: Digest, owner: &str) -> StoreResult<()> {
        let sql = "DELETE FROM check_leases WHERE tool = ?1 AND digest = ?2 AND owner = ?3";
        self.change(sql, params![tool, digest, owner]).map(drop)
    }

    /// Stores the verdict of the checks so far. Emits `verdict-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_verdict(&self, tool: &ToolName, digest: Digest, verdict: &Verdict) -> StoreResult<()> {
        let sql = "INSERT INTO verdicts (tool, digest, base, complete, tally, body, updated_at_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tool, digest) DO UPDATE SET \
                   base = ?3, complete = ?4, tally = ?5, body = ?6, updated_at_ms = ?7";
        let row = params![
            tool,
            digest,
            verdict.base,
            verdict.is_complete(),
            Json(&verdict.tally()),
            Json(verdict),
            self.now()
        ];
        self.change(sql, row)?;
        self.emit(EventKind::VerdictChanged, tool).map(drop)
    }

    /// Deletes the verdict of a version, so that its checks run again. Emits `verdict-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_verdict(&self, tool: &ToolName, digest: Digest) -> StoreResult<()> {
        self.change("DELETE FROM verdicts WHERE tool = ?1 AND digest = ?2", params![tool, digest])?;
        self.emit(EventKind::VerdictChanged, tool).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, change_at, digest, name, review, store};
    use super::super::reviews::NewReview;
    use super::*;
    use crate::domain::{CheckReport, CheckState, ReviewState};

    fn verdict(state: CheckState, base: Option<Digest>) -> Verdict {
        Verdict::of(vec![CheckReport { state, ..CheckReport::of("syntax", vec![]) }], base, NOW)
    }

    #[test]
    fn a_version_is_examined_until_its_verdict_is_complete_and_against_its_base() {
        let (_dir, mut store) = store();
        let base = Some(digest("0"));
        let id = change(&mut store, |tx| tx.open_review(&NewReview { base_digest: base, ..review("x", "1") }));
        let waits = |store: &super::super::Store| store.unexamined(NOW, 9).unwrap().len();
        assert_eq!(
            store.unexamined(NOW, 9).unwrap(),
            [Unexamined { review: id, tool: name("x"), digest: digest("1"), base }]
        );
        for (state, against, left) in [
            (CheckState::Running, base, 1),
            (CheckState::Failed, None, 1),
            (CheckState::Failed, base, 0),
            (CheckState::Passed, base, 0),
        ] {
            let verdict = verdict(state, against);
            change(&mut store, |tx| tx.put_verdict(&name("x"), digest("1"), &verdict));
            assert_eq!(waits(&store), left, "{state} {against:?}");
            assert_eq!(store.verdict(&name("x"), digest("1")).unwrap(), Some(verdict.clone()));
            assert_eq!(store.review(id).unwrap().unwrap().verdict, Some(verdict.tally()));
        }
        change(&mut store, |tx| tx.drop_verdict(&name("x"), digest("1")));
        assert_eq!(waits(&store), 1);
        change(&mut store, |tx| tx.set_review_state(id, ReviewState::Rejected));
        assert_eq!(waits(&store), 0);
    }

    #[test]
    fn a_lease_is_one_owners_until_it_ends_or_expires() {
        let (_dir, mut store) = store();
        change(&mut store, |tx| tx.open_review(&review("x", "1")));
        let until = Instant(NOW.0 + 10);
        let take = |tx: &Tx<'_>, owner: &str, until| tx.lease_checks(&name("x"), digest("1"), owner, until);
        assert!(change(&mut store, |tx| take(tx, "a", until)));
        assert!(change(&mut store, |tx| take(tx, "a", until)), "its owner prolongs it");
        assert!(!change(&mut store, |tx| take(tx, "b", until)));
        assert_eq!(store.unexamined(until, 9).unwrap(), []);
        assert!(store.is_being_examined(&name("x"), digest("1"), until).unwrap());
        let late = Instant(until.0 + 1);
        assert_eq!(store.unexamined(late, 9).unwrap().len(), 1);
        assert!(change_at(&mut store, late, |tx| take(tx, "b", Instant(late.0 + 10))));
        change(&mut store, |tx| tx.end_check_lease(&name("x"), digest("1"), "a"));
        assert!(store.is_being_examined(&name("x"), digest("1"), late).unwrap(), "only its owner ends it");
        change(&mut store, |tx| tx.end_check_lease(&name("x"), digest("1"), "b"));
        assert!(!store.is_being_examined(&name("x"), digest("1"), late).unwrap());
    }
}
