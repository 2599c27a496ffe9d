//! `/etc` as a run sees it: the few files of the list, and nothing else of it.
//!
//! bubblewrap reads the whole table of mounts again for each thing it binds, which makes a list of files dear
//! (measured: 21 files cost 6 ms of 13). So it binds the folder once, and the inner stage lays an empty folder
//! over it into which it binds the files. Nobody inside can take that away: it needs rights that are given up.

use super::inner::mount_tmpfs;
use super::plan::Plan;
use crate::domain::Network;
use crate::runner::sandbox::{ETC, ETC_NETWORK};
use rustix::fs::{Mode, OFlags};
use rustix::mount::MountFlags;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

const ROOM: &str = "size=1048576,mode=0755";

/// Whether the inner stage chooses; not where something below `/etc` was declared, which bubblewrap binds there.
pub(super) fn is_chosen_inside(plan: &Plan) -> bool {
    let view = &plan.view;
    let staged = view.stages.iter().map(|stage| &stage.root);
    let declared = view.read.iter().chain(view.write.iter().map(|write| &write.path)).chain(staged);
    !declared.into_iter().any(|path| path.starts_with("/etc"))
}

/// The files and folders that this run sees, wherever they lie.
pub(super) fn files(plan: &Plan) -> impl Iterator<Item = &'static Path> {
    let network = if plan.network == Network::Full { ETC_NETWORK } else { &[] };
    ETC.iter().chain(network).map(Path::new)
}

/// Leaves of `/etc`, which is there as a whole, only what is on the list. Needs mounts of its own.
///
/// # Errors
/// When the kernel refuses a mount.
pub(super) fn choose(plan: &Plan) -> io::Result<()> {
    let open = |path: &'static Path| {
        let file = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
        Some((path, file))
    };
    let there: Vec<(&Path, OwnedFd)> = files(plan).filter(|path| path.starts_with("/etc")).filter_map(open).collect();
    mount_tmpfs(Path::new("/etc"), ROOM, MountFlags::NOSUID | MountFlags::NODEV)?;
    for (path, file) in there {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let source = format!("/proc/self/fd/{}", file.as_raw_fd());
        if fs::metadata(&source)?.is_dir() {
            fs::create_dir(path)?;
        } else {
            fs::File::create_new(path)?;
        }
        // Read-only as the folder was that it comes from.
        rustix::mount::mount_bind_recursive(&source, path)?;
    }
    let sealed = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount_remount("/etc", sealed, c"")?;
    Ok(())
}
