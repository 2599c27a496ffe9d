//! Checks whether a path is inside another one on disk, even if a bind mount gives it another name.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Whether a path without symbolic links is in a folder, by name or through a bind mount.
pub(super) fn is_within(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = fs::canonicalize(folder) else { return false };
    if path.starts_with(&folder) {
        return true;
    }
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mounts = parse(&table);
    match (on_disk(&mounts, path), on_disk(&mounts, &folder)) {
        (Some((device, path)), Some((other, folder))) => device == other && path.starts_with(folder),
        _ => false,
    }
}

/// A line of `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`).
struct Mount {
    device: String,
    /// The part of the file system that is mounted.
    root: PathBuf,
    place: PathBuf,
}

fn parse(table: &[u8]) -> Vec<Mount> {
    let lines = table.split(|byte| *byte == b'\n').map(|line| line.split(|byte| *byte == b' ').collect::<Vec<_>>());
    lines
        .filter_map(|fields| {
            let device = String::from_utf8(fields.get(2)?.to_vec()).ok()?;
            Some(Mount { device, root: plain(fields.get(3)?), place: plain(fields.get(4)?) })
        })
        .collect()
}

/// A path in the table, with octal escapes decoded: spaces and similar characters are three octal digits.
fn plain(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, after @ ..] = rest {
        let code = after.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// The device, and the path on it, of a path without symbolic links. The last mount at a place hides the others.
fn on_disk(mounts: &[Mount], path: &Path) -> Option<(String, PathBuf)> {
    let here = mounts.iter().filter(|mount| path.starts_with(&mount.place));
    let mount = here.max_by_key(|mount| mount.place.as_os_str().as_bytes().len())?;
    Some((mount.device.clone(), mount.root.join(path.strip_prefix(&mount.place).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_mount_is_seen_through() {
        let table = b"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 8:1 /home/ada/a\\040b /opt/tools rw - ext4 /dev/sda rw\n\
                      3 1 8:2 / /data rw - ext4 /dev/sdb rw\n";
        let mounts = parse(table);
        let at = |path: &str| on_disk(&mounts, Path::new(path)).unwrap();
        assert_eq!(at("/opt/tools/python3"), ("8:1".to_owned(), "/home/ada/a b/python3".into()));
        assert_eq!(at("/opt/toolsmith"), ("8:1".to_owned(), "/opt/toolsmith".into()));
        assert_eq!(at("/data/x"), ("8:2".to_owned(), "/x".into()));
        assert!(
            is_within(Path::new("/usr/bin"), Path::new("/usr")) && !is_within(Path::new("/usr"), Path::new("/usr/bin"))
        );
    }
}
