//! Tools that should no longer be used.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{Deprecation, EventKind, OperationId, ToolName};
use rusqlite::{Row, params};
use std::collections::HashMap;

const COLUMNS: &str = "tool, successor, reason, who, at_ms";

impl Queries {
    /// Every deprecated tool.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn deprecations(&self) -> StoreResult<HashMap<ToolName, Deprecation>> {
        let rows = self.rows(&format!("SELECT {COLUMNS} FROM deprecations"), [], read)?;
        Ok(rows.into_iter().collect())
    }

    /// The deprecation of one tool; `None` when it is not deprecated.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn deprecation(&self, tool: &ToolName) -> StoreResult<Option<Deprecation>> {
        let sql = format!("SELECT {COLUMNS} FROM deprecations WHERE tool = ?1");
        Ok(self.row(&sql, params![tool], read)?.map(|(_, mark)| mark))
    }
}

impl Tx<'_> {
    /// Deprecates a tool, or ends its deprecation. Emits `tool-deprecated`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_deprecation(
        &self,
        tool: &ToolName,
        mark: Option<&Deprecation>,
        operation: OperationId,
    ) -> StoreResult<()> {
        match mark {
            Some(mark) => {
                let sql = "INSERT INTO deprecations (tool, successor, reason, who, at_ms, operation) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tool) DO UPDATE SET \
                           successor = ?2, reason = ?3, who = ?4, at_ms = ?5, operation = ?6";
                self.change(sql, params![tool, mark.by, mark.reason, mark.who, mark.at, operation])?;
            }
            None => {
                self.change("DELETE FROM deprecations WHERE tool = ?1", params![tool])?;
            }
        }
        self.emit(EventKind::ToolDeprecated, tool).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<(ToolName, Deprecation)> {
    Ok((row.get(0)?, Deprecation { by: row.get(1)?, reason: row.get(2)?, who: row.get(3)?, at: row.get(4)? }))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, name, operation, store};
    use super::*;
    use crate::domain::EventSeq;

    #[test]
    fn a_mark_is_set_changed_and_taken_away_and_each_is_told() {
        let (_dir, mut store) = store();
        let mark = |by: Option<&str>| Deprecation {
            by: by.map(name),
            reason: Some("slow".to_owned()),
            who: "Ada".to_owned(),
            at: NOW,
        };
        change(&mut store, |tx| {
            let operation = tx.log(&operation("deprecate", "x"))?;
            tx.set_deprecation(&name("x"), Some(&mark(None)), operation)?;
            tx.set_deprecation(&name("x"), Some(&mark(Some("y"))), operation)
        });
        assert_eq!(store.deprecation(&name("x")).unwrap(), Some(mark(Some("y"))));
        assert_eq!(store.deprecations().unwrap(), HashMap::from([(name("x"), mark(Some("y")))]));
        change(&mut store, |tx| {
            let operation = tx.log(&operation("undo", "x"))?;
            tx.set_deprecation(&name("x"), None, operation)
        });
        assert_eq!(store.deprecation(&name("x")).unwrap(), None);
        let events = store.events_since(EventSeq(0), 9).unwrap();
        let told = events.iter().filter(|event| event.kind == EventKind::ToolDeprecated && event.subject == "x");
        assert_eq!(told.count(), 3);
    }
}
