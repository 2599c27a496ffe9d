//! Detects whether a file was added, removed or renamed since a scan, by the times of the listed folders.
//!
//! Writing a file in place changes no folder. Callers that rely on the folders therefore also check the files of the
//! rows in question; facts from other files are as of the last scan.

use super::files::{self, FileStamp};
use super::plan::ScanPlan;
use crate::domain::Digest;
use serde::{Deserialize, Serialize};

/// The state of a folder or file when a scan examined it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceStamp {
    path: String,
    stamp: Stamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Stamp {
    Absent,
    /// A digest over its times, size, inode and mode.
    Known(u64),
    /// It changed so recently that a later change may not show: equal to nothing.
    Young,
}

impl PlaceStamp {
    /// The present state. Call it before listing a folder.
    pub(super) fn of(plan: &ScanPlan, path: &str) -> PlaceStamp {
        let stamp = match plan.on_disk(path).metadata() {
            Err(_) => Stamp::Absent,
            Ok(meta) => {
                let stamp = FileStamp::of(&meta);
                if files::is_young(&stamp) { Stamp::Young } else { Stamp::Known(first_bytes(&stamp.bytes())) }
            }
        };
        PlaceStamp { path: path.to_owned(), stamp }
    }

    fn is_same(&self, plan: &ScanPlan) -> bool {
        self.stamp != Stamp::Young && PlaceStamp::of(plan, &self.path).stamp == self.stamp
    }
}

/// Whether all these places are as they were, and all that a plan reads is among them.
pub fn are_unchanged(plan: &ScanPlan, places: &[PlaceStamp]) -> bool {
    let is_known = |path: &str| places.iter().any(|place| place.path == path);
    plan.roots.iter().all(|root| is_known(&plan.root_path(root))) && places.iter().all(|place| place.is_same(plan))
}

fn first_bytes(bytes: &[u8]) -> u64 {
    Digest::of_bytes(bytes).first_bytes()
}
