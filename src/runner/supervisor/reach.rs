//! Makes paths that only root can access available to the user that a tool runs as if Toolsmith runs as root.
//!
//! That user can neither enter root's home nor write root's files. So the supervisor, while it is root, binds each
//! declared path in a private mount namespace: as an id-mapped bind, in which the owner's files belong to the tool's
//! user. If a file system does not support that (an overlay, some network file systems), it is a plain bind, and the
//! mode bits of each file decide what the tool may do.
//!
//! Nothing is written through these binds: bubblewrap mounts them read-only, and writes of tools are always staged if
//! Toolsmith runs as root. So tools cannot create files of root.

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

/// Paths, and where they are bound.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// The folder that contains the binds, if there are any.
    dir: Option<PathBuf>,
    sources: BTreeMap<PathBuf, PathBuf>,
}

impl Reach {
    /// Binds the paths of a plan, if they must be made accessible.
    ///
    /// # Errors
    /// If this process is root but cannot mount.
    pub(super) fn make(plan: &RunPlan) -> io::Result<Reach> {
        let paths = overlay::visible(&plan.view.stages, &plan.view.read);
        let Some(user) = plan.user.filter(|_| !paths.is_empty()) else { return Ok(Reach::default()) };
        // A container's root may have no right to mount: then only paths that everybody can access can be bound.
        if sandbox::own_mounts().is_err() {
            return Ok(Reach::default());
        }
        let deep = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        rustix::mount::mount_change("/", deep)?;
        // Opened before the folder of the binds covers anything.
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

    /// The accessible path of a path.
    pub(super) fn source<'a>(&'a self, path: &'a Path) -> &'a Path {
        self.sources.get(path).map_or(path, PathBuf::as_path)
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir {
            // Never recursively: until it is unmounted, it contains the user's own files. Only an empty folder remains.
            let _ = rustix::mount::unmount(dir, UnmountFlags::DETACH);
            let _ = rustix::fs::rmdir(dir);
        }
    }
}

/// A copy of the mount of a path in which the owner's files belong to `user`, if supported.
fn lend(path: &Path, user: u32) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = rustix::mount::open_tree(CWD, path, flags)?;
    match sandbox::lend_to(&tree, user) {
        Ok(()) => Ok(tree),
        // Some file systems do not support it; a failed attempt may have modified the copy, so a fresh one is used.
        Err(_) => Ok(rustix::mount::open_tree(CWD, path, flags)?),
    }
}
