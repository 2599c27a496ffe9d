//! Pinned versions, as noted for undo.

use super::RowChange;
use crate::domain::{Digest, Operation, ToolName};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A version that was pinned or unpinned, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinChange {
    pub tool: ToolName,
    pub digest: Digest,
    /// Whether it was pinned.
    pub pinned: bool,
}

impl PinChange {
    fn set(&self, tx: &Tx<'_>, pinned: bool, entry: &Operation) -> Result<(), EngineError> {
        if pinned {
            tx.pin(&self.tool, self.digest, &entry.who, entry.id)?;
        } else {
            tx.unpin(&self.tool, self.digest)?;
        }
        Ok(())
    }
}

impl RowChange for PinChange {
    fn table(&self) -> Option<&'static str> {
        Some("pins")
    }

    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        self.set(tx, self.pinned, entry)
    }

    fn undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        self.set(tx, !self.pinned, entry)
    }
}
