//! Comments, as noted for undo.

use super::{RowChange, field};
use crate::domain::{Comment, CommentAnchor, CommentId, Digest, Operation, ReviewId, ToolName};
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::{Deserialize, Serialize};

/// A comment, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commented {
    pub comment: CommentId,
}

impl RowChange for Commented {
    fn table(&self) -> Option<&'static str> {
        Some("comments")
    }

    /// The text of the lines that it was about is not in the log.
    fn repeat(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        let said = (field::<ReviewId>(entry, "/review"), field::<Digest>(entry, "/digest"));
        let ((Some(review), Some(digest)), Ok(tool), Some(kind)) =
            (said, ToolName::new(&entry.subject), field(entry, "/kind"))
        else {
            return Ok(());
        };
        let comment = Comment {
            id: CommentId(0),
            review,
            tool,
            digest,
            spot: CommentAnchor { path: field(entry, "/path"), lines: field(entry, "/lines") },
            line_text: None,
            kind,
            body: field(entry, "/body").unwrap_or_default(),
            who: entry.who.clone(),
            at: entry.at,
            outdated: false,
        };
        tx.add_comment(&comment, entry.id)?;
        Ok(())
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_withdrawn(self.comment, true)?)
    }
}

/// A comment that was undone, as noted for undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    pub comment: CommentId,
}

impl RowChange for Withdrawn {
    fn table(&self) -> Option<&'static str> {
        Some("comments")
    }

    fn repeat(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_withdrawn(self.comment, true)?)
    }

    fn undo(&self, tx: &Tx<'_>, _: &Operation) -> Result<(), EngineError> {
        Ok(tx.set_withdrawn(self.comment, false)?)
    }
}
