//! What the tests of this module share: the real definitions, and small workspaces.

use std::path::{Path, PathBuf};

/// The folder of real definitions, when it is at hand: `TOOLSMITH_SHARED`, else `../shared` of the repository.
pub(super) fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("TOOLSMITH_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let corpus = shared.join("corpora/code_evolver");
    if !corpus.is_dir() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("skipped {test}: no corpora/code_evolver at hand");
        return None;
    }
    Some(corpus)
}

/// All files below a folder, sorted.
pub(super) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}
