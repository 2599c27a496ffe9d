//! The observed behaviour of a run, in three kinds of evidence that are never mixed: *result* (the difference on disk
//! before and after, which a tool cannot forge), *enforced* (a verified sandbox layer: the [`super::Isolation`] of the
//! run) and *reported* (what the observer received; a tool with two threads can deceive it, so it "may be incomplete").
//! If the observer was off, the reason is recorded, so that "nothing observed" is not read as "nothing happened".

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
    /// The result of an attempt, as far as the observer can tell.
    Answer {
        /// It was allowed.
        Allowed = "allowed",
        /// A sandbox layer refused it.
        Denied = "denied",
        /// The target does not exist, as far as the tool can see.
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

/// Something that a run tried, with a count. Reported: may be incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Kind of access that was attempted.
    pub touch: Touch,
    /// Path as the tool sees it (`{tool}`, `{scratch}` and `{workspace}` for those folders), program, `address:port` or
    /// host name. Raw: made safe when it is shown.
    pub target: String,
    /// The result.
    pub answer: Answer,
    /// Equal attempts of the run, counted together.
    pub count: u64,
}

/// A path that differs after the run. Result: cannot be forged by the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// `{scratch}/…`, or the declared path that contains it. Raw: made safe when it is shown.
    pub path: String,
    /// Compared with the state before the run.
    pub difference: Difference,
    /// Its size after the run in bytes; 0 if it is gone.
    pub bytes: u64,
    /// Digest of its content after the run; `None` if it is gone, not a regular file, or too large to hash.
    pub digest: Option<Digest>,
}

/// A file that a run loaded as code through a declared path: a script, a module, a library, a program. It is not part
/// of the version. Reported: may be incomplete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedFile {
    /// Its path as the tool sees it, without links (`{workspace}` and `~` for those folders). Raw: made safe when it is
    /// shown.
    pub path: String,
    /// Digest of its content as loaded; for a file over 64 MiB, of its size and times.
    pub digest: Digest,
}

/// Whether the run was observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "lowercase")]
pub enum Observer {
    /// From the first instruction to the end.
    On,
    /// Not at all, or not to the end; contains the reason.
    Off(String),
}

/// All observed behaviour of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// On, or off with the reason; off means that attempts are unknown.
    pub observer: Observer,
    /// Differences on disk, by path.
    pub changes: Vec<FileChange>,
    /// Differences that are not listed, because there are too many.
    pub changes_cut: u64,
    /// Why the differences on disk are unknown or incomplete; `None` if they are complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncollected: Option<String>,
    /// Attempts, without those of the bare interpreter, ordered by first occurrence.
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
    /// The observation of a run that was not observed.
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

    /// The same observation for a run whose differences on disk are unknown.
    #[must_use]
    pub fn uncollected(self, reason: impl Into<String>) -> Observation {
        Observation { uncollected: Some(reason.into()), ..self }
    }
}
