//! What a run was seen to do, in three kinds of evidence that are never mixed: *result* (what lay on
//! disk before and after; a tool cannot forge it), *enforced* (a sandbox layer that was verified: the
//! [`super::Isolation`] of the run) and *reported* (what the observer was told; a tool with two
//! threads can lie to it, so it "may be incomplete"). An observer that was off says so and why:
//! nothing seen never reads as nothing happened.

use super::digest::Digest;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// Kind of access that a run attempted.
    Touch {
        /// Opening or listing a path.
        Read = "read",
        /// Opening a path for writing, creating it, changing its mode or times.
        Write = "write",
        /// Removing a file or folder.
        Delete = "delete",
        /// Renaming or linking to a path.
        Rename = "rename",
        /// Starting a program (`execve`).
        Exec = "exec",
        /// Connecting or sending to an address.
        Connect = "connect",
        /// Listening on an address.
        Listen = "listen",
        /// Asking a name server for a host name.
        Resolve = "resolve",
        /// A system call that no tool needs and the filter refuses.
        Forbidden = "forbidden",
    }
);

words!(
    /// What came of it, as far as the observer can tell.
    Answer {
        /// It was let through.
        Allowed = "allowed",
        /// A sandbox layer refused it.
        Denied = "denied",
        /// There is no such thing, as far as the tool can see.
        Missing = "missing",
    }
);

words!(
    /// How a path differs after the run.
    Difference {
        /// The path did not exist before.
        Created = "created",
        /// Its content or mode differs.
        Changed = "changed",
        /// The path existed before, now it does not.
        Deleted = "deleted",
    }
);

/// Something a run tried, with how often. Reported: may be incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Kind of access that was attempted.
    pub touch: Touch,
    /// Path as the tool sees it (`{tool}`, `{scratch}` and `{workspace}` for those folders), program,
    /// `address:port` or host name. Raw: made safe where it is shown.
    pub target: String,
    /// What came of it.
    pub answer: Answer,
    /// Equal attempts of the run, counted together.
    pub count: u64,
}

/// A path that differs after the run. Result: cannot be forged by the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// `{scratch}/…`, or the declared path it lies in. Raw: made safe where it is shown.
    pub path: String,
    /// Compared with the state before the run.
    pub difference: Difference,
    /// Its size after the run in bytes; 0 when it is gone.
    pub bytes: u64,
    /// Digest of its content after the run; `None` when it is gone, no regular file, or too large to hash.
    pub digest: Option<Digest>,
}

/// A file that a run loaded as code through a declared path: a script, a module, a library, a program. It is no part
/// of the version. Reported: may be incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedFile {
    /// Its path as the tool sees it, without links (`{workspace}` and `~` for those folders). Raw: made safe where it
    /// is shown.
    pub path: String,
    /// Digest of its content as it was loaded; of a file over 64 MiB, of its size and times.
    pub digest: Digest,
}

/// Whether the run was watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "lowercase")]
pub enum Observer {
    /// From the first instruction to the end.
    On,
    /// Not at all, or not to the end: why.
    Off(String),
}

/// Everything a run was seen to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// On, or off with the reason; off means that attempts are unknown.
    pub observer: Observer,
    /// Differences on disk, by path.
    pub changes: Vec<FileChange>,
    /// Differences that are not listed, because there are too many.
    pub changes_cut: u64,
    /// Why nobody knows what differs on disk, where nobody does; then what is listed is not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncollected: Option<String>,
    /// What was tried, without what the bare interpreter does too; in order of the first time.
    pub attempts: Vec<Attempt>,
    /// Attempts that are not listed, because there are too many.
    pub attempts_cut: u64,
    /// Files that were loaded as code through declared paths, by path.
    #[serde(default)]
    pub loaded: Vec<LoadedFile>,
    /// Such files that are not listed, because there are too many.
    #[serde(default)]
    pub loaded_cut: u64,
}

impl Observation {
    /// The observation of a run that nobody watched.
    pub fn off(reason: impl Into<String>) -> Observation {
        let observer = Observer::Off(reason.into());
        Observation {
            observer,
            changes: Vec::new(),
            changes_cut: 0,
            uncollected: None,
            attempts: Vec::new(),
            attempts_cut: 0,
            loaded: Vec::new(),
            loaded_cut: 0,
        }
    }

    /// The same observation, of a run whose differences on disk nobody knows.
    #[must_use]
    pub fn uncollected(self, reason: impl Into<String>) -> Observation {
        Observation { uncollected: Some(reason.into()), ..self }
    }
}
