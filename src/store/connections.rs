//! Agents that are connected.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{EventKind, Instant};
use rusqlite::params;

/// An agent that is connected, as its server wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Counts up within the workspace.
    pub id: i64,
    /// The name under which its calls are recorded.
    pub agent: String,
    /// The program that it uses, by its own word; may be empty.
    pub client: String,
    /// The process that serves it.
    pub owner: String,
    /// When it connected.
    pub since: Instant,
}

/// Every connection that nobody ended, oldest first. The process of some may have died.
///
/// # Errors
/// Any [`super::StoreError`] of a failed read.
pub fn agent_connections(queries: &Queries) -> StoreResult<Vec<ConnectionRow>> {
    queries.rows("SELECT id, agent, client, owner, since_ms FROM agent_connections ORDER BY id", [], |row| {
        Ok(ConnectionRow {
            id: row.get(0)?,
            agent: row.get(1)?,
            client: row.get(2)?,
            owner: row.get(3)?,
            since: row.get(4)?,
        })
    })
}

impl Tx<'_> {
    /// Notes that an agent is connected. Emits `agents-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn connect_agent(&self, agent: &str, client: &str, owner: &str) -> StoreResult<i64> {
        let sql = "INSERT INTO agent_connections (agent, client, owner, since_ms) VALUES (?1, ?2, ?3, ?4)";
        let id = self.insert(sql, params![agent, client, owner, self.now()])?;
        self.emit(EventKind::AgentsChanged, id)?;
        Ok(id)
    }

    /// Forgets a connection. Emits `agents-changed` when there was one.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn disconnect_agent(&self, id: i64) -> StoreResult<()> {
        if self.change("DELETE FROM agent_connections WHERE id = ?1", params![id])? > 0 {
            self.emit(EventKind::AgentsChanged, id)?;
        }
        Ok(())
    }
}
