//! Staged writes of a run, as stored in the log and the intents.

use crate::domain::{Digest, RunId, ToolName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The content of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// The path does not exist.
    Nothing,
    /// A folder; its contents have separate edits.
    Folder,
    /// A regular file with its content and mode.
    File {
        /// Digest of its bytes.
        digest: Digest,
        /// Unix permission bits, such as `0o644`.
        mode: u32,
    },
}

impl Content {
    /// Whether readers see the same content; modes may differ.
    pub fn is_like(&self, other: &Content) -> bool {
        match (self, other) {
            (Content::File { digest, .. }, Content::File { digest: others, .. }) => digest == others,
            _ => self == other,
        }
    }
}

/// One path of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Absolute, with every link resolved.
    pub path: PathBuf,
    /// The content before.
    pub from: Content,
    /// The content after.
    pub to: Content,
}

impl Edit {
    /// The edit that undoes this one.
    pub fn reversed(&self) -> Edit {
        Edit { path: self.path.clone(), from: self.to, to: self.from }
    }
}

/// Staged writes to apply, or to undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applying {
    /// The run that wrote them.
    pub run: RunId,
    /// Name of the tool that ran.
    pub tool: ToolName,
    /// The changes, in ascending order of path.
    pub edits: Vec<Edit>,
    /// Whether it restores the previous content.
    pub back: bool,
}

/// The subject of the operation for a run's staged writes.
pub fn run_subject(run: RunId) -> String {
    format!("run {run}")
}
