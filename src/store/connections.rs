//! Connected agents, and the permits that their runs use.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{EventKind, Instant, ReviewId, RunId};
use rusqlite::params;

/// A connected agent, as recorded by its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// Counts up within the workspace.
    pub id: i64,
    /// The name under which its calls are recorded.
    pub agent: String,
    /// The program that it uses, as the program states it; may be empty.
    pub client: String,
    /// The process that serves it.
    pub owner: String,
    /// When it connected.
    pub since: Instant,
    /// Whether that process serves other agents too.
    pub is_shared: bool,
}

/// Every connection that was not ended, oldest first. The processes of some may have died.
///
/// # Errors
/// Any [`super::StoreError`] of a failed read.
pub fn agent_connections(queries: &Queries) -> StoreResult<Vec<ConnectionRow>> {
    queries.rows("SELECT id, agent, client, owner, since_ms, shared FROM agent_connections ORDER BY id", [], |row| {
        Ok(ConnectionRow {
            id: row.get(0)?,
            agent: row.get(1)?,
            client: row.get(2)?,
            owner: row.get(3)?,
            since: row.get(4)?,
            is_shared: row.get(5)?,
        })
    })
}

/// Records that an agent connected to a process, which may serve other agents too. Emits `agents-changed`.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write.
pub fn connect_agent(tx: &Tx<'_>, agent: &str, client: &str, (owner, is_shared): (&str, bool)) -> StoreResult<i64> {
    let sql = "INSERT INTO agent_connections (agent, client, owner, since_ms, shared) VALUES (?1, ?2, ?3, ?4, ?5)";
    let id = tx.insert(sql, params![agent, client, owner, tx.now(), is_shared])?;
    tx.emit(EventKind::AgentsChanged, id)?;
    Ok(id)
}

/// Deletes a connection. Emits `agents-changed` when it existed.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write.
pub fn disconnect_agent(tx: &Tx<'_>, id: i64) -> StoreResult<()> {
    if tx.change("DELETE FROM agent_connections WHERE id = ?1", params![id])? > 0 {
        tx.emit(EventKind::AgentsChanged, id)?;
    }
    Ok(())
}

/// Records that this run uses a permit; `false` when another run used it before. Emits no event: the run itself emits
/// one.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write.
pub fn use_permit(tx: &Tx<'_>, review: ReviewId, run: RunId) -> StoreResult<bool> {
    let sql = "INSERT INTO used_permits (review, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(tx.change(sql, params![review, run])? == 1)
}
