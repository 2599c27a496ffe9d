//! A wish to run one version.

use super::given::RunEnvironment;
use crate::domain::{IsolationLevel, Manifest, Profile, VersionFile, WriteMode};
use crate::runner::dependencies::Need;
use crate::runner::interpreter::{Interpreters, Sources};
use crate::runner::machine::Machine;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A wish to run one version.
#[derive(Debug, Clone, Copy)]
pub struct StartRequest<'a> {
    /// What the version says of itself.
    pub manifest: &'a Manifest,
    /// The immutable copy of its files.
    pub version_dir: &'a Path,
    /// The files in that folder, as hashed.
    pub files: &'a [VersionFile],
    /// The workspace, for `{workspace}`.
    pub workspace: &'a Path,
    /// An existing, empty folder of this run alone: its current folder, `HOME` and `TMPDIR`.
    pub scratch: &'a Path,
    /// The input; `None` counts as an empty object.
    pub input: Option<&'a Value>,
    /// A wall-clock limit of the caller's, which goes before all others; at most one hour counts.
    pub timeout: Option<Duration>,
    /// The wall-clock limit where nobody states one; `None` takes that of the profile.
    pub usual_timeout: Option<Duration>,
    /// Strict, or what the manifest declares.
    pub profile: Profile,
    /// What becomes of writes to declared paths.
    pub writes: WriteMode,
    /// Never granted: the workbench's folders of state and settings, and files that hold secrets.
    pub ours: &'a [PathBuf],
    /// Where the output file will be.
    pub spool: &'a Path,
    /// Where the version is in the workspace, for what a human is told to do.
    pub origin: &'a Path,
    /// The variables it gets by name.
    pub given: &'a RunEnvironment,
    /// What is known of interpreters.
    pub interpreters: &'a Interpreters,
    /// Where its programs may come from.
    pub sources: Sources,
    /// What contains runs here.
    pub machine: &'a Machine,
    /// The least level it may run at.
    pub least: IsolationLevel,
    /// Whether it is watched.
    pub observe: bool,
    /// A folder that no run may read: where the state is.
    pub state: &'a Path,
    /// Where staged writes of this run are kept; made when there are any.
    pub staged: &'a Path,
    /// The archive of what the tool keeps between its runs; `None`: nothing is kept.
    pub kept: Option<&'a Path>,
    /// The folder of all environments of scripts.
    pub environments: &'a Path,
}

impl<'a> StartRequest<'a> {
    /// What the version needs beside itself.
    pub(in crate::runner) fn need(&self) -> Need<'a> {
        let StartRequest { manifest, files, origin, workspace, interpreters, environments, sources, .. } = *self;
        Need { manifest, files, origin, workspace, interpreters, environments, sources }
    }
}
