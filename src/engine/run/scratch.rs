//! Temporary folders for trials and downloads, next to the scratch folders of runs.

use super::Runs;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::owner::owner_alive;
use crate::runner;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The prefix of the scratch folders of trials.
const SCRATCH: &str = "trials-";

/// Makes the folder names of this process unique.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder for one series of trials, or one download; removed when dropped.
pub(in crate::engine) struct Scratch(PathBuf);

impl Scratch {
    pub(in crate::engine) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates one; its name contains this process, so that leftovers can be found.
    pub(in crate::engine) fn make(engine: &Engine) -> std::io::Result<Scratch> {
        let all = engine.workspace.state_dir.join("scratch");
        let path = all.join(format!("{SCRATCH}{}.{}", engine.workspace.owner, NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // If it cannot be removed now, it is removed with the leftovers of killed processes.
        let _ = runner::clear(&self.0);
    }
}

impl Runs<'_> {
    /// Removes leftovers of trials of dead processes, and ends their remaining processes.
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
