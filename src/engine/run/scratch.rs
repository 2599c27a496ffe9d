//! Folders for a moment: trials and fetches run in them, beside the scratch folders of runs.

use super::Runs;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::owner::owner_alive;
use crate::runner;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the scratch folders of trials begin, beside those of runs.
const SCRATCH: &str = "trials-";

/// Makes the folders of this process differ.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder of one row of trials, or of one fetching; gone when dropped.
pub(in crate::engine) struct Scratch(PathBuf);

impl Scratch {
    pub(in crate::engine) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes one; it is named by this process, so that what it leaves is found.
    pub(in crate::engine) fn make(engine: &Engine) -> std::io::Result<Scratch> {
        let all = engine.workspace.state_dir.join("scratch");
        let path = all.join(format!("{SCRATCH}{}.{}", engine.workspace.owner, NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed with what a killed process left.
        let _ = runner::clear(&self.0);
    }
}

impl Runs<'_> {
    /// Removes what trials of processes that are dead left behind, and ends what is left of them.
    pub(in crate::engine) fn sweep_trials(&self) {
        let entries = std::fs::read_dir(self.workspace.state_dir.join("scratch")).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix(SCRATCH).and_then(|rest| rest.rsplit_once('.')).map(|(owner, _)| owner);
            if owner.is_some_and(|owner| owner != self.workspace.owner && !owner_alive(owner)) {
                runner::sweep(&entry.path());
                self.workspace.report_trouble(runner::clear(&entry.path()).map_err(EngineError::internal));
            }
        }
    }
}
