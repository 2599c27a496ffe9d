//! The kept files of a tool as one file: a header line, the length of the list, the list, then the contents.

use crate::domain::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The first line; the number changes with the format.
const HEAD: &[u8] = b"toolsmith-state 1\n";

/// The longest list, in bytes.
const MAX_LIST: usize = 16 << 20;

/// A kept file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether its owner may execute it.
    pub is_executable: bool,
}

/// Files and folders by their path, relative to the working folder of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateFiles {
    /// The files.
    pub files: BTreeMap<String, StateFile>,
    /// Folders, including empty ones.
    pub folders: BTreeSet<String>,
    /// Whether a run ended and its inner stage read the files back.
    pub(in crate::runner) is_read_back: bool,
    /// What was left out, in words.
    pub(in crate::runner) notes: Vec<String>,
    /// Why none of it may be kept.
    pub(in crate::runner) fault: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    entries: Vec<IndexEntry>,
    #[serde(default)]
    is_read_back: bool,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    fault: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IndexEntry {
    path: String,
    /// `None`: a folder.
    bytes: Option<u64>,
    #[serde(default)]
    executable: bool,
}

impl StateFiles {
    /// Bytes of all contents.
    pub fn size(&self) -> u64 {
        self.files.values().map(|file| file.bytes.len() as u64).sum()
    }

    /// The digest of each file.
    pub(in crate::runner) fn digests(&self) -> BTreeMap<&str, Digest> {
        self.files.iter().map(|(path, file)| (path.as_str(), Digest::of_bytes(&file.bytes))).collect()
    }

    /// Encodes all files as one.
    ///
    /// # Errors
    /// If the list cannot be written as JSON.
    pub fn encode(&self) -> io::Result<Vec<u8>> {
        let folders = self.folders.iter().map(|path| IndexEntry { path: path.clone(), bytes: None, executable: false });
        let files = self.files.iter().map(|(path, file)| IndexEntry {
            path: path.clone(),
            bytes: Some(file.bytes.len() as u64),
            executable: file.is_executable,
        });
        let index = Index {
            entries: folders.chain(files).collect(),
            is_read_back: self.is_read_back,
            notes: self.notes.clone(),
            fault: self.fault.clone(),
        };
        let list = serde_json::to_vec(&index)?;
        let mut all = HEAD.to_vec();
        all.extend((list.len() as u64).to_le_bytes());
        all.extend(list);
        for file in self.files.values() {
            all.extend(&file.bytes);
        }
        Ok(all)
    }

    /// Decodes the output of [`Self::encode`].
    ///
    /// # Errors
    /// If it is something else, is truncated, or names a path that leads out of its folder.
    pub fn decode(all: &[u8]) -> io::Result<StateFiles> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let rest = all.strip_prefix(HEAD).ok_or_else(|| bad("it is not an archive of kept files"))?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(|| bad("it is cut"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| bad("it is cut"))?;
        if length > MAX_LIST || length > rest.len() {
            return Err(bad("it is cut"));
        }
        let (list, mut rest) = rest.split_at(length);
        let index: Index = serde_json::from_slice(list)?;
        let mut found = StateFiles {
            is_read_back: index.is_read_back,
            notes: index.notes,
            fault: index.fault,
            ..StateFiles::default()
        };
        for entry in index.entries {
            if !is_inside(&entry.path) {
                return Err(bad("it names a path outside"));
            }
            let Some(bytes) = entry.bytes else {
                found.folders.insert(entry.path);
                continue;
            };
            let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= rest.len());
            let (content, others) = rest.split_at(bytes.ok_or_else(|| bad("it is cut"))?);
            rest = others;
            let file = StateFile { bytes: content.to_vec(), is_executable: entry.executable };
            found.files.insert(entry.path, file);
        }
        Ok(found)
    }
}

/// Whether a path is relative and has only plain names.
fn is_inside(path: &str) -> bool {
    !path.is_empty() && path.split('/').all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> StateFiles {
        let file = |text: &str| StateFile { bytes: text.into(), is_executable: false };
        StateFiles {
            files: [("a/x".to_owned(), file("one")), ("b".to_owned(), file(""))].into(),
            folders: ["a".to_owned(), "empty".to_owned()].into(),
            is_read_back: true,
            notes: vec!["n".to_owned()],
            fault: None,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let all = some().encode().unwrap();
        assert_eq!(StateFiles::decode(&all).unwrap(), some());
        assert_eq!(some().size(), 3);
    }

    #[test]
    fn what_is_cut_or_leads_outside_is_refused() {
        let all = some().encode().unwrap();
        for end in 0..all.len() {
            assert!(StateFiles::decode(&all[..end]).is_err(), "{end}");
        }
        for path in ["../x", "/x", "a/../x", "a//x", ""] {
            let mut hostile = some();
            hostile.folders.insert(path.to_owned());
            assert!(StateFiles::decode(&hostile.encode().unwrap()).is_err(), "{path:?}");
        }
    }
}
