//! Programs of the system that are believed by their place: not whatever bears the name on `PATH`.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Finds a program on `path`: the first that belongs to root and that nobody else can change. Anybody can put a
/// program of that name somewhere; what lies in a workspace or a home is not asked.
///
/// # Errors
/// Why the one that was found is not believed; `None` when there is none at all.
pub(super) fn find(name: &str, path: &OsStr) -> Result<PathBuf, Option<String>> {
    let mut passed_over = None;
    for dir in std::env::split_paths(path).filter(|dir| dir.is_absolute()) {
        let Ok(program) = dir.join(name).canonicalize() else { continue };
        match distrust(&program) {
            None => return Ok(program),
            Some(why) => passed_over = passed_over.or(Some(format!("{}: {why}", program.display()))),
        }
    }
    Err(passed_over)
}

/// Why a program is not believed to be the system's own.
fn distrust(program: &Path) -> Option<String> {
    for place in program.ancestors() {
        let Ok(meta) = place.metadata() else { return Some(format!("{} cannot be read", place.display())) };
        if meta.uid() != 0 {
            return Some(format!("{} does not belong to root", place.display()));
        }
        // A sticky folder lets nobody replace what is not theirs.
        if meta.mode() & 0o022 != 0 && meta.mode() & 0o1000 == 0 {
            return Some(format!("others may change {}", place.display()));
        }
    }
    let mode = program.metadata().map(|meta| meta.mode()).unwrap_or_default();
    (mode & 0o111 == 0).then(|| "it may not be executed".to_owned())
}
