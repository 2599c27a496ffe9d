//! The evidence about a version, in four groups: what blocks an approval, warnings, facts, passed checks.
//!
//! Checks without findings are folded into a line of names. `--full` writes one line for each check, with its note.

use super::print_text::{Ink, Page, StyledLine};
use super::shared::check_ink;
use crate::domain::{CheckReport, CheckState, Finding, Severity, ToolName};
use crate::engine::{EvidenceGroup, EvidenceItem, EvidenceLine, Known, Weight};
use std::io;

/// The evidence about a version.
pub(super) struct Evidence<'a> {
    /// The known facts.
    pub(super) known: Known<'a>,
    /// The tool whose checks have not run yet.
    pub(super) to_run: Option<&'a ToolName>,
    /// Whether each check gets its own line.
    pub(super) full: bool,
}

impl Evidence<'_> {
    /// Writes the groups, each below its heading.
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.lines().iter().try_for_each(|line| page.line(line))
    }

    /// The groups as lines, each below a blank line and its heading. A group without lines is left out.
    pub(super) fn lines(&self) -> Vec<StyledLine> {
        let mut all = Vec::new();
        for group in EvidenceGroup::ALL {
            let lines = self.of(group);
            if !lines.is_empty() {
                all.extend([StyledLine::new(), StyledLine::new().put(Ink::Strong, group.heading())]);
                all.extend(lines);
            }
        }
        let worker = self.known.verdict.and_then(|verdict| verdict.worker.as_ref());
        all.extend(worker.map(|worker| {
            let text = format!("  the checks ran on worker {worker}, which reported the results");
            StyledLine::new().put(Ink::Dim, text)
        }));
        all
    }

    fn of(&self, group: EvidenceGroup) -> Vec<StyledLine> {
        let shown = |item| match item {
            EvidenceItem::Check(check) => self.trouble(check),
            EvidenceItem::Line(line) => vec![told_line(line)],
        };
        let mut all: Vec<StyledLine> = self.known.items(group).into_iter().flat_map(shown).collect();
        match group {
            EvidenceGroup::Facts => all.extend(self.pending().into_iter().chain(self.details())),
            EvidenceGroup::Passed => all.extend(self.passed().into_iter().chain(self.not_run())),
            _ => {}
        }
        all
    }

    fn in_state(&self, state: CheckState) -> impl Iterator<Item = &CheckReport> {
        self.known.verdict.into_iter().flat_map(move |verdict| verdict.in_state(state))
    }

    /// The lines of a check with findings, and of each finding. Details of low severity are facts.
    fn trouble(&self, check: &CheckReport) -> Vec<StyledLine> {
        let head = head(&check.name, check_ink(check.state), &check.note);
        let findings = check.findings.iter().filter(|finding| self.full || finding.severity != Severity::Low);
        std::iter::once(head).chain(findings.map(finding_line)).collect()
    }

    /// The line that says that checks have not finished or not started.
    fn pending(&self) -> Vec<StyledLine> {
        let running: Vec<&str> = self.in_state(CheckState::Running).map(|check| check.name.as_str()).collect();
        let running = (!running.is_empty()).then(|| head("running", Ink::Accent, &running.join(", ")));
        let what = if self.known.verdict.is_none() { "checks have not run" } else { "some checks have not run" };
        let waiting = (self.known.verdict.is_none() || self.to_run.is_some()).then(|| {
            let command = self.to_run.map(|tool| format!("`toolsmith check {tool}`")).unwrap_or_default();
            head(what, Ink::Warn, &command)
        });
        running.into_iter().chain(waiting).collect()
    }

    /// The findings of low severity: in full, or only their number for each check.
    fn details(&self) -> Vec<StyledLine> {
        let low = |check: &CheckReport| -> usize {
            check.findings.iter().filter(|finding| finding.severity == Severity::Low).count()
        };
        let checks = self.known.verdict.into_iter().flat_map(|verdict| &verdict.checks).filter(|check| low(check) > 0);
        if self.full {
            // Findings of failed or warning checks are listed below those checks.
            let quiet = checks.filter(|check| !matches!(check.state, CheckState::Failed | CheckState::Warned));
            return quiet.flat_map(|check| self.trouble(check)).collect();
        }
        let counts: Vec<String> = checks.map(|check| format!("{} {}", check.name, low(check))).collect();
        let line = (!counts.is_empty()).then(|| head("details", Ink::Dim, &counts.join(", ")));
        line.into_iter().collect()
    }

    fn passed(&self) -> Vec<StyledLine> {
        self.folded(&[CheckState::Passed], "passed", Ink::Good)
    }

    fn not_run(&self) -> Vec<StyledLine> {
        self.folded(&[CheckState::Unavailable, CheckState::Skipped], "not run", Ink::Dim)
    }

    /// Checks that need no attention: their names in one line, or one line each with its note.
    fn folded(&self, states: &[CheckState], label: &str, ink: Ink) -> Vec<StyledLine> {
        let checks = states.iter().flat_map(|state| self.in_state(*state));
        if !self.full {
            let names: Vec<&str> = checks.map(|check| check.name.as_str()).collect();
            return if names.is_empty() { Vec::new() } else { vec![head(label, ink, &names.join(", "))] };
        }
        let line = |check: &CheckReport| {
            let note = if check.note.is_empty() { String::new() } else { format!("  {}", check.note) };
            let state = StyledLine::new().put(ink, format!("  {:<12}", check.state));
            state.put(Ink::Strong, &check.name).put(Ink::Dim, note)
        };
        checks.map(line).collect()
    }
}

