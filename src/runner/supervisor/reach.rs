//! Lending what only root reaches to the user that a tool of root's runs as.
//!
//! That user can go neither into root's home nor write root's files. So the supervisor, while it is root,
//! makes each declared path reachable in mounts of its own, which nobody else sees: as an id-mapped bind, in
//! which the owner's files belong to the tool's user. Where a file system cannot do that (an overlay, some
//! network file systems) it is a plain bind, and the bits of each file decide what the tool may do.
//!
//! Nothing is written through these binds: bubblewrap takes them read-only, and writes of root's tools are always
//! staged. So no file of root's can come to be by a tool's hand.

use super::plan::RunPlan;
use crate::runner::overlay;
use crate::runner::process::clear::outer_folder;
use crate::runner::sandbox;
use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Paths and where they are reached.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// The folder of ours that the binds are in, when there are any.
    dir: Option<PathBuf>,
    sources: BTreeMap<PathBuf, PathBuf>,
}

impl Reach {
    /// Lends what a plan needs, when there is somebody to lend it to.
    ///
    /// # Errors
    /// When we are root and cannot mount all the same.
    pub(super) fn make(plan: &RunPlan) -> io::Result<Reach> {
        let paths = overlay::visible(&plan.view.stages, &plan.view.read);
        let Some(user) = plan.user.filter(|_| !paths.is_empty()) else { return Ok(Reach::default()) };
        // A container's root may have no right to mount: then what everybody reaches is all that can be bound.
        if sandbox::own_mounts().is_err() {
            return Ok(Reach::default());
        }
        let deep = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        rustix::mount::mount_change("/", deep)?;
        // Taken before our own folder covers anything.
        let mut trees = Vec::new();
        for path in paths {
            let tree = lend(&path, user)?;
            trees.push((path, tree));
        }
        let dir = outer_folder(Path::new(&plan.mark));
        rustix::fs::mkdir(&dir, Mode::from_raw_mode(0o711))?;
        rustix::fs::chmod(&dir, Mode::from_raw_mode(0o711))?;
        let mut reach = Reach { dir: Some(dir.clone()), sources: BTreeMap::new() };
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        rustix::mount::mount(c"tmpfs", &dir, c"tmpfs", flags, c"size=1m,mode=0711")?;
        for (number, (path, tree)) in trees.into_iter().enumerate() {
            let target = dir.join(number.to_string());
            if path.is_dir() {
                rustix::fs::mkdir(&target, Mode::from_raw_mode(0o755))?;
            } else {
                File::create(&target)?;
            }
            rustix::mount::move_mount(tree, "", CWD, &target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
            reach.sources.insert(path, target);
        }
        Ok(reach)
    }

    /// Where a path is reached.
    pub(super) fn source<'a>(&'a self, path: &'a Path) -> &'a Path {
        self.sources.get(path).map_or(path, PathBuf::as_path)
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir {
            // Never recursively: until it is unmounted, the user's own files lie in it. What stays is an empty folder.
            let _ = rustix::mount::unmount(dir, UnmountFlags::DETACH);
            let _ = rustix::fs::rmdir(dir);
        }
    }
}

/// A copy of the mount of a path in which what its owner owns belongs to `user`, where that can be had.
fn lend(path: &Path, user: u32) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = rustix::mount::open_tree(CWD, path, flags)?;
    match sandbox::lend_to(&tree, user) {
        Ok(()) => Ok(tree),
        // Not every file system can; a try that failed may leave nothing behind, so we take a fresh one.
        Err(_) => Ok(rustix::mount::open_tree(CWD, path, flags)?),
    }
}
