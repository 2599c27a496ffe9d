//! The facade: every face asks here, and only here.
//!
//! All calls block and are safe from any thread; a face that must not wait calls them from a
//! thread of its own and reads snapshots.

mod error;
mod home;
mod init;
mod relocate;
mod settings;
mod view;

pub use error::{EngineError, ErrorCode};
pub use home::{Home, find_workspace, state_dir};
pub use init::{InitReport, init};
pub use settings::{DEFAULT_CONFIG, KeySetting, RootSetting, Settings, Theme};
pub use view::{
    CatalogState, CatalogView, Change, DoctorLine, EvidenceLine, Preview, ReviewDetail, ReviewFilter, RunFilter,
    RunRequest, VerifyReport, VersionInfo, Weight,
};

use crate::domain::{
    Caller, Command, Digest, FailureGroup, Operation, OperationId, Outcome, Review, ReviewId, Run, RunId, Tool,
    ToolDetail, ToolName, VersionFile,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to open.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The workspace folder.
    pub workspace: PathBuf,
    /// The user's folders.
    pub home: Home,
}

/// One workspace, open. Clones share it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    options: OpenOptions,
}

/// A run that was started by this process.
pub struct RunHandle {
    /// Its number.
    pub id: RunId,
}

impl RunHandle {
    /// Asks it to stop: TERM to its process group, KILL after a grace time.
    pub fn cancel(&self) {
        todo!()
    }
    /// Waits for its end and returns its record.
    pub fn wait(self) -> Result<Run, EngineError> {
        todo!()
    }
}

/// Background work of an open workspace: folder watching, the feed of other processes, leases. Stops when dropped.
pub struct Watch {}

impl Engine {
    /// Opens or creates the state of a workspace and finishes what a crash left undone.
    pub fn open(_options: OpenOptions) -> Result<Engine, EngineError> {
        todo!()
    }
    /// The workspace folder.
    pub fn workspace(&self) -> &Path {
        &self.inner.options.workspace
    }
    /// The state folder of this workspace.
    pub fn state_dir(&self) -> &Path {
        todo!()
    }
    /// Git identity of the workspace, else the system user.
    pub fn identity(&self) -> String {
        todo!()
    }

    /// Reads the tools folders and writes what changed into the store. `progress` gets a growing
    /// snapshot a few times while it reads, and the complete one at the end.
    pub fn scan(&self, _progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<Arc<CatalogView>, EngineError> {
        todo!()
    }
    /// The newest snapshot; empty and loading before the first scan.
    pub fn catalog(&self) -> Arc<CatalogView> {
        todo!()
    }
    /// Finds a tool by name, NAME@VERSION, NAME@DIGESTPREFIX, alias or path.
    pub fn resolve(&self, _text: &str) -> Result<Arc<Tool>, EngineError> {
        todo!()
    }
    /// Reads everything about a tool from disk (or from its kept copy when an older version was named).
    pub fn detail(&self, _tool: &Tool) -> Result<ToolDetail, EngineError> {
        todo!()
    }
    /// Versions of a name, newest first.
    pub fn versions(&self, _tool: &ToolName) -> Result<Vec<VersionInfo>, EngineError> {
        todo!()
    }
    /// The kept files of a version.
    pub fn version_files(&self, _digest: Digest) -> Result<Vec<VersionFile>, EngineError> {
        todo!()
    }

    /// Does what a command asks, or says why not.
    pub fn execute(&self, _command: Command, _caller: &Caller) -> Result<Outcome, EngineError> {
        todo!()
    }
    /// What a command would change.
    pub fn preview(&self, _command: &Command) -> Result<Preview, EngineError> {
        todo!()
    }

    /// Starts a run.
    pub fn run(&self, _request: RunRequest, _caller: &Caller) -> Result<RunHandle, EngineError> {
        todo!()
    }
    /// The input last given to a tool by a human.
    pub fn last_input(&self, _tool: &ToolName) -> Result<Option<serde_json::Value>, EngineError> {
        todo!()
    }
    /// Recorded runs.
    pub fn runs(&self, _filter: &RunFilter) -> Result<Vec<Run>, EngineError> {
        todo!()
    }
    /// One run.
    pub fn run_record(&self, _run: RunId) -> Result<Run, EngineError> {
        todo!()
    }
    /// The spool file of a run.
    pub fn spool_path(&self, _run: RunId) -> PathBuf {
        todo!()
    }

    /// Failure groups, last seen first.
    pub fn failures(&self, _tool: Option<&ToolName>) -> Result<Vec<FailureGroup>, EngineError> {
        todo!()
    }
    /// Reviews, oldest first.
    pub fn reviews(&self, _filter: ReviewFilter) -> Result<Vec<Review>, EngineError> {
        todo!()
    }
    /// One review with its evidence.
    pub fn review(&self, _review: ReviewId) -> Result<ReviewDetail, EngineError> {
        todo!()
    }
    /// Log entries, newest first, at most `limit`, holding `grep` where given.
    pub fn operations(&self, _limit: usize, _grep: Option<&str>) -> Result<Vec<Operation>, EngineError> {
        todo!()
    }
    /// One log entry.
    pub fn operation(&self, _operation: OperationId) -> Result<Operation, EngineError> {
        todo!()
    }

    /// Starts background work; `on_change` is called from a thread of the engine.
    pub fn watch(&self, _on_change: Arc<dyn Fn(Change) + Send + Sync>) -> Result<Watch, EngineError> {
        todo!()
    }
    /// Checks the log's chain and every kept copy.
    pub fn verify(&self) -> Result<VerifyReport, EngineError> {
        todo!()
    }
    /// Checks interpreters, folders, limits.
    pub fn doctor(&self) -> Vec<DoctorLine> {
        todo!()
    }
}
