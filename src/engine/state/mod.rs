//! Opening the state of a workspace: for writing if possible, otherwise read-only. Problems are always reported.

pub(super) mod exposure;
pub(super) mod home;
pub(super) mod identity;
pub(super) mod opening;
pub(super) mod screen;

pub use home::{Home, find_workspace, is_workspace, path_state_dir};
pub use identity::{answer_copy, locate, plan_copy_answer};
pub use screen::ScreenState;

use super::clock::now;
use super::error::EngineError;
use crate::domain::{Operation, OperationId};
use crate::store;
use std::path::Path;

/// Makes the daily backup when it is due. It opens the database separately; if no backup is due, it only lists a
/// folder.
///
/// # Errors
/// `NotWritable` when the disk is full, `Internal` for other errors of the store.
pub fn back_up_if_due(state_dir: &Path) -> Result<(), EngineError> {
    store::make_backup_if_due(state_dir, now().0).map(drop).map_err(|error| {
        let error = EngineError::from(error);
        EngineError::new(error.code, format!("the daily backup failed: {}", error.message), error.hint)
    })
}

/// Log entries, newest first, with an earlier time than the previous entry, and by how many milliseconds the clock had
/// gone back.
pub fn clock_steps_back(operations: &[Operation]) -> Vec<(OperationId, i64)> {
    let pairs = operations.windows(2).filter_map(|pair| match pair {
        [newer, older] => Some((newer.id, older.at.0.saturating_sub(newer.at.0))),
        _ => None,
    });
    pairs.filter(|(_, back)| *back > 0).collect()
}
