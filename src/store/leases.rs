//! Leases: which process looks after a run that has not ended, and until when it said it would.
//!
//! There is a lease exactly as long as the run has no end. Whether one has expired is for its reader to judge,
//! with a clock of its own.

use super::connection::Queries;
use super::error::StoreResult;
use super::tx::Tx;
use super::values::Count;
use crate::domain::{EventKind, Instant, RunId};
use rusqlite::params;

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningRow {
    /// The run.
    pub run: RunId,
    /// The process that looks after it, in the words of that process.
    pub owner: String,
    /// Process id of the run, once it started.
    pub pid: Option<i32>,
    /// Start time of that process as the system counts it, so that a reused process id is not mistaken for it.
    pub pid_started: Option<u64>,
    /// Until when the owner said it would look after it.
    pub lease_until: Instant,
    /// Whether somebody asked for it to be stopped.
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
    /// Notes the process of a run; returns `false` when the run has ended.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_run_pid(&self, run: RunId, pid: i32, pid_started: Option<u64>) -> StoreResult<bool> {
        let sql = "UPDATE leases SET pid = ?2, pid_started = ?3 WHERE run = ?1";
        Ok(self.change(sql, params![run, pid, pid_started.map(Count)])? > 0)
    }

    /// Prolongs every lease of an owner; returns how many runs it looks after.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn renew_leases(&self, owner: &str, until: Instant) -> StoreResult<usize> {
        self.change("UPDATE leases SET until_at_ms = ?2 WHERE owner = ?1", params![owner, until])
    }

    /// Asks for a run to be stopped, whoever looks after it. Emits `run-cancel-asked` the first time;
    /// returns `false` when the run has ended.
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
