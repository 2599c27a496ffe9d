//! What is known about a database without opening it: a small file beside it that records the end of its log, the
//! backups, and the files that only a used database leaves behind. A missing or older database is reported, never
//! replaced by an empty one.

use super::error::{StoreError, StoreResult};
use super::files;
use super::files::spools;
use super::queries::Queries;
use crate::domain::{Digest, OperationId, plural};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// The name of the file.
const FILE: &str = "seen.json";

/// The end of the log when it was last seen. Never past the actual end, because it is written after the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogEnd {
    /// Number of the newest entry; 0 when there is none.
    pub operations: i64,
    /// Hash of the newest entry; `None` when there is no entry.
    pub head: Option<Digest>,
}

impl LogEnd {
    /// Reads the file: `None` when it is missing, an empty log when it cannot be parsed (there was a database then).
    pub fn read(dir: &Path) -> Option<LogEnd> {
        let text = match fs::read(dir.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            text => text.unwrap_or_default(),
        };
        Some(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// The error of the system.
    pub fn write(self, dir: &Path) -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".seen-").tempfile_in(dir)?;
        serde_json::to_writer(&mut file, &self)?;
        // Not flushed: after a power cut, an older file is still true, and an empty one still shows that there was a
        // database.
        file.persist(dir.join(FILE)).map(drop).map_err(|error| error.error)
    }
}

/// Refuses a path of the database or of its companion files that is not a regular file, before any of them is opened.
///
/// # Errors
/// [`StoreError::NotAFile`].
pub(super) fn demand_files(dir: &Path) -> StoreResult<()> {
    for name in ["store.db", "store.db-wal", "store.db-shm", "open.lock", "use.lock"] {
        let path = dir.join(name);
        let Ok(found) = path.symlink_metadata() else { continue };
        let kind = found.file_type();
        let what = if kind.is_symlink() && path.metadata().is_err() {
            "a dangling symbolic link"
        } else {
            let kind = path.metadata().map_or(kind, |target| target.file_type());
            match kind {
                kind if kind.is_file() => continue,
                kind if kind.is_dir() => "a folder",
                kind if kind.is_fifo() => "a named pipe",
                kind if kind.is_socket() => "a socket",
                _ => "a device",
            }
        };
        return Err(StoreError::NotAFile { path, what });
    }
    Ok(())
}

/// Evidence that there was a database, in words; `None` without any.
pub(super) fn evidence(dir: &Path) -> Option<String> {
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(dir.join(folder)).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    };
    let mut words = Vec::new();
    match last_known(dir) {
        Some(LogEnd { operations: 0, .. }) => words.push("it was in use here".to_owned()),
        Some(seen) => words.push(format!("its log had {}", plural(seen.operations as usize, "entry", "entries"))),
        None => {}
    }
    let copies = names("versions").iter().filter(|name| name.parse::<Digest>().is_ok()).count();
    for (number, one, many) in [
        (copies, "kept version", "kept versions"),
        (spools(dir).len(), "output of a run", "outputs of runs"),
        (files::list(dir).len(), "backup", "backups"),
    ] {
        if number > 0 {
            words.push(plural(number, one, many));
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// The end of the log as known without the database: what was last seen, otherwise what the backups hold.
pub(super) fn last_known(dir: &Path) -> Option<LogEnd> {
    LogEnd::read(dir).or_else(|| {
        let operations = files::list(dir).iter().map(|backup| backup.operations).max()?;
        Some(LogEnd { operations, head: None })
    })
}

/// Refuses a database whose log ends earlier than was seen before, or has a different entry there.
///
/// # Errors
/// [`StoreError::Behind`], [`StoreError::Forked`], and any other [`StoreError`] of a failed read.
pub(super) fn demand_newest(queries: &Queries, dir: &Path) -> StoreResult<()> {
    let Some(seen) = last_known(dir) else { return Ok(()) };
    let (last, head) = queries.log_position()?;
    if last < seen.operations {
        return Err(StoreError::Behind { last, seen: seen.operations });
    }
    let Some(known) = seen.head else { return Ok(()) };
    let there = if last == seen.operations { Some(head) } else { queries.hash_of(OperationId(seen.operations))? };
    // The walk over the log reports a missing or unreadable entry.
    match there {
        Some(hash) if hash != known => Err(StoreError::Forked { entry: seen.operations }),
        _ => Ok(()),
    }
}

/// Writes the current end of the log into the file, if it differs.
pub(super) fn note(queries: &Queries, dir: &Path) -> StoreResult<()> {
    let (operations, head) = queries.log_position()?;
    let now = LogEnd { operations, head: (operations > 0).then_some(head) };
    if LogEnd::read(dir) == Some(now) {
        return Ok(());
    }
    now.write(dir).map_err(|source| StoreError::folder(&dir.join(FILE), source))
}
