//! The cache of the last scan, and single values by key.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{Digest, EventSeq, Instant};
use rusqlite::params;
use std::collections::HashMap;

/// The fingerprint of a definition's files, and what was read from them.
pub type CachedRow = (Vec<u8>, Vec<u8>);

/// The scan that the tables of versions, present definitions and reviews are based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedScan {
    /// Digest of the rows of the scan.
    pub rows: Digest,
    /// The newest event when the scan was applied.
    pub seq: EventSeq,
    /// When the scan was applied.
    pub at: Instant,
}

/// Queries about the last scan.
#[derive(Clone, Copy)]
pub struct LastScan<'q>(&'q Queries);

impl LastScan<'_> {
    /// The scan that the other tables are based on; `None` when unknown.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn applied(&self) -> StoreResult<Option<AppliedScan>> {
        self.0.row("SELECT digest, seq, at_ms FROM applied_scan", [], |row| {
            Ok(AppliedScan { rows: row.get(0)?, seq: row.get(1)?, at: row.get(2)? })
        })
    }

    /// The names under which the rows of the applied scan are known; `None` when unknown.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn names(&self) -> StoreResult<Option<Vec<u8>>> {
        let names = self.0.row("SELECT names FROM applied_scan", [], |row| row.get::<_, Vec<u8>>(0))?;
        Ok(names.filter(|names| !names.is_empty()))
    }

    /// What the last scan read at one path, with its fingerprint.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn row(&self, path: &str) -> StoreResult<Option<(Vec<u8>, Vec<u8>)>> {
        let sql = "SELECT fingerprint, payload FROM scan_cache WHERE path = ?1";
        self.0.row(sql, params![path], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Calls back with what the last scan read, one definition after the other: fingerprint and content, borrowed from
    /// the memory of the database.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn each(&self, take: &mut dyn FnMut(&[u8], &[u8])) -> StoreResult<()> {
        let sql = "SELECT fingerprint, payload FROM scan_cache";
        let row = |row: &rusqlite::Row<'_>| {
            let bytes = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_blob()?);
            take(bytes(0)?, bytes(1)?);
            Ok(())
        };
        self.0.rows(sql, [], row).map(drop)
    }

    /// What the last scan read at the paths after this one, in order of path, at most `limit`: path, fingerprint and
    /// content.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn page(&self, after: &str, limit: usize) -> StoreResult<Vec<(String, CachedRow)>> {
        let sql = "SELECT path, fingerprint, payload FROM scan_cache WHERE path > ?1 ORDER BY path LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.0.rows(sql, params![after, limit], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
    }

    /// What the last scan read, by path: fingerprint and content.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn cache(&self) -> StoreResult<HashMap<String, CachedRow>> {
        let sql = "SELECT path, fingerprint, payload FROM scan_cache";
        let rows = self.0.rows(sql, [], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        Ok(rows.into_iter().collect())
    }

    /// What the last scan read of the first `limit` tools by name. The cost does not depend on the number of tools.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn first(&self, limit: usize) -> StoreResult<Vec<Vec<u8>>> {
        let sql = "SELECT scan_cache.payload FROM present JOIN scan_cache USING (path) \
                   ORDER BY present.tool, present.path LIMIT ?1";
        self.0.rows(sql, params![i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))
    }
}

impl Queries {
    /// Queries about the last scan.
    pub fn last_scan(&self) -> LastScan<'_> {
        LastScan(self)
    }

    /// A single value by key.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn meta(&self, key: &str) -> StoreResult<Option<String>> {
        self.row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Stores what a scan read, as (path, fingerprint, content). Replaces rows of known paths.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_scan_cache<P, F, S>(&self, rows: impl IntoIterator<Item = (P, F, S)>) -> StoreResult<()>
    where
        P: AsRef<str>,
        F: AsRef<[u8]>,
        S: AsRef<[u8]>,
    {
        let sql = "INSERT INTO scan_cache (path, fingerprint, payload) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (path) DO UPDATE SET fingerprint = ?2, payload = ?3";
        for (path, fingerprint, payload) in rows {
            self.change(sql, params![path.as_ref(), fingerprint.as_ref(), payload.as_ref()])?;
        }
        Ok(())
    }

    /// Deletes what a scan read from these paths.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_scan_cache<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> StoreResult<()> {
        for path in paths {
            self.change("DELETE FROM scan_cache WHERE path = ?1", params![path.as_ref()])?;
        }
        Ok(())
    }

    /// Records the scan that the other tables are based on.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_applied_scan(&self, applied: &AppliedScan) -> StoreResult<()> {
        let sql = "INSERT INTO applied_scan (id, digest, seq, at_ms, names) VALUES (1, ?1, ?2, ?3, x'') \
                   ON CONFLICT (id) DO UPDATE SET digest = ?1, seq = ?2, at_ms = ?3, names = x''";
        self.change(sql, params![applied.rows, applied.seq, applied.at]).map(drop)
    }

    /// Stores the names under which the rows of the applied scan are known. Does nothing when no scan is applied.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_scanned_names(&self, names: &[u8]) -> StoreResult<()> {
        self.change("UPDATE applied_scan SET names = ?1", params![names]).map(drop)
    }

    /// Deletes the record of the applied scan, so that the next scan is applied whatever it finds.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn forget_applied_scan(&self) -> StoreResult<()> {
        self.change("DELETE FROM applied_scan", []).map(drop)
    }

    /// Sets a single value.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_meta(&self, key: &str, value: &str) -> StoreResult<()> {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        self.change(sql, params![key, value]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, store};
    use super::*;

    #[test]
    fn what_a_scan_read_is_replaced_and_forgotten_by_path() {
        let (_dir, mut store) = store();
        change(&mut store, |tx| {
            tx.put_scan_cache([("a", b"1", "one"), ("b", b"2", "two")])?;
            tx.put_scan_cache(vec![("a".to_owned(), vec![3_u8], b"three".to_vec())])?;
            tx.drop_scan_cache(["b", "c"])
        });
        let expected = HashMap::from([("a".to_owned(), (vec![3_u8], b"three".to_vec()))]);
        assert_eq!(store.last_scan().cache().unwrap(), expected);
    }

    #[test]
    fn a_value_is_replaced_by_key() {
        let (_dir, mut store) = store();
        assert_eq!(store.meta("k").unwrap(), None);
        change(&mut store, |tx| tx.set_meta("k", "1").and_then(|()| tx.set_meta("k", "2")));
        assert_eq!(store.meta("k").unwrap().as_deref(), Some("2"));
    }
}
