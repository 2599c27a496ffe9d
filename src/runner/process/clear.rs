//! Removes anything that a tool created: unreadable folders, trees deeper than the limits of paths and descriptors,
//! links to other places.
//!
//! Uses three descriptors at any depth: a folder inside a folder is moved to the top, so that no path is longer than
//! one name below it. Links are removed, never followed.

use crate::domain::Digest;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Removes the folders of a run, given its scratch folder; missing ones are ignored.
///
/// # Errors
/// The first thing that could not be removed.
pub fn clear(scratch: &Path) -> io::Result<()> {
    remove(&outer_folder(scratch)).and(remove(scratch))
}

/// Removes a folder and everything in it. The caller guarantees that the folder itself is not replaced.
///
/// # Errors
/// The first thing that could not be removed.
pub(in crate::runner) fn remove(folder: &Path) -> io::Result<()> {
    match open(folder) {
        Ok(top) => empty(&top)?,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    rustix::fs::rmdir(folder)?;
    Ok(())
}

/// Removes everything in a folder and keeps the folder. The caller guarantees that the folder itself is not replaced.
///
/// # Errors
/// The first thing that could not be removed.
pub(in crate::runner) fn empty_folder(folder: &Path) -> io::Result<()> {
    empty(&open(folder)?)
}

/// The folder outside the state folder that a run gets if Toolsmith runs as root, named after the scratch folder.
pub(in crate::runner) fn outer_folder(scratch: &Path) -> PathBuf {
    let word = Digest::of_bytes(scratch.as_os_str().as_bytes()).hex();
    std::env::temp_dir().join(format!("toolsmith-{}", &word[..16]))
}

fn open(folder: &Path) -> Result<OwnedFd, Errno> {
    match rustix::fs::open(folder, FOLDER, Mode::empty()) {
        Err(Errno::ACCESS) => {
            rustix::fs::chmod(folder, Mode::RWXU)?;
            rustix::fs::open(folder, FOLDER, Mode::empty())
        }
        opened => opened,
    }
}

fn empty(top: &OwnedFd) -> io::Result<()> {
    rustix::fs::fchmod(top, Mode::RWXU)?;
    let mut moved = 0_u64;
    loop {
        let folders = remove_files(top)?;
        if folders.is_empty() {
            return Ok(());
        }
        for name in &folders {
            // A folder of the tool may have no permissions, even for its owner. It is not a link: see below.
            rustix::fs::chmodat(top, name, Mode::RWXU, AtFlags::empty())?;
            let folder = rustix::fs::openat(top, name, FOLDER, Mode::empty())?;
            for inner in remove_files(&folder)? {
                rustix::fs::chmodat(&folder, &inner, Mode::RWXU, AtFlags::empty())?;
                move_up(&folder, &inner, top, &mut moved)?;
            }
            rustix::fs::unlinkat(top, name, AtFlags::REMOVEDIR)?;
        }
    }
}

/// Removes everything in a folder except subfolders, which are returned.
fn remove_files(folder: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let is_folder = match entry.file_type() {
            FileType::Unknown => {
                let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(stat.st_mode) == FileType::Directory
            }
            kind => kind == FileType::Directory,
        };
        if is_folder {
            folders.push(name.to_owned());
        } else {
            rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
        }
    }
    Ok(folders)
}

fn move_up(from: &OwnedFd, name: &CStr, top: &OwnedFd, moved: &mut u64) -> io::Result<()> {
    loop {
        *moved += 1;
        let to = CString::new(format!("up-{moved}")).map_err(|_| io::ErrorKind::InvalidInput)?;
        match rustix::fs::renameat_with(from, name, top, &to, rustix::fs::RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_tree_deeper_than_a_path_may_be_long_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        let mut at = rustix::fs::open(&root, FOLDER, Mode::empty()).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&at, c"deep", Mode::RWXU).unwrap();
            rustix::fs::symlinkat(c"/", &at, c"link").unwrap();
            at = rustix::fs::openat(&at, c"deep", FOLDER, Mode::empty()).unwrap();
        }
        remove(&root).unwrap();
        assert!(!root.exists());
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (root, kept) = (dir.path().join("root"), dir.path().join("kept"));
        fs::create_dir_all(root.join("folder")).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "mine").unwrap();
        for link in ["link", "folder/link"] {
            symlink(&kept, root.join(link)).unwrap();
        }
        remove(&root).unwrap();
        assert_eq!((root.exists(), fs::read_to_string(kept.join("file")).unwrap().as_str()), (false, "mine"));
    }

    #[test]
    fn folders_that_forbid_everything_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/file"), "x").unwrap();
        for folder in ["a/b", "a", ""] {
            fs::set_permissions(root.join(folder), fs::Permissions::from_mode(0o000)).unwrap();
        }
        remove(&root).unwrap();
        assert!(!root.exists());
    }

    #[test]
    fn names_that_look_like_ours_do_not_stand_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("up-1/up-2/up-3/up-1")).unwrap();
        remove(&root).unwrap();
        assert!(!root.exists());
    }

    #[test]
    fn what_is_not_there_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        clear(&dir.path().join("nothing")).unwrap();
    }
}
