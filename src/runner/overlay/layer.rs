//! One layer, and what is below it.

use super::Stage;
use super::stamp::{Before, EntryStamp};
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(super) struct Layer {
    pub(super) stage: Stage,
    /// What the tool wrote.
    pub(super) upper: PathBuf,
    /// What is below it: contents by their path.
    pub(super) lower: Lower,
    /// What lay there when the run began, by absolute path.
    pub(super) before: Before,
}

/// The user's own files under a layer, reached without the layer.
#[derive(Debug, Default)]
pub(super) struct Lower {
    pub(super) folder: Option<OwnedFd>,
    pub(super) files: BTreeMap<PathBuf, File>,
}

impl Lower {
    pub(super) fn open(stage: &Stage) -> io::Result<Lower> {
        if stage.shows {
            return Ok(Lower { folder: Some(folder(&stage.root)?), files: BTreeMap::new() });
        }
        let files = stage.kept.iter().filter(|path| path.is_file());
        let files = files.map(|path| Ok((path.clone(), File::open(path)?))).collect::<io::Result<_>>()?;
        Ok(Lower { folder: None, files })
    }

    /// Where a path of the stage really is. Not to be followed further when it is a link itself.
    pub(super) fn path(&self, stage: &Stage, path: &Path) -> Option<PathBuf> {
        if let Some(file) = self.files.get(path) {
            return Some(through(file.as_raw_fd()));
        }
        Some(through(self.folder.as_ref()?.as_raw_fd()).join(path.strip_prefix(&stage.root).ok()?))
    }

    /// What is there now.
    pub(super) fn stamp(&self, stage: &Stage, path: &Path) -> io::Result<Option<EntryStamp>> {
        let found = match (self.files.get(path), self.path(stage, path)) {
            (Some(file), _) => file.metadata(),
            (None, Some(path)) => fs::symlink_metadata(path),
            (None, None) => return Ok(None),
        };
        match found {
            Ok(meta) => Ok(Some(EntryStamp::of(&meta))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A path that leads through an open file of this process.
pub(super) fn through(fd: i32) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{fd}"))
}

/// Opens a folder.
///
/// # Errors
/// When that fails.
pub(super) fn folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
