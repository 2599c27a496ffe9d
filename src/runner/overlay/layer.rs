//! One layer, and the files below it.

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
    /// The folder with the tool's writes.
    pub(super) upper: PathBuf,
    /// The files below it, by path.
    pub(super) lower: Lower,
    /// The state at the start of the run, by absolute path.
    pub(super) before: Before,
}

/// The user's own files below a layer, accessed without the layer.
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

    /// The real location of a path of the stage. If it is a link itself, it must not be followed.
    pub(super) fn path(&self, stage: &Stage, path: &Path) -> Option<PathBuf> {
        if let Some(file) = self.files.get(path) {
            return Some(through(file.as_raw_fd()));
        }
        Some(through(self.folder.as_ref()?.as_raw_fd()).join(path.strip_prefix(&stage.root).ok()?))
    }

    /// The present state of a path.
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
/// If that fails.
pub(super) fn folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}
