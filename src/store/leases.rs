//! Leases: which process supervises an unfinished run, and until when it has promised to.
//!
//! A lease exists exactly as long as its run has not ended. The reader decides, with its own clock, whether a lease has
//! expired.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Count;
use crate::domain::{EventKind, Instant, RunId};
use rusqlite::params;

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningRow {
    /// Number of the run.
    pub run: RunId,
    /// The process that supervises the run, in a format that the process defines.
    pub owner: String,
    /// Process id of the run; `None` until it starts.
    pub pid: Option<i32>,
    /// Start time of that process as counted by the system, to detect a reused process id.
    pub pid_started: Option<u64>,
    /// End of the lease.
    pub lease_until: Instant,
    /// Whether somebody asked the run to stop.
    pub cancel_asked: bool,
}

impl Queries {
    /// Runs that have not ended, oldest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn running(&self) -> StoreResult<Vec<RunningRow>> {
        let sql = "SELECT run, owner, pid, pid_started, until_at_ms, cancel_asked FROM leases ORDER BY run";
        self.rows(sql, [], |row| {
            Ok(RunningRow {
                run: row.get(0)?,
                owner: row.get(1)?,
                pid: row.get(2)?,
                pid_started: row.get::<_, Option<Count>>(3)?.map(|count| count.0),
                lease_until: row.get(4)?,
                cancel_asked: row.get(5)?,
            })
        })
    }
}

impl Tx<'_> {
    /// Records the process of a run; returns `false` when the run has ended.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_run_pid(&self, run: RunId, pid: i32, pid_started: Option<u64>) -> StoreResult<bool> {
        let sql = "UPDATE leases SET pid = ?2, pid_started = ?3 WHERE run = ?1";
        Ok(self.change(sql, params![run, pid, pid_started.map(Count)])? > 0)
    }

    /// Extends every lease of an owner; returns the number of its runs.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn renew_leases(&self, owner: &str, until: Instant) -> StoreResult<usize> {
        self.change("UPDATE leases SET until_at_ms = ?2 WHERE owner = ?1", params![owner, until])
    }

    /// Asks a run to stop, whichever process supervises it. Emits `run-cancel-asked` the first time; returns `false`
    /// when the run has ended.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn ask_cancel(&self, run: RunId) -> StoreResult<bool> {
        if self.change("UPDATE leases SET cancel_asked = 1 WHERE run = ?1 AND cancel_asked = 0", params![run])? > 0 {
            self.emit(EventKind::RunCancelAsked, run)?;
            return Ok(true);
        }
        let known = self.row("SELECT 1 FROM leases WHERE run = ?1", params![run], |_| Ok(()))?;
        Ok(known.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, finished, run, store};
    use super::super::{FinishedRun, NewRun};
    use super::*;
    use crate::domain::{EventSeq, RunEnd};

    #[test]
    fn a_lease_lasts_as_long_as_its_run() {
        let (_dir, mut store) = store();
        let (mine, theirs) = change(&mut store, |tx| {
            Ok((tx.start_run(&run("x"))?, tx.start_run(&NewRun { owner: "other".to_owned(), ..run("x") })?))
        });
        let until = Instant(NOW.0 + 99_000);
        assert!(change(&mut store, |tx| tx.set_run_pid(mine, 4711, Some(u64::from(u32::MAX)))));
        assert_eq!(change(&mut store, |tx| tx.renew_leases("host:17", until)), 1);
        let first = RunningRow {
            run: mine,
            owner: "host:17".to_owned(),
            pid: Some(4711),
            pid_started: Some(u64::from(u32::MAX)),
            lease_until: until,
            cancel_asked: false,
        };
        let second = RunningRow {
            run: theirs,
            owner: "other".to_owned(),
            pid: None,
            pid_started: None,
            lease_until: Instant(NOW.0 + 10_000),
            cancel_asked: false,
        };
        assert_eq!(store.running().unwrap(), vec![first, second.clone()]);
        let end: FinishedRun = finished(RunEnd::Cancelled);
        assert!(change(&mut store, |tx| tx.finish_run(mine, &end)));
        assert_eq!(store.running().unwrap(), vec![second]);
        assert!(!change(&mut store, |tx| tx.set_run_pid(mine, 1, None)));
    }

    #[test]
    fn asking_to_stop_is_told_once_and_only_while_it_runs() {
        let (_dir, mut store) = store();
        let id = change(&mut store, |tx| tx.start_run(&run("x")));
        let before = store.last_seq().unwrap();
        assert!(change(&mut store, |tx| Ok(tx.ask_cancel(id)? && tx.ask_cancel(id)?)));
        assert!(store.running().unwrap()[0].cancel_asked);
        let told: Vec<_> = store.events_since(before, 9).unwrap().into_iter().map(|e| (e.kind, e.subject)).collect();
        assert_eq!(told, [(EventKind::RunCancelAsked, id.to_string())]);
        change(&mut store, |tx| tx.finish_run(id, &finished(RunEnd::Cancelled)));
        assert!(!change(&mut store, |tx| tx.ask_cancel(id)));
        assert_eq!(store.last_seq().unwrap(), EventSeq(before.0 + 2));
    }
}
