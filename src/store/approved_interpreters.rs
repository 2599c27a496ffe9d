//! Which interpreter a version had when it was approved.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::{Digest, InterpreterFacts, ToolName};
use rusqlite::params;

impl Queries {
    /// The interpreter of an approved version; `None` when none was recorded.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn approved_interpreter(&self, tool: &ToolName, digest: Digest) -> StoreResult<Option<InterpreterFacts>> {
        let sql = "SELECT facts FROM approved_interpreters WHERE tool = ?1 AND digest = ?2";
        self.row(sql, params![tool, digest], |row| Ok(row.get::<_, Json<InterpreterFacts>>(0)?.0))
    }
}

impl Tx<'_> {
    /// Records the interpreter of a version that is being approved, in place of an earlier record.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed write.
    pub fn keep_approved_interpreter(
        &self,
        tool: &ToolName,
        digest: Digest,
        facts: &InterpreterFacts,
    ) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO approved_interpreters (tool, digest, facts, at_ms) VALUES (?1, ?2, ?3, ?4)";
        self.change(sql, params![tool, digest, Json(facts), self.now()]).map(drop)
    }
}
