//! `/etc` as a run sees it: the few files of the list, and nothing else of it.
//!
//! bubblewrap reads the whole table of mounts again for each thing it binds, which makes a list of files dear
//! (measured: 21 files cost 6 ms of 13). So the inner stage lays an empty folder over the machine's, copies the small
//! files into it and binds the folders and the rest: each bind is a mount that is made, copied and taken down again.
//! It does so in mounts of its own while bubblewrap works ([`super::join`]), or in what bubblewrap made, which then binds
//! the folder as a whole. Nobody inside can take that away: it needs rights that are given up.

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

/// A larger file is bound, in bytes.
const MAX_COPY: u64 = 128 << 10;

/// Whether the inner stage chooses; not where something below `/etc` was declared, which bubblewrap binds there.
pub(super) fn is_chosen_inside(plan: &RunPlan) -> bool {
    let view = &plan.view;
    let staged = view.stages.iter().map(|stage| &stage.root);
    let declared = view.read.iter().chain(view.write.iter().map(|write| &write.path)).chain(staged);
    !declared.into_iter().any(|path| path.starts_with("/etc"))
}

/// The files and folders that this run sees, wherever they are.
pub(super) fn files(plan: &RunPlan) -> impl Iterator<Item = &'static Path> {
    let network = if plan.network == Network::Full { ETC_NETWORK } else { &[] };
    ETC.iter().chain(network).map(Path::new)
}

/// Leaves of `/etc`, which is there as a whole, only what is on the list. Needs mounts of its own.
///
/// # Errors
/// When the kernel refuses a mount.
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

/// One thing of the list, taken before the empty folder covers it.
enum EtcEntry {
    Copied(File),
    BoundFile(OwnedFd),
    BoundFolder(OwnedFd),
}

impl EtcEntry {
    /// `None` when it is not there.
    fn of(path: &Path) -> Option<EtcEntry> {
        let meta = fs::metadata(path).ok()?;
        // One that may not be read is bound, so that it is there and may not be read.
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
