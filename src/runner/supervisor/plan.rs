//! What the supervisor is told: everything that is known before a process exists. Built by
//! [`super::super::prepare()`], sent once, never changed.

use crate::domain::service::StopSignal;
use crate::domain::{IsolationLevel, Network, Profile};
use crate::runner::grants::WritePath;
use crate::runner::observer::Policy;
use crate::runner::overlay::Stage;
use crate::runner::process::limits::RunLimits;
use crate::runner::sample::SampleFile;
use crate::runner::sandbox::WallPlan;
use crate::runner::tool_state::StateView;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One run, as the supervisor, the inner stage and the process that becomes the tool know it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::runner) struct RunPlan {
    /// What is started, as the tool sees it.
    pub(in crate::runner) program: PathBuf,
    pub(in crate::runner) args: Vec<OsString>,
    pub(in crate::runner) env: Environment,
    pub(in crate::runner) profile: Profile,
    /// The level to build.
    pub(in crate::runner) level: IsolationLevel,
    /// Below this level nothing starts.
    pub(in crate::runner) least: IsolationLevel,
    /// The bubblewrap to use, for `isolated`.
    pub(in crate::runner) bubblewrap: Option<PathBuf>,
    /// User and group that the tool gets when the supervisor is root.
    pub(in crate::runner) user: Option<u32>,
    /// What the run may use.
    pub(in crate::runner) limits: RunLimits,
    pub(in crate::runner) network: Network,
    pub(in crate::runner) view: RunView,
    /// What its observer knows of it.
    pub(in crate::runner) policy: Policy,
    /// The sandbox layers of its process.
    pub(in crate::runner) walls: WallPlan,
    /// The mark that its processes carry, for what a killed supervisor left behind.
    pub(in crate::runner) mark: OsString,
    /// How it is started again and again, when this is not a run but a batch of trials.
    pub(in crate::runner) trials: Option<Terms>,
    /// What it is sent when it is asked to end.
    pub(in crate::runner) stop: StopSignal,
    /// The names of the listening sockets that it inherits, in their order.
    pub(in crate::runner) listeners: Vec<String>,
    /// Identifies the host's network namespace, when the run has a connector into its own one.
    pub(in crate::runner) connector: Option<u64>,
    /// Whether it does not end by itself.
    pub(in crate::runner) is_service: bool,
}

/// How the trials of a batch are made. What each is given comes as the standard input of the batch, the result of each
/// leaves as its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct Terms {
    /// Wall clock of each.
    pub(in crate::runner) each: Duration,
    /// The arguments with which the program waits to be copied for each trial; `None`: it is started for each.
    pub(in crate::runner) ready: Option<Vec<OsString>>,
}

/// What one start is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in crate::runner) struct StartInput {
    pub(in crate::runner) args: Vec<OsString>,
    /// Variables beside those of the plan.
    pub(in crate::runner) env: Vec<(OsString, OsString)>,
    /// `None`: standard input is empty.
    pub(in crate::runner) stdin: Option<String>,
    /// Files that it finds in its working folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::runner) files: Vec<SampleFile>,
}

/// The variables of a run. Their values may be secret: they are never printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::runner) struct Environment(pub(in crate::runner) Vec<(OsString, OsString)>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The files of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::runner) struct RunView {
    /// The version's folder, as the tool sees it.
    pub(in crate::runner) tool: PathBuf,
    /// The scratch folder, as the tool sees it: its current folder, `HOME` and `TMPDIR`.
    pub(in crate::runner) scratch: PathBuf,
    /// A folder of this run alone that the supervisor makes and removes, when the tool's user cannot reach the state
    /// folder; then the two above are in it.
    pub(in crate::runner) stand: Option<PathBuf>,
    /// Further folders and files it may read, at their own paths: interpreters, declared reads.
    pub(in crate::runner) read: Vec<PathBuf>,
    /// Folders and files it writes directly, at their own paths.
    pub(in crate::runner) write: Vec<WritePath>,
    /// Folders whose writes are held back, at their own paths; parents first.
    pub(in crate::runner) stages: Vec<Stage>,
    /// The version's files, packed one after the other in the file that comes with the plan.
    pub(in crate::runner) files: Vec<Packed>,
    /// What it keeps between its runs, when it keeps something.
    pub(in crate::runner) state: Option<StateView>,
}

impl RunView {
    /// Whether nothing that it shows at its own path is in this folder, so that the folder can be the run's own.
    pub(in crate::runner) fn leaves(&self, folder: &str) -> bool {
        let staged = self.stages.iter().map(|stage| &stage.root);
        let shown = self.read.iter().chain(self.write.iter().map(|write| &write.path)).chain(staged);
        !shown.into_iter().any(|path| path.starts_with(folder))
    }
}

/// One file of the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct Packed {
    /// Path below the version's folder.
    pub(in crate::runner) path: String,
    /// Whether it may be executed.
    pub(in crate::runner) executable: bool,
    /// Its size in bytes.
    pub(in crate::runner) bytes: u64,
}
