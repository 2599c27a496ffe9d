//! Connections: one that writes, any number that read, and the queries that both answer.

use super::backup;
use super::copies::Copies;
use super::error::{StoreError, StoreResult};
use super::held::HeldLock;
use super::queries::Queries;
use super::schema;
use super::seen::{self, LogEnd};
use super::tx::Tx;
use crate::domain::Instant;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fs::{self, DirBuilder, File};
use std::ops::Deref;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How long a connection waits for the write lock of another one.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Larger than the number of distinct statements in this module, so that each is prepared only once.
const STATEMENTS_KEPT: usize = 128;

/// The write connection of this process to the state of one workspace.
pub struct Store {
    dir: PathBuf,
    queries: Queries,
    hold: Hold,
}

/// What protects a database while it is open.
enum Hold {
    /// A lock shared by all processes that have the state open, and the identity of the database file.
    Shared { _lock: HeldLock, file: (u64, u64) },
    /// A private copy that is removed when it is closed. Changes are refused.
    Private { _folder: TempDir },
}

/// A read-only connection; may be used on any thread.
pub struct StoreReader(Queries);

impl Store {
    /// Opens the state in `dir`. Creates what is missing: the folder (mode 0700), `store.db`, `versions/` and `runs/`.
    /// Upgrades an older format and removes copies that a killed process left incomplete.
    ///
    /// # Errors
    /// [`StoreError::Folder`] when the folder cannot be created or written, otherwise [`StoreError::Open`] around
    /// [`StoreError::ReadOnly`], [`StoreError::DiskFull`], [`StoreError::NotADatabase`], [`StoreError::Newer`],
    /// [`StoreError::Locked`] or another cause.
    pub fn open(dir: &Path) -> StoreResult<Store> {
        seen::demand_files(dir)?;
        for folder in [dir.to_owned(), dir.join("versions"), dir.join("runs")] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|source| StoreError::folder(&folder, source))?;
        }
        // Switching a new database to WAL does not wait for other connections, so processes take turns to open it.
        let _turn = lock_file(&dir.join("open.lock"), File::lock)?;
        let hold = lock_file(&dir.join("use.lock"), File::lock_shared)?;
        let path = dir.join("store.db");
        let opened = demand_database(dir, &path).and_then(|()| open_for_writing(&path, Some(dir)));
        let connection = opened.map_err(|source| StoreError::Open { path: path.clone(), source: Box::new(source) })?;
        let file = file_id(&path).map_err(|source| StoreError::folder(&path, source))?;
        let hold = Hold::Shared { _lock: hold, file };
        let store = Store { dir: dir.to_owned(), queries: Queries { connection }, hold };
        let newest = seen::demand_newest(&store, dir);
        newest.map_err(|source| StoreError::Open { path, source: Box::new(source) })?;
        seen::note(&store, dir)?;
        let swept = Copies::new(dir).sweep();
        swept.map_err(|source| StoreError::folder(&dir.join("versions"), source))?;
        Ok(store)
    }

    /// Opens a private copy; it refuses changes.
    pub(super) fn viewing(private: TempDir) -> StoreResult<Store> {
        let connection = open_for_writing(&private.path().join("store.db"), None)?;
        let dir = private.path().to_owned();
        Ok(Store { dir, queries: Queries { connection }, hold: Hold::Private { _folder: private } })
    }

    /// Runs `work` in one transaction at the point in time `now`. All of it becomes durable when `work` returns `Ok`,
    /// nothing when it returns `Err` or panics.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::Locked`] when another process keeps writing; [`StoreError::DiskFull`] and
    /// similar when the commit fails; [`StoreError::Replaced`] when the database file was removed or replaced;
    /// [`StoreError::ReadOnly`] for a private copy.
    pub fn transact<T, E: From<StoreError>>(
        &mut self,
        now: Instant,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.hold {
            Hold::Private { .. } => return Err(StoreError::ReadOnly.into()),
            // Writes to a file that has lost its name would be lost when it is closed.
            Hold::Shared { file, .. } if file_id(&self.dir.join("store.db")).ok() != Some(*file) => {
                return Err(StoreError::Replaced.into());
            }
            Hold::Shared { .. } => {}
        }
        let connection = &self.queries.connection;
        // Dropping the transaction without a commit rolls back, also while a panic unwinds.
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
        let transaction = transaction.map_err(StoreError::from)?;
        let tx = Tx::new(&self.queries, now);
        let answer = work(&tx)?;
        let logged: Option<LogEnd> = tx.logged();
        transaction.commit().map_err(StoreError::from)?;
        if let Some(seen) = logged {
            // A failed write is harmless: an older record is still true, only less precise. The commit stands.
            let _ = seen.write(&self.dir);
        }
        Ok(answer)
    }

    /// Opens another read-only connection.
    ///
    /// # Errors
    /// As [`Store::open`], but nothing is created.
    pub fn reader(&self) -> StoreResult<StoreReader> {
        let connection = Connection::open(self.dir.join("store.db"))?;
        settle(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(StoreReader(Queries { connection }))
    }

    /// Folder that holds the database and its copies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Deref for Store {
    type Target = Queries;
    fn deref(&self) -> &Queries {
        &self.queries
    }
}

