//! `/dev` of a run: the few devices without content, separate terminals, and a little shared memory.
//!
//! bubblewrap could create it, but that takes six times as long: see [`super::etc`].

use super::mounts::mount_tmpfs;
use crate::runner::sandbox::DEVICES;
use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, MoveMountFlags, OpenTreeFlags};
use std::fs::{File, create_dir};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The size of a run's `/dev/shm`, in bytes.
pub(super) const SHARED_MEMORY: u64 = 16 << 20;

/// The controlling terminal of the process that opens it.
const TERMINAL: &str = "/dev/tty";

/// Enough space for names only.
const ROOM: &str = "size=65536,nr_inodes=64,mode=0755";

/// The links that programs expect there, and their targets.
const LINKS: [(&str, &str); 6] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/core", "/proc/kcore"),
    ("/dev/ptmx", "pts/ptmx"),
];

/// Creates it. Needs the right to mount, and the machine's own `/dev` in its place.
///
/// # Errors
/// If the kernel refuses a mount.
pub(super) fn make() -> io::Result<()> {
    let clone = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mut nodes = Vec::new();
    for path in DEVICES.iter().chain([&TERMINAL]) {
        nodes.push((Path::new(path), rustix::mount::open_tree(CWD, *path, clone)?));
    }
    let mask = rustix::process::umask(Mode::empty());
    let quiet = MountFlags::NOSUID | MountFlags::NODEV;
    mount_tmpfs(Path::new("/dev"), ROOM, quiet)?;
    for (path, node) in nodes {
        File::create_new(path)?;
        rustix::mount::move_mount(node, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    }
    for (path, target) in LINKS {
        symlink(target, path)?;
    }
    create_dir("/dev/pts")?;
    create_dir("/dev/shm")?;
    let own = c"newinstance,ptmxmode=0666,mode=620";
    rustix::mount::mount(c"devpts", c"/dev/pts", c"devpts", MountFlags::NOSUID | MountFlags::NOEXEC, own)?;
    mount_tmpfs(Path::new("/dev/shm"), &format!("size={SHARED_MEMORY},mode=0755"), quiet)?;
    rustix::mount::mount_remount("/dev", MountFlags::BIND | MountFlags::RDONLY | quiet, c"")?;
    rustix::process::umask(mask);
    Ok(())
}
