//! Whether changes are tried and not made.

use crate::engine::error::{EngineError, ErrorCode};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a command is tried, and how far it got.
#[derive(Debug, Default)]
pub(in crate::engine) struct Rehearsal {
    is_on: AtomicBool,
    /// Whether the rules of the command agreed: the transaction that would have recorded it was rolled back.
    is_agreed: AtomicBool,
}

impl Rehearsal {
    /// From now on, nothing is kept.
    pub(in crate::engine) fn begin(&self) {
        self.is_agreed.store(false, Ordering::SeqCst);
        self.is_on.store(true, Ordering::SeqCst);
    }

    /// Ends it.
    pub(in crate::engine) fn end(&self) {
        self.is_on.store(false, Ordering::SeqCst);
    }

    /// Whether the rules agreed since it began.
    pub(in crate::engine) fn has_agreed(&self) -> bool {
        self.is_agreed.load(Ordering::SeqCst)
    }

    /// Whether a command is tried now.
    pub(in crate::engine) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::SeqCst)
    }

    /// Whether a transaction was rolled back only because it was tried.
    pub(in crate::engine) fn is_agreed<T>(&self, ended: &Result<T, EngineError>) -> bool {
        ended.is_err() && self.is_on() && self.is_agreed.swap(false, Ordering::SeqCst)
    }

    /// What ends a transaction whose work succeeded, so that nothing of it is kept.
    pub(in crate::engine) fn agreed(&self) -> EngineError {
        self.is_agreed.store(true, Ordering::SeqCst);
        EngineError::new(ErrorCode::Refused, "this is a dry run: nothing was changed", "")
    }
}