fn told_line(line: &EvidenceLine) -> StyledLine {
    let ink = match line.weight {
        Weight::Bad => Ink::Bad,
        Weight::Warn => Ink::Warn,
        Weight::Fact | Weight::Good => Ink::Strong,
    };
    StyledLine::new().put(ink, format!("  {}: ", line.label)).put(Ink::Plain, &line.text)
}

fn head(name: &str, ink: Ink, text: &str) -> StyledLine {
    let colon = if text.is_empty() { "" } else { ": " };
    StyledLine::new().put(ink, format!("  {name}{colon}")).put(Ink::Plain, text)
}

fn finding_line(finding: &Finding) -> StyledLine {
    let ink = match finding.severity {
        Severity::High => Ink::Bad,
        Severity::Medium => Ink::Warn,
        Severity::Low => Ink::Dim,
    };
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("{path}:{line}: "),
        (Some(path), None) => format!("{path}: "),
        (None, _) => String::new(),
    };
    StyledLine::new()
        .put(ink, format!("      {:<8}", finding.severity))
        .put(Ink::Plain, format!("{place}{}", finding.message))
}

#[cfg(test)]
mod tests {
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Instant, Verdict};

    fn verdict() -> Verdict {
        let found = |severity, text: &str| Finding::new("eval", severity, text).at("a.py", 3);
        let checks = vec![
            CheckReport::of("manifest", vec![Finding::new("tier", Severity::Low, "no category")]),
            CheckReport::unavailable("ruff", "not installed"),
            CheckReport::of("syntax", vec![]),
            CheckReport::of("injection", vec![found(Severity::Medium, "addresses a reviewer")]),
            CheckReport::of("capabilities", vec![found(Severity::High, "runs text as code\u{1b}[2J")]),
        ];
        Verdict::of(checks, None, Instant(0))
    }

    fn text(verdict: Option<&Verdict>, blocking: &[String], full: bool) -> String {
        let line = |weight, label: &str, text: &str| EvidenceLine { weight, label: label.into(), text: text.into() };
        let lines = [line(Weight::Good, "hidden characters", "none"), line(Weight::Warn, "copy", "same files as b")];
        let known = Known { lines: &lines, verdict, blocking, is_open: true };
        plain(|page| Evidence { known, to_run: None, full }.write(page))
    }

    #[test]
    fn evidence_is_in_groups_and_what_asks_for_no_attention_is_one_line() {
        assert_eq!(
            text(Some(&verdict()), &["capabilities".to_owned()], false),
            "\nBlocks\n  capabilities\n      high    a.py:3: runs text as code\\x1b[2J\n\
             \nWarnings\n  injection\n      medium  a.py:3: addresses a reviewer\n  copy: same files as b\n\
             \nFacts\n  details: manifest 1\n\
             \nPassed\n  hidden characters: none\n  passed: manifest, syntax\n  not run: ruff\n"
        );
    }

    #[test]
    fn in_full_each_check_has_a_line_and_an_absent_check_is_not_a_passed_one() {
        let text = text(Some(&verdict()), &[], true);
        assert!(text.starts_with("\nWarnings\n  capabilities\n"), "{text}");
        assert!(text.contains("\n  unavailable ruff  not installed\n"), "{text}");
        assert!(text.contains("\nFacts\n  manifest\n      low     no category\n"), "{text}");
        assert!(text.contains("\n  passed      syntax\n"), "{text}");
    }

    #[test]
    fn that_no_check_has_started_is_said() {
        assert!(text(None, &[], false).contains("\nFacts\n  checks have not run\n"));
    }
}
