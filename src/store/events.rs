//! The feed: events in the order in which they became durable.

use super::error::StoreResult;
use super::queries::Queries;
use super::values::Count;
use crate::domain::{Event, EventSeq};
use rusqlite::params;

impl Queries {
    /// The number of the newest event; 0 when there is none.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn last_seq(&self) -> StoreResult<EventSeq> {
        let sql = "SELECT coalesce(max(seq), 0) FROM events";
        Ok(self.row(sql, [], |row| row.get(0))?.unwrap_or(EventSeq(0)))
    }

    /// Events after `seen`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn events_since(&self, seen: EventSeq, limit: usize) -> StoreResult<Vec<Event>> {
        let sql = "SELECT seq, at_ms, kind, subject FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        self.rows(sql, params![seen, Count(limit as u64)], |row| {
            Ok(Event { seq: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, subject: row.get(3)? })
        })
    }
}
