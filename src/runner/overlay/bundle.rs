//! The file that passes the changes of a run from the inner stage to the workbench. It consists of the contents one
//! after the other, their list, and the length of that list. It is written once, by Toolsmith itself. A run that was
//! killed leaves an incomplete file, which is ignored completely.

use crate::domain::{Difference, Digest, FileChange};
use crate::runner::result::report::{Staged, StagedChange};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The most changes that can be applied as one step.
const MAX_CHANGES: usize = 16_384;

/// The longest list, in bytes.
const MAX_LISTING: u64 = 64 << 20;

/// The list in a bundle.
#[derive(Debug, Default, Serialize, Deserialize)]
struct BundleIndex {
    changes: Vec<BundleEntry>,
    notes: Vec<String>,
    /// Why no change may be applied.
    fault: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BundleEntry {
    change: StagedChange,
    is_folder: bool,
    mode: u32,
    bytes: u64,
}

/// The content of a path after the run.
#[derive(Debug)]
pub(super) enum PathContent<'a> {
    Nothing,
    Folder,
    File { real: &'a Path, mode: u32 },
}

#[derive(Debug)]
pub(super) struct Writer {
    file: BufWriter<File>,
    listing: BundleIndex,
    /// How many more bytes of content are allowed.
    room: u64,
}

impl Writer {
    pub(super) fn new(file: File, room: u64) -> Writer {
        Writer { file: BufWriter::new(file), listing: BundleIndex::default(), room }
    }

    /// Adds a change and its content.
    ///
    /// # Errors
    /// Why no change of the run may be applied.
    pub(super) fn put(&mut self, change: StagedChange, found: &PathContent<'_>) -> Result<(), String> {
        if self.listing.changes.len() >= MAX_CHANGES {
            return Err(format!("it changed more than {MAX_CHANGES} files and folders"));
        }
        let (mode, bytes) = match found {
            PathContent::Nothing | PathContent::Folder => (0, 0),
            PathContent::File { real, mode } => {
                let failed = |error: io::Error| format!("{} cannot be stored: {error}", change.path.display());
                let source = File::open(real).map_err(failed)?;
                // One byte more than allowed: a sparse file reports more than it occupies.
                let bytes = io::copy(&mut source.take(self.room + 1), &mut self.file).map_err(failed)?;
                if bytes > self.room {
                    return Err("it wrote more than its disk limit allows".to_owned());
                }
                (*mode, bytes)
            }
        };
        self.room -= bytes;
        self.listing.changes.push(BundleEntry { change, is_folder: matches!(found, PathContent::Folder), mode, bytes });
        Ok(())
    }

    /// Adds a note for a human.
    pub(super) fn note(&mut self, note: String) {
        self.listing.notes.push(note);
    }

