//! Failure groups and the tags of marks, as noted for undo.

use super::RowChange;
use crate::domain::{MarkId, MarkWords, Operation};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A negative tag that was taken away, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untagged {
    /// The marks that gave it, with the tags they had.
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

/// A failure group that was said to be over, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    pub signature: String,
}

impl RowChange for Resolved {
    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        // Seen again meanwhile, it is open already.
        tx.reopen_group(&self.signature)?;
        Ok(())
    }
}
