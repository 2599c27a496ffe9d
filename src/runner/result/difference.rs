//! Changes on disk after a run: evidence of the kind *result*, which tools cannot forge.
//!
//! Computed by the parent of the tool, inside the sandbox, after all processes of the tool have ended. The scratch
//! folder was empty; folders that the run writes directly were listed before. A file counts as changed if its size,
//! mode, inode number or change time (`ctime`, which only the kernel sets) differs. Links, FIFOs and devices are listed
//! and never followed or opened. Work is bounded: see the constants.

use crate::domain::{Difference, Digest, FileChange};
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The most entries of one listing; anything beyond is unknown.
const MAX_ENTRIES: usize = 20_000;

/// The maximum folder depth of a listing.
const MAX_DEPTH: usize = 64;

/// The most changes that are kept.
pub(in crate::runner) const MAX_CHANGES: usize = 1_000;

/// A larger file is listed without a digest, in bytes.
const MAX_FILE: u64 = 16 << 20;

/// The most bytes that are hashed for one run.
const MAX_HASHED: u64 = 64 << 20;

/// The maximum length of a path, in bytes; longer ones are cut.
const MAX_PATH: usize = 1024;

/// Identifies a state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SnapshotStamp {
    number: u64,
    bytes: u64,
    mode: u32,
    changed: (i64, i64),
    is_folder: bool,
    is_file: bool,
}

impl SnapshotStamp {
    fn of(meta: &Metadata) -> SnapshotStamp {
        SnapshotStamp {
            number: meta.ino(),
            bytes: if meta.is_file() { meta.len() } else { 0 },
            mode: meta.mode(),
            changed: (meta.ctime(), meta.ctime_nsec()),
            is_folder: meta.is_dir(),
            is_file: meta.is_file(),
        }
    }

    /// Whether the tool changed the file. For folders, their entries show changes.
    fn differs(self, other: SnapshotStamp) -> bool {
        if self.is_folder && other.is_folder { self.mode != other.mode } else { self != other }
    }
}

/// A listing of everything below some folders at one time.
#[derive(Debug, Default)]
pub(in crate::runner) struct FolderSnapshot {
    entries: BTreeMap<PathBuf, SnapshotStamp>,
    /// Whether folders were skipped because they are too many or too deep.
    is_cut: bool,
    /// Why one of the roots could not be listed.
    fault: Option<String>,
}

impl FolderSnapshot {
    /// Lists files and folders recursively. A path that does not exist gives an empty listing.
    pub(in crate::runner) fn of<'a>(roots: impl IntoIterator<Item = &'a Path>) -> FolderSnapshot {
        let mut listing = FolderSnapshot::default();
        for root in roots {
            match fs::symlink_metadata(root) {
                Ok(meta) if meta.is_dir() => match fs::read_dir(root) {
                    Ok(_) => listing.folder(root),
                    Err(error) => listing.miss(root, &error),
                },
                Ok(meta) => {
                    listing.entries.insert(root.to_owned(), SnapshotStamp::of(&meta));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => listing.miss(root, &error),
            }
        }
        listing
    }

    /// Why the listing is invalid, if it is.
    pub(in crate::runner) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    fn miss(&mut self, root: &Path, error: &io::Error) {
        self.fault.get_or_insert_with(|| format!("{} cannot be read: {error}", root.display()));
    }

    fn folder(&mut self, root: &Path) {
        let mut folders = vec![(root.to_owned(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else {
                self.is_cut = true;
                continue;
            };
            for entry in entries {
                let Ok((entry, meta)) = entry.and_then(|entry| entry.metadata().map(|meta| (entry, meta))) else {
                    self.is_cut = true;
                    continue;
                };
                if self.entries.len() >= MAX_ENTRIES {
                    self.is_cut = true;
                    return;
                }
                if meta.is_dir() {
                    if depth < MAX_DEPTH {
                        folders.push((entry.path(), depth + 1));
                    } else {
                        self.is_cut = true;
                    }
                }
                self.entries.insert(entry.path(), SnapshotStamp::of(&meta));
            }
        }
    }
}

/// The differences, and how many are not listed; this number is at least 1 if folders were skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::runner) struct Differences {
    pub(in crate::runner) changes: Vec<FileChange>,
    pub(in crate::runner) cut: u64,
}

/// Compares two listings; `scratch` is written as `{scratch}`. Reads the new content to compute its digest.
pub(in crate::runner) fn differences(before: &FolderSnapshot, after: &FolderSnapshot, scratch: &Path) -> Differences {
    let mut found = Differences { changes: Vec::new(), cut: u64::from(before.is_cut || after.is_cut) };
    let mut hashed = 0;
    let gone = before.entries.keys().filter(|path| !after.entries.contains_key(*path) && !after.is_cut);
    let mut all: Vec<(&PathBuf, Difference)> = gone.map(|path| (path, Difference::Deleted)).collect();
    for (path, stamp) in &after.entries {
        match before.entries.get(path) {
            Some(was) if stamp.differs(*was) => all.push((path, Difference::Changed)),
            Some(_) => {}
            // If the first listing is incomplete, new entries cannot be recognised.
            None if before.is_cut => {}
            None => all.push((path, Difference::Created)),
        }
    }
    all.sort();
    for (path, difference) in all {
        if found.changes.len() >= MAX_CHANGES {
            found.cut += 1;
            continue;
        }
        let stamp = after.entries.get(path);
        let bytes = stamp.map_or(0, |stamp| stamp.bytes);
        let is_read = stamp.is_some_and(|stamp| stamp.is_file) && bytes <= MAX_FILE && hashed + bytes <= MAX_HASHED;
        let digest = if is_read { digest(path) } else { None };
        hashed += if is_read { bytes } else { 0 };
        found.changes.push(FileChange { path: shown(path, scratch), difference, bytes, digest });
    }
    found
}

/// The digest of a regular file; `None` if it cannot be read or has become something else.
fn digest(path: &Path) -> Option<Digest> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).ok()?;
    Some(Digest::of_bytes(&bytes))
}

