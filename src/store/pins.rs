//! Pinned versions, which cleaning up never removes.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{Digest, EventKind, OperationId, ToolName};
use rusqlite::params;
use std::collections::HashSet;

impl Queries {
    /// The pinned versions of a tool.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn pins(&self, tool: &ToolName) -> StoreResult<HashSet<Digest>> {
        let rows = self.rows("SELECT digest FROM pins WHERE tool = ?1", params![tool], |row| row.get(0))?;
        Ok(rows.into_iter().collect())
    }
}

impl Tx<'_> {
    /// Pins a version; `false` when it was pinned before. Emits `version-chosen`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn pin(&self, tool: &ToolName, digest: Digest, who: &str, operation: OperationId) -> StoreResult<bool> {
        let sql = "INSERT INTO pins (tool, digest, who, at_ms, operation) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (tool, digest) DO NOTHING";
        let changed = self.change(sql, params![tool, digest, who, self.now(), operation])? > 0;
        self.emit(EventKind::VersionChosen, tool)?;
        Ok(changed)
    }

    /// Removes a pin; `false` when there was none. Emits `version-chosen`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn unpin(&self, tool: &ToolName, digest: Digest) -> StoreResult<bool> {
        let changed = self.change("DELETE FROM pins WHERE tool = ?1 AND digest = ?2", params![tool, digest])? > 0;
        self.emit(EventKind::VersionChosen, tool)?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, digest, name, operation, store};
    use super::*;

    #[test]
    fn a_pin_is_of_one_version_until_it_is_taken_away() {
        let (_dir, mut store) = store();
        change(&mut store, |tx| {
            let operation = tx.log(&operation("pin", "x"))?;
            assert!(tx.pin(&name("x"), digest("1"), "Ada", operation)?);
            assert!(!tx.pin(&name("x"), digest("1"), "Ada", operation)?);
            Ok(())
        });
        assert_eq!(store.pins(&name("x")).unwrap(), HashSet::from([digest("1")]));
        assert_eq!(store.pins(&name("y")).unwrap(), HashSet::new());
        assert!(change(&mut store, |tx| tx.unpin(&name("x"), digest("1"))));
        assert!(!change(&mut store, |tx| tx.unpin(&name("x"), digest("1"))));
    }
}
