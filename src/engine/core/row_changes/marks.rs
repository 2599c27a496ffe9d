//! Marked failures, as noted for undo.

use super::RowChange;
use crate::domain::{MarkId, MarkWords, Operation};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A failure that was marked, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    pub mark: MarkId,
    /// Marks that were undone with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<MarkId>,
}

impl RowChange for Marked {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        for mark in &self.taken_back {
            tx.set_mark_withdrawn(*mark, false)?;
        }
        Ok(tx.set_mark_withdrawn(self.mark, true)?)
    }
}

/// A mark that says something else now, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkEdited {
    pub mark: MarkId,
    pub before: MarkWords,
}

impl RowChange for MarkEdited {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_mark_words(self.mark, &self.before)?)
    }
}
