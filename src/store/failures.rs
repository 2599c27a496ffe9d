//! The failure history: groups by signature with counts by day, kept up to date as runs end.

use super::connection::Queries;
use super::error::StoreResult;
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{EventKind, FailureGroup, GroupState, Instant, RunEnd, RunId, Severity, ToolName, signature_of};
use rusqlite::{Row, params};
use std::collections::HashMap;

const COLUMNS: &str = "signature, tool, count, severity, first_at_ms, last_at_ms, sample_run, sample_message, outcome, \
     scenarios, state";

const TREND_DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;

impl Queries {
    /// Failure groups, of one tool or of all, last seen first; the trend ends with the UTC day of `now`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn failures(&self, tool: Option<&ToolName>, now: Instant) -> StoreResult<Vec<FailureGroup>> {
        self.snapshot(|queries| {
            let filter = if tool.is_some() { "WHERE tool = ?1" } else { "" };
            let sql = format!("SELECT {COLUMNS} FROM failure_groups {filter} ORDER BY last_at_ms DESC, signature");
            let mut groups = match tool {
                Some(tool) => queries.rows(&sql, params![tool], read_group)?,
                None => queries.rows(&sql, [], read_group)?,
            };
            let trends = queries.trends(day_of(now))?;
            for group in &mut groups {
                group.trend = trends.get(&group.signature).copied().unwrap_or_default().to_vec();
            }
            Ok(groups)
        })
    }

    /// Counts of the days up to `today`, by signature, oldest first.
    fn trends(&self, today: i64) -> StoreResult<HashMap<String, [u32; TREND_DAYS as usize]>> {
        let first = today - TREND_DAYS + 1;
        let sql = "SELECT signature, day, count FROM failure_days WHERE day BETWEEN ?1 AND ?2";
        let days = self.rows(sql, params![first, today], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, u32>(2)?))
        })?;
        let mut trends: HashMap<String, [u32; TREND_DAYS as usize]> = HashMap::new();
        for (signature, day, count) in days {
            if let Some(place) = trends.entry(signature).or_default().get_mut((day - first) as usize) {
                *place = count;
            }
        }
        Ok(trends)
    }
}

impl Tx<'_> {
    /// Adds the failed end of a run to its group, which is open again. Emits `failure-recorded` with the
    /// number of the run.
    pub(super) fn record_failure(&self, run: RunId, tool: &ToolName, end: &RunEnd) -> StoreResult<()> {
        let outcome = end.outcome();
        let message = end.message().unwrap_or_default();
        let signature = signature_of(tool, outcome, &message);
        let known = "SELECT severity FROM failure_groups WHERE signature = ?1";
        let known: Option<Severity> = self.row(known, params![signature], |row| row.get(0))?;
        let severity = Severity::of(outcome);
        let sql = "INSERT INTO failure_groups (signature, tool, count, severity, first_at_ms, last_at_ms, sample_run, \
                   sample_message, outcome, state) VALUES (?1, ?2, 1, ?3, ?4, ?4, ?5, ?6, ?7, ?8) \
                   ON CONFLICT (signature) DO UPDATE SET count = count + 1, severity = ?3, last_at_ms = ?4, \
                   sample_run = ?5, sample_message = ?6, outcome = ?7, state = ?8";
        let worst = known.map_or(severity, |known| known.max(severity));
        self.change(sql, params![signature, tool, worst, self.now(), run, message, outcome, GroupState::Open])?;
        let day = "INSERT INTO failure_days (signature, day, count) VALUES (?1, ?2, 1) \
                   ON CONFLICT (signature, day) DO UPDATE SET count = count + 1";
        self.change(day, params![signature, day_of(self.now())])?;
        self.emit(EventKind::FailureRecorded, run).map(drop)
    }
}

/// Days since the epoch, UTC.
fn day_of(at: Instant) -> i64 {
    at.0.div_euclid(DAY_MS)
}

