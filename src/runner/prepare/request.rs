//! A request to run one version.

use super::given::RunEnvironment;
use crate::domain::{IsolationLevel, Manifest, Profile, VersionFile, WriteMode};
use crate::runner::dependencies::Need;
use crate::runner::interpreter::{Interpreters, Sources};
use crate::runner::machine::Machine;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A request to run one version.
#[derive(Debug, Clone, Copy)]
pub struct StartRequest<'a> {
    /// The manifest of the version.
    pub manifest: &'a Manifest,
    /// The immutable copy of its files.
    pub version_dir: &'a Path,
    /// The files in that folder, as hashed.
    pub files: &'a [VersionFile],
    /// The workspace, for `{workspace}`.
    pub workspace: &'a Path,
    /// An existing, empty folder for this run only: its current folder, `HOME` and `TMPDIR`.
    pub scratch: &'a Path,
    /// The input; `None` counts as an empty object.
    pub input: Option<&'a Value>,
    /// A wall-clock limit from the caller, which overrides all others; limited to one hour.
    pub timeout: Option<Duration>,
    /// The default wall-clock limit; `None` uses that of the profile.
    pub usual_timeout: Option<Duration>,
    /// Strict, or what the manifest declares.
    pub profile: Profile,
    /// How writes to declared paths are handled.
    pub writes: WriteMode,
    /// Paths that are never granted: the workbench's folders of state and settings, and files that contain secrets.
    pub ours: &'a [PathBuf],
    /// The path of the output file.
    pub spool: &'a Path,
    /// The location of the version in the workspace, for instructions to a human.
    pub origin: &'a Path,
    /// The variables it gets by name.
    pub given: &'a RunEnvironment,
    /// The known interpreters and their recorded facts.
    pub interpreters: &'a Interpreters,
    /// Where its programs may come from.
    pub sources: Sources,
    /// The isolation on this machine.
    pub machine: &'a Machine,
    /// The minimum isolation level.
    pub least: IsolationLevel,
    /// Whether it is observed.
    pub observe: bool,
    /// The state folder, which no run may read.
    pub state: &'a Path,
    /// The folder for staged writes of this run; created if there are any.
    pub staged: &'a Path,
    /// The archive of the tool's state between runs; `None`: nothing is kept.
    pub kept: Option<&'a Path>,
    /// The folder that contains the environments of all scripts.
    pub environments: &'a Path,
}

impl<'a> StartRequest<'a> {
    /// The dependencies of the version.
    pub(in crate::runner) fn need(&self) -> Need<'a> {
        let StartRequest { manifest, files, origin, workspace, interpreters, environments, sources, .. } = *self;
        Need { manifest, files, origin, workspace, interpreters, environments, sources }
    }
}
