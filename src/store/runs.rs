//! Runs from start to end, and the counts derived from them.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json, Text};
use crate::domain::{
    Digest, EventKind, Instant, InterpreterFacts, Isolation, Observation, Permissions, Run, RunEnd, RunId, RunOutcome,
    RunUsage, Stage, ToolName, Uses,
};
use rusqlite::{Row, ToSql, params};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

const COLUMNS: &str = "id, tool, version, digest, stage, caller, outcome, exit_code, signal, started_at_ms, \
     duration_ms, cpu_ms, max_rss_bytes, stdout_bytes, stderr_bytes, isolation_level, isolation_profile, \
     isolation_layers, isolation_missing, denied, error, truncated, input, notes, peak_memory_bytes, peak_processes, \
     disk_bytes, departed, interpreter, parent, step, worker";

const INSERT: &str = "INSERT INTO runs (tool, version, digest, stage, caller, outcome, started_at_ms, \
     isolation_level, isolation_profile, isolation_layers, isolation_missing, input, parent, step, worker) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

const FINISH: &str = "UPDATE runs SET outcome = ?2, exit_code = ?3, signal = ?4, duration_ms = ?5, cpu_ms = ?6, \
     max_rss_bytes = ?7, stdout_bytes = ?8, stderr_bytes = ?9, isolation_level = ?10, isolation_profile = ?11, \
     isolation_layers = ?12, isolation_missing = ?13, error = ?14, truncated = ?15, notes = ?16, \
     peak_memory_bytes = ?17, peak_processes = ?18, disk_bytes = ?19, denied = ?20, departed = ?21 \
     WHERE id = ?1 AND outcome = 'running' RETURNING tool, digest";

/// Filter for runs; results are newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunQuery {
    /// Only runs of this tool.
    pub tool: Option<ToolName>,
    /// Only runs with this outcome.
    pub outcome: Option<RunOutcome>,
    /// Only runs that started at or after this point.
    pub since: Option<Instant>,
    /// Only runs of this version.
    pub digest: Option<Digest>,
    /// Only failed runs with this signature.
    pub signature: Option<String>,
    /// Only runs that this run started.
    pub parent: Option<RunId>,
    /// Maximum number.
    pub limit: usize,
}

/// A run to start.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Name that the manifest states at the start.
    pub tool: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Digest of the files that are started.
    pub digest: Digest,
    /// Stage at the start.
    pub stage: Stage,
    /// `human` or the agent's name.
    pub caller: String,
    /// The input, as JSON text.
    pub input: String,
    /// The requested isolation; the end records the actual one.
    pub isolation: Isolation,
    /// The process that supervises the run.
    pub owner: String,
    /// The run counts as interrupted when nobody extends the lease before this time.
    pub lease_until: Instant,
    /// Whether the input becomes the tool's last input.
    pub remember_input: bool,
    /// The run that starts this one, and the step of the composite that it is.
    pub parent: Option<(RunId, Option<String>)>,
    /// The worker that executes it; `None` for this machine.
    pub worker: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRun {
    /// Outcome with the facts that belong to it.
    pub end: RunEnd,
    /// Time, memory and disk; zero where not measured.
    pub usage: RunUsage,
    /// The actual isolation.
    pub isolation: Isolation,
    /// Whether the kept output was cut.
    pub truncated: bool,
    /// Notes for a human, one line each.
    pub notes: Vec<String>,
    /// Its observed behaviour; `None` when it never started.
    pub observation: Option<Observation>,
    /// What it did that no earlier run of its approved version had done, one phrase each.
    pub departed: Vec<String>,
    /// Permissions declared in the manifest of its version. Not stored: only needed to judge the end.
    pub declared: Permissions,
}

/// Counts of one tool name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Judged runs: those that succeeded or failed.
    pub runs: u64,
    /// How many of `runs` succeeded.
    pub succeeded: u64,
    /// When the newest run started.
    pub last_run_at: Option<Instant>,
}

/// Counts of one version.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VersionStats {
    /// Judged runs: those that succeeded or failed.
    pub runs: u64,
    /// How many of `runs` succeeded.
    pub succeeded: u64,
    /// When the newest run started.
    pub last_run_at: Option<Instant>,
    /// Sums over these runs for the score.
    pub uses: Uses,
}

