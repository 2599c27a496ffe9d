//! The catalog as a separate database, for other programs.

use super::error::StoreResult;
use rusqlite::{Connection, params};
use serde::Serialize;
use std::path::Path;

/// An exported tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedTool {
    /// Counts up from 1 by name.
    pub id: i64,
    /// Name that the manifest states.
    pub tool_name: String,
    /// The text of the executed file.
    pub code: String,
    /// When this version was first seen, RFC 3339.
    pub created_at: Option<String>,
    /// When the newest run of a tool of this name started, RFC 3339.
    pub last_used: Option<String>,
    /// Number of judged runs of this name.
    pub usage_count: u64,
    /// Share of runs that succeeded, 0 to 1; `None` without any run.
    pub success_rate: Option<f64>,
}

/// Writes a new database with one table, `tools`.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write, including an existing table of that name.
pub fn write_export(path: &Path, rows: &[ExportedTool]) -> StoreResult<()> {
    let mut connection = Connection::open(path)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "CREATE TABLE tools (id INTEGER PRIMARY KEY, tool_name TEXT NOT NULL, code TEXT NOT NULL, created_at TEXT, \
         last_used TEXT, usage_count INTEGER NOT NULL, success_rate REAL) STRICT",
    )?;
    {
        let mut insert = transaction.prepare("INSERT INTO tools VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        for row in rows {
            let ExportedTool { id, tool_name, code, created_at, last_used, usage_count, success_rate } = row;
            let usage = i64::try_from(*usage_count).unwrap_or(i64::MAX);
            insert.execute(params![id, tool_name, code, created_at, last_used, usage, success_rate])?;
        }
    }
    transaction.commit()?;
    Ok(())
}
