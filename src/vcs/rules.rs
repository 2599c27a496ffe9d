//! Rule files that git reads in a work tree, which could be FIFOs that it would wait for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files of a work tree that git reads, in the folder of each committed path and in its parents.
const RULES: &[&str] = &[".gitattributes", ".gitignore"];

/// The first rule file that git would read for one of these paths (relative to a folder) and would wait for, such as a
/// FIFO.
pub(super) fn endless_rules<'a>(below: &Path, paths: impl Iterator<Item = &'a str>) -> Option<PathBuf> {
    let files = paths.map(|path| below.join(path));
    let folders: BTreeSet<PathBuf> =
        files.flat_map(|file| file.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>()).collect();
    let mut rules = folders.iter().flat_map(|folder| RULES.iter().map(|name| folder.join(name)));
    rules.find(|file| file.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()))
}
