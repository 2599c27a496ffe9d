//! Dry runs of commands: the rules are applied in a transaction that is rolled back, and no files are moved.

use super::error::EngineError;
use super::history::History;
use super::view::Preview;
use crate::domain::{Caller, Command};

impl History<'_> {
    /// What a command would change: its rules are applied to the current state, and nothing is kept.
    ///
    /// # Errors
    /// Why the command would be refused.
    pub fn rehearse(&self, command: &Command, caller: &Caller) -> Result<Preview, EngineError> {
        let preview = self.engine.preview(command)?;
        self.rehearsed(preview, || self.engine.execute(command.clone(), caller))
    }

    /// A dry run of something that is not a command.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn rehearsed<T>(
        &self,
        preview: Preview,
        work: impl FnOnce() -> Result<T, EngineError>,
    ) -> Result<Preview, EngineError> {
        match self.without_effect(work) {
            Err(error) if !self.workspace.rehearsal.has_agreed() => Err(error),
            // What changes nothing in the state says so by itself.
            Ok(_) | Err(_) => Ok(preview),
        }
    }

    /// Executes `work` without keeping any effect: no transaction, no copy, no file of a bundle.
    pub fn without_effect<T>(&self, work: impl FnOnce() -> T) -> T {
        let rehearsal = &self.workspace.rehearsal;
        rehearsal.begin();
        self.workspace.copies.freeze(true);
        let done = work();
        self.workspace.copies.freeze(false);
        rehearsal.end();
        done
    }
}
