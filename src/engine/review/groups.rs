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
    /// Facts that need attention: failed checks that do not block, problems, undeclared behaviour, warnings.
    Warnings,
    /// Neutral facts.
    Facts,
    /// Positive results.
    Passed,
}

impl EvidenceGroup {
    /// The groups in the order in which they are shown.
    pub const ALL: [EvidenceGroup; 4] =
        [EvidenceGroup::Blocks, EvidenceGroup::Warnings, EvidenceGroup::Facts, EvidenceGroup::Passed];

    /// The heading of the group.
    pub fn heading(self) -> &'static str {
        match self {
            EvidenceGroup::Blocks => "Blocks",
            EvidenceGroup::Warnings => "Warnings",
            EvidenceGroup::Facts => "Facts",
            EvidenceGroup::Passed => "Passed",
        }
    }

    fn of(line: &EvidenceLine) -> EvidenceGroup {
        match line.weight {
            Weight::Bad | Weight::Warn => EvidenceGroup::Warnings,
            _ if is_undeclared(line) => EvidenceGroup::Warnings,
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
    /// The content of a group, worst first: checks with findings, and lines. Checks that passed or were not run have
    /// their own names.
    pub fn items(self, group: EvidenceGroup) -> Vec<EvidenceItem<'a>> {
        let checks = |state, lets_through| {
            let found = self.verdict.into_iter().flat_map(move |verdict| verdict.in_state(state));
            found.filter(move |check| self.lets_through(check) == lets_through).map(EvidenceItem::Check)
        };
        let lines = |is_meant: fn(&EvidenceLine) -> bool| {
            let own = self.lines.iter().filter(|line| EvidenceGroup::of(line) == group && is_meant(line));
            let (first, rest): (Vec<_>, Vec<_>) = own.partition(|line| is_difference(line));
            first.into_iter().chain(rest).map(EvidenceItem::Line)
        };
        match group {
            EvidenceGroup::Blocks => checks(CheckState::Failed, false).collect(),
            EvidenceGroup::Warnings => checks(CheckState::Failed, true)
                .chain(lines(|line| line.weight == Weight::Bad && !is_undeclared(line)))
                .chain(lines(is_undeclared))
                .chain(checks(CheckState::Warned, false))
                .chain(lines(|line| line.weight != Weight::Bad && !is_undeclared(line)))
                .collect(),
            EvidenceGroup::Facts | EvidenceGroup::Passed => lines(|_| true).collect(),
        }
    }

    /// Whether a check failed without blocking an approval.
    pub fn lets_through(self, check: &CheckReport) -> bool {
        self.is_open && check.state == CheckState::Failed && !self.blocking.contains(&check.name)
    }
}

/// A part of a group.
#[derive(Debug, Clone, Copy)]
pub enum EvidenceItem<'a> {
    /// A check that found something.
    Check(&'a CheckReport),
    /// A fact from history or manifest.
    Line(&'a EvidenceLine),
}

/// Whether a line is about behaviour that the manifest does not declare.
fn is_undeclared(line: &EvidenceLine) -> bool {
    line.label == PermissionUse::Undeclared.word()
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
            let name = |item: EvidenceItem<'_>| match item {
                EvidenceItem::Check(check) => check.name.clone(),
                EvidenceItem::Line(line) => line.label.clone(),
            };
            let of = |group| known.items(group).into_iter().map(name).collect::<Vec<_>>().join(" ");
            EvidenceGroup::ALL.map(of).to_vec()
        };
        let warnings = format!("a declares runs {undeclared} c copy");
        assert_eq!(shown(known), ["b", &warnings, "size", "runs"]);
        // Checks that a decision overrode stay in their group.
        assert_eq!(shown(Known { is_open: false, ..known })[0], "a b");
    }
}
