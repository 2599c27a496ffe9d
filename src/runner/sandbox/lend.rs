//! Copies of detached mounts, either with the files of one user belonging to another (id-mapped mounts, Linux 5.12), or
//! read-only.

use super::process::{fork, reap};
use rustix::fs::{AtFlags, Stat};
use rustix::process::{Pid, Signal};
use std::ffi::c_long;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// The attribute for mapped users of a mount (`linux/mount.h`).
const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// How long a namespace is kept available; its holder then ends by itself.
const HOLD: Duration = Duration::from_secs(10);

/// `struct mount_attr` of `linux/mount.h`, its first version.
#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Makes the files of the owner of the mounted folder or file belong to `user`, only in this mount. The mount must be
/// detached, and this process must be root with one thread.
///
/// # Errors
/// If the file system does not support it, or this process may not.
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

/// Makes a detached copy of mounts read-only, and disables devices and set-user-ID programs in it.
///
/// # Errors
/// If this process may not.
pub(in crate::runner) fn seal(tree: &OwnedFd) -> io::Result<()> {
    let attr_set = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    set_attributes(tree, &MountAttr { attr_set, attr_clr: 0, propagation: 0, userns_fd: 0 }, libc::AT_RECURSIVE)
}

fn set_attributes(tree: &OwnedFd, attr: &MountAttr, flags: libc::c_int) -> io::Result<()> {
    let (tree, flags) = (c_long::from(tree.as_raw_fd()), c_long::from(libc::AT_EMPTY_PATH | flags));
    let (attr, size) = (std::ptr::from_ref(attr), size_of::<MountAttr>());
    // SAFETY: the path is a literal, and the structure outlives the call and has the given size.
    let done = unsafe { libc::syscall(libc::SYS_mount_setattr, tree, c"".as_ptr(), flags, attr, size) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A user namespace that maps one user to another.
fn user_map(owner: &Stat, user: u32) -> io::Result<OwnedFd> {
    let (ready, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let pid = fork(move || hold_users(tell))?;
    let mapped = (|| {
        // The holder sends nothing if it could not create its namespace.
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

/// Holds a namespace until it was opened or the other end is closed. Returns the exit code.
fn hold_users(tell: OwnedFd) -> i32 {
    // SAFETY: there is one thread.
    let made = unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWUSER) };
    if made.is_ok() && File::from(tell).write_all(&[1]).is_ok() {
        std::thread::sleep(HOLD);
    }
    0
}
