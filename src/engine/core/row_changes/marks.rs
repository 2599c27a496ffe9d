//! Marked failures, as noted for undo.

use super::RowChange;
use crate::domain::{MarkId, Operation};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A failure that was marked, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    pub mark: MarkId,
}

impl RowChange for Marked {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_mark_withdrawn(self.mark, true)?)
    }
}
