//! Changes that affect only rows: how each is undone, and how it is replayed when rows are rebuilt from the log.

mod comments;
mod failures;
mod grants;
mod marks;
mod opportunities;
mod permissions;
mod pins;
mod tiers;

pub use comments::{Commented, Withdrawn};
pub use failures::{Resolved, Untagged};
pub use grants::{GrantRevoked, Granted};
pub use marks::{MarkEdited, Marked};
pub use opportunities::Dismissed;
pub use permissions::{PermissionRevoked, Permitted};
pub use pins::PinChange;
pub use tiers::{SetSaved, UnlockRevoked, Unlocked};

use crate::domain::Operation;
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::de::DeserializeOwned;

/// A change that moves no files, as recorded in its log entry. The rules write such changes; `undo` and `rebuild` read
/// them.
pub trait RowChange {
    /// The table that it changes, if the log contains all of its rows; such a table can be rebuilt.
    fn table(&self) -> Option<&'static str> {
        None
    }

    /// Replays the entry in an empty table. The time of `tx` is that of the entry.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    fn repeat(&self, _tx: &Tx<'_>, _entry: &Operation) -> Result<(), EngineError> {
        Ok(())
    }

    /// Undoes the entry.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    fn undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError>;
}

/// A field of an entry; `None` if it is missing or cannot be parsed.
pub(super) fn field<T: DeserializeOwned>(entry: &Operation, pointer: &str) -> Option<T> {
    entry.detail.pointer(pointer).and_then(|value| serde_json::from_value(value.clone()).ok())
}
