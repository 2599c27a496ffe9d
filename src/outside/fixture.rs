//! A place for programs of tests that are to be trusted.

use super::Trust;
use std::path::{Path, PathBuf};

/// A new folder in which programs are trusted: not in `/tmp`, where they never are.
///
/// # Panics
/// When this user has no such folder: neither beside the tests nor at home.
pub fn folder() -> tempfile::TempDir {
    let built = std::env::current_exe().unwrap();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let places = built.parent().map(Path::to_owned).into_iter().chain(home);
    let trusted = places.into_iter().find(|place| Trust::default().folder(place).is_ok());
    tempfile::tempdir_in(trusted.unwrap()).unwrap()
}
