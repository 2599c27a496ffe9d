//! Rows of the last scan, so that a definition whose files did not change is not read again.
//!
//! The cache is a guess that is checked: a row counts only while the stamps of all files that made it
//! are the same. Losing it costs time, nothing else.

use super::files::{FileStamp, Member};
use super::plan::ScanPlan;
use super::reading::Obstacle;
use super::walk::DefinitionCandidate;
use crate::domain::{Problem, Tool};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Counts up whenever the same files would give another row.
const GENERATION: u32 = 9;

/// One definition as it was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheRow {
    /// Over path, modification time, size, inode and mode of every file that made the row.
    pub fingerprint: Vec<u8>,
    /// The row, as text for the catalog's own use.
    pub payload: String,
}

/// Cached rows by path of the definition.
#[derive(Debug, Clone, Default)]
pub struct Cache(pub HashMap<String, CacheRow>);

/// What one definition gave.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedScan {
    /// Places outside the definition's own files where scripts were looked for.
    pub(super) looked_at: Vec<String>,
    pub(super) result: Scanned,
}

/// A tool, or the problem that keeps it from being one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Scanned {
    Tool {
        tool: Box<Tool>,
        /// The programs that must be on this machine; looked up anew in every scan.
        programs: Vec<String>,
        obstacle: Option<Obstacle>,
    },
    Problem(Problem),
}

/// The row that a cached payload holds, unchecked against the disk: something to show while the folders are
/// read. `None` for a problem, or text that is no payload.
pub fn remembered(payload: &str) -> Option<Tool> {
    match serde_json::from_str::<CachedScan>(payload).ok()?.result {
        Scanned::Tool { mut tool, obstacle, .. } => {
            tool.runnable = obstacle.is_none();
            Some(*tool)
        }
        Scanned::Problem(_) => None,
    }
}

/// The fingerprint of a definition's files and of the places where more were looked for.
pub(super) fn fingerprint(
    plan: &ScanPlan,
    candidate: &DefinitionCandidate,
    members: &[Member],
    looked_at: &[String],
) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&GENERATION.to_le_bytes());
    hasher.update(candidate.format.word().as_bytes());
    hasher.update(&[u8::from(candidate.placement.exclusive)]);
    let mut add = |path: &str, stamp: Option<FileStamp>| {
        hasher.update(path.as_bytes());
        hasher.update(&[0, u8::from(stamp.is_some())]);
        hasher.update(&stamp.map_or([0; 36], |stamp| stamp.bytes()));
    };
    for member in members {
        add(&member.at, Some(member.stamp));
    }
    for path in looked_at {
        add(path, plan.on_disk(path).metadata().ok().as_ref().map(FileStamp::of));
    }
    hasher.finalize().as_bytes().to_vec()
}

impl Cache {
    /// The cached row of a candidate, if its files are still the same.
    pub(super) fn hit(
        &self,
        plan: &ScanPlan,
        candidate: &DefinitionCandidate,
        members: &[Member],
    ) -> Option<CachedScan> {
        let cached = self.0.get(&candidate.definition)?;
        let row: CachedScan = serde_json::from_str(&cached.payload).ok()?;
        (fingerprint(plan, candidate, members, &row.looked_at) == cached.fingerprint).then_some(row)
    }
}
