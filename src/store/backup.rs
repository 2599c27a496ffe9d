//! Backups of the database: made while others use it, complete or absent, limited in number.

use super::error::{StoreError, StoreResult};
use super::files::{Backup, folder, list};
use super::held::HeldLock;
use super::queries::Queries;
use super::schema;
use super::seen::LogEnd;
use rusqlite::backup::{Backup as Copying, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Number of backups that are kept; older ones are removed.
const KEPT: usize = 7;

/// Maximum age of the newest backup before another one is made.
const EVERY: Duration = Duration::from_hours(24);

/// Pages copied in one step; others may write between two steps.
const PAGES: i32 = 512;

/// Number of restarts caused by writers before the rest is copied in a single step.
const RESTARTS: u32 = 64;

/// Whether a backup is needed: there is none, the newest is older than a day, or it holds at most half of the log. A
/// backup dated in the future does not count: the clock was wrong then or is wrong now.
pub fn is_due(dir: &Path, now_ms: i64) -> bool {
    let entries = LogEnd::read(dir).map_or(0, |seen| seen.operations);
    let every = i64::try_from(EVERY.as_millis()).unwrap_or(i64::MAX);
    let is_old = |newest: &Backup| newest.at_ms > now_ms || now_ms - newest.at_ms >= every;
    let is_small = |newest: &Backup| entries >= 2 * newest.operations.max(1);
    dir.join("store.db").is_file() && list(dir).first().is_none_or(|newest| is_old(newest) || is_small(newest))
}

/// Makes a backup when one is due and nobody else makes one. Returns the new one.
///
/// # Errors
/// Any [`StoreError`]; then no file is left. A copy that fails SQLite's integrity check is not kept.
pub fn make_if_due(dir: &Path, now_ms: i64) -> StoreResult<Option<Backup>> {
    if !is_due(dir, now_ms) {
        return Ok(None);
    }
    let source = Connection::open_with_flags(dir.join("store.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    make(&source, dir, now_ms)
}

/// Makes a backup of an open database; `None` when somebody else is making one.
pub(super) fn make(source: &Connection, dir: &Path, now_ms: i64) -> StoreResult<Option<Backup>> {
    let folder = folder(dir);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|error| StoreError::folder(&folder, error))?;
    let io = |error| StoreError::folder(&folder, error);
    let lock = File::options().create(true).append(true).open(folder.join(".lock"));
    let lock = HeldLock::of(lock.map_err(io)?);
    if lock.try_lock().is_err() {
        return Ok(None);
    }
    sweep(&folder).map_err(io)?;
    let temporary = tempfile::Builder::new().prefix(".making-").suffix(".tmp").tempfile_in(&folder).map_err(io)?;
    let copied = copy(source, temporary.path())?;
    let backup = name(&folder, now_ms, copied);
    temporary.as_file().set_permissions(Permissions::from_mode(0o600)).map_err(io)?;
    // SQLite wrote through its own file descriptor; a sync through any descriptor flushes the file.
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(&backup.path).map_err(|error| io(error.error))?;
    File::open(&folder).and_then(|opened| opened.sync_all()).map_err(io)?;
    for old in list(dir).into_iter().skip(KEPT) {
        fs::remove_file(&old.path).map_err(|error| StoreError::folder(&old.path, error))?;
    }
    Ok(Some(backup))
}

fn name(folder: &Path, at_ms: i64, operations: i64) -> Backup {
    Backup { path: folder.join(format!("{at_ms:013}-{operations}.db")), at_ms, operations }
}

/// Removes what killed processes left behind. The caller holds the lock.
fn sweep(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_left = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(".making-"));
        if is_left {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Copies a database into one self-contained file and checks its integrity. Returns the number of the newest log entry.
pub(super) fn copy(source: &Connection, to: &Path) -> StoreResult<i64> {
    let mut target = Connection::open(to)?;
    {
        let copying = Copying::new(source, &mut target)?;
        let mut before = i32::MAX;
        let mut restarts = 0;
        loop {
            let pages = if restarts > RESTARTS { -1 } else { PAGES };
            match copying.step(pages)? {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked => return Err(StoreError::Locked),
                _ => {}
            }
            // A writer restarts the copy. A source that cannot be locked restarts it at every step: then no fewer pages
            // remain than before.
            let left = copying.progress().remaining;
            restarts += u32::from(left >= before);
            before = left;
        }
    }
    // One file, without a separate write-ahead log that could get lost.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    let sound: String = target.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Damaged { what: format!("its backup is corrupt: {sound}") });
    }
    let last = last_operation(&target)?;
    target.close().map_err(|(_, error)| StoreError::from(error))?;
    Ok(last)
}

/// Checks that a file is an intact Toolsmith database, and returns the number of its newest log entry.
///
/// # Errors
/// [`StoreError::NotADatabase`], [`StoreError::Newer`], [`StoreError::Damaged`] and similar.
pub fn look_into(path: &Path) -> StoreResult<i64> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::recognise(&connection)?;
    let sound: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Damaged { what: sound });
    }
    last_operation(&connection)
}

fn last_operation(connection: &Connection) -> StoreResult<i64> {
    Ok(connection.query_row("SELECT coalesce(max(id), 0) FROM operations", [], |row| row.get(0))?)
}

/// The current time, Unix milliseconds. The store reads the clock only to name backups that it makes while it opens.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Opens a backup for reading, without changing it.
///
/// # Errors
/// Any [`StoreError`] of a failed open.
pub fn read(path: &Path) -> StoreResult<Queries> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(Queries { connection })
}