impl Deref for StoreReader {
    type Target = Queries;
    fn deref(&self) -> &Queries {
        &self.0
    }
}

/// Waits for a lock. It ends when it is dropped, also when its holder is killed.
fn lock_file(path: &Path, lock: impl FnOnce(&File) -> std::io::Result<()>) -> StoreResult<HeldLock> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    let locked = file.and_then(|file| lock(&file).map(|()| HeldLock::of(file)));
    locked.map_err(|source| StoreError::folder(path, source))
}

/// Locks the state folder exclusively, so that its database may be replaced; `None` while anybody has it open.
pub(super) fn take_over(dir: &Path) -> StoreResult<Option<HeldLock>> {
    let path = dir.join("use.lock");
    let file = lock_file(&path, |_| Ok(()))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

/// Device and inode of a file.
fn file_id(path: &Path) -> std::io::Result<(u64, u64)> {
    path.metadata().map(|found| (found.dev(), found.ino()))
}

/// Refuses to create an empty database where one existed before.
fn demand_database(dir: &Path, path: &Path) -> StoreResult<()> {
    let is_there = path.metadata().is_ok_and(|found| found.len() > 0);
    let lost = if is_there { None } else { seen::evidence(dir) };
    lost.map_or(Ok(()), |evidence| Err(StoreError::Lost { evidence }))
}

/// Opens a database and upgrades its format. The backup before an upgrade goes to `dir`.
pub(super) fn open_for_writing(path: &Path, dir: Option<&Path>) -> StoreResult<Connection> {
    let connection = Connection::open(path)?;
    // SQLite silently opens a file read-only when it cannot write it, and would fail only at the first change.
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly);
    }
    schema::recognise(&connection)?;
    settle(&connection)?;
    if let Some(dir) = dir {
        if schema::is_old(&connection)? {
            backup::make(&connection, dir, backup::now_ms())?;
        } else if schema::is_empty(&connection)? {
            // A database without any table is lost, like a missing file.
            seen::evidence(dir).map_or(Ok(()), |evidence| Err(StoreError::Lost { evidence }))?;
        }
    }
    schema::migrate(&connection)?;
    Ok(connection)
}