fn shown(path: &Path, scratch: &Path) -> String {
    let named = match path.strip_prefix(scratch) {
        Ok(rest) => Path::new("{scratch}").join(rest),
        Err(_) => path.to_owned(),
    };
    let bytes = named.as_os_str().as_bytes();
    String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_PATH)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(dir: &Path) -> FolderSnapshot {
        FolderSnapshot::of([dir])
    }

    fn lines(before: &FolderSnapshot, dir: &Path) -> Vec<String> {
        let after = at(dir);
        let found = differences(before, &after, dir);
        found.changes.iter().map(|change| format!("{} {} {}", change.difference, change.path, change.bytes)).collect()
    }

    #[test]
    fn what_is_created_changed_and_deleted_is_listed_by_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("same"), "same").unwrap();
        fs::write(path("changed"), "before").unwrap();
        fs::write(path("gone"), "gone").unwrap();
        let before = at(dir.path());
        fs::write(path("changed"), "after!").unwrap();
        fs::remove_file(path("gone")).unwrap();
        fs::create_dir(path("new")).unwrap();
        fs::write(path("new/file"), "1").unwrap();
        assert_eq!(
            lines(&before, dir.path()),
            [
                "changed {scratch}/changed 6",
                "deleted {scratch}/gone 0",
                "created {scratch}/new 0",
                "created {scratch}/new/file 1"
            ]
        );
    }

    #[test]
    fn the_digest_is_of_the_content_after_the_run() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "content").unwrap();
        let found = differences(&FolderSnapshot::default(), &at(dir.path()), dir.path());
        assert_eq!(found.changes[0].digest, Some(Digest::of_bytes(b"content")));
    }

    #[test]
    fn a_file_changed_behind_its_times_is_still_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "one").unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let before = at(dir.path());
        fs::write(&path, "two").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_eq!(lines(&before, dir.path()), ["changed {scratch}/file 3"]);
    }

    #[test]
    fn links_are_listed_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("folder")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), dir.path().join("file")).unwrap();
        let found = differences(&FolderSnapshot::default(), &at(dir.path()), dir.path());
        let seen: Vec<_> = found.changes.iter().map(|change| (change.path.as_str(), change.digest)).collect();
        assert_eq!(seen, [("{scratch}/file", None), ("{scratch}/folder", None)]);
    }

    #[test]
    fn a_fifo_is_listed_and_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(lines(&FolderSnapshot::default(), dir.path()), ["created {scratch}/fifo 0"]);
    }

    #[test]
    fn what_is_too_many_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..MAX_CHANGES + 7 {
            fs::write(dir.path().join(number.to_string()), "").unwrap();
        }
        let found = differences(&FolderSnapshot::default(), &at(dir.path()), dir.path());
        assert_eq!((found.changes.len(), found.cut), (MAX_CHANGES, 7));
    }

    #[test]
    fn what_is_too_deep_to_be_looked_at_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let deep = std::iter::repeat_n("d", MAX_DEPTH + 3).fold(dir.path().to_owned(), |path, name| path.join(name));
        fs::create_dir_all(deep).unwrap();
        let found = differences(&FolderSnapshot::default(), &at(dir.path()), dir.path());
        assert_eq!(found.cut, 1);
    }
}
