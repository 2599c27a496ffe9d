//! What a decision promises to move or to write beside a version: plain data, kept in the intent until it is done.

use crate::domain::{Digest, FileMode, OperationId, Placement, ToolName, VersionFile};
use serde::{Deserialize, Serialize};

/// The file beside a promoted version that says who approved it; not part of the version.
pub const APPROVAL_FILE: &str = "approval.toml";

/// A move, with all that is needed to perform it later or again.
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
    /// Where it is; `None` when nothing is to be taken away.
    pub from: Option<Placement>,
    /// Its files there, relative to `from`.
    pub from_files: Vec<String>,
    /// Folder that it is moved to.
    pub to: Placement,
    /// Digest of a version that may be at the target and whose copy is kept: it makes room. Any other content there is
    /// set aside. `None` when no version is expected there.
    #[serde(default)]
    pub replaces: Option<Digest>,
    /// Files written beside the version, not part of it; only into a folder of its own.
    #[serde(with = "extra")]
    pub extra: Vec<VersionFile>,
    /// The commit to make; `None` makes none.
    pub commit: Option<CommitNote>,
    /// What earlier moves of the same operation touched and left for this commit.
    #[serde(default)]
    pub joined: Vec<Touched>,
    /// Whether nothing arrives: the version is only taken away, and its kept copy stays.
    #[serde(default)]
    pub gone: bool,
    /// The operation that set aside what lay in the place: it comes back when the place is free.
    #[serde(default)]
    pub returns: Option<OperationId>,
}

/// Files that a move put somewhere or took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Folder that was changed.
    pub place: Placement,
    /// The files, relative to it.
    pub files: Vec<String>,
}

/// What the commit of a move says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitNote {
    /// Subject, and after a blank line anything else.
    pub message: String,
    /// Key and value of each trailer.
    pub trailers: Vec<(String, String)>,
}

/// A change of `approval.toml` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalFileChange {
    /// The operation that promised it.
    pub operation: OperationId,
    /// Name of the tool.
    pub tool: ToolName,
    /// Digest that the file vouches for.
    pub digest: Digest,
    /// The folder of the tool.
    pub place: Placement,
    /// What the file shall say; `None` takes it away.
    pub text: Option<String>,
    /// The commit that records it.
    pub commit: Option<CommitNote>,
}

/// Extra files on the wire: the domain's [`VersionFile`] has no form of its own there.
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
