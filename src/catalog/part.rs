//! One of several tools in a file.

use super::obstacle::Obstacle;
use super::{entries, header, programs};
use crate::domain::VersionFile;

/// What keeps one of several tools in a file from running: its own obstacle, or what loading the file would do.
pub(super) fn obstacle(own: Option<Obstacle>, files: &[VersionFile]) -> Option<Obstacle> {
    if entries::run_something_first(files) {
        let why = "its file does something else when it is loaded; move the function into a file of its own";
        return Some(Obstacle::Incomplete(why.to_owned()));
    }
    if own == Some(Obstacle::NoCommand) {
        let is_code = files.iter().any(|file| programs::is_script(&file.path));
        let why = if is_code {
            "only its framework can start it; call it in a script of its own"
        } else {
            "its list describes it and holds no code; write a definition with a command, or one with kind = \"mcp\" that starts its server"
        };
        return Some(Obstacle::Incomplete(why.to_owned()));
    }
    own.or_else(|| header::part_of_package(files).map(Obstacle::Unsupported))
}
