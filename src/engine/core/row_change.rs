//! Changes of rows alone: how each is taken back, and how it is made once more when rows are made anew from the log.

use crate::domain::Operation;
use crate::engine::error::EngineError;
use crate::store::Tx;
use serde::de::DeserializeOwned;

/// A change that moves no files, as the entry of the log notes it. A rule that only changes rows keeps its own beside it.
pub trait RowChange {
    /// The table that it changes, if the log tells all of its rows; such a table can be made anew.
    fn table(&self) -> Option<&'static str> {
        None
    }

    /// Does what the entry did once more, in an empty table. The time of `tx` is that of the entry.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    fn repeat(&self, _tx: &Tx<'_>, _entry: &Operation) -> Result<(), EngineError> {
        Ok(())
    }

    /// Takes back what the entry did.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    fn undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError>;

    /// Takes it back while rows are made anew: an entry counts as it did then, whatever is in the log now.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    fn repeat_undo(&self, tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
        self.undo(tx, entry)
    }
}

/// A field of an entry; `None` where it does not have it or nobody can read it.
pub(super) fn field<T: DeserializeOwned>(entry: &Operation, pointer: &str) -> Option<T> {
    entry.detail.pointer(pointer).and_then(|value| serde_json::from_value(value.clone()).ok())
}
