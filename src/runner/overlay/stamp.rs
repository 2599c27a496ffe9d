//! What lay below a stage when the run began.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// What lay at a path, by absolute path.
pub(super) type Before = BTreeMap<PathBuf, EntryStamp>;

/// Enough of a file to see later that it is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryStamp {
    pub(super) kind: EntryKind,
    inode: u64,
    bytes: u64,
    /// Of the last change of any kind, which nobody can set back: seconds and nanoseconds.
    changed: (i64, i64),
}

/// What kind of thing lay there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    Other,
}

impl EntryStamp {
    pub(super) fn of(meta: &Metadata) -> EntryStamp {
        let kind = if meta.is_file() {
            EntryKind::File
        } else if meta.is_dir() {
            EntryKind::Folder
        } else {
            EntryKind::Other
        };
        // A folder changes with every entry; what counts is what it holds, and that has stamps of its own.
        let (inode, bytes, changed) = if kind == EntryKind::Folder {
            (meta.ino(), 0, (0, 0))
        } else {
            (meta.ino(), meta.len(), (meta.ctime(), meta.ctime_nsec()))
        };
        EntryStamp { kind, inode, bytes, changed }
    }

    pub(super) fn is_folder(&self) -> bool {
        self.kind == EntryKind::Folder
    }
}
