//! Copies of mounts that are attached nowhere yet: in which the files of one user belong to another (id-mapped mounts,
//! Linux 5.12), or in which nothing can be changed.

use super::process::{fork, reap};
use rustix::fs::{AtFlags, Stat};
use rustix::process::{Pid, Signal};
use std::ffi::c_long;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// Says in the call that the mount's users are mapped (`linux/mount.h`).
const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// How long a namespace may take to be looked at; its holder ends by itself after that.
const HOLD: Duration = Duration::from_secs(10);

/// `struct mount_attr` of `linux/mount.h`, its first version.
#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Makes the files of whoever owns the mounted folder or file belong to `user`, in this mount only. It must be
/// attached nowhere yet, and this process root with one thread.
///
/// # Errors
/// When the file system cannot do that, or this process may not.
pub(in crate::runner) fn lend_to(tree: &OwnedFd, user: u32) -> io::Result<()> {
    let owner = rustix::fs::statat(tree, "", AtFlags::EMPTY_PATH)?;
    let users = user_map(&owner, user)?;
    let attr = MountAttr {
        attr_set: MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: u64::try_from(users.as_raw_fd()).map_err(|_| io::ErrorKind::InvalidInput)?,
    };
    set_attributes(tree, &attr, 0)
}

/// Makes a copy of mounts, attached nowhere yet, read-only, and without devices and programs with rights of their own.
///
/// # Errors
/// When this process may not.
pub(in crate::runner) fn seal(tree: &OwnedFd) -> io::Result<()> {
    let attr_set = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    set_attributes(tree, &MountAttr { attr_set, attr_clr: 0, propagation: 0, userns_fd: 0 }, libc::AT_RECURSIVE)
}

fn set_attributes(tree: &OwnedFd, attr: &MountAttr, flags: libc::c_int) -> io::Result<()> {
    let (tree, flags) = (c_long::from(tree.as_raw_fd()), c_long::from(libc::AT_EMPTY_PATH | flags));
    let (attr, size) = (std::ptr::from_ref(attr), size_of::<MountAttr>());
    // SAFETY: the path is a literal, the structure lives until after the call and its size is its own.
    let done = unsafe { libc::syscall(libc::SYS_mount_setattr, tree, c"".as_ptr(), flags, attr, size) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A user namespace that says which user is to be seen instead of which.
fn user_map(owner: &Stat, user: u32) -> io::Result<OwnedFd> {
    let (ready, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let pid = fork(move || hold_users(tell))?;
    let mapped = (|| {
        // Nothing is said by one that could not make its namespace.
        if rustix::io::read(&ready, &mut [0_u8; 1])? == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        fs::write(format!("/proc/{pid}/uid_map"), format!("{} {user} 1", owner.st_uid))?;
        fs::write(format!("/proc/{pid}/gid_map"), format!("{} {user} 1", owner.st_gid))?;
        File::open(format!("/proc/{pid}/ns/user")).map(OwnedFd::from)
    })();
    if let Some(holder) = Pid::from_raw(pid) {
        // It may have ended already.
        let _ = rustix::process::kill_process(holder, Signal::KILL);
    }
    reap(pid)?;
    mapped
}

/// Holds a namespace until it was taken or nobody comes. Returns what to exit with.
fn hold_users(tell: OwnedFd) -> i32 {
    // SAFETY: there is one thread.
    let made = unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWUSER) };
    if made.is_ok() && File::from(tell).write_all(&[1]).is_ok() {
        std::thread::sleep(HOLD);
    }
    0
}
