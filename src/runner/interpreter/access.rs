//! Whether the user that a tool runs as can start a program.
//!
//! If Toolsmith runs as root, a tool runs as a separate user that owns nothing. That user sees nothing below a folder
//! closed to others (usually including `/root`). Only permission bits count here; access control lists are ignored.

use rustix::fs::{Access, access};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// The most symbolic links followed on the way to one file.
const MOST_LINKS: usize = 40;

/// The permission bits of others to read a file or list a folder, and to start or enter it.
const OTHERS_READ_ENTER: u32 = 0o005;
/// The permission bit of others to pass a folder.
const OTHERS_ENTER: u32 = 0o001;

/// The user that a tool will run as, seen from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user of this process.
    Same,
    /// Another user, who is not in any group and owns nothing.
    Other,
}

impl Who {
    /// Tools started by root run as another user.
    pub fn of_this_process() -> Who {
        if rustix::process::geteuid().is_root() { Who::Other } else { Who::Same }
    }

    /// Whether this user can start the program at `path`.
    pub(super) fn may_start(self, path: &Path) -> bool {
        match self {
            Who::Same => fs::metadata(path).is_ok_and(|meta| meta.is_file()) && access(path, Access::EXEC_OK).is_ok(),
            Who::Other => reached_by_others(path)
                .and_then(|real| fs::metadata(real).ok())
                .is_some_and(|meta| meta.is_file() && allows(&meta, OTHERS_READ_ENTER)),
        }
    }

    /// Whether this user can enter and list the folder at `path`.
    pub(super) fn may_enter(self, path: &Path) -> bool {
        match self {
            Who::Same => true,
            Who::Other => reached_by_others(path)
                .and_then(|real| fs::metadata(real).ok())
                .is_some_and(|meta| meta.is_dir() && allows(&meta, OTHERS_READ_ENTER)),
        }
    }
}

fn allows(meta: &fs::Metadata, bits: u32) -> bool {
    meta.permissions().mode() & bits == bits
}

/// The real path of a file, if everybody may pass every folder on the way, including those that symbolic links lead to.
fn reached_by_others(path: &Path) -> Option<PathBuf> {
    let parts = |path: &Path| -> VecDeque<OsString> { path.components().map(|c| c.as_os_str().to_owned()).collect() };
    let (mut ahead, mut here, mut links) = (parts(path), PathBuf::new(), 0);
    while let Some(part) = ahead.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::RootDir) => here = PathBuf::from("/"),
            Some(Component::ParentDir) => {
                here.pop();
            }
            Some(Component::Normal(name)) => {
                // A relative path has no starting folder.
                let folder = fs::metadata(&here).ok().filter(fs::Metadata::is_dir)?;
                if !allows(&folder, OTHERS_ENTER) {
                    return None;
                }
                let next = here.join(name);
                if let Ok(target) = fs::read_link(&next) {
                    links += 1;
                    let mut through = parts(&target);
                    through.append(&mut ahead);
                    ahead = through;
                } else {
                    here = next;
                }
            }
            Some(Component::CurDir | Component::Prefix(_)) | None => {}
        }
        if links > MOST_LINKS {
            return None;
        }
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that everybody may pass; it contains `python/bin/python3`.
    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("python/bin")).unwrap();
        fs::write(dir.path().join("python/bin/python3"), "").unwrap();
        for path in ["", "python", "python/bin", "python/bin/python3"] {
            set(&dir.path().join(path), 0o755);
        }
        dir
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn another_user_needs_every_folder_on_the_way() {
        let dir = tree();
        let program = dir.path().join("python/bin/python3");
        assert!(Who::Other.may_start(&program) && Who::Same.may_start(&program));
        set(&dir.path().join("python"), 0o700);
        assert!(!Who::Other.may_start(&program) && Who::Same.may_start(&program));
        assert!(!Who::Other.may_enter(&dir.path().join("python/bin")));
        set(&dir.path().join("python"), 0o711);
        assert!(Who::Other.may_start(&program));
        set(&program, 0o750);
        assert!(!Who::Other.may_start(&program) && Who::Same.may_start(&program));
        set(&program, 0o644);
        assert!(!Who::Other.may_start(&program) && !Who::Same.may_start(&program));
    }

    #[test]
    fn a_link_is_worth_what_the_way_to_its_target_is() {
        let dir = tree();
        let (closed, open) = (dir.path().join("closed"), dir.path().join("open"));
        for (folder, mode) in [(&closed, 0o700), (&open, 0o755)] {
            fs::create_dir(folder).unwrap();
            set(folder, mode);
        }
        let program = dir.path().join("python/bin/python3");
        std::os::unix::fs::symlink(&program, closed.join("python3")).unwrap();
        std::os::unix::fs::symlink("../python/bin/python3", open.join("python3")).unwrap();
        std::os::unix::fs::symlink("loop", open.join("loop")).unwrap();
        assert!(Who::Other.may_start(&open.join("python3")));
        assert!(!Who::Other.may_start(&closed.join("python3")));
        assert!(!Who::Other.may_start(&open.join("loop")));
        set(&dir.path().join("python"), 0o700);
        assert!(!Who::Other.may_start(&open.join("python3")));
    }
}
