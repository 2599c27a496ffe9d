//! `/etc` as a run sees it: only the few files of the list.
//!
//! bubblewrap reads the whole mount table again for each bind, which makes a list of files expensive (measured: 21
//! files took 6 ms of 13). So the inner stage mounts an empty folder over the machine's, copies the small files into it
//! and binds the folders and the rest. Each bind is a mount that is created, copied and unmounted again. It does so in
//! a separate mount namespace while bubblewrap works ([`super::join`]), or in that of bubblewrap, which then binds the
//! folder as a whole. Processes inside cannot undo that, because the necessary rights are dropped.

use super::mounts::mount_tmpfs;
use super::plan::RunPlan;
use crate::domain::Network;
use crate::runner::sandbox::{ETC, ETC_NETWORK, seal};
use rustix::fs::CWD;
use rustix::mount::{MountFlags, MoveMountFlags, OpenTreeFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Space for the copies.
const ROOM: &str = "size=4194304,mode=0755";

/// A larger file is bound instead of copied, in bytes.
const MAX_COPY: u64 = 128 << 10;

/// Whether the inner stage makes the selection; not if a path below `/etc` was declared, which bubblewrap binds there.
pub(super) fn is_chosen_inside(plan: &RunPlan) -> bool {
    let view = &plan.view;
    let staged = view.stages.iter().map(|stage| &stage.root);
    let declared = view.read.iter().chain(view.write.iter().map(|write| &write.path)).chain(staged);
    !declared.into_iter().any(|path| path.starts_with("/etc"))
}

/// The files and folders that this run sees, whoever mounts them.
pub(super) fn files(plan: &RunPlan) -> impl Iterator<Item = &'static Path> {
    let network = if plan.network == Network::Full { ETC_NETWORK } else { &[] };
    ETC.iter().chain(network).map(Path::new)
}

/// Reduces `/etc`, which is completely visible, to the list. Needs a separate mount namespace.
///
/// # Errors
/// If the kernel refuses a mount.
pub(super) fn choose(plan: &RunPlan) -> io::Result<()> {
    let there: Vec<(&Path, EtcEntry)> = files(plan)
        .filter(|path| path.starts_with("/etc"))
        .filter_map(|path| Some((path, EtcEntry::of(path)?)))
        .collect();
    mount_tmpfs(Path::new("/etc"), ROOM, MountFlags::NOSUID | MountFlags::NODEV)?;
    for (path, part) in there {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let tree = match part {
            EtcEntry::Copied(mut file) => {
                io::copy(&mut file, &mut create(path)?)?;
                continue;
            }
            EtcEntry::BoundFile(tree) => {
                create(path)?;
                tree
            }
            EtcEntry::BoundFolder(tree) => {
                fs::create_dir(path)?;
                tree
            }
        };
        rustix::mount::move_mount(tree, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    }
    let sealed = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount_remount("/etc", sealed, c"")?;
    Ok(())
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o444).open(path)
}

/// One entry of the list, opened before the empty folder covers it.
enum EtcEntry {
    Copied(File),
    BoundFile(OwnedFd),
    BoundFolder(OwnedFd),
}

impl EtcEntry {
    /// `None` when it is not there.
    fn of(path: &Path) -> Option<EtcEntry> {
        let meta = fs::metadata(path).ok()?;
        // An unreadable file is bound, so that it exists but stays unreadable.
        if meta.is_file()
            && meta.len() <= MAX_COPY
            && let Ok(file) = File::open(path)
        {
            return Some(EtcEntry::Copied(file));
        }
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
        let tree = rustix::mount::open_tree(CWD, path, flags).ok()?;
        seal(&tree).ok()?;
        Some(if meta.is_dir() { EtcEntry::BoundFolder(tree) } else { EtcEntry::BoundFile(tree) })
    }
}