    /// Records why no change may be applied.
    pub(super) fn fault(&mut self, fault: String) {
        self.listing.fault = Some(fault);
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        let list = serde_json::to_vec(&self.listing)?;
        // After a fault, unlisted bytes of a content may come before it; they are ignored.
        self.file.write_all(&list)?;
        self.file.write_all(&(list.len() as u64).to_le_bytes())?;
        self.file.flush()
    }
}

/// The result of unpacking a bundle.
#[derive(Debug)]
pub(in crate::runner) struct Unpacked {
    /// The changes, with their contents below its folder.
    pub(in crate::runner) staged: Staged,
    /// The same changes as evidence.
    pub(in crate::runner) changes: Vec<FileChange>,
    /// Notes for a human.
    pub(in crate::runner) notes: Vec<String>,
}

/// Unpacks a bundle: contents go below `dir`, each at its absolute path.
///
/// # Errors
/// If it is incomplete, or cannot be stored.
pub(in crate::runner) fn unpack(bundle: &Path, dir: &Path) -> io::Result<Unpacked> {
    let mut file = File::open(bundle)?;
    let size = file.metadata()?.len();
    let cut = || io::Error::other("it is truncated");
    let mut length = [0; 8];
    file.seek(SeekFrom::Start(size.checked_sub(8).ok_or_else(cut)?))?;
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let begin = size.checked_sub(8 + length).filter(|_| length <= MAX_LISTING).ok_or_else(cut)?;
    file.seek(SeekFrom::Start(begin))?;
    let listing: BundleIndex = serde_json::from_reader((&mut file).take(length)).map_err(|_| cut())?;
    file.rewind()?;
    let mut changes = Vec::with_capacity(listing.changes.len());
    let mut evidence = Vec::with_capacity(listing.changes.len());
    fs::create_dir_all(dir)?;
    for listed in listing.changes {
        let target = dir.join(listed.change.path.strip_prefix("/").map_err(|_| cut())?);
        let mut digest = None;
        if listed.is_folder {
            fs::create_dir_all(&target)?;
        } else if listed.change.difference != Difference::Deleted {
            place(&mut file, &target, &listed)?;
            digest = Some(digest_of(File::open(&target)?)?);
        }
        evidence.push(FileChange {
            path: listed.change.path.to_string_lossy().into_owned(),
            difference: listed.change.difference,
            bytes: listed.bytes,
            digest,
        });
        changes.push(listed.change);
    }
    let staged = Staged { dir: dir.to_owned(), changes, fault: listing.fault };
    Ok(Unpacked { staged, changes: evidence, notes: listing.notes })
}

/// Writes one content, completely or not at all.
fn place(from: &mut File, target: &Path, listed: &BundleEntry) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
    if io::copy(&mut from.take(listed.bytes), &mut kept)? != listed.bytes {
        return Err(io::Error::other("it is truncated"));
    }
    // Toolsmith must be able to read and remove it.
    kept.set_permissions(Permissions::from_mode(listed.mode & 0o777 | 0o600))?;
    kept.sync_all()
}

/// The digest of a file's content.
///
/// # Errors
/// If it cannot be read.
pub(super) fn digest_of(file: File) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn change(path: &str, difference: Difference) -> StagedChange {
        StagedChange { path: path.into(), difference, before: None }
    }

    /// A bundle with a file, a folder and a deleted path.
    fn bundle(dir: &Path, room: u64) -> (PathBuf, Result<(), String>) {
        let (content, path) = (dir.join("content"), dir.join("bundle"));
        fs::write(&content, "12345").unwrap();
        let mut writer = Writer::new(File::create(&path).unwrap(), room);
        let file = PathContent::File { real: &content, mode: 0o640 };
        let put = writer
            .put(change("/w/d", Difference::Created), &PathContent::Folder)
            .and_then(|()| writer.put(change("/w/d/f", Difference::Created), &file))
            .and_then(|()| writer.put(change("/w/x", Difference::Deleted), &PathContent::Nothing));
        if let Err(fault) = &put {
            writer.fault(fault.clone());
        }
        writer.finish().unwrap();
        (path, put)
    }

    #[test]
    fn what_goes_into_a_bundle_comes_out_below_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (path, put) = bundle(dir.path(), 5);
        assert_eq!(put, Ok(()));
        let out = dir.path().join("new");
        let unpacked = unpack(&path, &out).unwrap();
        assert_eq!(fs::read_to_string(out.join("w/d/f")).unwrap(), "12345");
        let paths: Vec<_> = unpacked.staged.changes.iter().map(|change| change.path.to_str().unwrap()).collect();
        assert_eq!((paths, unpacked.staged.fault), (vec!["/w/d", "/w/d/f", "/w/x"], None));
        assert_eq!(unpacked.changes[1].digest, Some(crate::domain::Digest::of_bytes(b"12345")));
    }

    #[test]
    fn more_than_the_limit_is_a_fault_and_no_part_of_a_content_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (path, put) = bundle(dir.path(), 4);
        assert!(put.unwrap_err().contains("disk limit"));
        let unpacked = unpack(&path, &dir.path().join("new")).unwrap();
        assert_eq!(unpacked.staged.changes.len(), 1);
        assert!(unpacked.staged.fault.is_some());
    }

    #[test]
    fn a_bundle_that_was_cut_off_anywhere_counts_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, _) = bundle(dir.path(), 5);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(unpack(&path, &dir.path().join("new")).is_err(), "{length}");
        }
    }
}
