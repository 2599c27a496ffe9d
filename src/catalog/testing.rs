//! Shared parts of the tests of this module: the real definitions, and small workspaces.

use std::path::{Path, PathBuf};

/// The folder of real definitions, when it is at hand: `TOOLSMITH_SHARED`, else `../shared` of the repository.
pub(super) fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("TOOLSMITH_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let corpus = shared.join("corpora/code_evolver");
    if !corpus.is_dir() {
        crate::needs::not_run(&format!("{} does not exist", corpus.display()));
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

/// A workspace of a test, removed with it.
pub(super) struct Workspace(tempfile::TempDir);

impl Workspace {
    pub(super) fn new() -> Workspace {
        Workspace(tempfile::tempdir().unwrap())
    }

    pub(super) fn plan(&self) -> super::ScanPlan {
        super::ScanPlan::standard(self.0.path())
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes a file with its folders.
    pub(super) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// A row that is nothing but its name.
pub(super) fn tool(name: &str) -> crate::domain::Tool {
    use crate::domain::{Format, Placement, Tool};
    Tool {
        path: format!("tools/{name}.py"),
        placement: Placement { base: "tools".to_owned(), exclusive: false },
        format: Format::Header,
        ..Tool::ordinary(name)
    }
}
