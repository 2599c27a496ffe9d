//! Opens the database of a workspace: for writing if possible, otherwise for viewing.

use crate::domain::rfc3339;
use crate::engine::clock::now;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{Store, StoreError, StoreResult};
use std::path::Path;

/// An opened state.
pub(in crate::engine) struct Opened {
    /// The database, or a private copy of it.
    pub(in crate::engine) store: Store,
    /// Why it cannot be changed; `None` if it can.
    pub(in crate::engine) viewing: Option<EngineError>,
    /// Whether the cause is a missing or outdated database.
    pub(in crate::engine) lost: bool,
}

/// Opens the state in a folder.
///
/// # Errors
/// Those of [`Store::open`] that do not even allow viewing.
pub(in crate::engine) fn open(dir: &Path) -> Result<Opened, EngineError> {
    let error = match Store::open(dir) {
        Ok(store) => return Ok(Opened { store, viewing: None, lost: false }),
        Err(error) if error.allows_viewing() => error,
        Err(error) => return Err(error.into()),
    };
    let Ok(store) = Store::view(dir) else { return Err(error.into()) };
    let is_lost =
        matches!(error.reason(), StoreError::Lost { .. } | StoreError::Behind { .. } | StoreError::Forked { .. });
    let shown = match (error.reason(), store_is_empty(&store)?) {
        (StoreError::Lost { .. }, _) | (_, true) => "tools are shown as if no decision had been made".to_owned(),
        (_, false) => format!("a copy from {} is shown", rfc3339(now())),
    };
    let message = format!("{}; {shown}; deciding and running are disabled", error.reason());
    let why = EngineError::new(ErrorCode::NotWritable, message, error.hint());
    Ok(Opened { store, viewing: Some(why), lost: is_lost })
}

fn store_is_empty(store: &Store) -> StoreResult<bool> {
    Ok(!store.has_log()? && store.last_seq()?.0 == 0)
}