/// The judged values of one finished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedRun {
    /// When the run ended, not when it started.
    pub at: Instant,
    /// `false`: the run failed.
    pub succeeded: bool,
    /// Duration, milliseconds.
    pub duration_ms: u64,
    /// User and system time of all its processes, milliseconds.
    pub cpu_ms: u64,
    /// Peak memory, bytes.
    pub memory_bytes: u64,
}

/// Runs that started within one hour.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct HourOfRuns {
    /// Hours since the epoch.
    pub hour: i64,
    /// Judged runs: those that succeeded or failed. Other outcomes say nothing about the tool.
    pub runs: u64,
    /// How many of `runs` succeeded.
    pub succeeded: u64,
    /// Mean of their durations, milliseconds.
    pub mean_ms: f64,
}

impl Queries {
    /// Runs by start, newest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn runs(&self, query: &RunQuery) -> StoreResult<Vec<Run>> {
        let limit = Count(query.limit as u64);
        let (sql, mut values) = select(query);
        values.push(&limit);
        self.rows(&sql, values.as_slice(), read_run)
    }

    /// One run.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn run(&self, id: RunId) -> StoreResult<Option<Run>> {
        self.row(&format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"), params![id], read_run)
    }

    /// The number of the newest run; `None` when there never was one.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn last_run(&self) -> StoreResult<Option<RunId>> {
        self.row("SELECT id FROM runs ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
    }

    /// The input that a human gave a tool last, as JSON text.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn last_input(&self, tool: &ToolName) -> StoreResult<Option<String>> {
        self.row("SELECT input FROM last_inputs WHERE tool = ?1", params![tool], |row| row.get(0))
    }

    /// Judged runs of each version of a tool: how many, and how many succeeded.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn counts_of_versions(&self, tool: &ToolName) -> StoreResult<HashMap<Digest, (u64, u64)>> {
        let sql = "SELECT digest, outcome, count(*) FROM runs WHERE tool = ?1 GROUP BY digest, outcome";
        let rows = self.rows(sql, params![tool], |row| {
            Ok((row.get::<_, Digest>(0)?, row.get::<_, RunOutcome>(1)?, row.get::<_, Count>(2)?.0))
        })?;
        let mut counts: HashMap<Digest, (u64, u64)> = HashMap::new();
        for (digest, outcome, number) in rows.into_iter().filter(|(_, outcome, _)| outcome.is_judged()) {
            let (runs, succeeded) = counts.entry(digest).or_default();
            *runs += number;
            *succeeded += if outcome == RunOutcome::Succeeded { number } else { 0 };
        }
        Ok(counts)
    }

    /// Counts of every tool that ever ran.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn stats(&self) -> StoreResult<HashMap<ToolName, Stats>> {
        let sql = "SELECT tool, runs, succeeded, last_run_at_ms FROM tool_stats";
        let rows = self.rows(sql, [], |row| {
            let (runs, succeeded) = (row.get::<_, Count>(1)?.0, row.get::<_, Count>(2)?.0);
            Ok((row.get(0)?, Stats { runs, succeeded, last_run_at: row.get(3)? }))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// Counts of every version that ever ran.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn version_stats(&self) -> StoreResult<HashMap<(ToolName, Digest), VersionStats>> {
        let sql = "SELECT tool, digest, runs, succeeded, last_run_at_ms, weight, weight_succeeded, weight_log_ms, \
                   weighed_at_ms FROM version_stats";
        let rows = self.rows(sql, [], |row| {
            let (runs, succeeded) = (row.get::<_, Count>(2)?.0, row.get::<_, Count>(3)?.0);
            let (last_run_at, uses) = (row.get(4)?, read_uses(row, 5)?);
            Ok(((row.get(0)?, row.get(1)?), VersionStats { runs, succeeded, last_run_at, uses }))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The judged runs of a version, or of all versions of a name, that started at or after a point in time, ordered by
    /// their end.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn judged_runs(&self, tool: &ToolName, digest: Option<Digest>, since: Instant) -> StoreResult<Vec<JudgedRun>> {
        let sql = "SELECT started_at_ms + duration_ms, outcome, duration_ms, cpu_ms, \
                   max(peak_memory_bytes, max_rss_bytes) FROM runs \
                   WHERE tool = ?1 AND (?2 IS NULL OR digest = ?2) AND started_at_ms >= ?3 \
                   ORDER BY started_at_ms + duration_ms, id";
        let rows = self.rows(sql, params![tool, digest, since], |row| {
            let outcome: RunOutcome = row.get(1)?;
            let judged = JudgedRun {
                at: row.get(0)?,
                succeeded: outcome == RunOutcome::Succeeded,
                duration_ms: row.get::<_, Count>(2)?.0,
                cpu_ms: row.get::<_, Count>(3)?.0,
                memory_bytes: row.get::<_, Count>(4)?.0,
            };
            Ok((outcome.is_judged(), judged))
        })?;
        Ok(rows.into_iter().filter(|(judged, _)| *judged).map(|(_, run)| run).collect())
    }

    /// The newest judged runs, oldest first: version, input, and whether the run failed.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn replayed_runs(&self, limit: usize) -> StoreResult<Vec<((Digest, String), bool)>> {
        let sql = "SELECT digest, input, outcome FROM runs WHERE outcome <> 'running' \
                   ORDER BY started_at_ms DESC, id DESC LIMIT ?1";
        let rows = self.rows(sql, params![Count(limit as u64)], |row| {
            Ok(((row.get(0)?, row.get::<_, String>(1)?), row.get::<_, RunOutcome>(2)?))
        })?;
        let judged = rows.into_iter().rev().filter(|(_, outcome)| outcome.is_judged());
        Ok(judged.map(|(what, outcome)| (what, outcome.is_failure())).collect())
    }

    /// Judged runs by the hour in which they started, oldest first; hours without runs are left out.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn runs_by_hour(&self, since: Instant) -> StoreResult<Vec<HourOfRuns>> {
        let sql = "SELECT started_at_ms / 3600000, outcome, count(*), sum(duration_ms) FROM runs \
                   WHERE started_at_ms >= ?1 GROUP BY 1, 2 ORDER BY 1";
        let rows = self.rows(sql, params![since], |row| {
            let outcome: RunOutcome = row.get(1)?;
            Ok((row.get::<_, i64>(0)?, outcome, row.get::<_, Count>(2)?.0, row.get::<_, Count>(3)?.0))
        })?;
        let mut hours: BTreeMap<i64, (u64, u64, u64)> = BTreeMap::new();
        for (hour, outcome, number, ms) in rows.into_iter().filter(|(_, outcome, ..)| outcome.is_judged()) {
            let (runs, succeeded, total) = hours.entry(hour).or_default();
            *runs += number;
            *succeeded += if outcome == RunOutcome::Succeeded { number } else { 0 };
            *total += ms;
        }
        let told = |(hour, (runs, succeeded, total)): (i64, (u64, u64, u64))| HourOfRuns {
            hour,
            runs,
            succeeded,
            mean_ms: total as f64 / runs.max(1) as f64,
        };
        Ok(hours.into_iter().map(told).collect())
    }
}

