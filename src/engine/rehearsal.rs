//! Trying a command without doing it: its rules are applied in a transaction that is rolled back, and no file moves.

use super::error::{EngineError, ErrorCode};
use super::history::History;
use super::view::Preview;
use crate::domain::{Caller, Command};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a command is tried, and how far it got.
#[derive(Debug, Default)]
pub(super) struct Rehearsal {
    is_on: AtomicBool,
    /// Whether the rules of the command agreed: the transaction that would have recorded it was rolled back.
    is_agreed: AtomicBool,
}

impl Rehearsal {
    /// Whether a command is tried now.
    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::SeqCst)
    }

    /// Whether a transaction was rolled back only because it was tried.
    pub(super) fn is_agreed<T>(&self, ended: &Result<T, EngineError>) -> bool {
        ended.is_err() && self.is_on() && self.is_agreed.swap(false, Ordering::SeqCst)
    }

    /// What ends a transaction whose work succeeded, so that nothing of it is kept.
    pub(super) fn agreed(&self) -> EngineError {
        self.is_agreed.store(true, Ordering::SeqCst);
        EngineError::new(ErrorCode::Refused, "this is a dry run: nothing was changed", "")
    }
}

impl History<'_> {
    /// What a command would change, after its rules were applied to the state as it is now. Nothing is kept.
    ///
    /// # Errors
    /// Why the command would be refused.
    pub fn rehearse(&self, command: &Command, caller: &Caller) -> Result<Preview, EngineError> {
        let preview = self.engine.preview(command)?;
        match self.without_effect(|| self.engine.execute(command.clone(), caller)) {
            Err(error) if !self.workspace.rehearsal.is_agreed.load(Ordering::SeqCst) => Err(error),
            // What changes nothing in the state says so by itself.
            Ok(_) | Err(_) => Ok(preview),
        }
    }

    /// Does something of which nothing is kept: no transaction, no copy, no file of a bundle.
    pub fn without_effect<T>(&self, work: impl FnOnce() -> T) -> T {
        let rehearsal = &self.workspace.rehearsal;
        rehearsal.is_agreed.store(false, Ordering::SeqCst);
        rehearsal.is_on.store(true, Ordering::SeqCst);
        self.workspace.copies.freeze(true);
        let done = work();
        self.workspace.copies.freeze(false);
        rehearsal.is_on.store(false, Ordering::SeqCst);
        done
    }
}
