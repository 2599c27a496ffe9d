//! A service: a run that does not end by itself, and what it is given that other runs are not.

use super::spec::Spec;
use crate::domain::service::{LogRule, StopSignal};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The terms of a service.
#[derive(Debug)]
pub struct ServiceTerms {
    /// Its standard input, such as the reading end of a pipe; `None` for nothing to read. The run closes its copy once
    /// the tool has it, so that writing to the other end fails when nobody in the run reads any more.
    pub stdin: Option<OwnedFd>,
    /// What [`crate::runner::Running::cancel`] sends to the process group of the tool first.
    pub stop: StopSignal,
    /// How long the tool may clean up after that; then everything is killed.
    pub grace: Duration,
    /// How much of its output is kept, in bytes for each file and files beside the newest. A file has at least 128 KiB,
    /// and there are at most 100 older ones.
    pub log: LogRule,
}

impl Spec {
    /// Turns the run into a service: no time limit, no limit of processor time, output in a ring of files instead of
    /// an end at a limit. Memory, processes and disk stay limited as declared, and so does each process by the
    /// kernel. Only the exit code says whether it succeeded; its output is not looked into.
    #[must_use]
    pub fn as_service(mut self, terms: ServiceTerms) -> Spec {
        let ServiceTerms { stdin, stop, grace, log } = terms;
        self.limits = self.limits.endless();
        self.plan.limits = self.limits;
        self.plan.walls.limits.cpu_seconds = self.limits.cpu_seconds;
        self.plan.stop = stop;
        self.plan.is_service = true;
        self.rule = self.rule.by_exit_code();
        self.stdin = None;
        self.handed.stdin = stdin;
        self.grace = grace;
        self.log = Some(log);
        self
    }
}
