//! The failure history: groups by signature with counts per day, and the incidents of tools. Both are updated when a
//! run ends and when somebody marks a failure.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json, Text};
use crate::domain::{
    AffectedVersion, Digest, EventKind, FailureGroup, FailureKind, GroupState, Incident, Instant, MarkId, RunEnd,
    RunId, RunOutcome, Severity, ToolName, failure_kind, signature_of,
};
use rusqlite::{Row, params};
use std::collections::HashMap;

const COLUMNS: &str = "signature, tool, count, severity, first_at_ms, last_at_ms, sample_run, sample_message, outcome, \
     scenarios, state, resolved_at_ms, resolved_by";

const TREND_DAYS: i64 = 7;
const DAY_MS: i64 = 86_400_000;

impl Queries {
    /// Failure groups of one tool or of all, most recent failure first. The trend ends with the UTC day of `now`.
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

    /// The groups whose signature starts with this prefix.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn failures_like(&self, prefix: &str, now: Instant) -> StoreResult<Vec<FailureGroup>> {
        let all = self.failures(None, now)?;
        Ok(all.into_iter().filter(|group| group.signature.starts_with(prefix)).collect())
    }

    /// The versions that failed with a signature, most recent failure first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn affected_versions(&self, signature: &str) -> StoreResult<Vec<AffectedVersion>> {
        let sql = "SELECT version, digest, count(*), max(started_at_ms) FROM runs WHERE signature = ?1 \
                   GROUP BY version, digest ORDER BY max(id) DESC";
        self.rows(sql, params![signature], |row| {
            Ok(AffectedVersion {
                version: row.get::<_, Text<semver::Version>>(0)?.0,
                digest: row.get(1)?,
                count: row.get::<_, Count>(2)?.0,
                last_at: row.get(3)?,
            })
        })
    }

    /// The signature of a failed run; `None` when the run did not fail.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub(super) fn signature_of_run(&self, run: RunId) -> StoreResult<Option<String>> {
        let sql = "SELECT signature FROM runs WHERE id = ?1 AND signature IS NOT NULL";
        self.row(sql, params![run], |row| row.get(0))
    }

    /// Incidents of one tool or of all, newest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn incidents(&self, tool: Option<&ToolName>, limit: usize) -> StoreResult<Vec<Incident>> {
        let filter = if tool.is_some() { "WHERE i.tool = ?2" } else { "" };
        let sql = format!(
            "SELECT i.tool, i.first_run, i.began_at_ms, i.failures, i.recovered_by, i.ended_at_ms, r.version \
             FROM incidents i LEFT JOIN runs r ON r.id = i.recovered_by {filter} ORDER BY i.id DESC LIMIT ?1"
        );
        let limit = Count(limit as u64);
        match tool {
            Some(tool) => self.rows(&sql, params![limit, tool], read_incident),
            None => self.rows(&sql, params![limit], read_incident),
        }
    }

    /// How often a version failed with exactly this input (JSON text), within its newest thousand runs.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn failures_with_input(&self, digest: Digest, input: &str) -> StoreResult<u64> {
        let sql = "SELECT count(*) FROM (SELECT signature, input FROM runs WHERE digest = ?1 \
                   ORDER BY started_at_ms DESC LIMIT 1000) WHERE signature IS NOT NULL AND input = ?2";
        let count = self.row(sql, params![digest, input], |row| row.get::<_, Count>(0))?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// How many observed runs of a version failed because of their input, judging by their errors.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn failures_on_input(&self, digest: Digest) -> StoreResult<u64> {
        let sql = "SELECT g.sample_message, count(*) FROM runs r JOIN failure_groups g ON g.signature = r.signature \
                   WHERE r.digest = ?1 GROUP BY r.signature";
        let groups =
            self.rows(sql, params![digest], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Count>(1)?.0)))?;
        let of_input = groups.into_iter().filter(|(message, _)| failure_kind(message, "") == FailureKind::Input);
        Ok(of_input.map(|(_, count)| count).sum())
    }

    /// Counts per day up to `today`, by signature, oldest first.
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
    /// Adds a failed run to its group, and opens the group. Emits `failure-recorded` with the number of the run.
    pub(super) fn record_failure(&self, run: RunId, tool: &ToolName, end: &RunEnd) -> StoreResult<()> {
        let outcome = end.outcome();
        let message = end.message().unwrap_or_default();
        let signature = signature_of(tool, outcome, &message);
        self.change("UPDATE runs SET signature = ?2 WHERE id = ?1", params![run, signature])?;
        let severity = Severity::OF_RUN;
        self.count_failure(&Counted {
            signature: &signature,
            tool,
            run: Some(run),
            severity,
            message: &message,
            outcome,
        })?;
        self.emit(EventKind::FailureRecorded, run).map(drop)
    }

    /// Adds a mark to the failure group of its run. A mark without a failed run counts in a group of its own, which is
    /// created if needed. Opens the group and returns its signature. Emits `failure-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub(super) fn add_mark_to_group(
        &self,
        tool: &ToolName,
        run: Option<RunId>,
        (scenario, error): (&str, &str),
        severity: Severity,
    ) -> StoreResult<String> {
        let known = run.map(|run| self.signature_of_run(run)).transpose()?.flatten();
        let signature = if let Some(signature) = known {
            let sql = "UPDATE failure_groups SET state = ?2, resolved_at_ms = NULL, resolved_by = NULL \
                       WHERE signature = ?1";
            self.change(sql, params![signature, GroupState::Open])?;
            signature
        } else {
            let outcome = RunOutcome::Failed;
            let signature = signature_of(tool, outcome, error);
            self.count_failure(&Counted { signature: &signature, tool, run, severity, message: error, outcome })?;
            signature
        };
        let sql = "SELECT severity, scenarios FROM failure_groups WHERE signature = ?1";
        let read = |row: &Row<'_>| Ok((row.get::<_, Severity>(0)?, row.get::<_, Json<Vec<String>>>(1)?.0));
        if let Some((worst, scenarios)) = self.row(sql, params![signature], read)? {
            let scenarios = FailureGroup::with_scenario(scenarios, scenario);
            let sql = "UPDATE failure_groups SET severity = ?2, scenarios = ?3 WHERE signature = ?1";
            self.change(sql, params![signature, worst.max(severity), Json(&scenarios)])?;
        }
        self.emit(EventKind::FailureChanged, tool)?;
        Ok(signature)
    }

    /// Updates the scenarios of a group from the marks that count. Resolves a group that consisted only of marks and
    /// has none left.
    pub(super) fn renew_scenarios(&self, mark: MarkId) -> StoreResult<()> {
        let sql = "SELECT signature FROM failure_marks WHERE id = ?1";
        let Some(signature) = self.row(sql, params![mark], |row| row.get::<_, String>(0))? else { return Ok(()) };
        let marks = self.marks_of_group(&signature)?;
        let scenarios = marks.iter().fold(Vec::new(), |all, mark| FailureGroup::with_scenario(all, &mark.scenario));
        let sql = "UPDATE failure_groups SET scenarios = ?2, state = iif(?3 AND sample_run IS NULL, ?4, state) \
                   WHERE signature = ?1";
        self.change(sql, params![signature, Json(&scenarios), marks.is_empty(), GroupState::Resolved])?;
        Ok(())
    }

    /// Marks a group as resolved; `false` when it was resolved before or does not exist. Emits `failure-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn resolve_group(&self, signature: &str, who: &str) -> StoreResult<bool> {
        let sql = "UPDATE failure_groups SET state = ?2, resolved_at_ms = ?3, resolved_by = ?4 \
                   WHERE signature = ?1 AND state <> ?2";
        let changed = self.change(sql, params![signature, GroupState::Resolved, self.now(), who])? > 0;
        self.emit(EventKind::FailureChanged, signature)?;
        Ok(changed)
    }

    /// Opens a group again; `false` when it was open or does not exist. Emits `failure-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn reopen_group(&self, signature: &str) -> StoreResult<bool> {
        let sql = "UPDATE failure_groups SET state = ?2, resolved_at_ms = NULL, resolved_by = NULL \
                   WHERE signature = ?1 AND state <> ?2";
        let changed = self.change(sql, params![signature, GroupState::Open])? > 0;
        self.emit(EventKind::FailureChanged, signature)?;
        Ok(changed)
    }

    /// Counts a failure in its group, and opens the group.
    fn count_failure(&self, counted: &Counted<'_>) -> StoreResult<()> {
        let Counted { signature, tool, run, severity, message, outcome } = counted;
        let known = "SELECT severity FROM failure_groups WHERE signature = ?1";
        let known: Option<Severity> = self.row(known, params![signature], |row| row.get(0))?;
        let sql = "INSERT INTO failure_groups (signature, tool, count, severity, first_at_ms, last_at_ms, sample_run, \
                   sample_message, outcome, state) VALUES (?1, ?2, 1, ?3, ?4, ?4, ?5, ?6, ?7, ?8) \
                   ON CONFLICT (signature) DO UPDATE SET count = count + 1, severity = ?3, last_at_ms = ?4, \
                   sample_run = coalesce(?5, sample_run), sample_message = ?6, outcome = ?7, state = ?8, \
                   resolved_at_ms = NULL, resolved_by = NULL";
        let worst = known.map_or(*severity, |known| known.max(*severity));
        self.change(sql, params![signature, tool, worst, self.now(), run, message, outcome, GroupState::Open])?;
        let day = "INSERT INTO failure_days (signature, day, count) VALUES (?1, ?2, 1) \
                   ON CONFLICT (signature, day) DO UPDATE SET count = count + 1";
        self.change(day, params![signature, day_of(self.now())])?;
        Ok(())
    }

    /// Begins an incident of a tool at a failed run, or counts the run in the current incident; a successful run ends
    /// it. A run whose owner died does not count, and neither does a failure caused by the input: a later success with
    /// good input would not be a recovery.
    pub(super) fn follow_incident(&self, run: RunId, tool: &ToolName, end: &RunEnd) -> StoreResult<()> {
        let outcome = end.outcome();
        if outcome.is_failure() && self.is_fault_of_input(run, end)? {
            return Ok(());
        }
        if outcome == RunOutcome::Succeeded {
            let sql =
                "UPDATE incidents SET recovered_by = ?2, ended_at_ms = ?3 WHERE tool = ?1 AND ended_at_ms IS NULL";
            self.change(sql, params![tool, run, self.now()])?;
        } else if outcome.is_failure() {
            let sql = "UPDATE incidents SET failures = failures + 1 WHERE tool = ?1 AND ended_at_ms IS NULL";
            if self.change(sql, params![tool])? == 0 {
                let sql = "INSERT INTO incidents (tool, first_run, began_at_ms, failures) \
                           SELECT ?1, id, started_at_ms, 1 FROM runs WHERE id = ?2";
                self.change(sql, params![tool, run])?;
            }
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// Whether a run failed because of its input: the error says so, and the tool never succeeded with that input.
    fn is_fault_of_input(&self, run: RunId, end: &RunEnd) -> StoreResult<bool> {
        if failure_kind(&end.message().unwrap_or_default(), "") != FailureKind::Input {
            return Ok(false);
        }
        let sql = "SELECT 1 FROM runs r JOIN runs own ON own.id = ?1 WHERE r.tool = own.tool AND r.outcome = 'succeeded' \
                   AND r.input IS own.input LIMIT 1";
        Ok(self.row(sql, params![run], |row| row.get::<_, i64>(0))?.is_none())
    }
}

/// One failure to count in its group.
struct Counted<'a> {
    signature: &'a str,
    tool: &'a ToolName,
    run: Option<RunId>,
    severity: Severity,
    message: &'a str,
    outcome: RunOutcome,
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
        resolved_at: row.get(11)?,
        resolved_by: row.get(12)?,
        trend: Vec::new(),
    })
}

