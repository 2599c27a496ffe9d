//! A state for viewing only: a private copy of a database whose folder is read-only, whose disk is full, or which is
//! lost. It answers every query and refuses every change, because no change would last.

use super::backup;
use super::connection::Store;
use super::error::{StoreError, StoreResult};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How often copying a database that is being written is tried.
const TRIES: usize = 20;

impl Store {
    /// Opens a private copy of the current state in `dir`, or an empty one when there is no database.
    ///
    /// # Errors
    /// [`StoreError::NotAFile`] and errors of opening when the database cannot be read; [`StoreError::Folder`] or
    /// [`StoreError::DiskFull`] when no folder for temporary files has room.
    pub fn view(dir: &Path) -> StoreResult<Store> {
        super::seen::demand_files(dir)?;
        let mut refused = None;
        for place in places() {
            let private = match private_folder(&place) {
                Ok(private) => private,
                Err(error) => {
                    refused = Some(StoreError::folder(&place, error));
                    continue;
                }
            };
            match fill(dir, private).and_then(Store::viewing) {
                Err(error) if is_of_the_place(&error) => refused = Some(error),
                done => return done,
            }
        }
        Err(refused.unwrap_or(StoreError::ReadOnly))
    }
}

/// A folder that only this user can read: the state contains inputs of runs.
fn private_folder(place: &Path) -> std::io::Result<TempDir> {
    let mode = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("toolsmith-view-").permissions(mode).tempdir_in(place)
}

/// Folders for the copy, the usual one first; the others help when the disk is full.
fn places() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|path| !path.is_empty()).map(PathBuf::from);
    [Some(std::env::temp_dir()), runtime, Some(PathBuf::from("/dev/shm"))].into_iter().flatten().collect()
}

fn is_of_the_place(error: &StoreError) -> bool {
    matches!(
        error.reason(),
        StoreError::Folder { .. } | StoreError::DiskFull | StoreError::ReadOnly | StoreError::Disk { .. }
    )
}

/// Copies the database into the folder.
fn fill(dir: &Path, private: TempDir) -> StoreResult<TempDir> {
    let (from, to) = (dir.join("store.db"), private.path().join("store.db"));
    match from.metadata() {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(private);
        }
        Err(source) => return Err(StoreError::Folder { path: from, source }),
        Ok(found) if found.len() == 0 => return Ok(private),
        Ok(_) => {}
    }
    // SQLite itself reads the write-ahead log, provided that it can create or find the files that it needs.
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let asked = Connection::open_with_flags(&from, read_only).map_err(StoreError::from);
    match asked.and_then(|source| backup::copy(&source, &to)) {
        Ok(_) => return Ok(private),
        Err(StoreError::ReadOnly | StoreError::DiskFull | StoreError::Disk { .. }) => {}
        Err(error) => return Err(error),
    }
    let wal = dir.join("store.db-wal");
    for _ in 0..TRIES {
        let before = (stamp(&from), stamp(&wal));
        copy_file(&from, &to)?;
        let has_wal = before.1.is_some();
        if has_wal {
            copy_file(&wal, &private.path().join("store.db-wal"))?;
        }
        if before == (stamp(&from), stamp(&wal)) {
            return Ok(private);
        }
    }
    Err(StoreError::Locked)
}

fn copy_file(from: &Path, to: &Path) -> StoreResult<()> {
    // Not `fs::copy`, which would also copy the mode of a read-only file.
    let mut source = fs::File::open(from).map_err(|error| StoreError::folder(from, error))?;
    let target = fs::File::create(to).map_err(|error| StoreError::folder(to, error));
    io::copy(&mut source, &mut target?).map(drop).map_err(|error| StoreError::folder(to, error))
}

/// Values that change when a file is written; `None` when it does not exist.
fn stamp(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let found = path.metadata().ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}
