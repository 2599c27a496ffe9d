//! Staged writes during a run: a separate layer over each declared folder.
//!
//! The tool sees its folders at their own paths and writes there; the kernel puts what it writes into a layer in memory
//! (overlayfs, mounted by the inner stage), and the user's files stay as they are. When all processes of the run have
//! ended, the inner stage writes the content of the layer to a bundle, a file that the workbench created; the workbench
//! unpacks it. The engine decides what happens to the changes.
//!
//! A declared folder that exists gets its own layer. A declared file, and what does not exist yet, is staged through
//! the folder that it is in, because programs replace files by renaming: that folder takes any write, shows what the
//! run may see of it anyway, and only what was declared is kept of it.
//!
//! The changes of a run are refused as a whole if they contain links, devices or pipes, names that are not text, or
//! more than the run's disk limit. Only contents count, not the mode bits, times and owners of files. No link is ever
//! followed, because the layer is read, not the mounted view.

mod bundle;
mod difference;
mod layer;
mod mount;
mod stamp;

pub(super) use bundle::{Unpacked, unpack};
pub(super) use mount::Layers;

use super::grants::WritePath;
use crate::domain::WriteMode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that contains the changes, in the folder of a run's staged writes.
pub(super) const BUNDLE: &str = "bundle";

/// Removes files that are only needed until the changes are unpacked, and the folder if nothing is kept in it.
pub fn discard(staged: &Path) {
    // What cannot be removed is a file that nobody reads.
    let _ = std::fs::remove_file(staged.join(BUNDLE));
    let _ = std::fs::remove_dir(staged);
}

/// A folder whose writes are held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stage {
    /// The folder, as the tool sees it; absolute, without links.
    pub(super) root: PathBuf,
    /// What is kept of it: the folder itself, or what was declared right below it.
    pub(super) kept: Vec<PathBuf>,
    /// Whether all of its content is visible; otherwise only what the run may see anyway.
    pub(super) shows: bool,
    /// Paths in it that exist and stay read-only.
    pub(super) protected: Vec<PathBuf>,
}

/// The stages of what a run may write; `read` is what it sees anyway. Parents come before what is in them.
pub(super) fn stages(write: &[WritePath], read: &[PathBuf]) -> Vec<Stage> {
    let staged = || write.iter().filter(|write| write.mode == WriteMode::Staged);
    let is_whole = |write: &WritePath| write.folder && write.exists;
    let shows = |folder: &Path| read.iter().any(|path| folder.starts_with(path));
    let mut stages: BTreeMap<PathBuf, Stage> = BTreeMap::new();
    for write in staged() {
        let root = if is_whole(write) { &*write.path } else { write.path.parent().unwrap_or(Path::new("/")) };
        let stage = stages.entry(root.to_owned()).or_insert_with(|| Stage {
            root: root.to_owned(),
            kept: Vec::new(),
            shows: is_whole(write) || shows(root),
            protected: Vec::new(),
        });
        stage.kept.push(write.path.clone());
        if is_whole(write) {
            stage.protected.extend(write.protected.iter().filter(|path| path.exists()).cloned());
        }
    }
    stages.into_values().collect()
}

/// What must be visible read-only, at its own path, for these stages and reads: none of it inside another.
pub(super) fn visible(stages: &[Stage], read: &[PathBuf]) -> Vec<PathBuf> {
    let roots = stages.iter().filter(|stage| stage.shows).map(|stage| stage.root.clone());
    let hidden = stages.iter().filter(|stage| !stage.shows).flat_map(|stage| &stage.kept);
    let files = hidden.filter(|path| path.exists()).cloned();
    let mut all: Vec<PathBuf> = read.iter().cloned().chain(roots).chain(files).collect();
    all.sort();
    all.dedup_by(|later, kept| later.starts_with(&*kept));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &str, folder: bool, exists: bool) -> WritePath {
        WritePath { path: path.into(), mode: WriteMode::Staged, folder, exists, protected: Vec::new() }
    }

    #[test]
    fn a_folder_is_staged_itself_and_a_file_through_the_folder_around_it() {
        let found = stages(
            &[write("/w/out", true, true), write("/w/log.txt", false, false), write("/v/new", true, false)],
            &["/v".into()],
        );
        let short = found.iter().map(|stage| (stage.root.to_str().unwrap(), stage.kept.clone(), stage.shows));
        let expected: [(&str, Vec<PathBuf>, bool); 3] = [
            ("/v", vec!["/v/new".into()], true),
            ("/w", vec!["/w/log.txt".into()], false),
            ("/w/out", vec!["/w/out".into()], true),
        ];
        assert_eq!(short.collect::<Vec<_>>(), expected);
        assert_eq!(visible(&found, &["/v".into(), "/w/out/deep".into()]), [PathBuf::from("/v"), "/w/out".into()]);
    }

    #[test]
    fn writes_at_once_are_not_staged() {
        let direct = WritePath { mode: WriteMode::Direct, ..write("/w/out", true, true) };
        assert_eq!(stages(&[direct], &[]), []);
    }
}
