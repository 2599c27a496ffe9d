//! Errors: a message for humans and an exit code for scripts.

use crate::runner;
use crate::store::{CopyError, StoreError};
use serde::Serialize;
use std::fmt;
use std::io::ErrorKind;

/// The kind of an error; determines the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The operation failed. Exit code 1.
    Failed,
    /// The call itself is wrong. Exit code 2.
    Usage,
    /// The name refers to more than one tool. Exit code 2.
    Ambiguous,
    /// The digest has changed, or the decision was already made. Exit code 3.
    Conflict,
    /// The policy forbids it. Exit code 4.
    Refused,
    /// A human is needed. Exit code 4.
    HumanNeeded,
    /// The object does not exist. Exit code 5.
    NotFound,
    /// The required isolation is not available. Exit code 6.
    IsolationMissing,
    /// The state of the workspace is read-only. Exit code 70.
    NotWritable,
    /// An internal error in the program or its state folder. Exit code 70.
    Internal,
}

impl ErrorCode {
    /// The process exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            ErrorCode::Failed => 1,
            ErrorCode::Usage | ErrorCode::Ambiguous => 2,
            ErrorCode::Conflict => 3,
            ErrorCode::Refused | ErrorCode::HumanNeeded => 4,
            ErrorCode::NotFound => 5,
            ErrorCode::IsolationMissing => 6,
            ErrorCode::NotWritable | ErrorCode::Internal => 70,
        }
    }
}

/// An error that a human can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineError {
    /// Determines the exit code and the word in JSON.
    pub code: ErrorCode,
    /// What is wrong: lower case, names the object, no full stop at the end.
    pub message: String,
    /// The next step; may be empty.
    pub hint: String,
}

impl EngineError {
    /// An error of this kind. A message about too many open files also gets the limit and a remedy.
    pub fn new(code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) -> EngineError {
        EngineError { code, message: runner::explain_open_files(message.into()), hint: hint.into() }
    }

    /// An internal error of the program or its state folder.
    pub fn internal(error: impl fmt::Display) -> EngineError {
        EngineError::new(ErrorCode::Internal, error.to_string(), "`toolsmith doctor` checks the state folder")
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> EngineError {
        let code = match error.reason() {
            StoreError::ReadOnly | StoreError::DiskFull | StoreError::Folder { .. } => ErrorCode::NotWritable,
            _ => ErrorCode::Internal,
        };
        EngineError::new(code, error.to_string(), error.hint())
    }
}

impl From<CopyError> for EngineError {
    fn from(error: CopyError) -> EngineError {
        match error {
            CopyError::WrongDigest { .. } => {
                EngineError::new(ErrorCode::Conflict, error.to_string(), "check the tool again, then retry")
            }
            CopyError::Missing(_) => EngineError::new(
                ErrorCode::NotFound,
                error.to_string(),
                "a copy is made when a version is first run, reviewed or promoted",
            ),
            CopyError::BadPath { .. } => EngineError::new(ErrorCode::Failed, error.to_string(), "rename the file"),
            CopyError::Damaged { .. } => EngineError::new(
                ErrorCode::Internal,
                error.to_string(),
                "the copy is recreated when the files of that version are in the workspace: restore them from git, then retry",
            ),
            CopyError::Io { ref source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => EngineError::new(
                    ErrorCode::NotWritable,
                    format!("the disk is full: {error}"),
                    "free some space and try again; nothing was written",
                ),
                ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => EngineError::new(
                    ErrorCode::NotWritable,
                    error.to_string(),
                    "make the folder writable, or set TOOLSMITH_HOME=DIR to use another folder (with empty history)",
                ),
                _ => EngineError::internal(error),
            },
        }
    }
}