fn read_group(row: &Row<'_>) -> rusqlite::Result<FailureGroup> {
    Ok(FailureGroup {
        signature: row.get(0)?,
        tool: row.get(1)?,
        count: row.get::<_, Count>(2)?.0,
        severity: row.get(3)?,
        first_at: row.get(4)?,
        last_at: row.get(5)?,
        sample_run: row.get(6)?,
        sample_message: row.get(7)?,
        outcome: row.get(8)?,
        scenarios: row.get::<_, Json<Vec<String>>>(9)?.0,
        state: row.get(10)?,
        trend: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::fixture::{NOW, change_at, finished, name, run, store};
    use super::*;
    use crate::domain::RunOutcome;

    fn fail(store: &mut Store, at: Instant, tool: &str, end: RunEnd) -> RunId {
        change_at(store, at, |tx| {
            let id = tx.start_run(&run(tool))?;
            tx.finish_run(id, &finished(end)).map(|_| id)
        })
    }

    fn boom(number: u32) -> RunEnd {
        RunEnd::Failed { exit_code: 1, reason: format!("cannot open file {number}") }
    }

    #[test]
    fn failures_that_differ_only_in_numbers_are_one_group_with_a_trend_of_seven_days() {
        let (_dir, mut store) = store();
        let day = |days: i64| Instant(NOW.0 + days * DAY_MS);
        let first = day(-30);
        for at in [first, day(-6), day(-6), day(-1)] {
            fail(&mut store, at, "x", boom(1));
        }
        let newest = fail(&mut store, NOW, "x", boom(2));
        let message = "cannot open file 2".to_owned();
        let expected = FailureGroup {
            signature: signature_of(&name("x"), RunOutcome::Failed, &message),
            tool: name("x"),
            count: 5,
            severity: Severity::Medium,
            first_at: first,
            last_at: NOW,
            sample_run: newest,
            sample_message: message,
            outcome: RunOutcome::Failed,
            scenarios: vec![],
            state: GroupState::Open,
            trend: vec![2, 0, 0, 0, 0, 1, 1],
        };
        assert_eq!(store.failures(None, NOW).unwrap(), vec![expected.clone()]);
        let tomorrow = FailureGroup { trend: vec![0, 0, 0, 0, 1, 1, 0], ..expected };
        assert_eq!(store.failures(Some(&name("x")), day(1)).unwrap(), vec![tomorrow]);
    }

    #[test]
    fn groups_come_last_seen_first_and_by_tool() {
        let (_dir, mut store) = store();
        fail(&mut store, NOW, "x", boom(1));
        fail(&mut store, Instant(NOW.0 + 1), "y", boom(1));
        fail(&mut store, Instant(NOW.0 + 2), "x", RunEnd::Interrupted);
        fail(&mut store, Instant(NOW.0 + 3), "x", RunEnd::Succeeded { exit_code: 0 });
        fail(&mut store, Instant(NOW.0 + 4), "x", RunEnd::Refused { message: "no".to_owned() });
        let found = |tool: Option<&ToolName>| -> Vec<_> {
            let groups = store.failures(tool, NOW).unwrap();
            groups.into_iter().map(|group| (group.tool.to_string(), group.outcome, group.severity)).collect()
        };
        let interrupted = ("x".to_owned(), RunOutcome::Interrupted, Severity::Low);
        let failed = |tool: &str| (tool.to_owned(), RunOutcome::Failed, Severity::Medium);
        assert_eq!(found(None), [interrupted.clone(), failed("y"), failed("x")]);
        assert_eq!(found(Some(&name("x"))), [interrupted, failed("x")]);
    }

    #[test]
    fn a_group_keeps_the_worst_severity_and_opens_again() {
        let (_dir, mut store) = store();
        fail(&mut store, NOW, "x", boom(1));
        store.connection.execute("UPDATE failure_groups SET severity = 'high', state = 'resolved'", []).unwrap();
        assert_eq!(store.failures(None, NOW).unwrap()[0].state, GroupState::Resolved);
        fail(&mut store, NOW, "x", boom(2));
        let group = store.failures(None, NOW).unwrap().remove(0);
        assert_eq!((group.severity, group.state, group.count), (Severity::High, GroupState::Open, 2));
    }
}
