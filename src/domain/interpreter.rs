//! What ran a tool: the program behind its command, as recorded with each run.

use super::digest::Digest;
use serde::{Deserialize, Serialize};

/// An interpreter as it was when a run started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterpreterFacts {
    /// Its real path: no version manager's stand-in, no symbolic link.
    pub path: String,
    /// The version it tells, for example `3.11.7`; empty when it is not one that is asked.
    pub version: String,
    /// BLAKE3 of its file.
    pub digest: Digest,
    /// The folder that must be visible for it to work; `None` when the system's own folders are enough.
    pub prefix: Option<String>,
}
