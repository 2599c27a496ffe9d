//! The state of the files below a stage at the start of the run.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The state of each path, by absolute path.
pub(super) type Before = BTreeMap<PathBuf, EntryStamp>;

/// Enough data about a file to check later that it is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryStamp {
    pub(super) kind: EntryKind,
    inode: u64,
    bytes: u64,
    /// Time of the last change of any kind, which programs cannot set: seconds and nanoseconds.
    changed: (i64, i64),
}

/// The kind of file at a path.
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
        // A folder changes with every entry; its entries matter, and they have their own stamps.
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
