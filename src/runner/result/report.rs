//! The result of a run: its end, resource use, observed behaviour, and staged writes.

use crate::domain::{Difference, Digest, Isolation, Observation, RunEnd, RunUsage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Outcome with its details.
    pub end: RunEnd,
    /// Time, memory and disk use of all its processes.
    pub usage: RunUsage,
    /// Whether output was lost: cut at the limit, or not stored.
    pub truncated: bool,
    /// The isolation it had.
    pub isolation: Isolation,
    /// Further notes for a human, one line each: lost output, background processes.
    pub notes: Vec<String>,
    /// The observed behaviour.
    pub observation: Observation,
    /// Its writes to declared paths, if they are staged and not yet applied.
    pub staged: Option<Staged>,
}

/// Writes of a run to declared paths, held back until they are applied as one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Folder that contains each new content at its absolute path.
    pub dir: PathBuf,
    /// The changes, by path.
    pub changes: Vec<StagedChange>,
    /// Why none of it may be applied; in that case, the changes are those found before the fault.
    pub fault: Option<String>,
}

/// A path that the run would change if its writes are applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedChange {
    /// The absolute path that would change.
    pub path: PathBuf,
    /// Created, changed or deleted.
    pub difference: Difference,
    /// Digest of the content when the run began; `None` if there was none.
    pub before: Option<Digest>,
}

impl Report {
    /// The report of a run whose process never existed, or whose end was not observed.
    pub(in crate::runner) fn without_process(end: RunEnd, isolation: Isolation) -> Report {
        let observation = Observation::off("it never started, or its end was not observed");
        let usage = RunUsage::default();
        Report { end, usage, truncated: false, isolation, notes: Vec::new(), observation, staged: None }
    }
}