fn settle(connection: &Connection) -> StoreResult<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Otherwise SQLite plans a statement again for each bound value, which takes longer than the statement itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A first scan writes tens of megabytes at once. This lets the write-ahead log shrink again.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, operation, run, store, version};
    use super::*;
    use crate::domain::{Event, EventKind, EventSeq, OperationId};
    use std::os::unix::fs::PermissionsExt;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn opening_makes_a_private_folder_and_reopening_keeps_what_is_there() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("a/b");
        let mut first = Store::open(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(dir.join("versions").is_dir() && dir.join("runs").is_dir());
        assert_eq!(first.dir(), dir);
        change(&mut first, |tx| tx.set_meta("k", "v"));
        drop(first);
        let second = Store::open(&dir).unwrap();
        assert_eq!(second.meta("k").unwrap().as_deref(), Some("v"));
        let format: i64 = second.connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(format, schema::KNOWN);
    }

    #[test]
    fn every_connection_is_durable_and_checks_references() {
        let (_dir, store) = store();
        let reader = store.reader().unwrap();
        for connection in [&store.connection, &reader.connection] {
            let text = |name: &str| -> String { connection.pragma_query_value(None, name, |r| r.get(0)).unwrap() };
            let number = |name: &str| -> i64 { connection.pragma_query_value(None, name, |r| r.get(0)).unwrap() };
            assert_eq!(text("journal_mode"), "wal");
            assert_eq!((number("synchronous"), number("foreign_keys"), number("busy_timeout")), (2, 1, 5000));
        }
    }

    #[test]
    fn a_failed_transaction_leaves_nothing_and_tells_nobody() {
        let (_dir, mut store) = store();
        let failed: Result<(), StoreError> = store.transact(NOW, |tx| {
            tx.log(&operation("promote", "x"))?;
            tx.record_version(&version("x", "1"))?;
            tx.start_run(&run("x"))?;
            assert_eq!(tx.operations(9, None)?.len(), 1, "a transaction reads what it wrote");
            Err(StoreError::missing("thing"))
        });
        assert!(matches!(failed, Err(StoreError::Missing { .. })));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _: Result<(), StoreError> = store.transact(NOW, |tx| {
                tx.log(&operation("promote", "x"))?;
                panic!("in the middle")
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(store.events_since(EventSeq(0), 100).unwrap(), vec![]);
        assert_eq!(store.operations(100, None).unwrap(), vec![]);
        assert_eq!(store.running().unwrap(), vec![]);
        assert_eq!(change(&mut store, |tx| tx.log(&operation("promote", "x"))), OperationId(1));
    }

    #[test]
    fn a_reader_notices_what_another_connection_commits_and_cannot_write() {
        let (_dir, mut store) = store();
        let reader = store.reader().unwrap();
        let before = reader.data_version().unwrap();
        assert_eq!(reader.data_version().unwrap(), before);
        let seq = change(&mut store, |tx| tx.emit(EventKind::ToolMoved, "x"));
        assert_ne!(reader.data_version().unwrap(), before);
        let told = Event { seq, at: NOW, kind: EventKind::ToolMoved, subject: "x".to_owned() };
        assert_eq!(reader.events_since(EventSeq(0), 10).unwrap(), vec![told]);
        assert_eq!(reader.events_since(seq, 10).unwrap(), vec![]);
        assert_eq!(reader.last_seq().unwrap(), seq);
        let written = reader.connection.execute("DELETE FROM events", []);
        assert!(matches!(written.map_err(StoreError::from), Err(StoreError::ReadOnly)));
    }

    #[test]
    fn a_snapshot_does_not_move_while_others_commit() {
        let (_dir, mut store) = store();
        let reader = store.reader().unwrap();
        let counts: Result<_, StoreError> = reader.snapshot(|queries| {
            let first = queries.last_seq()?;
            change(&mut store, |tx| tx.emit(EventKind::ToolMoved, "x"));
            Ok((first, queries.last_seq()?))
        });
        assert_eq!(counts.unwrap(), (EventSeq(0), EventSeq(0)));
        assert_eq!(reader.last_seq().unwrap(), EventSeq(1));
    }

    #[test]
    fn a_writer_waits_for_another_writer() {
        let (dir, mut first) = store();
        let mut second = Store::open(dir.path()).unwrap();
        let (started, wait_for_start) = mpsc::channel();
        let waiting = thread::spawn(move || {
            wait_for_start.recv().unwrap();
            change(&mut second, |tx| tx.log(&operation("archive", "second")))
        });
        let one = change(&mut first, |tx| {
            let id = tx.log(&operation("archive", "first"))?;
            started.send(()).unwrap();
            // Long enough that the other writer most likely meets the lock; the test holds either way.
            for _ in 0..200 {
                tx.emit(EventKind::ToolMoved, "x")?;
            }
            Ok(id)
        });
        assert_eq!((one, waiting.join().unwrap()), (OperationId(1), OperationId(2)));
        assert_eq!(first.verify_log().unwrap().faults, Vec::<String>::new());
    }

    #[test]
    fn a_lock_that_stays_is_named() {
        let (dir, mut first) = store();
        let mut second = Store::open(dir.path()).unwrap();
        second.connection.busy_timeout(Duration::from_millis(1)).unwrap();
        change(&mut first, |_| {
            let locked: Result<(), StoreError> = second.transact(NOW, |_| Ok(()));
            assert!(matches!(locked, Err(StoreError::Locked)));
            Ok(())
        });
    }

    #[test]
    fn files_that_are_not_ours_are_refused_and_left_alone() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("store.db");
        let refused = || Store::open(outer.path()).err().unwrap();

        fs::write(&path, "no database at all, but long enough to be looked at".repeat(20)).unwrap();
        assert!(matches!(refused().reason(), StoreError::NotADatabase));
        fs::remove_file(&path).unwrap();

        let foreign = Connection::open(&path).unwrap();
        foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
        drop(foreign);
        let before = fs::read(&path).unwrap();
        assert!(matches!(refused().reason(), StoreError::NotADatabase));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_format_of_the_future_is_named() {
        let (dir, store) = store();
        store.connection.pragma_update(None, "user_version", schema::KNOWN + 1).unwrap();
        drop(store);
        let refused = Store::open(dir.path()).err().unwrap();
        let future = schema::KNOWN + 1;
        assert!(matches!(refused.reason(), StoreError::Newer { found, .. } if *found == future));
        assert!(refused.to_string().contains(&format!("has format {future}")), "{refused}");
        assert_ne!(refused.hint(), "");
    }

    #[test]
    fn a_full_disk_is_named_and_nothing_is_half_written() {
        let (_dir, mut store) = store();
        let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        store.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        let full: Result<(), StoreError> = store.transact(NOW, |tx| {
            tx.log(&operation("promote", "x"))?;
            tx.set_meta("k", &"x".repeat(100_000))
        });
        assert!(matches!(full, Err(StoreError::DiskFull)), "{full:?}");
        assert_eq!(store.operations(9, None).unwrap(), vec![]);
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("state");
        fs::write(&path, "").unwrap();
        let refused = Store::open(&path).err().unwrap();
        assert!(matches!(&refused, StoreError::Folder { path: named, .. } if *named == path), "{refused}");
    }
}