impl Tx<'_> {
    /// Records that a run starts, and its supervising process. Emits `run-started`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn start_run(&self, new: &NewRun) -> StoreResult<RunId> {
        let isolation = &new.isolation;
        let (parent, step) = new.parent.as_ref().map_or((None, None), |(run, step)| (Some(*run), step.as_ref()));
        let row = params![
            new.tool,
            Text(&new.version),
            new.digest,
            new.stage,
            new.caller,
            RunOutcome::Running,
            self.now(),
            isolation.level,
            isolation.profile,
            Json(&isolation.layers),
            Json(&isolation.missing),
            new.input,
            parent,
            step,
            new.worker
        ];
        let id = RunId(self.insert(INSERT, row)?);
        let lease = "INSERT INTO leases (run, owner, until_at_ms) VALUES (?1, ?2, ?3)";
        self.change(lease, params![id, new.owner, new.lease_until])?;
        if new.remember_input {
            let sql =
                "INSERT INTO last_inputs (tool, input) VALUES (?1, ?2) ON CONFLICT (tool) DO UPDATE SET input = ?2";
            self.change(sql, params![new.tool, new.input])?;
        }
        let counted = "INSERT INTO tool_stats (tool, runs, succeeded, last_run_at_ms) VALUES (?1, 0, 0, ?2) \
                       ON CONFLICT (tool) DO UPDATE SET last_run_at_ms = max(coalesce(last_run_at_ms, ?2), ?2)";
        self.change(counted, params![new.tool, self.now()])?;
        let counted = "INSERT INTO version_stats (tool, digest, runs, succeeded, last_run_at_ms) \
                       VALUES (?1, ?2, 0, 0, ?3) ON CONFLICT (tool, digest) DO UPDATE SET \
                       last_run_at_ms = max(coalesce(last_run_at_ms, ?3), ?3)";
        self.change(counted, params![new.tool, new.digest, self.now()])?;
        self.emit(EventKind::RunStarted, id)?;
        Ok(id)
    }

    /// Records the verified isolation of a running run; returns `false` when it has ended.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_run_isolation(&self, run: RunId, isolation: &Isolation) -> StoreResult<bool> {
        let sql = "UPDATE runs SET isolation_level = ?2, isolation_profile = ?3, isolation_layers = ?4, \
                   isolation_missing = ?5 WHERE id = ?1 AND outcome = 'running'";
        let Isolation { level, profile, layers, missing } = isolation;
        Ok(self.change(sql, params![run, level, profile, Json(layers), Json(missing)])? > 0)
    }

    /// Records the interpreter of a run; changes nothing once the run has ended.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_run_interpreter(&self, id: RunId, facts: &InterpreterFacts) -> StoreResult<bool> {
        let sql = "UPDATE runs SET interpreter = ?2 WHERE id = ?1 AND outcome = 'running'";
        Ok(self.change(sql, params![id, Json(facts)])? > 0)
    }

    /// Records the end of a run: its row, its observed behaviour, the counts, its lease, and for a failure the failure
    /// history. Emits `run-ended`, and `failure-recorded` for a failure. Returns `false`, and changes nothing, when the
    /// run has already ended or does not exist.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn finish_run(&self, id: RunId, finished: &FinishedRun) -> StoreResult<bool> {
        let Some((tool, digest)) = self.end_row(id, finished)? else { return Ok(false) };
        self.change("DELETE FROM leases WHERE run = ?1", params![id])?;
        if let Some(observation) = &finished.observation {
            self.put_observation(id, observation)?;
        }
        let outcome = finished.end.outcome();
        if outcome.is_judged() {
            let is_good = outcome == RunOutcome::Succeeded;
            self.count_use(&tool, digest, is_good, finished.usage.duration_ms)?;
        }
        self.end_steps(id, outcome)?;
        self.emit(EventKind::RunEnded, id)?;
        if outcome.is_failure() {
            self.record_failure(id, &tool, &finished.end)?;
        }
        self.follow_incident(id, &tool, &finished.end)?;
        Ok(true)
    }

    /// Counts one judged use of a version that ends now: a run, or a message to a service.
    pub(super) fn count_use(
        &self,
        tool: &ToolName,
        digest: Digest,
        is_good: bool,
        duration_ms: u64,
    ) -> StoreResult<()> {
        let good = u64::from(is_good);
        let sql = "UPDATE tool_stats SET runs = runs + 1, succeeded = succeeded + ?2 WHERE tool = ?1";
        self.change(sql, params![tool, Count(good)])?;
        let sql = "SELECT weight, weight_succeeded, weight_log_ms, weighed_at_ms FROM version_stats \
                   WHERE tool = ?1 AND digest = ?2";
        let before = self.row(sql, params![tool, digest], |row| read_uses(row, 0))?.unwrap_or_default();
        let Uses { runs, succeeded, log_ms, at } = before.with(self.now(), is_good, duration_ms);
        let sql = "UPDATE version_stats SET runs = runs + 1, succeeded = succeeded + ?3, weight = ?4, \
                   weight_succeeded = ?5, weight_log_ms = ?6, weighed_at_ms = ?7 WHERE tool = ?1 AND digest = ?2";
        self.change(sql, params![tool, digest, Count(good), runs, succeeded, log_ms, at])?;
        Ok(())
    }

    /// Writes the end into the row of a running run; `None` when the run is not running.
    fn end_row(&self, id: RunId, finished: &FinishedRun) -> StoreResult<Option<(ToolName, Digest)>> {
        let FinishedRun { end, usage, isolation, truncated, notes, observation, departed, declared: _ } = finished;
        let denied = observation.as_ref().map(Observation::denials).unwrap_or_default();
        let row = params![
            id,
            end.outcome(),
            end.exit_code(),
            signal_of(end),
            Count(usage.duration_ms),
            Count(usage.cpu_ms),
            Count(usage.max_rss_bytes),
            Count(usage.stdout_bytes),
            Count(usage.stderr_bytes),
            isolation.level,
            isolation.profile,
            Json(&isolation.layers),
            Json(&isolation.missing),
            end.message(),
            truncated,
            Json(notes),
            Count(usage.peak_memory_bytes),
            Count(usage.peak_processes),
            Count(usage.disk_bytes),
            Json(denied),
            Json(departed)
        ];
        Ok(self.rows(FINISH, row, |row| Ok((row.get(0)?, row.get(1)?)))?.pop())
    }
}

