//! The interpreter of a run, as recorded with each run.

use super::digest::Digest;
use serde::{Deserialize, Serialize};

/// An interpreter as it was when a run started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterpreterFacts {
    /// Its real path: not a shim of a version manager, not a symbolic link.
    pub path: String,
    /// The version that it reports, for example `3.11.7`; empty if it is not queried.
    pub version: String,
    /// BLAKE3 of its file.
    pub digest: Digest,
    /// The folder that must be visible for it to work; `None` if the system folders are enough.
    pub prefix: Option<String>,
    /// The packages of the environment of this version, each as `name version`; empty if it has no environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// The digest of those packages: of their names, versions and the digests of their files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Digest>,
    /// Why it is not trusted: somebody other than root and the user could have changed it. It is then never started
    /// outside the sandbox, not even to query its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
}

/// Something a version needs and this machine lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The program or package.
    pub name: String,
    /// What is missing and how to get it, one line. Contains names from the version: made safe when shown.
    pub message: String,
    /// Whether it prevents a run; otherwise the run may still work.
    pub blocks: bool,
}
