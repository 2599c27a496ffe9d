//! What the screen of a workspace remembers from one time to the next: where the divider between its panes is.

use crate::engine::EngineError;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file in the state folder.
const FILE: &str = "screen.json";

/// What is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
struct ScreenState {
    /// By how many columns the divider was moved to the right.
    divider: i16,
}

/// Where the divider was; in the middle where nothing, or nothing legible, was kept.
pub(in crate::engine) fn divider(state: &Path) -> i16 {
    let text = fs::read_to_string(state.join(FILE)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(ScreenState::default()).divider
}

/// Remembers where the divider is.
pub(in crate::engine) fn keep_divider(state: &Path, divider: i16) -> Result<(), EngineError> {
    let text = serde_json::to_string(&ScreenState { divider }).map_err(EngineError::internal)?;
    fs::write(state.join(FILE), text).map_err(EngineError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divider_is_where_it_was_left_and_in_the_middle_without_a_legible_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(divider(folder.path()), 0);
        keep_divider(folder.path(), -12).unwrap();
        assert_eq!(divider(folder.path()), -12);
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(divider(folder.path()), 0);
    }
}
