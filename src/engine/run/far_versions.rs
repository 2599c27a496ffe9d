//! The versions that a worker keeps for later runs: their limits, and a lock on each version in use.

use crate::domain::{Digest, VersionFile};
use crate::store::{Copies, CopyError, HeldLock};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Maximum number of kept versions.
const MOST_VERSIONS: usize = 1_000;

/// Maximum total size in bytes.
const MOST_BYTES: u64 = 2 << 30;

/// How often keeping a version is retried if another process removes it at the same time.
const ATTEMPTS: usize = 5;

/// A version in use: it is not removed while this exists.
pub(super) struct VersionInUse {
    pub(super) folder: PathBuf,
    _lock: HeldLock,
}

/// Keeps a version and records its use. The files are hashed, whoever sent them.
///
/// # Errors
/// As for [`Copies::put`].
pub(super) fn keep_in_use(copies: &Copies, digest: Digest, files: &[VersionFile]) -> Result<VersionInUse, CopyError> {
    let mut attempt = 1;
    loop {
        let folder = copies.put(digest, files)?;
        match lock(&folder) {
            Ok(lock) => return Ok(VersionInUse { folder, _lock: lock }),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            Err(source) => return Err(CopyError::Io { path: folder, source }),
        }
    }
}

/// Locks the folder against removal, unless it was already removed.
fn lock(folder: &Path) -> io::Result<HeldLock> {
    let handle = HeldLock::of(File::open(folder)?);
    handle.lock_shared()?;
    let (is, was) = (std::fs::metadata(folder)?, handle.metadata()?);
    if (is.dev(), is.ino()) != (was.dev(), was.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    handle.set_modified(SystemTime::now())?;
    Ok(handle)
}

/// Removes the least recently used versions until the limits are met. Versions in use stay.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn tidy(copies: &Copies) -> Result<(), CopyError> {
    tidy_to(copies, MOST_VERSIONS, MOST_BYTES)
}

fn tidy_to(copies: &Copies, most_versions: usize, most_bytes: u64) -> Result<(), CopyError> {
    let used = |digest: Digest| {
        let facts = std::fs::metadata(copies.path(digest)).ok()?;
        Some((facts.modified().ok()?, digest, size_of(&copies.path(digest))))
    };
    let mut kept: Vec<(SystemTime, Digest, u64)> = copies.all()?.into_iter().filter_map(used).collect();
    kept.sort();
    let (mut versions, mut bytes) = (kept.len(), kept.iter().map(|(_, _, size)| size).sum::<u64>());
    for (_, digest, size) in kept {
        if versions <= most_versions && bytes <= most_bytes {
            break;
        }
        let is_free = File::open(copies.path(digest)).map(HeldLock::of).is_ok_and(|handle| {
            let is_free = handle.try_lock().is_ok();
            // The lock is held until it is removed.
            is_free && copies.discard(digest).is_ok()
        });
        if is_free {
            (versions, bytes) = (versions - 1, bytes.saturating_sub(size));
        }
    }
    Ok(())
}

/// The bytes of all files below a folder.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => size_of(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn version(text: &str) -> (Digest, Vec<VersionFile>) {
        let file = |path: &str| VersionFile { path: path.into(), mode: FileMode::Plain, bytes: text.into() };
        let files = vec![file("a"), file("below/b")];
        (Digest::of_files(&files), files)
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let copies = Copies::new(dir.path());
        let versions: Vec<_> = ["one", "two", "three", "four"].map(version).into();
        for (age, (digest, files)) in (1..).zip(&versions) {
            let used = keep_in_use(&copies, *digest, files).unwrap();
            let at = SystemTime::now() - std::time::Duration::from_secs(1_000 - 10 * age);
            File::open(&used.folder).unwrap().set_modified(at).unwrap();
        }
        // The oldest one is used again, and the next one is in use now, although both look old.
        drop(keep_in_use(&copies, versions[0].0, &versions[0].1).unwrap());
        let handle = File::open(copies.path(versions[1].0)).unwrap();
        handle.lock_shared().unwrap();
        tidy_to(&copies, 2, MOST_BYTES).unwrap();
        let has = |at: usize| copies.has(versions[at].0);
        assert_eq!([has(0), has(1), has(2), has(3)], [true, true, false, false]);
        drop(handle);
        tidy_to(&copies, 9, 8).unwrap();
        assert_eq!([has(0), has(1)], [true, false]);
        assert_eq!(copies.check(versions[0].0), Ok(()));
        tidy_to(&copies, 0, 0).unwrap();
        assert_eq!(copies.all().unwrap(), []);
        assert!(keep_in_use(&copies, versions[2].0, &versions[2].1).unwrap().folder.join("below/b").is_file());
    }
}
