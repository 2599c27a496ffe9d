//! Files that a decision will move or write: plain data, stored in the intent until it is done.

use crate::domain::{Digest, FileMode, OperationId, Placement, ToolName, VersionFile};
use serde::{Deserialize, Serialize};

/// The file next to a promoted version that names who approved it; not part of the version.
pub const APPROVAL_FILE: &str = "approval.toml";

/// A move, with everything needed to perform it later or again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relocation {
    /// The operation that decided it.
    pub operation: OperationId,
    /// Name that the manifest states.
    pub tool: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Digest of the version.
    pub digest: Digest,
    /// Where it is; `None` if nothing is moved away.
    pub from: Option<Placement>,
    /// Its files there, relative to `from`.
    pub from_files: Vec<String>,
    /// The target folder.
    pub to: Placement,
    /// Digest of a kept version that may be at the target: it is removed. Any other content there is set aside. `None`
    /// if no version is expected there.
    #[serde(default)]
    pub replaces: Option<Digest>,
    /// Files written next to the version, not part of it; only into a folder that belongs to it.
    #[serde(with = "extra")]
    pub extra: Vec<VersionFile>,
    /// The commit to make; `None` makes none.
    pub commit: Option<CommitNote>,
    /// Files of earlier moves of the same operation that belong to this commit.
    #[serde(default)]
    pub joined: Vec<Touched>,
    /// Whether the version is only removed; its kept copy stays.
    #[serde(default)]
    pub gone: bool,
    /// The operation that set aside the content of the place; that content is put back when the place is free.
    #[serde(default)]
    pub returns: Option<OperationId>,
}

/// Files that a move wrote or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Folder that was changed.
    pub place: Placement,
    /// The files, relative to it.
    pub files: Vec<String>,
}

/// The message of a commit for a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitNote {
    /// Subject, and the body after a blank line.
    pub message: String,
    /// Key and value of each trailer.
    pub trailers: Vec<(String, String)>,
}

/// A change of `approval.toml` only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalFileChange {
    /// The operation that recorded it.
    pub operation: OperationId,
    /// Name of the tool.
    pub tool: ToolName,
    /// Digest that the file approves.
    pub digest: Digest,
    /// The folder of the tool.
    pub place: Placement,
    /// The new content of the file; `None` removes it.
    pub text: Option<String>,
    /// The commit that records it.
    pub commit: Option<CommitNote>,
}

/// Serializes extra files: the domain's [`VersionFile`] has no wire format.
mod extra {
    use super::{FileMode, VersionFile};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Wire {
        path: String,
        mode: FileMode,
        bytes: Vec<u8>,
    }

    pub(super) fn serialize<S: Serializer>(files: &[VersionFile], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(files.iter().map(|file| Wire {
            path: file.path.clone(),
            mode: file.mode,
            bytes: file.bytes.clone(),
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<VersionFile>, D::Error> {
        let files = Vec::<Wire>::deserialize(deserializer)?;
        Ok(files.into_iter().map(|Wire { path, mode, bytes }| VersionFile { path, mode, bytes }).collect())
    }
}
