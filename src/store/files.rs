//! The files in a state folder beside the database: backups and run outputs.

use std::fs;
use std::path::{Path, PathBuf};

/// A stored backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Path of the backup file.
    pub path: PathBuf,
    /// When it was made, Unix milliseconds.
    pub at_ms: i64,
    /// Number of the newest log entry in the backup.
    pub operations: i64,
}

/// The folder of the backups.
pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("backups")
}

/// The backups of a state folder, the newest first.
pub fn list(dir: &Path) -> Vec<Backup> {
    let entries = fs::read_dir(folder(dir)).into_iter().flatten().flatten();
    let mut found: Vec<Backup> = entries.filter_map(|entry| read_name(&entry.path())).collect();
    found.sort_by_key(|backup| std::cmp::Reverse((backup.at_ms, backup.operations)));
    found
}

fn read_name(path: &Path) -> Option<Backup> {
    let (at, operations) = path.file_name()?.to_str()?.strip_suffix(".db")?.split_once('-')?;
    Some(Backup { path: path.to_owned(), at_ms: at.parse().ok()?, operations: operations.parse().ok()? })
}

/// Numbers of the runs with output in a state folder.
pub fn spools(dir: &Path) -> Vec<i64> {
    let entries = fs::read_dir(dir.join("runs")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".spool")?.parse().ok()).collect()
}
