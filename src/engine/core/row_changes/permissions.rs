//! Granted permissions of versions, as noted for undo.

use super::{RowChange, field};
use crate::domain::{Allowed, Digest, Operation, ToolName};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// Granted permissions of a version, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permitted {
    pub tool: ToolName,
    /// The version that got its declared permissions.
    pub digest: Digest,
}

impl RowChange for Permitted {
    fn table(&self) -> Option<&'static str> {
        Some("grants")
    }

    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        if let (Some(permissions), Some(writes)) = (field(entry, "/permissions"), field(entry, "/writes")) {
            tx.grant(&self.tool, self.digest, &Allowed { permissions, writes }, &entry.who)?;
        }
        Ok(())
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        tx.withdraw_grant(&self.tool, self.digest)?;
        Ok(())
    }
}

/// Revoked permissions of a version, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionRevoked {
    pub tool: ToolName,
    pub digest: Digest,
    /// The revoked permissions.
    pub allowed: Allowed,
}

impl RowChange for PermissionRevoked {
    fn table(&self) -> Option<&'static str> {
        Some("grants")
    }

    fn repeat(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        tx.withdraw_grant(&self.tool, self.digest)?;
        Ok(())
    }

    fn undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        Ok(tx.grant(&self.tool, self.digest, &self.allowed, &entry.who)?)
    }
}
