//! Exactly what will be started.

use super::grants::Grants;
use super::limits::Limits;
use super::overlay;
use super::starter::Starter;
use super::success::OutputRule;
use super::supervisor::Plan;
use crate::domain::{InterpreterFacts, Isolation, Redactor};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What will be started; made by [`super::prepare()`], used up by [`super::start`].
#[derive(Debug)]
pub struct Spec {
    /// What the supervisor is told.
    pub(super) plan: Plan,
    /// What starts its supervisor.
    pub(super) starter: Arc<Starter>,
    /// The program as we see it, for what is said of it.
    pub(super) program: PathBuf,
    /// What is recorded of the interpreter.
    pub(super) interpreter: Option<InterpreterFacts>,
    /// How many of the arguments are the interpreter's, not the tool's.
    pub(super) lead: usize,
    /// The bytes of the version's files, in the order of the plan; none when the kept copy itself is used.
    pub(super) files: Vec<Vec<u8>>,
    /// `None`: standard input is empty.
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) pty: bool,
    pub(super) limits: Limits,
    pub(super) grace: Duration,
    pub(super) spool: PathBuf,
    pub(super) rule: OutputRule,
    pub(super) isolation: Isolation,
    /// What it may do beyond its own files and its scratch.
    pub(super) grants: Grants,
    /// Takes secrets out of everything it leaves.
    pub(super) redactor: Redactor,
    /// Where staged writes are kept.
    pub(super) staged: PathBuf,
}

impl Spec {
    /// Changes how long the tool may clean up between TERM and KILL; 2 s otherwise.
    pub fn with_grace(mut self, grace: Duration) -> Spec {
        self.grace = grace;
        self
    }

    /// Files and folders, beside the version and the system's own, that must be visible read-only.
    pub fn visible(&self) -> &[PathBuf] {
        &self.plan.view.read
    }

    /// What is recorded of the interpreter; `None` when the version is its own program.
    pub fn interpreter(&self) -> Option<&InterpreterFacts> {
        self.interpreter.as_ref()
    }

    /// What the run may do beyond its own files and its scratch.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The file in which staged writes come back.
    pub(super) fn bundle(&self) -> PathBuf {
        self.staged.join(overlay::BUNDLE)
    }

    /// The program and its arguments, as they will be started.
    pub fn command_line(&self) -> Vec<String> {
        let plan = &self.plan;
        let words = std::iter::once(plan.program.as_os_str()).chain(plan.args.iter().map(OsString::as_os_str));
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }
}
