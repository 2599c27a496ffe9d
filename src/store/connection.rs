//! Connections: one that writes, any number that read, and the questions that both answer.

use super::copies::Copies;
use super::error::{StoreError, StoreResult};
use super::schema;
use super::tx::Tx;
use crate::domain::Instant;
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};
use std::fs::{self, DirBuilder, File};
use std::ops::Deref;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection waits for the write lock of another one.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Larger than the number of distinct statements here, so that none is ever prepared twice.
const STATEMENTS_KEPT: usize = 128;

/// The write connection of this process to the state of one workspace.
pub struct Store {
    dir: PathBuf,
    queries: Queries,
}

/// A connection that can only read; may live on any thread.
pub struct Reader(Queries);

/// Questions to the state; answered by a [`Store`], a [`Reader`] and inside a transaction by a [`Tx`].
pub struct Queries {
    pub(super) connection: Connection,
}

impl Store {
    /// Opens the state in `dir`, making what is missing: the folder (mode 0700), `store.db`, `versions/`
    /// and `runs/`. Brings an older format up to date and clears what a killed process left half-copied.
    ///
    /// # Errors
    /// [`StoreError::Folder`] when the folder cannot be made or written, [`StoreError::Open`] around
    /// [`StoreError::ReadOnly`], [`StoreError::DiskFull`], [`StoreError::NotADatabase`],
    /// [`StoreError::Newer`] or [`StoreError::Locked`] otherwise.
    pub fn open(dir: &Path) -> StoreResult<Store> {
        for folder in [dir.to_owned(), dir.join("versions"), dir.join("runs")] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|source| StoreError::folder(&folder, source))?;
        }
        // Switching a new database to WAL does not wait for other connections, so openers take turns.
        let _turn = open_turn(&dir.join("open.lock"))?;
        let path = dir.join("store.db");
        let opened = open_for_writing(&path);
        let connection = opened.map_err(|source| StoreError::Open { path, source: Box::new(source) })?;
        let swept = Copies::new(dir).sweep();
        swept.map_err(|source| StoreError::folder(&dir.join("versions"), source))?;
        Ok(Store { dir: dir.to_owned(), queries: Queries { connection } })
    }

    /// Does `work` in one transaction at the point in time `now`: all of it becomes durable when it
    /// returns `Ok`, nothing of it when it returns `Err` or panics.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::Locked`] when another process keeps writing,
    /// [`StoreError::DiskFull`] and its like when the commit fails.
    pub fn transact<T, E: From<StoreError>>(
        &mut self,
        now: Instant,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = &self.queries.connection;
        // Dropping it without a commit rolls back, also while a panic unwinds.
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
        let transaction = transaction.map_err(StoreError::from)?;
        let answer = work(&Tx::new(&self.queries, now))?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(answer)
    }

    /// Opens a further connection that can only read.
    ///
    /// # Errors
    /// As [`Store::open`], but nothing is made.
    pub fn reader(&self) -> StoreResult<Reader> {
        let connection = Connection::open(self.dir.join("store.db"))?;
        settle(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Reader(Queries { connection }))
    }

    /// The state folder.
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

impl Deref for Reader {
    type Target = Queries;
    fn deref(&self) -> &Queries {
        &self.0
    }
}

impl Queries {
    /// A number that differs from the one read before exactly when another connection committed in between.
    ///
    /// # Errors
    /// [`StoreError::Sql`] and its like.
    pub fn data_version(&self) -> StoreResult<i64> {
        let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Lets `work` ask several questions of one and the same state, whatever others commit meanwhile.
    ///
    /// # Errors
    /// What `work` returns, and [`StoreError`] when the state cannot be read.
    pub fn snapshot<T, E: From<StoreError>>(&self, work: impl FnOnce(&Queries) -> Result<T, E>) -> Result<T, E> {
        if !self.connection.is_autocommit() {
            return work(self);
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred);
        let _transaction = transaction.map_err(StoreError::from)?;
        work(self)
    }

    /// The tables that cannot be read to their end, by name.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read of the list of tables.
    pub fn damaged_tables(&self) -> StoreResult<Vec<String>> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut names: Vec<String> = self.rows(sql, [], |row| row.get(0))?;
        names.retain(|name| {
            let sql = format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""));
            self.rows(&sql, [], |_| Ok(())).is_err()
        });
        Ok(names)
    }

    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> StoreResult<Vec<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }

    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> StoreResult<Option<T>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        Ok(rows.next()?.map(read).transpose()?)
    }
}

/// Waits for its turn; the lock goes with the file, also when its holder is killed.
fn open_turn(path: &Path) -> StoreResult<File> {
    let turn = fs::OpenOptions::new().create(true).append(true).open(path);
    let turn = turn.and_then(|file| file.lock().map(|()| file));
    turn.map_err(|source| StoreError::folder(path, source))
}

fn open_for_writing(path: &Path) -> StoreResult<Connection> {
    let connection = Connection::open(path)?;
    // SQLite falls back to reading when it may not write the file, and would tell only at the first change.
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly);
    }
    schema::recognise(&connection)?;
    settle(&connection)?;
    schema::migrate(&connection)?;
    Ok(connection)
}

fn settle(connection: &Connection) -> StoreResult<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A first scan writes tens of megabytes at once; the file that held them shrinks again.
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
            // Long enough that the other one most likely meets the lock; right either way.
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
