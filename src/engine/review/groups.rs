//! Facts about a version, grouped by what a reviewer does with them. Every front end shows the same groups.

use crate::domain::{CheckReport, CheckState, PermissionUse, Verdict};
use crate::engine::view::{EvidenceLine, Weight};

/// Evidence of differences from the version approved before: it comes first in its group.
const DIFFERENCES: [&str; 3] = ["declares", "permissions", "behaviour"];

/// A group of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceGroup {
    /// Failed checks that block an approval.
    Blocks,
    /// Failed checks that do not.
    Failed,
    /// Other problems.
    Problems,
    /// Undeclared behaviour.
    NotDeclared,
    /// Warnings.
    Warnings,
    /// Neutral facts.
    Facts,
    /// Positive results.
    Passed,
}

impl EvidenceGroup {
    /// The groups in the order in which they are shown.
    pub const ALL: [EvidenceGroup; 7] = [
        EvidenceGroup::Blocks,
        EvidenceGroup::Failed,
        EvidenceGroup::Problems,
        EvidenceGroup::NotDeclared,
        EvidenceGroup::Warnings,
        EvidenceGroup::Facts,
        EvidenceGroup::Passed,
    ];

    /// The heading of the group.
    pub fn heading(self) -> &'static str {
        match self {
            EvidenceGroup::Blocks => "Blocks",
            EvidenceGroup::Failed => "Failed",
            EvidenceGroup::Problems => "Problems",
            EvidenceGroup::NotDeclared => "Not declared",
            EvidenceGroup::Warnings => "Warnings",
            EvidenceGroup::Facts => "Facts",
            EvidenceGroup::Passed => "Passed",
        }
    }

    fn of(line: &EvidenceLine) -> EvidenceGroup {
        match line.weight {
            _ if line.label == PermissionUse::Undeclared.word() => EvidenceGroup::NotDeclared,
            Weight::Bad => EvidenceGroup::Problems,
            Weight::Warn => EvidenceGroup::Warnings,
            Weight::Fact => EvidenceGroup::Facts,
            Weight::Good => EvidenceGroup::Passed,
        }
    }
}

/// The facts about a version.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Facts from history and manifest.
    pub lines: &'a [EvidenceLine],
    /// The result of the checks; `None` if none has started.
    pub verdict: Option<&'a Verdict>,
    /// The names of the checks that block an approval.
    pub blocking: &'a [String],
    /// Whether a decision is pending: otherwise, failed checks stay in the group that they had at the decision.
    pub is_open: bool,
}

impl<'a> Known<'a> {
    /// The lines of a group, differences from the version before first.
    pub fn lines(self, group: EvidenceGroup) -> Vec<&'a EvidenceLine> {
        let own = self.lines.iter().filter(|line| EvidenceGroup::of(line) == group);
        let (mut first, rest): (Vec<_>, Vec<_>) = own.partition(|line| is_difference(line));
        first.extend(rest);
        first
    }

    /// The checks of a group that found something; those that passed or were not run have their own names.
    pub fn checks(self, group: EvidenceGroup) -> Vec<&'a CheckReport> {
        let state = match group {
            EvidenceGroup::Blocks | EvidenceGroup::Failed => CheckState::Failed,
            EvidenceGroup::Warnings => CheckState::Warned,
            _ => return Vec::new(),
        };
        let found = self.verdict.into_iter().flat_map(|verdict| verdict.in_state(state));
        found.filter(|check| self.lets_through(check) == (group == EvidenceGroup::Failed)).collect()
    }

    /// Whether a check failed without blocking an approval.
    pub fn lets_through(self, check: &CheckReport) -> bool {
        self.is_open && check.state == CheckState::Failed && !self.blocking.contains(&check.name)
    }
}

/// Whether a line is about a difference from the version approved before.
pub fn is_difference(line: &EvidenceLine) -> bool {
    DIFFERENCES.contains(&line.label.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Finding, Instant, Severity};

    #[test]
    fn each_line_and_each_check_is_in_one_group() {
        let line = |weight, label: &str| EvidenceLine { weight, label: label.into(), text: "x".into() };
        let undeclared = PermissionUse::Undeclared.word();
        let lines = [
            line(Weight::Bad, "runs"),
            line(Weight::Bad, "declares"),
            line(Weight::Warn, undeclared),
            line(Weight::Warn, "copy"),
            line(Weight::Fact, "size"),
            line(Weight::Good, "runs"),
        ];
        let found = |name: &str, severity| CheckReport::of(name, vec![Finding::new("c", severity, "m")]);
        let checks = vec![
            found("a", Severity::High),
            found("b", Severity::High),
            found("c", Severity::Medium),
            found("d", Severity::Low),
        ];
        let verdict = Verdict::of(checks, None, Instant(0));
        let known = Known { lines: &lines, verdict: Some(&verdict), blocking: &["b".to_owned()], is_open: true };
        let shown = |known: Known<'_>| -> Vec<String> {
            let of = |group| {
                let checks = known.checks(group).into_iter().map(|check| check.name.clone());
                checks
                    .chain(known.lines(group).into_iter().map(|line| line.label.clone()))
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            EvidenceGroup::ALL.map(of).to_vec()
        };
        assert_eq!(shown(known), ["b", "a", "declares runs", undeclared, "c copy", "size", "runs"]);
        // Checks that a decision overrode stay in their group.
        assert_eq!(shown(Known { is_open: false, ..known })[..2], ["a b", ""]);
    }
}
