//! Unlocked cost tiers and saved sets of tools, as noted for undo.

use super::{RowChange, field};
use crate::domain::{CostTier, GrantScope, Operation, SetMember, ToolName, Unlock, UnlockId, unlock_subject};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// An unlocked tool or tier, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlocked {
    pub unlock: UnlockId,
}

impl RowChange for Unlocked {
    fn table(&self) -> Option<&'static str> {
        Some("tier_unlocks")
    }

    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        let Some(tier) = field::<CostTier>(entry, "/tier") else { return Ok(()) };
        let tool = ToolName::new(&entry.subject).ok();
        // An entry whose subject is neither the tool nor the tier unlocks nothing.
        if unlock_subject(tool.as_ref(), tier) != entry.subject {
            return Ok(());
        }
        tx.keep_unlock(&Unlock {
            id: tx.next_unlock()?,
            tool,
            tier,
            scope: field(entry, "/scope").unwrap_or(GrantScope::Session(String::new())),
            until: field(entry, "/until"),
            who: entry.who.clone(),
            at: entry.at,
            operation: entry.id,
            void: None,
        })?;
        Ok(())
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_unlock_revoked(self.unlock, true)?)
    }
}

/// A revoked unlock, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockRevoked {
    pub unlock: UnlockId,
}

impl RowChange for UnlockRevoked {
    fn table(&self) -> Option<&'static str> {
        Some("tier_unlocks")
    }

    fn repeat(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_unlock_revoked(self.unlock, true)?)
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_unlock_revoked(self.unlock, false)?)
    }
}

/// A saved or deleted set of tools, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSaved {
    pub name: ToolName,
    /// The previous members; empty if there was no such set.
    pub before: Vec<SetMember>,
}

impl RowChange for SetSaved {
    fn table(&self) -> Option<&'static str> {
        Some("tool_sets")
    }

    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        let tools: Vec<SetMember> = field(entry, "/tools").unwrap_or_default();
        Ok(tx.save_tool_set(&self.name, &tools, &entry.who)?)
    }

    fn undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        Ok(tx.save_tool_set(&self.name, &self.before, &entry.who)?)
    }
}
