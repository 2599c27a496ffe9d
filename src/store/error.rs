//! Errors of the state of a workspace, each with its own message.

use crate::domain::SafeText;
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use std::io;
use std::path::{Path, PathBuf};

/// What to do when the database is not the newest one that was here.
const LOST_HINT: &str = "deciding and running are disabled until a human chooses: `toolsmith doctor --restore` restores the newest backup, `--rebuild` rebuilds the state from the log and files, `--accept-loss` continues with the current state";

/// The result of a store operation.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state folder cannot be created or used.
    #[error("cannot use the state folder {}: {source}", safe(.path))]
    Folder {
        /// The folder or the file in it.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The database or its folder is not writable.
    #[error("the state database cannot be written: it or its folder is read-only")]
    ReadOnly,
    /// The disk is full.
    #[error("the state database cannot grow: the disk is full")]
    DiskFull,
    /// The disk or its file system failed.
    #[error("the disk that holds the state database reported an error: {}", SafeText::new(&.source.to_string()))]
    Disk {
        /// The SQLite error with its extended code.
        source: rusqlite::Error,
    },
    /// The file is not a database, or belongs to another program.
    #[error("the state database is not a toolsmith database")]
    NotADatabase,
    /// The path of the database, or of a file beside it, is not a regular file.
    #[error("{} is {what}, not a file", safe(.path))]
    NotAFile {
        /// Path of the thing in the way.
        path: PathBuf,
        /// What the path is, with its article.
        what: &'static str,
    },
    /// There was a database, but it is missing or empty.
    #[error("the state database is missing or empty, although it existed before: {evidence}")]
    Lost {
        /// Evidence that there was a database.
        evidence: String,
    },
    /// The database is older than what was seen of it.
    #[error(
        "the state database was replaced with an older one: its log ends with entry {last}, but entry {seen} was seen before"
    )]
    Behind {
        /// The newest entry of this database.
        last: i64,
        /// The newest entry that was seen before.
        seen: i64,
    },
    /// The log is a different one than was seen before.
    #[error("the state database was replaced: entry {entry} of its log differs from the one seen before")]
    Forked {
        /// The entry that differs.
        entry: i64,
    },
    /// The database file was removed or replaced while it was open.
    #[error("the state database was removed or replaced while it was open; nothing was written")]
    Replaced,
    /// A process has the state open while it is to be replaced.
    #[error("the state of this workspace is in use by another toolsmith")]
    InUse,
    /// Another process held the write lock for longer than the timeout.
    #[error("the state database is locked: another process has been writing for more than 5 seconds")]
    Locked,
    /// A newer version of Toolsmith wrote the database.
    #[error("the state database has format {found}, but this program supports formats up to {known}")]
    Newer {
        /// Format number in the file.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// A stored value cannot be read.
    #[error("the state database is damaged: {}", SafeText::new(.what))]
    Damaged {
        /// Table or row, and what is wrong with it.
        what: String,
    },
    /// A named row does not exist.
    #[error("there is no {what}")]
    Missing {
        /// The row that was named, as `tool x`.
        what: String,
    },
    /// SQLite reported an error that no other variant names.
    #[error("the state database refused a statement: {}", SafeText::new(&.source.to_string()))]
    Sql {
        /// The SQLite error, unchanged.
        source: rusqlite::Error,
    },
    /// The database file could not be opened for the reason in `source`.
    #[error("cannot open {}: {source}", safe(.path))]
    Open {
        /// Path of the database file.
        path: PathBuf,
        /// The cause, which also decides the reason code.
        source: Box<StoreError>,
    },
}

impl StoreError {
    /// The cause: the error inside [`StoreError::Open`], otherwise the error itself.
    pub fn reason(&self) -> &StoreError {
        match self {
            StoreError::Open { source, .. } => source.reason(),
            other => other,
        }
    }

    /// Whether the state can still be viewed: it is read-only, or not the newest state of this workspace.
    pub fn allows_viewing(&self) -> bool {
        matches!(
            self.reason(),
            StoreError::Folder { .. }
                | StoreError::ReadOnly
                | StoreError::DiskFull
                | StoreError::Disk { .. }
                | StoreError::Lost { .. }
                | StoreError::Behind { .. }
                | StoreError::Forked { .. }
        )
    }

    /// The next step, in one sentence; empty when only the message helps.
    pub fn hint(&self) -> &'static str {
        match self.reason() {
            StoreError::Folder { .. } | StoreError::ReadOnly => {
                "make the folder writable, or set TOOLSMITH_HOME=DIR to use another folder (with empty history)"
            }
            StoreError::DiskFull => "free some space and try again; nothing was written",
            StoreError::Disk { .. } => "check the disk and its free space, then try again",
            StoreError::NotADatabase => {
                "restore the newest backup with `toolsmith doctor --restore`; the current database is moved aside"
            }
            StoreError::NotAFile { .. } => {
                "move it away, then restore the newest backup with `toolsmith doctor --restore`"
            }
            StoreError::Lost { .. } | StoreError::Behind { .. } | StoreError::Forked { .. } => LOST_HINT,
            StoreError::InUse => {
                "close the other toolsmith of this workspace and wait for its runs to end, then try again"
            }
            StoreError::Replaced => "reopen the workspace",
            StoreError::Locked => "close the other toolsmith of this workspace, or wait and try again",
            StoreError::Newer { .. } => "use the newer version of toolsmith that wrote it",
            StoreError::Damaged { .. } => {
                "restore a backup with `toolsmith doctor --restore`, or save readable data with `toolsmith doctor --rebuild`; tools, their approval.toml and kept copies are not changed"
            }
            StoreError::Missing { .. } | StoreError::Sql { .. } | StoreError::Open { .. } => "",
        }
    }

    pub(super) fn folder(path: &Path, source: io::Error) -> StoreError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
            _ => StoreError::Folder { path: path.to_owned(), source },
        }
    }

    pub(super) fn missing(what: impl std::fmt::Display) -> StoreError {
        StoreError::Missing { what: what.to_string() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> StoreError {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
            Some(ErrorCode::DiskFull) => StoreError::DiskFull,
            // SQLite has no separate code for an index of the write-ahead log that does not fit on the disk.
            Some(ErrorCode::SystemIoFailure) if extended_code(&source) == Some(SQLITE_IOERR_SHMSIZE) => {
                StoreError::DiskFull
            }
            Some(ErrorCode::SystemIoFailure) => StoreError::Disk { source },
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase,
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { what: source.to_string() },
            Some(_) => StoreError::Sql { source },
            None => match source {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => StoreError::Damaged { what: source.to_string() },
                _ => StoreError::Sql { source },
            },
        }
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// A path that is safe to print.
pub(super) fn safe(path: &Path) -> SafeText {
    SafeText::new(&path.to_string_lossy())
}
