//! A transaction in progress. Its methods are defined beside their subject: runs in `runs`, reviews in `reviews`, and
//! so on.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::seen::LogEnd;
use crate::domain::{EventKind, EventSeq, Instant};
use rusqlite::{Params, params};
use std::cell::Cell;
use std::fmt::Display;
use std::ops::Deref;

/// A transaction in progress; it reads what it wrote. Rows and their events are written together, so nobody sees one
/// without the other.
pub struct Tx<'a> {
    queries: &'a Queries,
    now: Instant,
    logged: Cell<Option<LogEnd>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(queries: &'a Queries, now: Instant) -> Tx<'a> {
        Tx { queries, now, logged: Cell::new(None) }
    }

    /// The time of everything that this transaction writes.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The same transaction at another time, to write again what happened then.
    pub fn at(&self, then: Instant) -> Tx<'a> {
        Tx::new(self.queries, then)
    }

    /// Deletes every row of a table.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn clear_table(&self, table: &str) -> StoreResult<()> {
        let sql = format!("DELETE FROM \"{}\"", table.replace('"', "\"\""));
        self.queries.connection.execute(&sql, [])?;
        Ok(())
    }

    /// Appends an event to the feed. Most changes emit their own event, as documented; this is for the others.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn emit(&self, kind: EventKind, subject: impl Display) -> StoreResult<EventSeq> {
        let sql = "INSERT INTO events (at_ms, kind, subject) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![self.now, kind, subject.to_string()]).map(EventSeq)
    }

    /// The new end of the log, if this transaction moved it.
    pub(super) fn logged(&self) -> Option<LogEnd> {
        self.logged.get()
    }

    /// Records that this transaction moved the end of the log.
    pub(super) fn note_logged(&self, end: LogEnd) {
        self.logged.set(Some(end));
    }

    /// Inserts one row and returns its number.
    pub(super) fn insert(&self, sql: &str, params: impl Params) -> StoreResult<i64> {
        Ok(self.queries.connection.prepare_cached(sql)?.insert(params)?)
    }

    /// The number that the next row of a table gets. No number is used twice: these tables never delete rows.
    pub(super) fn next_number(&self, table: &'static str) -> StoreResult<i64> {
        let newest = self.row(&format!("SELECT max(id) FROM {table}"), [], |row| row.get::<_, Option<i64>>(0))?;
        Ok(newest.flatten().unwrap_or(0) + 1)
    }

    /// Revokes a row of a table, or restores it.
    ///
    /// # Errors
    /// [`StoreError::Missing`], which names the row as `what`, when there is no such row; any other [`StoreError`] of a
    /// failed write.
    pub(super) fn mark_revoked(
        &self,
        (table, what): (&'static str, &'static str),
        id: i64,
        revoked: bool,
    ) -> StoreResult<()> {
        let changed = self.change(&format!("UPDATE {table} SET revoked = ?2 WHERE id = ?1"), params![id, revoked])?;
        if changed == 0 { Err(StoreError::missing(format_args!("{what} {id}"))) } else { Ok(()) }
    }

    /// Changes rows and returns their number.
    pub(super) fn change(&self, sql: &str, params: impl Params) -> StoreResult<usize> {
        Ok(self.queries.connection.prepare_cached(sql)?.execute(params)?)
    }
}

impl Deref for Tx<'_> {
    type Target = Queries;
    fn deref(&self) -> &Queries {
        self.queries
    }
}
