//! Mounts that several parts of the inner stage share.

use rustix::mount::MountFlags;
use std::ffi::CString;
use std::io;
use std::path::Path;

pub(super) const SEALED: MountFlags = MountFlags::RDONLY.union(MountFlags::NOSUID).union(MountFlags::NODEV);

/// Mounts an empty file system in memory.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn mount_tmpfs(at: &Path, options: &str, flags: MountFlags) -> io::Result<()> {
    let options = CString::new(options).map_err(|_| io::ErrorKind::InvalidInput)?;
    rustix::mount::mount(c"tmpfs", at, c"tmpfs", flags, options.as_c_str())?;
    Ok(())
}
