//! What one run loaded as code so far: each state of each file once, with its digest.

use crate::domain::{Digest, LoadedFile};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

/// Files that one run names, and paths that it remembers to have looked at.
const MAX_FILES: usize = 500;
const MAX_LOOKED: usize = 20_000;

/// Of a larger file not the content counts, but its size and times; nor once this many bytes of a run were read.
const MAX_BYTES: u64 = 64 << 20;
const MAX_BYTES_OF_RUN: u64 = 512 << 20;

/// What tells one state of a file from another without reading it.
type FileState = (u64, u64, u64, i64, i64, i64, i64);

/// What one run loaded so far.
#[derive(Debug, Default)]
pub(super) struct LoadedFiles {
    /// Paths that were looked at, and how the file was where it is code.
    looked: HashMap<Vec<u8>, Option<FileState>>,
    files: Vec<LoadedFile>,
    cut: u64,
    bytes: u64,
}

impl LoadedFiles {
    /// Keeps a file that was loaded.
    pub(super) fn take(&mut self, file: LoadedFile) {
        if self.files.contains(&file) {
            return;
        }
        if self.files.len() < MAX_FILES {
            self.files.push(file);
        } else {
            self.cut += 1;
        }
    }

    /// Every file by path, and how many more there were.
    pub(super) fn finish(mut self) -> (Vec<LoadedFile>, u64) {
        // What is loaded first may differ from run to run.
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        (self.files, self.cut)
    }

    /// The digest of an open file, when its state is news.
    pub(super) fn news(&mut self, path: &[u8], file: &File) -> Option<Digest> {
        let meta = file.metadata().ok()?;
        let stamp =
            (meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
        if self.looked.get(path) == Some(&Some(stamp)) {
            return None;
        }
        if self.looked.len() < MAX_LOOKED {
            self.looked.insert(path.to_owned(), Some(stamp));
        }
        if meta.len() > MAX_BYTES || self.bytes > MAX_BYTES_OF_RUN {
            return Some(Digest::of_bytes(format!("{stamp:?}").as_bytes()));
        }
        self.bytes += meta.len();
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file.take(MAX_BYTES + 1)).ok()?;
        Some(Digest(*hasher.finalize().as_bytes()))
    }

    /// Whether it is known that there is no code at a path.
    pub(super) fn has_none_at(&self, path: &[u8]) -> bool {
        self.looked.get(path) == Some(&None)
    }

    /// Remembers that there is no code at a path; its name says nothing.
    pub(super) fn pass(&mut self, path: &[u8]) {
        if self.looked.len() < MAX_LOOKED {
            self.looked.insert(path.to_owned(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changed_is_told_again_and_one_that_did_not_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.py");
        let mut loaded = LoadedFiles::default();
        let mut look = |text: &str| {
            std::fs::write(&path, text).unwrap();
            let news = loaded.news(b"/x.py", &File::open(&path).unwrap());
            assert_eq!(loaded.news(b"/x.py", &File::open(&path).unwrap()), None);
            news
        };
        assert_eq!(look("1"), Some(Digest::of_bytes(b"1")));
        assert_eq!(look("22"), Some(Digest::of_bytes(b"22")));
    }
}