/// The SQL of a query and its values, except for the last one, the limit. It contains only the requested filters: a
/// condition that accepts everything would keep SQLite from using an index.
fn select(query: &RunQuery) -> (String, Vec<&dyn ToSql>) {
    let RunQuery { tool, outcome, since, digest, signature, parent, limit: _ } = query;
    let wanted: [(&str, Option<&dyn ToSql>); 6] = [
        ("tool =", tool.as_ref().map(|value| value as _)),
        ("parent =", parent.as_ref().map(|value| value as _)),
        ("signature =", signature.as_ref().map(|value| value as _)),
        ("digest =", digest.as_ref().map(|value| value as _)),
        ("outcome =", outcome.as_ref().map(|value| value as _)),
        ("started_at_ms >=", since.as_ref().map(|value| value as _)),
    ];
    let mut values = Vec::new();
    let mut clauses = Vec::new();
    for (clause, value) in wanted {
        if let Some(value) = value {
            values.push(value);
            clauses.push(format!("{clause} ?{}", values.len()));
        }
    }
    let filter = if clauses.is_empty() { String::new() } else { format!("WHERE {}", clauses.join(" AND ")) };
    let limit = values.len() + 1;
    (format!("SELECT {COLUMNS} FROM runs {filter} ORDER BY started_at_ms DESC, id DESC LIMIT ?{limit}"), values)
}

