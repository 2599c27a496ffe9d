//! Exactly what will be started.

use crate::domain::service::LogRule;
use crate::domain::{InterpreterFacts, Isolation, Redactor};
use crate::runner::grants::Grants;
use crate::runner::overlay;
use crate::runner::process::limits::RunLimits;
use crate::runner::result::success::OutputRule;
use crate::runner::supervisor::RunPlan;
use crate::runner::supervisor::starter::Starter;
use crate::runner::tool_state::KeptState;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What will be started; created by [`crate::runner::prepare()`], consumed by [`crate::runner::start`].
#[derive(Debug)]
pub struct Spec {
    /// The plan for the supervisor.
    pub(in crate::runner) plan: RunPlan,
    /// What starts its supervisor.
    pub(in crate::runner) starter: Arc<Starter>,
    /// The path of the program outside the sandbox, for messages.
    pub(in crate::runner) program: PathBuf,
    /// What is recorded about the interpreter.
    pub(in crate::runner) interpreter: Option<InterpreterFacts>,
    /// How many of the arguments belong to the interpreter, not to the tool.
    pub(in crate::runner) lead: usize,
    /// The bytes of the version's files, in the order of the plan; empty if the kept copy is used directly.
    pub(in crate::runner) files: Vec<Vec<u8>>,
    /// `None`: standard input is empty.
    pub(in crate::runner) stdin: Option<Vec<u8>>,
    /// The terms under which it is supervised.
    pub(in crate::runner) terms: RunTerms,
    /// What it may access beyond its own files and its scratch folder.
    pub(in crate::runner) grants: Grants,
    /// The folder for staged writes.
    pub(in crate::runner) staged: PathBuf,
    /// The state that it keeps between its runs, if any.
    pub(in crate::runner) state: Option<KeptState>,
    /// Descriptors that are passed to it; not copied.
    pub(in crate::runner) handed: Handed,
}

/// The terms under which a run is supervised until its end, wherever it takes place.
#[derive(Debug, Clone)]
pub(in crate::runner) struct RunTerms {
    pub(in crate::runner) pty: bool,
    pub(in crate::runner) limits: RunLimits,
    /// How long it may clean up between TERM and KILL.
    pub(in crate::runner) grace: Duration,
    pub(in crate::runner) spool: PathBuf,
    pub(in crate::runner) rule: OutputRule,
    /// The isolation in its record until it is verified.
    pub(in crate::runner) isolation: Isolation,
    /// Removes secrets from everything it leaves.
    pub(in crate::runner) redactor: Redactor,
    /// How its output is kept, if it is a service.
    pub(in crate::runner) log: Option<LogRule>,
}

/// Descriptors that are passed to a run. They are closed here once it has them.
#[derive(Debug, Default)]
pub(in crate::runner) struct Handed {
    /// Its standard input.
    pub(in crate::runner) stdin: Option<OwnedFd>,
    /// Listening sockets that it inherits, as the plan names them.
    pub(in crate::runner) listeners: Vec<OwnedFd>,
    /// The socket that receives requests for connections into its network namespace.
    pub(in crate::runner) connector: Option<OwnedFd>,
}

impl Spec {
    /// Changes how long the tool may clean up between TERM and KILL; the default is 2 s.
    pub fn with_grace(mut self, grace: Duration) -> Spec {
        self.terms.grace = grace;
        self
    }

    /// Files and folders, in addition to the version and the system folders, that must be visible read-only.
    pub fn visible(&self) -> &[PathBuf] {
        &self.plan.view.read
    }

    /// What is recorded about the interpreter; `None` if the version is its own program.
    pub fn interpreter(&self) -> Option<&InterpreterFacts> {
        self.interpreter.as_ref()
    }

    /// What the run may access beyond its own files and its scratch folder.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The file that returns staged writes.
    pub(in crate::runner) fn bundle(&self) -> PathBuf {
        self.staged.join(overlay::BUNDLE)
    }

    /// The program and its arguments, as they will be started.
    pub fn command_line(&self) -> Vec<String> {
        let plan = &self.plan;
        let words = std::iter::once(plan.program.as_os_str()).chain(plan.args.iter().map(OsString::as_os_str));
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }
}
