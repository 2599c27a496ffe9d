//! Intents: pending work outside the store (files to move, a commit to make) of a committed operation. Stored with the
//! operation and finished when the work is done; pending work is resumed after a crash.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::OperationId;
use rusqlite::params;
use serde_json::Value;

/// Pending work.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Row number; work is done in this order.
    pub id: i64,
    /// The operation that the work belongs to.
    pub operation: OperationId,
    /// What to do, in a format that the writer defines.
    pub body: Value,
}

impl Queries {
    /// Pending work, oldest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn intents(&self) -> StoreResult<Vec<Intent>> {
        let sql = "SELECT id, operation, body FROM intents WHERE finished_at_ms IS NULL ORDER BY id";
        self.rows(sql, [], |row| {
            Ok(Intent { id: row.get(0)?, operation: row.get(1)?, body: row.get::<_, Json<Value>>(2)?.0 })
        })
    }
}

impl Queries {
    /// Whether the finished work of an operation ended in a commit.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn made_commit(&self, operation: OperationId) -> StoreResult<bool> {
        let sql = "SELECT result FROM intents WHERE operation = ?1 AND result IS NOT NULL";
        let results = self.rows(sql, params![operation], |row| Ok(row.get::<_, Json<Value>>(0)?.0))?;
        Ok(results.iter().any(|result| result.get("commit").is_some_and(Value::is_string)))
    }
}

impl Tx<'_> {
    /// Stores pending work of `operation`, and returns its number.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn add_intent(&self, operation: OperationId, body: &Value) -> StoreResult<i64> {
        let sql = "INSERT INTO intents (operation, body, created_at_ms) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![operation, Json(body), self.now()])
    }

    /// Records that the work is done, with its result. Returns `false`, and changes nothing, when it was finished
    /// before or does not exist.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn finish_intent(&self, id: i64, result: &Value) -> StoreResult<bool> {
        let sql = "UPDATE intents SET result = ?2, finished_at_ms = ?3 WHERE id = ?1 AND finished_at_ms IS NULL";
        Ok(self.change(sql, params![id, Json(result), self.now()])? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, operation, store};
    use super::*;
    use serde_json::json;

    #[test]
    fn an_intent_is_owed_until_it_is_finished_once() {
        let (_dir, mut store) = store();
        let (operation, first, second) = change(&mut store, |tx| {
            let operation = tx.log(&operation("approve", "x"))?;
            Ok((operation, tx.add_intent(operation, &json!({"move": 1}))?, tx.add_intent(operation, &json!([2]))?))
        });
        let owed = |id, body| Intent { id, operation, body };
        assert_eq!(store.intents().unwrap(), vec![owed(first, json!({"move": 1})), owed(second, json!([2]))]);
        let finished = change(&mut store, |tx| {
            Ok((tx.finish_intent(first, &json!({"commit": "abc"}))?, tx.finish_intent(first, &json!(null))?))
        });
        assert_eq!(finished, (true, false));
        assert_eq!(store.intents().unwrap(), vec![owed(second, json!([2]))]);
        assert!(store.made_commit(operation).unwrap() && !store.made_commit(OperationId(operation.0 + 1)).unwrap());
    }
}
