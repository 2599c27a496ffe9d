//! What one call reveals.

use super::log::ObservedAttempt;
use crate::domain::LoadedFile;

/// The findings of a call.
pub(super) type Findings = Vec<CallFinding>;

/// One finding of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallFinding {
    /// An attempt.
    Attempt(ObservedAttempt),
    /// A program that was not found in one of the system folders.
    NotInFolder(String),
    /// A program that was found.
    Program(String),
    /// A file that was loaded as code.
    Loaded(LoadedFile),
}
