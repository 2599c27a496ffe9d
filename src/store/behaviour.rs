//! Observed behaviour: one observation per run, and one envelope per version.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{Digest, Envelope, Observation, RunId, RunUsage, ToolName};
use rusqlite::params;

impl Queries {
    /// The observed behaviour of a run; `None` when it never started, has not ended, or ended before observations were
    /// stored.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn observation(&self, run: RunId) -> StoreResult<Option<Observation>> {
        let found: Option<Json<Observation>> =
            self.row("SELECT body FROM observations WHERE run = ?1", params![run], |row| row.get(0))?;
        Ok(found.map(|json| json.0))
    }

    /// The observed behaviour of all runs of a version; empty when it never ran.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn envelope(&self, tool: &ToolName, digest: Digest) -> StoreResult<Envelope> {
        let sql = "SELECT body FROM envelopes WHERE tool = ?1 AND digest = ?2";
        let found: Option<Json<Envelope>> = self.row(sql, params![tool, digest], |row| row.get(0))?;
        Ok(found.map(|json| json.0).unwrap_or_default())
    }
}

impl Queries {
    /// Resource use of the newest runs of a version that ended by themselves, newest first, at most `limit`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn usages(&self, tool: &ToolName, digest: Digest, limit: usize) -> StoreResult<Vec<RunUsage>> {
        let sql = "SELECT duration_ms, cpu_ms, max_rss_bytes, stdout_bytes, stderr_bytes, peak_memory_bytes, \
                   peak_processes, disk_bytes FROM runs WHERE digest = ?1 AND tool = ?2 \
                   AND outcome IN ('succeeded', 'failed', 'invalid-output') ORDER BY started_at_ms DESC LIMIT ?3";
        self.rows(sql, params![digest, tool, Count(limit as u64)], |row| {
            let count = |column| row.get::<_, Count>(column).map(|count| count.0);
            Ok(RunUsage {
                duration_ms: count(0)?,
                cpu_ms: count(1)?,
                max_rss_bytes: count(2)?,
                stdout_bytes: count(3)?,
                stderr_bytes: count(4)?,
                peak_memory_bytes: count(5)?,
                peak_processes: count(6)?,
                disk_bytes: count(7)?,
            })
        })
    }
}

impl Tx<'_> {
    /// Stores the observed behaviour of a run.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write, including a second write for the same run.
    pub(super) fn put_observation(&self, run: RunId, observation: &Observation) -> StoreResult<()> {
        let sql = "INSERT INTO observations (run, body) VALUES (?1, ?2)";
        self.change(sql, params![run, Json(observation)]).map(drop)
    }

    /// Stores the observed behaviour of all runs of a version, in place of what was stored before.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_envelope(&self, tool: &ToolName, digest: Digest, envelope: &Envelope) -> StoreResult<()> {
        let sql = "INSERT INTO envelopes (tool, digest, body) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (tool, digest) DO UPDATE SET body = ?3";
        self.change(sql, params![tool, digest, Json(envelope)]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, digest, finished, name, observed, run, store};
    use super::super::{FinishedRun, NewRun, StoreError};
    use super::*;
    use crate::domain::{Observer, RunEnd};

    #[test]
    fn an_observation_is_kept_with_the_end_of_its_run_and_what_was_denied_with_the_run() {
        let (_dir, mut store) = store();
        let seen = observed();
        let end = FinishedRun { observation: Some(seen.clone()), ..finished(RunEnd::Cancelled) };
        let (watched, unstarted) = change(&mut store, |tx| {
            let (watched, unstarted) = (tx.start_run(&run("x"))?, tx.start_run(&run("x"))?);
            assert_eq!(tx.observation(watched)?, None, "it has not ended");
            tx.finish_run(watched, &end)?;
            let refused = RunEnd::Refused { message: "no".to_owned() };
            tx.finish_run(unstarted, &FinishedRun { observation: None, ..finished(refused) })?;
            Ok((watched, unstarted))
        });
        assert_eq!(store.observation(watched).unwrap(), Some(seen.clone()));
        assert_eq!(store.observation(unstarted).unwrap(), None);
        assert_eq!(store.run(watched).unwrap().unwrap().denied, seen.denials());
        assert!(!seen.denials().is_empty() && seen.observer == Observer::On);
    }

    #[test]
    fn an_envelope_belongs_to_one_version_of_one_tool() {
        let (_dir, mut store) = store();
        let one = Envelope { observed: 1, ..Envelope::default() };
        let two = Envelope { observed: 2, ..Envelope::default() };
        change(&mut store, |tx| {
            tx.put_envelope(&name("x"), digest("1"), &one)?;
            tx.put_envelope(&name("x"), digest("1"), &two)?;
            tx.put_envelope(&name("y"), digest("1"), &one)
        });
        let kept = |tool: &str, content: &str| store.envelope(&name(tool), digest(content)).unwrap();
        assert_eq!((kept("x", "1"), kept("y", "1"), kept("x", "2")), (two, one, Envelope::default()));
    }

    #[test]
    fn only_runs_of_the_version_that_ran_to_their_own_end_say_what_it_uses() {
        let (_dir, mut store) = store();
        change(&mut store, |tx| {
            let other = NewRun { digest: digest("other"), ..run("x") };
            for (new, end) in [
                (run("x"), RunEnd::Succeeded { exit_code: 0 }),
                (run("x"), RunEnd::Failed { exit_code: 1, reason: "no".to_owned() }),
                (run("x"), RunEnd::Cancelled),
                (run("x"), RunEnd::TimedOut { after_ms: 9 }),
                (other, RunEnd::Succeeded { exit_code: 0 }),
            ] {
                let id = tx.start_run(&new)?;
                tx.finish_run(id, &finished(end))?;
            }
            Ok(())
        });
        let used = finished(RunEnd::Cancelled).usage;
        assert_eq!(store.usages(&name("x"), digest("x"), 9).unwrap(), [used, used]);
        assert_eq!(store.usages(&name("x"), digest("x"), 1).unwrap(), [used]);
    }

    #[test]
    fn an_observation_needs_its_run() {
        let (_dir, mut store) = store();
        let refused = store.transact(super::super::fixture::NOW, |tx| tx.put_observation(RunId(9), &observed()));
        assert!(matches!(refused, Err(StoreError::Sql { .. })), "{refused:?}");
    }
}
