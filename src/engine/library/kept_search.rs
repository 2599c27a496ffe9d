//! The search index, stored in a file next to the store: building it for 10,000 tools takes as long as everything else
//! before the first answer of a server.
//!
//! It is valid only for the rows and the program that it was built from. Otherwise, or if it cannot be read, it is
//! rebuilt: losing it only costs time.

use crate::domain::Digest;
use crate::engine::Library;
use crate::engine::core;
use crate::insight::{Relevance, SimilarityIndex};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The file in the state folder.
const FILE: &str = "search-index";

/// The minimum number of tools for which the file is used: fewer tools are indexed as fast as the file is read.
const WORTH_KEEPING: usize = if cfg!(test) { 2 } else { 1_000 };

/// Bytes of a digest.
const DIGEST: usize = 32;

impl Library<'_> {
    /// The index of these tools, loaded from the file, or built now and stored.
    pub(in crate::engine) fn relevance<'i>(&self, index: &'i SimilarityIndex) -> &'i Relevance {
        index.relevance_by(|tools| {
            if tools.len() < WORTH_KEEPING || self.workspace.viewing().is_some() {
                return Relevance::new(tools);
            }
            let state = &self.workspace.state_dir;
            let Some(key) = key(core::digest_of_rows(tools)) else { return Relevance::new(tools) };
            read(state, key).unwrap_or_else(|| {
                let made = Relevance::new(tools);
                // If it cannot be stored, it is built again when needed.
                let _ = write(state, key, &made);
                made
            })
        })
    }
}

/// The index of the catalog with these rows, if it was stored.
pub(super) fn of_rows(state: &Path, rows: Digest) -> Option<Relevance> {
    read(state, key(rows)?)
}

/// A digest of the rows of a catalog and the program: another program may index other words.
fn key(rows: Digest) -> Option<Digest> {
    let program = std::fs::metadata("/proc/self/exe").ok()?;
    let program = [program.size(), program.ino(), program.mtime() as u64, program.mtime_nsec() as u64];
    let parts = program.iter().flat_map(|number| number.to_le_bytes());
    Some(Digest::of_bytes(&rows.0.into_iter().chain(parts).collect::<Vec<_>>()))
}

/// The stored index with a key.
fn read(state: &Path, key: Digest) -> Option<Relevance> {
    let bytes = std::fs::read(state.join(FILE)).ok()?;
    let (head, rest) = bytes.split_at_checked(DIGEST)?;
    let (sum, packed) = rest.split_at_checked(DIGEST)?;
    // A damaged index must not be used, because its numbers are used as positions.
    let is_whole = head == key.0 && sum == Digest::of_bytes(packed).0;
    is_whole.then(|| postcard::from_bytes(packed).ok()).flatten()
}

fn write(state: &Path, key: Digest, made: &Relevance) -> std::io::Result<()> {
    let packed = postcard::to_allocvec(made).map_err(std::io::Error::other)?;
    let mut file = tempfile::Builder::new().prefix(".search-index-").tempfile_in(state)?;
    for part in [&key.0[..], &Digest::of_bytes(&packed).0, &packed] {
        file.write_all(part)?;
    }
    file.persist(state.join(FILE)).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tool;
    use std::sync::Arc;

    #[test]
    fn an_index_is_taken_only_for_the_rows_that_it_was_made_of_and_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        let tools = ["parse_json", "send_mail"].map(|name| Arc::new(Tool::ordinary(name)));
        let made = Relevance::new(&tools);
        let [own, other] = [1, 2].map(|byte| key(Digest([byte; 32])).unwrap());
        assert!(read(folder.path(), own).is_none(), "there is none yet");
        write(folder.path(), own, &made).unwrap();
        let kept = read(folder.path(), own).unwrap();
        for question in ["parsing json", "mails", "jsn", "nothing"] {
            assert_eq!(kept.query(question, 9), made.query(question, 9), "{question}");
        }
        assert!(read(folder.path(), other).is_none(), "it is of other rows");
        let path = folder.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(read(folder.path(), own).is_none(), "it is damaged");
        std::fs::write(&path, &bytes[..40]).unwrap();
        assert!(read(folder.path(), own).is_none(), "it is cut off");
    }
}
