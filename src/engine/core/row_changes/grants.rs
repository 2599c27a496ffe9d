//! Grants for agents, as noted for undo.

use super::{RowChange, field};
use crate::domain::{AgentGrant, GrantId, GrantScope, Operation, ToolName};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A grant, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub grant: GrantId,
}

impl RowChange for Granted {
    fn table(&self) -> Option<&'static str> {
        Some("agent_grants")
    }

    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        let (Ok(tool), Some(digest)) = (ToolName::new(&entry.subject), field(entry, "/digest")) else {
            return Ok(());
        };
        tx.grant_agent(&AgentGrant {
            id: tx.next_grant()?,
            tool,
            digest,
            agent: field(entry, "/agent").unwrap_or_default(),
            scope: field(entry, "/scope").unwrap_or(GrantScope::Session(String::new())),
            who: entry.who.clone(),
            at: entry.at,
            operation: entry.id,
            void: None,
        })?;
        Ok(())
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_revoked(self.grant, true)?)
    }
}

/// A grant that was revoked, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRevoked {
    pub grant: GrantId,
}

impl RowChange for GrantRevoked {
    fn table(&self) -> Option<&'static str> {
        Some("agent_grants")
    }

    fn repeat(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_revoked(self.grant, true)?)
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_revoked(self.grant, false)?)
    }
}
