//! The score of an answer: the results of checks and recorded inputs, in numbers.

use crate::domain::{CheckReport, CheckState, RunId, Severity, Tally, Verdict, plural};
use serde::{Deserialize, Serialize};

/// The results of the checks for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerdictSummary {
    /// The verdict in numbers.
    pub tally: Tally,
    /// Names of the checks that block approval.
    pub blocking: Vec<String>,
    /// Tests and examples that failed.
    pub failed_tests: u32,
    /// The weight of findings by severity: high 9, medium 3 each.
    pub weight: u32,
}

/// The results of recorded inputs, compared with the previous version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplaySummary {
    /// Failed before, succeed now.
    pub fixed: u32,
    /// Inputs with the same result as before.
    pub same: u32,
    /// Succeeded before and now, with another result.
    pub changed: u32,
    /// Succeeded before, fail now.
    pub broken: u32,
    /// Succeeded before and no longer fit the input schema, as requested.
    pub left_out: u32,
    /// Cannot be repeated here.
    pub not_repeated: u32,
    /// Failures that the user chose.
    pub chosen: u32,
    /// Chosen failures that succeed now.
    pub chosen_fixed: u32,
    /// One of the chosen failures that still fail.
    pub still_fails: Option<RunId>,
}

/// The score of an answer; the lowest is the best. The order of the fields is the order of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Score {
    /// Inputs that worked before and fail now.
    pub broken: u32,
    /// Checks that block approval.
    pub blocking: u32,
    /// Tests of the manifest that failed.
    pub failed_tests: u32,
    /// Chosen failures that remain.
    pub not_fixed: u32,
    /// Findings, weighted by severity.
    pub weight: u32,
}

impl VerdictSummary {
    /// A summary of a verdict. The caller determines the blocking checks, because the gates are user settings.
    pub fn of(verdict: &Verdict, blocking: Vec<String>) -> VerdictSummary {
        let findings = verdict.checks.iter().flat_map(|check| &check.findings);
        let weight = findings.map(|finding| match finding.severity {
            Severity::High => 9,
            Severity::Medium => 3,
            Severity::Low => 0,
        });
        VerdictSummary {
            tally: verdict.tally(),
            blocking,
            failed_tests: verdict.checks.iter().map(failed_tests).sum(),
            weight: weight.fold(0_u32, u32::saturating_add),
        }
    }

    /// Whether nothing blocks approval and no test failed.
    pub fn is_good(&self) -> bool {
        self.blocking.is_empty() && self.failed_tests == 0
    }
}

/// The failed tests of a check: from its note (`22 of 24 passed`), otherwise from its findings, which may be fewer.
fn failed_tests(check: &CheckReport) -> u32 {
    if !matches!(check.name.as_str(), "tests" | "examples") || check.state == CheckState::Passed {
        return 0;
    }
    if check.note.ends_with("failed before as well") {
        return check.findings.iter().filter(|finding| finding.severity == Severity::High).count() as u32;
    }
    let mut words = check.note.split_whitespace();
    let passed = words.next().and_then(|word| word.parse::<u32>().ok());
    let of = words.next() == Some("of");
    let all = words.next().and_then(|word| word.parse::<u32>().ok());
    match (passed, of, all) {
        (Some(passed), true, Some(all)) => all.saturating_sub(passed),
        _ => check.findings.iter().filter(|finding| finding.severity == Severity::High).count() as u32,
    }
}

impl ReplaySummary {
    /// The chosen failures that remain, in words: `run 4 still fails`; `None` if there are none.
    pub fn unfixed(&self) -> Option<String> {
        let left = self.chosen.saturating_sub(self.chosen_fixed) as usize;
        match (self.still_fails, left) {
            (_, 0) => None,
            (Some(run), 1) => Some(format!("run {run} still fails")),
            (Some(run), left) => Some(format!("run {run} and {} more still fail", left - 1)),
            (None, left) => Some(plural(left, "chosen run still fails", "chosen runs still fail")),
        }
    }

    /// Whether nothing broke and the chosen failures are fixed.
    pub const fn is_good(&self) -> bool {
        self.broken == 0 && self.chosen_fixed >= self.chosen
    }
}

impl Score {
    /// The score for these results.
    pub fn of(verdict: &VerdictSummary, replay: &ReplaySummary) -> Score {
        Score {
            broken: replay.broken,
            blocking: verdict.blocking.len() as u32,
            failed_tests: verdict.failed_tests,
            not_fixed: replay.chosen.saturating_sub(replay.chosen_fixed),
            weight: verdict.weight,
        }
    }
}
