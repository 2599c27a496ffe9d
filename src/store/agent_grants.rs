//! Grants for agents to run unapproved versions, and the list of granted permissions.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::{AgentGrant, AllowGrant, Digest, EventKind, GrantId, GrantScope, ToolName};
use rusqlite::{Row, params};

const COLUMNS: &str = "id, tool, digest, agent, session, who, at_ms, operation";

impl Queries {
    /// Grants for agents that have not been revoked, newest first.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn agent_grants(&self) -> StoreResult<Vec<AgentGrant>> {
        let sql = format!("SELECT {COLUMNS} FROM agent_grants WHERE revoked = 0 ORDER BY id DESC");
        self.rows(&sql, [], read)
    }

    /// Grants for agents to run this version.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn agent_grants_of(&self, tool: &ToolName, digest: Digest) -> StoreResult<Vec<AgentGrant>> {
        let sql = format!("SELECT {COLUMNS} FROM agent_grants WHERE tool = ?1 AND digest = ?2 AND revoked = 0");
        self.rows(&sql, params![tool, digest], read)
    }

    /// One grant for an agent, by its number, even if it was revoked.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn agent_grant(&self, id: GrantId) -> StoreResult<Option<AgentGrant>> {
        self.row(&format!("SELECT {COLUMNS} FROM agent_grants WHERE id = ?1"), params![id], read)
    }

    /// The permissions granted to versions, newest first.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn allow_grants(&self) -> StoreResult<Vec<AllowGrant>> {
        let sql = "SELECT tool, digest, permissions, who, at_ms FROM grants ORDER BY at_ms DESC, tool, digest";
        self.rows(sql, [], |row| {
            Ok(AllowGrant {
                tool: row.get(0)?,
                digest: row.get(1)?,
                allowed: row.get::<_, Json<_>>(2)?.0,
                who: row.get(3)?,
                at: row.get(4)?,
                void: None,
            })
        })
    }
}

impl Tx<'_> {
    /// Stores a grant for an agent under the log entry that it names, and returns its new number. Ignores the number in
    /// `grant`.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed write.
    pub fn grant_agent(&self, grant: &AgentGrant) -> StoreResult<GrantId> {
        let sql = "INSERT INTO agent_grants (tool, digest, agent, session, who, at_ms, operation) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let AgentGrant { tool, digest, agent, scope, who, operation, .. } = grant;
        let id = self.insert(sql, params![tool, digest, agent, scope.word(), who, self.now(), operation])?;
        if grant.is_use() {
            self.emit(EventKind::VersionChosen, tool)?;
        }
        Ok(GrantId(id))
    }

    /// The number that the next grant for an agent gets.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn next_grant(&self) -> StoreResult<GrantId> {
        self.next_number("agent_grants").map(GrantId)
    }

    /// Revokes a grant for an agent, or restores it. The row stays, so that no number is used twice.
    ///
    /// # Errors
    /// [`StoreError::Missing`](super::StoreError::Missing) when there is no such grant, and any other
    /// [`StoreError`](super::StoreError) of a failed write.
    pub fn set_revoked(&self, id: GrantId, revoked: bool) -> StoreResult<()> {
        self.mark_revoked(("agent_grants", "grant"), id.0, revoked)?;
        if let Some(grant) = self.agent_grant(id)?.filter(AgentGrant::is_use) {
            self.emit(EventKind::VersionChosen, &grant.tool)?;
        }
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AgentGrant> {
    Ok(AgentGrant {
        id: row.get(0)?,
        tool: row.get(1)?,
        digest: row.get(2)?,
        agent: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        scope: GrantScope::from_word(row.get::<_, Option<String>>(4)?.as_deref()),
        who: row.get(5)?,
        at: row.get(6)?,
        operation: row.get(7)?,
        void: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, digest, name, operation, store};
    use super::*;
    use crate::domain::OperationId;

    #[test]
    fn leave_for_an_agent_is_listed_until_it_is_revoked() {
        let (_dir, mut store) = store();
        let grant = |session: GrantScope| AgentGrant {
            id: GrantId(0),
            tool: name("x"),
            digest: digest("1"),
            agent: "bot".to_owned(),
            scope: session,
            who: "Ada".to_owned(),
            at: NOW,
            operation: OperationId(1),
            void: None,
        };
        let (first, second) = change(&mut store, |tx| {
            tx.log(&operation("grant", "x"))?;
            assert_eq!(tx.next_grant()?, GrantId(1));
            let first = tx.grant_agent(&grant(GrantScope::Version))?;
            Ok((first, tx.grant_agent(&grant(GrantScope::Session("s".to_owned())))?))
        });
        let listed = store.agent_grants().unwrap();
        let expected = AgentGrant { id: second, ..grant(GrantScope::Session("s".to_owned())) };
        assert_eq!(listed, vec![expected, AgentGrant { id: first, ..grant(GrantScope::Version) }]);
        change(&mut store, |tx| tx.set_revoked(second, true));
        assert_eq!(store.agent_grants().unwrap().len(), 1);
        assert_eq!(store.agent_grant(second).unwrap().map(|grant| grant.id), Some(second), "it stays known");
        assert_eq!(store.agent_grants_of(&name("x"), digest("1")).unwrap().len(), 1);
        assert_eq!(store.agent_grants_of(&name("x"), digest("2")).unwrap(), vec![]);
        change(&mut store, |tx| tx.set_revoked(second, false));
        assert_eq!(store.agent_grants().unwrap().len(), 2);
    }
}
