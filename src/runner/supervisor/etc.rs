//! `/etc` as a run sees it: the few files of the list, and nothing else of it.
//!
//! bubblewrap reads the whole table of mounts again for each thing it binds, which makes a list of files dear
//! (measured: 21 files cost 6 ms of 13). So it binds the folder once, and the inner stage lays an empty folder
//! over it, copies the small files into it and binds the folders and the rest: each bind is a mount that is made,
//! copied and taken down again. Nobody inside can take that away: it needs rights that are given up.

use super::inner::mount_tmpfs;
use super::plan::Plan;
use crate::domain::Network;
use crate::runner::sandbox::{ETC, ETC_NETWORK};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::mount::MountFlags;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Space for the copies.
const ROOM: &str = "size=4194304,mode=0755";

/// A larger file is bound, in bytes.
const MAX_COPY: u64 = 128 << 10;

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
        let meta = rustix::fs::fstat(&file)?;
        let is_folder = FileType::from_raw_mode(meta.st_mode) == FileType::Directory;
        if is_folder {
            fs::create_dir(path)?;
        } else {
            let mut target = OpenOptions::new().write(true).create_new(true).mode(0o444).open(path)?;
            // One that may not be read is bound, so that it is there and may not be read.
            if u64::try_from(meta.st_size).is_ok_and(|bytes| bytes <= MAX_COPY)
                && let Ok(mut file) = File::open(&source)
            {
                io::copy(&mut file, &mut target)?;
                continue;
            }
        }
        // Read-only as the folder was that it comes from.
        rustix::mount::mount_bind_recursive(&source, path)?;
    }
    let sealed = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount_remount("/etc", sealed, c"")?;
    Ok(())
}
