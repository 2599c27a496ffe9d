//! Dismissed opportunities, as noted for undo.

use super::RowChange;
use crate::domain::Operation;
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// An opportunity that was dismissed, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissed {
    pub key: String,
}

impl RowChange for Dismissed {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        tx.recall_opportunity(&self.key)?;
        Ok(())
    }
}
