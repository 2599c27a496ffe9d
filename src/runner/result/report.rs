//! The result of a run: its end, what it used, what it was seen to do, what it would write.

use crate::domain::{Difference, Digest, Isolation, Observation, RunEnd, RunUsage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Outcome with the facts that belong to it.
    pub end: RunEnd,
    /// Time, memory and disk of all its processes.
    pub usage: RunUsage,
    /// Whether output was lost: cut at the limit, or not kept.
    pub truncated: bool,
    /// The isolation it had.
    pub isolation: Isolation,
    /// What else a human should know, one line each: lost output, background processes.
    pub notes: Vec<String>,
    /// What it was seen to do.
    pub observation: Observation,
    /// What it wrote to declared paths, when that is staged and not yet applied.
    pub staged: Option<Staged>,
}

/// Writes of a run to declared paths, held back until they are applied as one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Folder that mirrors absolute paths below it and holds each new content.
    pub dir: PathBuf,
    /// What differs, by path.
    pub changes: Vec<StagedChange>,
    /// Why nothing of it may be applied; then the changes are what was found until that was seen.
    pub fault: Option<String>,
}

/// A path that the run would change if its writes are applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedChange {
    /// The absolute path that would change.
    pub path: PathBuf,
    /// Created, changed or deleted.
    pub difference: Difference,
    /// Digest of the content there when the run began; `None` when there was nothing.
    pub before: Option<Digest>,
}

impl Report {
    /// The report of a run whose process never existed, or whose end nobody saw.
    pub(in crate::runner) fn without_process(end: RunEnd, isolation: Isolation) -> Report {
        let observation = Observation::off("it never started, or its end was not observed");
        let usage = RunUsage::default();
        Report { end, usage, truncated: false, isolation, notes: Vec::new(), observation, staged: None }
    }
}
