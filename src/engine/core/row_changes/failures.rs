//! Failure groups and the tags of marks, as noted for undo.

use super::RowChange;
use crate::domain::{MarkId, MarkWords, Operation};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A removed negative tag, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untagged {
    /// The marks that had it, with their previous tags.
    pub marks: Vec<(MarkId, Vec<String>)>,
}

impl RowChange for Untagged {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        for (id, tags) in &self.marks {
            let Some(mark) = tx.failure_mark(*id)? else { continue };
            tx.set_mark_words(*id, &MarkWords { tags: tags.clone(), ..mark.words() })?;
        }
        Ok(())
    }
}

/// A resolved failure group, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    pub signature: String,
}

impl RowChange for Resolved {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        // If the failure occurred again meanwhile, the group is already open.
        tx.reopen_group(&self.signature)?;
        Ok(())
    }
}
