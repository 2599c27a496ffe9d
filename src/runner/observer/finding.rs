//! What one call shows.

use super::log::ObservedAttempt;
use crate::domain::LoadedFile;

/// What a call shows.
pub(super) type Findings = Vec<CallFinding>;

/// One thing a call shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallFinding {
    /// An attempt.
    Attempt(ObservedAttempt),
    /// A program that the folder of the system it was looked for in does not have.
    NotInFolder(String),
    /// A program that was found.
    Program(String),
    /// A file that was loaded as code.
    Loaded(LoadedFile),
}