fn read_uses(row: &Row<'_>, from: usize) -> rusqlite::Result<Uses> {
    Ok(Uses { runs: row.get(from)?, succeeded: row.get(from + 1)?, log_ms: row.get(from + 2)?, at: row.get(from + 3)? })
}

fn signal_of(end: &RunEnd) -> Option<i32> {
    if let RunEnd::Killed { signal } = end { Some(*signal) } else { None }
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let count = |column: usize| row.get::<_, Count>(column).map(|count| count.0);
    let list = |column: usize| row.get::<_, Json<Vec<String>>>(column).map(|json| json.0);
    Ok(Run {
        id: row.get(0)?,
        tool: row.get(1)?,
        version: row.get::<_, Text<semver::Version>>(2)?.0,
        digest: row.get(3)?,
        stage: row.get(4)?,
        caller: row.get(5)?,
        outcome: row.get(6)?,
        exit_code: row.get(7)?,
        signal: row.get(8)?,
        started_at: row.get(9)?,
        usage: RunUsage {
            duration_ms: count(10)?,
            cpu_ms: count(11)?,
            max_rss_bytes: count(12)?,
            stdout_bytes: count(13)?,
            stderr_bytes: count(14)?,
            peak_memory_bytes: count(24)?,
            peak_processes: count(25)?,
            disk_bytes: count(26)?,
        },
        isolation: Isolation { level: row.get(15)?, profile: row.get(16)?, layers: list(17)?, missing: list(18)? },
        denied: list(19)?,
        error: row.get(20)?,
        truncated: row.get(21)?,
        input: row.get(22)?,
        notes: list(23)?,
        departed: list(27)?,
        interpreter: row.get::<_, Option<Json<InterpreterFacts>>>(28)?.map(|json| json.0),
        parent: row.get(29)?,
        step: row.get(30)?,
        worker: row.get(31)?,
    })
}

#[cfg(test)]
mod tests;
