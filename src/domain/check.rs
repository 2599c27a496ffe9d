//! Checks, findings and the verdict: the automatic evidence about one version.

use super::digest::Digest;
use super::failure::Severity;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The state of a check.
    CheckState {
        /// It is still running.
        Running = "running",
        /// Nothing was found against the version.
        Passed = "passed",
        /// Something needs attention.
        Warned = "warned",
        /// Something was found against the version.
        Failed = "failed",
        /// There was nothing to examine: no tests, no schema. Never counts as passed.
        Skipped = "skipped",
        /// It could not run here because the program it needs is absent. Never counts as passed.
        Unavailable = "unavailable",
    }
);

words!(
    /// The effect of a check on an approval.
    Gate {
        /// Approval needs a check that ran and did not fail; an absent check blocks it too.
        Require = "require",
        /// A failure blocks approval; an override needs a reason.
        Block = "block",
        /// Its result is shown; approval does not depend on it.
        Show = "show",
        /// The check is not run.
        Off = "off",
    }
);

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable kebab-case code for the kind of finding: `network`, `eval`, `hidden-character`.
    pub code: String,
    /// `high` fails the check, `medium` warns, `low` is information.
    pub severity: Severity,
    /// The file inside the version; `None` for the version as a whole.
    #[serde(default)]
    pub path: Option<String>,
    /// The line in it, counted from 1.
    #[serde(default)]
    pub line: Option<u64>,
    /// A message for a reader; text of the tool in it is not escaped yet.
    pub message: String,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The name of the check, kebab-case.
    pub name: String,
    /// State after its last run.
    pub state: CheckState,
    /// What it found, worst first.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Why it was skipped or unavailable, or what was measured: `24 of 24 passed`, `p50 31 ms, p95 40 ms`.
    #[serde(default)]
    pub note: String,
    /// Duration in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
}

/// The combined result of all checks of one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// `running` while a check has not ended, then the worst state of the checks.
    pub state: CheckState,
    /// The version that changes were compared with.
    #[serde(default)]
    pub base: Option<Digest>,
    /// Each check, in the order of the table of checks.
    pub checks: Vec<CheckReport>,
    /// When the newest check ended.
    pub at: Instant,
    /// The worker on which the version was started; `None` for this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// Why a comparison was skipped, as stored. It is true when it is recorded, but the verdict stays when the version is
/// approved later.
pub const NO_BASE: &str = "no version was approved before";

/// The same note for a version that has since been approved.
const IS_BASE: &str = "this version is the approved one";

/// A verdict in numbers, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// State of the verdict.
    pub state: CheckState,
    /// Checks that have ended.
    pub ended: u16,
    /// Checks of the verdict, ended or not.
    pub total: u16,
    /// Of `total`, those that failed.
    pub failed: u16,
    /// Of `total`, those that warned.
    pub warned: u16,
    /// Of `total`, those that passed.
    pub passed: u16,
}

impl Finding {
    /// A finding about the version as a whole.
    pub fn new(code: &str, severity: Severity, message: impl Into<String>) -> Finding {
        Finding { code: code.to_owned(), severity, path: None, line: None, message: message.into() }
    }

    /// The same finding at a place: a file, and a line counted from 1.
    pub fn at(self, path: &str, line: u64) -> Finding {
        Finding { path: Some(path.to_owned()), line: Some(line), ..self }
    }
}

impl CheckReport {
    /// A report whose state follows from its findings. Duration is 0 until the caller sets it.
    pub fn of(name: &str, mut findings: Vec<Finding>) -> CheckReport {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let state = match findings.first().map(|finding| finding.severity) {
            Some(Severity::High) => CheckState::Failed,
            Some(Severity::Medium) => CheckState::Warned,
            Some(Severity::Low) | None => CheckState::Passed,
        };
        CheckReport { name: name.to_owned(), state, findings, note: String::new(), duration_ms: 0 }
    }

