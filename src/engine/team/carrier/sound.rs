//! Remembers which versions in object storage were complete, and the tags of their objects: an object with the same tag
//! is not read again. Everything in it can be determined again.

use crate::domain::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file in the folder of the team.
const FILE: &str = "whole-versions.json";

/// The versions that were complete, with the tags of their objects.
#[derive(Debug, Default)]
pub(super) struct Sound {
    file: Option<PathBuf>,
    seen: Seen,
    is_changed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    address: String,
    /// Tags, by the hex digits of the digest.
    tags: BTreeMap<String, String>,
}

impl Sound {
    /// The stored data about the storage at this address.
    pub(super) fn read(folder: &Path, address: &str) -> Sound {
        let file = folder.join(FILE);
        let kept = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Seen>(&bytes).ok());
        let seen = kept.filter(|seen| seen.address == address);
        let seen = seen.unwrap_or_else(|| Seen { address: address.to_owned(), tags: BTreeMap::new() });
        Sound { file: Some(file), seen, is_changed: false }
    }

    pub(super) fn len(&self) -> usize {
        self.seen.tags.len()
    }

    /// Whether a version was complete when its object had this tag.
    pub(super) fn has(&self, digest: Digest, tag: &str) -> bool {
        !tag.is_empty() && self.seen.tags.get(&digest.hex()).is_some_and(|known| known == tag)
    }

    pub(super) fn note(&mut self, digest: Digest, tag: &str) {
        if !tag.is_empty() && !self.has(digest, tag) {
            self.seen.tags.insert(digest.hex(), tag.to_owned());
            self.is_changed = true;
        }
    }
}

impl Drop for Sound {
    /// If the file cannot be written, the versions are read again the next time.
    fn drop(&mut self) {
        if let (Some(file), true) = (&self.file, self.is_changed)
            && let Ok(bytes) = serde_json::to_vec(&self.seen)
        {
            let _ = written(file, &bytes);
        }
    }
}

fn written(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut new = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    new.write_all(bytes)?;
    new.persist(file).map(drop).map_err(|error| error.error)
}
