//! Tokens that identify agents that connect over HTTP.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{Digest, EventKind, Instant};
use rusqlite::params;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Counts up within the workspace.
    pub id: i64,
    /// The agent that it names.
    pub agent: String,
    /// Who created it.
    pub created_by: String,
    /// When it was created.
    pub created: Instant,
    /// When an agent last connected with it.
    pub used: Option<Instant>,
}

const COLUMNS: &str = "id, agent, created_by, created_ms, used_ms";

fn token(row: &rusqlite::Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        id: row.get(0)?,
        agent: row.get(1)?,
        created_by: row.get(2)?,
        created: row.get(3)?,
        used: row.get(4)?,
    })
}

/// Every valid token, oldest first.
///
/// # Errors
/// Any [`super::StoreError`] of a failed read.
pub fn agent_tokens(queries: &Queries) -> StoreResult<Vec<TokenRow>> {
    queries.rows(&format!("SELECT {COLUMNS} FROM agent_tokens ORDER BY id"), [], token)
}

/// The token whose secret has this digest.
///
/// # Errors
/// Any [`super::StoreError`] of a failed read.
pub fn agent_token(queries: &Queries, digest: Digest) -> StoreResult<Option<TokenRow>> {
    let sql = format!("SELECT {COLUMNS} FROM agent_tokens WHERE digest = ?1");
    queries.row(&sql, params![digest.0.as_slice()], token)
}

/// Stores a new token. Emits `agents-changed`.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write.
pub fn create_agent_token(tx: &Tx<'_>, agent: &str, digest: Digest, by: &str) -> StoreResult<i64> {
    let sql = "INSERT INTO agent_tokens (agent, digest, created_by, created_ms) VALUES (?1, ?2, ?3, ?4)";
    let id = tx.insert(sql, params![agent, digest.0.as_slice(), by, tx.now()])?;
    tx.emit(EventKind::AgentsChanged, id)?;
    Ok(id)
}

/// Records that an agent connected with a token now. Emits no event: the connection does.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write.
pub fn use_agent_token(tx: &Tx<'_>, id: i64) -> StoreResult<()> {
    tx.change("UPDATE agent_tokens SET used_ms = ?2 WHERE id = ?1", params![id, tx.now()])?;
    Ok(())
}

/// Deletes a token. Emits `agents-changed` when there was one.
///
/// # Errors
/// Any [`super::StoreError`] of a failed write.
pub fn revoke_agent_token(tx: &Tx<'_>, id: i64) -> StoreResult<()> {
    if tx.change("DELETE FROM agent_tokens WHERE id = ?1", params![id])? > 0 {
        tx.emit(EventKind::AgentsChanged, id)?;
    }
    Ok(())
}
