//! What the screen of a workspace remembers from one time to the next: where the divider between its panes is, and which
//! panes are hidden.

use crate::engine::EngineError;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file in the state folder.
const FILE: &str = "screen.json";

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct ScreenState {
    /// By how many columns the divider was moved to the right.
    divider: i16,
    /// The digits of the panes that are hidden.
    hidden: Vec<u8>,
}

/// Where the divider was; in the middle where nothing, or nothing legible, was kept.
pub(in crate::engine) fn divider(state: &Path) -> i16 {
    read(state).divider
}

/// The digits of the panes that were hidden.
pub(in crate::engine) fn hidden(state: &Path) -> Vec<u8> {
    read(state).hidden
}

fn read(state: &Path) -> ScreenState {
    let text = fs::read_to_string(state.join(FILE)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(state: &Path, screen: &ScreenState) -> Result<(), EngineError> {
    let text = serde_json::to_string(screen).map_err(EngineError::internal)?;
    fs::write(state.join(FILE), text).map_err(EngineError::internal)
}

/// Remembers where the divider is.
pub(in crate::engine) fn keep_divider(state: &Path, divider: i16) -> Result<(), EngineError> {
    write(state, &ScreenState { divider, ..read(state) })
}

/// Remembers which panes are hidden.
pub(in crate::engine) fn keep_hidden(state: &Path, hidden: Vec<u8>) -> Result<(), EngineError> {
    write(state, &ScreenState { hidden, ..read(state) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divider_is_where_it_was_left_and_in_the_middle_without_a_legible_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(divider(folder.path()), 0);
        keep_divider(folder.path(), -12).unwrap();
        assert_eq!((divider(folder.path()), hidden(folder.path())), (-12, vec![]));
        keep_hidden(folder.path(), vec![3, 4]).unwrap();
        keep_divider(folder.path(), 8).unwrap();
        assert_eq!((divider(folder.path()), hidden(folder.path())), (8, vec![3, 4]));
        fs::write(folder.path().join(FILE), "{\"divider\":4}").unwrap();
        assert_eq!((divider(folder.path()), hidden(folder.path())), (4, vec![]), "as an older version wrote it");
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(divider(folder.path()), 0);
    }
}