    /// A report of a check that had nothing to examine.
    pub fn skipped(name: &str, why: impl Into<String>) -> CheckReport {
        CheckReport { state: CheckState::Skipped, ..CheckReport::of(name, Vec::new()) }.noted(why)
    }

    /// A report of a check that could not run here.
    pub fn unavailable(name: &str, why: impl Into<String>) -> CheckReport {
        CheckReport { state: CheckState::Unavailable, ..CheckReport::of(name, Vec::new()) }.noted(why)
    }

    /// The same report with a note.
    pub fn noted(self, note: impl Into<String>) -> CheckReport {
        CheckReport { note: note.into(), ..self }
    }
}

impl Verdict {
    /// A verdict over these checks.
    pub fn of(checks: Vec<CheckReport>, base: Option<Digest>, at: Instant) -> Verdict {
        let has = |state| checks.iter().any(|check| check.state == state);
        let state = [CheckState::Running, CheckState::Failed, CheckState::Warned, CheckState::Passed]
            .into_iter()
            .find(|state| has(*state))
            .unwrap_or(CheckState::Skipped);
        Verdict { state, base, checks, at, worker: None }
    }

    /// The same verdict, with the worker on which the version was started.
    #[must_use]
    pub fn on(self, worker: Option<&str>) -> Verdict {
        Verdict { worker: worker.map(str::to_owned), ..self }
    }

    /// The verdict as it is shown for the approved version of a name, which explains why there was no comparison.
    #[must_use]
    pub fn told_of_approved(mut self) -> Verdict {
        let is_meant = |check: &&mut CheckReport| check.state == CheckState::Skipped && check.note == NO_BASE;
        for check in self.checks.iter_mut().filter(is_meant) {
            IS_BASE.clone_into(&mut check.note);
        }
        self
    }

    /// Whether every check has ended.
    pub fn is_complete(&self) -> bool {
        self.state != CheckState::Running
    }

    /// The checks in this state.
    pub fn in_state(&self, state: CheckState) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(move |check| check.state == state)
    }

    /// The verdict in numbers.
    pub fn tally(&self) -> Tally {
        let count = |state| u16::try_from(self.in_state(state).count()).unwrap_or(u16::MAX);
        let total = u16::try_from(self.checks.len()).unwrap_or(u16::MAX);
        Tally {
            state: self.state,
            ended: total.saturating_sub(count(CheckState::Running)),
            total,
            failed: count(CheckState::Failed),
            warned: count(CheckState::Warned),
            passed: count(CheckState::Passed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(state: CheckState) -> CheckReport {
        CheckReport { state, ..CheckReport::of("x", Vec::new()) }
    }

    #[test]
    fn a_check_is_as_bad_as_its_worst_finding() {
        let finding = |severity| Finding::new("x", severity, "");
        let state = |severities: &[Severity]| CheckReport::of("x", severities.iter().map(|s| finding(*s)).collect());
        assert_eq!(state(&[]).state, CheckState::Passed);
        assert_eq!(state(&[Severity::Low]).state, CheckState::Passed);
        assert_eq!(state(&[Severity::Low, Severity::Medium]).state, CheckState::Warned);
        let worst = state(&[Severity::Low, Severity::High, Severity::Medium]);
        assert_eq!(worst.state, CheckState::Failed);
        assert_eq!(worst.findings[0].severity, Severity::High);
    }

    #[test]
    fn a_verdict_never_takes_an_absent_check_for_a_passed_one() {
        use CheckState::{Failed, Passed, Running, Skipped, Unavailable, Warned};
        let state =
            |states: &[CheckState]| Verdict::of(states.iter().map(|s| report(*s)).collect(), None, Instant(0)).state;
        assert_eq!(state(&[]), Skipped);
        assert_eq!(state(&[Skipped, Unavailable]), Skipped);
        assert_eq!(state(&[Skipped, Passed]), Passed);
        assert_eq!(state(&[Passed, Warned]), Warned);
        assert_eq!(state(&[Warned, Failed, Passed]), Failed);
        assert_eq!(state(&[Failed, Running]), Running);
    }
}
