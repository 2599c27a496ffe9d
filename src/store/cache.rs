//! What can be had again: what the last scan read. And single values by key.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use rusqlite::params;
use std::collections::HashMap;

impl Queries {
    /// What the last scan read: for each path its fingerprint and what was read.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn scan_cache(&self) -> StoreResult<HashMap<String, (Vec<u8>, String)>> {
        let sql = "SELECT path, fingerprint, payload FROM scan_cache";
        let rows = self.rows(sql, [], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        Ok(rows.into_iter().collect())
    }

    /// What the last scan read of the first tools by name, at most `limit`; costs the same for any number
    /// of tools.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn first_scanned(&self, limit: usize) -> StoreResult<Vec<String>> {
        let sql = "SELECT scan_cache.payload FROM present JOIN scan_cache USING (path) \
                   ORDER BY present.tool, present.path LIMIT ?1";
        self.rows(sql, params![i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))
    }

    /// A single value.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn meta(&self, key: &str) -> StoreResult<Option<String>> {
        self.row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
    }
}

impl Tx<'_> {
    /// Keeps what a scan read, as (path, fingerprint, what was read); a path known before is replaced.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_scan_cache<P, F, S>(&self, rows: impl IntoIterator<Item = (P, F, S)>) -> StoreResult<()>
    where
        P: AsRef<str>,
        F: AsRef<[u8]>,
        S: AsRef<str>,
    {
        let sql = "INSERT INTO scan_cache (path, fingerprint, payload) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (path) DO UPDATE SET fingerprint = ?2, payload = ?3";
        for (path, fingerprint, payload) in rows {
            self.change(sql, params![path.as_ref(), fingerprint.as_ref(), payload.as_ref()])?;
        }
        Ok(())
    }

    /// Forgets what a scan read from these paths.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_scan_cache<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> StoreResult<()> {
        for path in paths {
            self.change("DELETE FROM scan_cache WHERE path = ?1", params![path.as_ref()])?;
        }
        Ok(())
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
            tx.put_scan_cache(vec![("a".to_owned(), vec![3_u8], "three".to_owned())])?;
            tx.drop_scan_cache(["b", "c"])
        });
        let expected = HashMap::from([("a".to_owned(), (vec![3_u8], "three".to_owned()))]);
        assert_eq!(store.scan_cache().unwrap(), expected);
    }

    #[test]
    fn a_value_is_replaced_by_key() {
        let (_dir, mut store) = store();
        assert_eq!(store.meta("k").unwrap(), None);
        change(&mut store, |tx| tx.set_meta("k", "1").and_then(|()| tx.set_meta("k", "2")));
        assert_eq!(store.meta("k").unwrap().as_deref(), Some("2"));
    }
}
