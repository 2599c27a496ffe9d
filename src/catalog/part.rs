//! One of several tools in a file.

use super::obstacle::Obstacle;
use super::{entries, header};
use crate::domain::VersionFile;

/// What keeps one of several tools in a file from running: its own obstacle, or what loading the file would do.
pub(super) fn obstacle(own: Option<Obstacle>, files: &[VersionFile]) -> Option<Obstacle> {
    if entries::run_something_first(files) {
        let why = "its file does something else when it is loaded; move the function into a file of its own";
        return Some(Obstacle::Incomplete(why.to_owned()));
    }
    own.or_else(|| header::part_of_package(files).map(Obstacle::Unsupported))
}
