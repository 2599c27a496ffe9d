//! Rows of the last scan, so that a definition whose files did not change is not read again.
//!
//! The cache is a guess that is checked: a row counts only while the stamps of all files that made it
//! are the same. Losing it costs time, nothing else.

use super::files::{FileStamp, Member};
use super::looked_at::LookedAt;
use super::needed::Needed;
use super::obstacle::Obstacle;
use super::packed;
use super::plan::ScanPlan;
use super::programs::Programs;
use super::walk::DefinitionCandidate;
use crate::domain::{Placement, Problem, Tool};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Counts up whenever the same files would give another row.
const GENERATION: u32 = 38;

/// One definition as it was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheRow {
    /// Over path, times of modification and change, size, inode and mode of every file that made the row.
    pub fingerprint: Vec<u8>,
    /// The row, for the catalog's own use.
    pub payload: Vec<u8>,
}

/// Cached rows by path of the definition.
#[derive(Debug, Clone, Default)]
pub struct Cache(pub HashMap<String, CacheRow>);

/// What one definition gave: one row or problem; of a file that holds several tools one for each.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedScan<'a> {
    #[serde(borrow)]
    pub(super) place: CachedPlace<'a>,
    /// Places outside the definition's own files where scripts were looked for.
    #[serde(borrow)]
    pub(super) looked_at: Vec<&'a str>,
    pub(super) results: Vec<Scanned>,
}

/// Where a definition lies, and which files are its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedPlace<'a> {
    pub(super) format: &'a str,
    pub(super) base: &'a str,
    pub(super) exclusive: bool,
    /// The files in a folder that it shares with others; none where the whole folder is its own.
    #[serde(borrow)]
    pub(super) members: Vec<&'a str>,
}

impl<'a> CachedPlace<'a> {
    pub(super) fn of(candidate: &'a DefinitionCandidate, members: &'a [Member]) -> CachedPlace<'a> {
        let Placement { base, exclusive } = &candidate.placement;
        let named = members.iter().filter(|_| !exclusive);
        CachedPlace {
            format: candidate.format.word(),
            base,
            exclusive: *exclusive,
            members: named.map(|member| member.path.as_str()).collect(),
        }
    }
}

impl<'a> CachedScan<'a> {
    /// The payload of a cache row; `None` for what cannot be kept.
    pub(super) fn pack(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    /// What was read of a definition; `None` for bytes that are no payload.
    pub(super) fn unpack(payload: &'a [u8]) -> Option<CachedScan<'a>> {
        postcard::from_bytes(payload).ok()
    }

    /// Whether it says all that matters on this machine.
    pub(super) fn is_known(&self, programs: &Programs) -> bool {
        self.results.iter().all(|result| match result {
            Scanned::Tool { needed, .. } => needed.is_known(programs),
            Scanned::Problem(_) => true,
        })
    }
}

/// A tool, or the problem that keeps it from being one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Scanned {
    Tool {
        #[serde(with = "packed")]
        tool: Box<Tool>,
        /// What must be on this machine; looked up anew in every scan.
        needed: Needed,
        obstacle: Option<Obstacle>,
    },
    Problem(Problem),
}

/// The rows that a cached payload holds, unchecked against the disk: something to show while the folders are
/// read. None for a problem, or bytes that are no payload.
pub fn remembered(payload: &[u8]) -> Vec<Arc<Tool>> {
    let results = CachedScan::unpack(payload).map(|row| row.results).unwrap_or_default();
    let tools = results.into_iter().filter_map(|result| match result {
        Scanned::Tool { mut tool, obstacle, .. } => {
            tool.runnable = obstacle.is_none();
            Some(Arc::from(tool))
        }
        Scanned::Problem(_) => None,
    });
    tools.collect()
}

impl CacheRow {
    /// Where the definition lies and where more was looked for, without what was read of it; `None` for bytes that are no
    /// payload.
    pub(super) fn place(&self) -> Option<(CachedPlace<'_>, Vec<&str>)> {
        // The fields that come first.
        postcard::take_from_bytes(&self.payload).ok().map(|(first, _)| first)
    }
}

/// The fingerprint of a definition's files and of the places where more were looked for.
pub(super) fn fingerprint(format: &str, exclusive: bool, members: &[Member], looked_at: &LookedAt) -> Vec<u8> {
    let mut fingerprint = Fingerprint::new(format, exclusive);
    for member in members {
        fingerprint.add("", &member.at, Some(member.stamp));
    }
    fingerprint.of(looked_at).to_vec()
}

/// A fingerprint that is made file by file.
pub(super) struct Fingerprint {
    text: Vec<u8>,
}

impl Fingerprint {
    pub(super) fn new(format: &str, exclusive: bool) -> Fingerprint {
        let mut fingerprint = Fingerprint { text: Vec::with_capacity(384) };
        fingerprint.text.extend_from_slice(&GENERATION.to_le_bytes());
        fingerprint.text.extend_from_slice(format.as_bytes());
        fingerprint.text.push(u8::from(exclusive));
        fingerprint
    }

    /// Adds a file by its path below a folder; files come in ascending order of path.
    pub(super) fn add(&mut self, folder: &str, path: &str, stamp: Option<FileStamp>) {
        self.text.extend_from_slice(folder.as_bytes());
        if !folder.is_empty() {
            self.text.push(b'/');
        }
        self.text.extend_from_slice(path.as_bytes());
        self.text.extend_from_slice(&[0, u8::from(stamp.is_some())]);
        self.text.extend_from_slice(&stamp.map_or([0; 52], |stamp| stamp.bytes()));
    }

    /// What all files give, with the places where more were looked for.
    pub(super) fn of(mut self, looked_at: &LookedAt) -> [u8; 32] {
        for (path, stamp) in looked_at.places() {
            self.add("", path, stamp);
        }
        *blake3::hash(&self.text).as_bytes()
    }
}

impl Cache {
    /// The cached row of a candidate, if its files are still the same.
    pub(super) fn hit(
        &self,
        plan: &ScanPlan,
        candidate: &DefinitionCandidate,
        members: &[Member],
    ) -> Option<CachedScan<'_>> {
        let cached = self.0.get(&candidate.definition)?;
        let row = CachedScan::unpack(&cached.payload)?;
        let (format, exclusive) = (candidate.format.word(), candidate.placement.exclusive);
        let looked_at = LookedAt::now(plan, &row.looked_at);
        (fingerprint(format, exclusive, members, &looked_at) == cached.fingerprint).then_some(row)
    }
}
