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
    /// The packages of an environment made for this version alone, each as `name version`; empty when it
    /// has none of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// The digest of those packages: of their names, versions and the digests of their files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Digest>,
    /// Why it is not trusted, when somebody else than root and the user could have changed it: then it was never
    /// started outside of the sandbox, not even to be asked for its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
}

/// Something a version needs and this machine lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The program or package.
    pub name: String,
    /// What is missing and how to get it, one line. Holds names from the version: made safe where shown.
    pub message: String,
    /// Whether a run is refused for it; otherwise it may still work.
    pub blocks: bool,
}
