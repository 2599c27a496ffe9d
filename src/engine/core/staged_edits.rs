//! What a run wrote to declared paths, as the log and the intents keep it.

use crate::domain::{Digest, RunId, ToolName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// The path does not exist.
    Nothing,
    /// A folder; its contents have edits of their own.
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
    /// Whether it is the same to whoever reads it; modes may differ.
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
    /// What is there before.
    pub from: Content,
    /// What is there after.
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
    /// What changes, in ascending order of path.
    pub edits: Vec<Edit>,
    /// Whether the contents before come back.
    pub back: bool,
}

/// What the operation of a run's staged writes is about.
pub fn run_subject(run: RunId) -> String {
    format!("run {run}")
}
