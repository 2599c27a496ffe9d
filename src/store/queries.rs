//! The queries that every connection answers.

use super::error::{StoreError, StoreResult};
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};

/// Queries of the state. A [`Store`](super::Store), a [`StoreReader`](super::StoreReader) and, inside a transaction, a
/// [`Tx`](super::Tx) answer them.
pub struct Queries {
    pub(super) connection: Connection,
}

impl Queries {
    /// A number that changes exactly when another connection commits.
    ///
    /// # Errors
    /// [`StoreError::Sql`] and its like.
    pub fn data_version(&self) -> StoreResult<i64> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Lets `work` run several queries on one unchanging state, whatever others commit meanwhile.
    ///
    /// # Errors
    /// What `work` returns, and [`StoreError`] when the state cannot be read.
    pub fn snapshot<T, E: From<StoreError>>(&self, work: impl FnOnce(&Queries) -> Result<T, E>) -> Result<T, E> {
        if !self.connection.is_autocommit() {
            return work(self);
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred);
        let _transaction = transaction.map_err(StoreError::from)?;
        work(self)
    }

    /// Names of the tables that cannot be read completely.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read of the list of tables.
    pub fn damaged_tables(&self) -> StoreResult<Vec<String>> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut names: Vec<String> = self.rows(sql, [], |row| row.get(0))?;
        names.retain(|name| {
            let sql = format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""));
            self.rows(&sql, [], |_| Ok(())).is_err()
        });
        Ok(names)
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> StoreResult<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }

    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> StoreResult<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        Ok(rows.next()?.map(read).transpose()?)
    }
}