fn read_incident(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        tool: row.get(0)?,
        first_run: row.get(1)?,
        began_at: row.get(2)?,
        failures: row.get::<_, Count>(3)?.0,
        recovered_by: row.get(4)?,
        recovered_version: row.get::<_, Option<Text<semver::Version>>>(6)?.map(|version| version.0),
        ended_at: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::super::fixture::{NOW, change, change_at, finished, name, run, store};
    use super::*;

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
            sample_run: Some(newest),
            sample_message: message,
            outcome: RunOutcome::Failed,
            scenarios: vec![],
            state: GroupState::Open,
            resolved_at: None,
            resolved_by: None,
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
        let failed = |tool: &str| (tool.to_owned(), RunOutcome::Failed, Severity::Medium);
        assert_eq!(found(None), [failed("y"), failed("x")]);
        assert_eq!(found(Some(&name("x"))), [failed("x")]);
    }

    #[test]
    fn a_group_keeps_the_worst_severity_and_opens_again_when_it_is_seen_again() {
        let (_dir, mut store) = store();
        let run = fail(&mut store, NOW, "x", boom(1));
        let signature = store.signature_of_run(run).unwrap().unwrap();
        let marked = |store: &mut Store, severity| {
            change(store, |tx| tx.add_mark_to_group(&name("x"), Some(run), ("open a file", "no"), severity))
        };
        assert_eq!(marked(&mut store, Severity::High), signature);
        assert!(change(&mut store, |tx| tx.resolve_group(&signature, "Ada")));
        assert!(!change(&mut store, |tx| tx.resolve_group(&signature, "Ada")), "it is already");
        let group = store.failures(None, NOW).unwrap().remove(0);
        assert_eq!((group.state, group.resolved_at, group.count), (GroupState::Resolved, Some(NOW), 1));
        assert_eq!((group.resolved_by.as_deref(), group.scenarios), (Some("Ada"), vec!["open a file".to_owned()]));
        fail(&mut store, NOW, "x", boom(2));
        let group = store.failures(None, NOW).unwrap().remove(0);
        assert_eq!((group.severity, group.state, group.count), (Severity::High, GroupState::Open, 2));
        assert_eq!((group.resolved_at, group.resolved_by), (None, None));
        assert!(change(&mut store, |tx| tx.resolve_group(&signature, "Ada")));
        marked(&mut store, Severity::Low);
        assert!(!change(&mut store, |tx| tx.reopen_group(&signature)), "a mark opens it too");
    }

    #[test]
    fn a_mark_without_a_failed_run_is_a_group_of_its_own() {
        let (_dir, mut store) = store();
        for number in [1, 2] {
            let error = format!("wrong sum in line {number}");
            change(&mut store, |tx| tx.add_mark_to_group(&name("x"), None, ("sum", &error), Severity::Low));
        }
        let group = store.failures(None, NOW).unwrap().remove(0);
        assert_eq!((group.count, group.sample_run, group.severity), (2, None, Severity::Low));
        assert_eq!(store.failures_like(&group.signature[..8], NOW).unwrap(), vec![group]);
    }

    #[test]
    fn a_group_knows_its_runs_and_the_versions_that_failed() {
        let (_dir, mut store) = store();
        fail(&mut store, NOW, "x", boom(1));
        let newest = fail(&mut store, Instant(NOW.0 + 5), "x", boom(2));
        fail(&mut store, NOW, "x", RunEnd::TimedOut { after_ms: 1 });
        let signature = store.signature_of_run(newest).unwrap().unwrap();
        let affected = store.affected_versions(&signature).unwrap();
        let [version] = affected.as_slice() else { panic!("{affected:?}") };
        assert_eq!((version.count, version.last_at), (2, Instant(NOW.0 + 5)));
        let query = super::super::RunQuery { signature: Some(signature), limit: 9, ..Default::default() };
        assert_eq!(store.runs(&query).unwrap().len(), 2);
        let run = store.run(newest).unwrap().unwrap();
        assert_eq!(store.failures_with_input(run.digest, &run.input).unwrap(), 3);
        assert_eq!(store.failures_with_input(run.digest, "{}").unwrap(), 0);
    }

    #[test]
    fn a_bad_input_begins_no_incident_unless_it_worked_before() {
        let (_dir, mut store) = store();
        let at = |minutes: i64| Instant(NOW.0 + minutes * 60_000);
        let bad = || RunEnd::Failed { exit_code: 1, reason: "ValueError: invalid literal for int()".to_owned() };
        fail(&mut store, at(1), "x", bad());
        assert_eq!(store.incidents(None, 9).unwrap(), []);
        fail(&mut store, at(2), "x", RunEnd::Succeeded { exit_code: 0 });
        let broken = fail(&mut store, at(3), "x", bad());
        let incidents = store.incidents(None, 9).unwrap();
        assert_eq!(incidents.iter().map(|one| one.first_run).collect::<Vec<_>>(), [broken], "the same input worked");
        let digest = run("x").digest;
        assert_eq!(store.failures_on_input(digest).unwrap(), 2);
    }

    #[test]
    fn an_incident_lasts_from_the_first_failure_to_the_next_success() {
        let (_dir, mut store) = store();
        let at = |minutes: i64| Instant(NOW.0 + minutes * 60_000);
        fail(&mut store, at(-1), "x", RunEnd::Succeeded { exit_code: 0 });
        fail(&mut store, at(0), "x", RunEnd::Interrupted);
        let first = fail(&mut store, at(1), "x", boom(1));
        fail(&mut store, at(2), "x", RunEnd::TimedOut { after_ms: 1 });
        fail(&mut store, at(3), "x", RunEnd::Cancelled);
        let other = fail(&mut store, at(3), "y", boom(1));
        let good = fail(&mut store, at(5), "x", RunEnd::Succeeded { exit_code: 0 });
        fail(&mut store, at(6), "x", RunEnd::Succeeded { exit_code: 0 });
        let incident = |tool: &str, first_run, began_at, failures| Incident {
            tool: name(tool),
            first_run,
            began_at,
            failures,
            recovered_by: None,
            recovered_version: None,
            ended_at: None,
        };
        let over = Incident {
            recovered_by: Some(good),
            recovered_version: Some(semver::Version::new(1, 2, 3)),
            ended_at: Some(at(5)),
            ..incident("x", first, at(1), 2)
        };
        assert_eq!(over.recovery_ms(), Some(240_000));
        assert_eq!(store.incidents(Some(&name("x")), 9).unwrap(), std::slice::from_ref(&over));
        assert_eq!(store.incidents(None, 9).unwrap(), [incident("y", other, at(3), 1), over]);
    }
}
