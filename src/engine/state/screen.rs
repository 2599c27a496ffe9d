//! The stored state of a workspace's screen: the position of the divider between its panes, and the hidden panes.

use crate::engine::EngineError;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// The file in the state folder.
const FILE: &str = "screen.json";

/// The stored state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenState {
    /// Number of columns by which the divider was moved to the right.
    pub divider: i16,
    /// The digits of the hidden panes.
    pub hidden: Vec<u8>,
}

impl ScreenState {
    /// The stored state; the default if there is none or it cannot be parsed.
    pub(in crate::engine) fn read(state: &Path) -> ScreenState {
        let text = fs::read_to_string(state.join(FILE)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub(in crate::engine) fn write(&self, state: &Path) -> Result<(), EngineError> {
        let text = serde_json::to_string(self).map_err(EngineError::internal)?;
        fs::write(state.join(FILE), text).map_err(EngineError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_is_as_it_was_left_and_as_at_first_without_a_legible_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(ScreenState::read(folder.path()), ScreenState::default());
        let left = ScreenState { divider: -12, hidden: vec![3, 4] };
        left.write(folder.path()).unwrap();
        assert_eq!(ScreenState::read(folder.path()), left);
        fs::write(folder.path().join(FILE), "{\"divider\":4}").unwrap();
        let older = ScreenState { divider: 4, hidden: vec![] };
        assert_eq!(ScreenState::read(folder.path()), older, "as an older version wrote it");
        fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(ScreenState::read(folder.path()), ScreenState::default());
    }
}
