//! Replaces the database with a backup, with the readable rows of a damaged one, or with an empty one. The old database
//! is moved aside, never overwritten; the new one is complete before it gets the name.

use super::connection::{open_for_writing, take_over};
use super::error::{StoreError, StoreResult};
use super::files::spools;
use super::operations::NewOperation;
use super::queries::Queries;
use super::seen::{self, LogEnd};
use super::tx::Tx;
use super::{backup, schema};
use crate::domain::Instant;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Source of the new database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreSource {
    /// This file, unchanged.
    Backup(PathBuf),
    /// All rows of this file that can still be read.
    Salvage(PathBuf),
    /// The present database, unchanged.
    Present,
    /// Nothing: an empty database.
    Empty,
}

/// Result of a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The folder with the replaced files; `None` when there was nothing to replace.
    pub aside: Option<PathBuf>,
    /// Tables with rows that could not be read.
    pub incomplete: Vec<String>,
}

/// Whether the database file in a state folder exists and is not empty.
pub fn has_database(dir: &Path) -> bool {
    dir.join("store.db").metadata().is_ok_and(|found| found.is_file() && found.len() > 0)
}

/// Creates a database from `source`, lets `work` change it and provide the log entry about its origin, and puts it in
/// the place of the one in `dir`. Outputs of runs that the new database does not know are moved aside with the old one,
/// so that no new run gets their number.
///
/// # Errors
/// [`StoreError::InUse`] while anybody has the state open, and errors of reading the source or writing. Nothing is
/// changed then.
pub fn replace<E: From<StoreError>>(
    dir: &Path,
    source: &RestoreSource,
    now: Instant,
    work: impl FnOnce(&Tx<'_>, &[String]) -> Result<NewOperation, E>,
) -> Result<Replaced, E> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| StoreError::folder(dir, error))?;
    let Some(_mine) = take_over(dir)? else { return Err(StoreError::InUse.into()) };
    let io = |error| StoreError::folder(dir, error);
    let making = tempfile::Builder::new().prefix(".restoring-").tempdir_in(dir).map_err(io)?;
    let path = making.path().join("store.db");
    let incomplete = fill(dir, source, &path)?;
    let (last_run, seen) = {
        let queries = Queries { connection: open_for_writing(&path, None)? };
        // Other rows may refer to rows that the damaged database lost.
        queries.connection.pragma_update(None, "foreign_keys", false).map_err(StoreError::from)?;
        let transaction = queries.connection.unchecked_transaction().map_err(StoreError::from)?;
        let tx = Tx::new(&queries, now);
        let entry = work(&tx, &incomplete)?;
        tx.log(&entry)?;
        transaction.commit().map_err(StoreError::from)?;
        let (operations, head) = queries.log_position()?;
        // One file, without a separate write-ahead log.
        queries.connection.pragma_update(None, "journal_mode", "DELETE").map_err(StoreError::from)?;
        (queries.last_run()?.map_or(0, |run| run.0), LogEnd { operations, head: Some(head) })
    };
    let aside = move_aside(dir, now, last_run)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(io)?;
    File::open(&path).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(&path, dir.join("store.db")).map_err(io)?;
    File::open(dir).and_then(|opened| opened.sync_all()).map_err(io)?;
    seen.write(dir).map_err(io)?;
    Ok(Replaced { aside, incomplete })
}

fn fill(dir: &Path, source: &RestoreSource, to: &Path) -> StoreResult<Vec<String>> {
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match source {
        RestoreSource::Empty => {}
        RestoreSource::Backup(file) => {
            backup::look_into(file)?;
            backup::copy(&Connection::open_with_flags(file, read_only)?, to)?;
        }
        RestoreSource::Present => {
            seen::demand_files(dir)?;
            backup::copy(&Connection::open(dir.join("store.db"))?, to)?;
        }
        RestoreSource::Salvage(file) => {
            // A copy with its write-ahead log: opening a database writes the log into it.
            let copy = to.with_file_name("damaged.db");
            let wal = |path: &Path| path.with_extension("db-wal");
            fs::copy(file, &copy).map_err(|error| StoreError::folder(file, error))?;
            if wal(file).is_file() {
                fs::copy(wal(file), wal(&copy)).map_err(|error| StoreError::folder(&wal(file), error))?;
            }
            let connection = Connection::open(&copy)?;
            schema::recognise(&connection)?;
            return salvage(&connection, &open_for_writing(to, None)?);
        }
    }
    Ok(Vec::new())
}

/// Moves the database, its companion files, and the outputs of runs above this number into a new folder.
fn move_aside(dir: &Path, now: Instant, last_run: i64) -> StoreResult<Option<PathBuf>> {
    let newer = spools(dir).into_iter().filter(|run| *run > last_run).map(|run| format!("runs/{run}.spool"));
    let names = ["store.db", "store.db-wal", "store.db-shm"].map(str::to_owned).into_iter().chain(newer);
    let there: Vec<String> = names.filter(|name| dir.join(name).symlink_metadata().is_ok()).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let replaced = dir.join("replaced");
    let prefix = format!("{:013}-", now.0);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&replaced);
    let made = made.and_then(|()| tempfile::Builder::new().prefix(&prefix).tempdir_in(&replaced));
    let aside = made.map_err(|error| StoreError::folder(&replaced, error))?.keep();
    for name in there {
        let to = aside.join(name.trim_start_matches("runs/"));
        fs::rename(dir.join(&name), to).map_err(|error| StoreError::folder(&dir.join(&name), error))?;
    }
    Ok(Some(aside))
}

/// Copies every readable row, table by table; reads a table that is damaged in the middle from both ends. Returns the
/// tables that could not be read completely.
fn salvage(from: &Connection, to: &Connection) -> StoreResult<Vec<String>> {
    to.pragma_update(None, "foreign_keys", false)?;
    let transaction = to.unchecked_transaction()?;
    let mut incomplete = Vec::new();
    for table in tables(to)? {
        let known = columns(from, &table).unwrap_or_default();
        let shared: Vec<String> = columns(to, &table)?.into_iter().filter(|column| known.contains(column)).collect();
        if shared.is_empty() {
            incomplete.push(table);
            continue;
        }
        let forward = copy_rows(from, to, &table, &shared, "");
        if forward.is_err() {
            // Tables without row numbers are read by their primary key; reading backwards is a best effort.
            let _ = copy_rows(from, to, &table, &shared, "ORDER BY rowid DESC");
            incomplete.push(table);
        }
    }
    transaction.commit()?;
    Ok(incomplete)
}

fn tables(connection: &Connection) -> StoreResult<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

fn columns(connection: &Connection, table: &str) -> StoreResult<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

fn copy_rows(from: &Connection, to: &Connection, table: &str, columns: &[String], order: &str) -> StoreResult<()> {
    let list = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let holders = vec!["?"; columns.len()].join(", ");
    let mut insert = to.prepare(&format!("INSERT OR REPLACE INTO \"{table}\" ({list}) VALUES ({holders})"))?;
    let mut select = from.prepare(&format!("SELECT {list} FROM \"{table}\" {order}"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values: Vec<Value> = (0..columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?;
        // A row that its own table rejects is damaged too.
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}
