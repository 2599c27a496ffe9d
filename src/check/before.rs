//! Failures that a version shares with its base version do not count against the new one.

use crate::domain::{CheckReport, Finding, Severity};
use std::collections::BTreeSet;

/// The prefix of a finding that the previous version also has.
const BEFORE: &str = "failed before as well: ";

/// A report in which failures that the previous version also has become facts.
pub fn failed_before(report: CheckReport, before: &CheckReport) -> CheckReport {
    // Each version gets different random inputs, so the messages never match.
    let is_random = report.name == "property";
    let key = |finding: &Finding| key(finding, is_random);
    // A failed example counts, whatever its severity; other warnings are not failures.
    let is_failure = |finding: &Finding| {
        finding.severity == Severity::High || finding.code == "unmet" && finding.severity > Severity::Low
    };
    let known: BTreeSet<(String, String)> =
        before.findings.iter().filter(|finding| is_failure(finding)).map(key).collect();
    let mut count = 0;
    let findings = report.findings.into_iter().map(|finding| {
        if !is_failure(&finding) || !known.contains(&key(&finding)) {
            return finding;
        }
        count += 1;
        Finding { severity: Severity::Low, message: format!("{BEFORE}{}", finding.message), ..finding }
    });
    let findings = findings.collect();
    let note = if count > 0 { format!("{}, {count} failed before as well", report.note) } else { report.note };
    let note = note.trim_start_matches(", ").to_owned();
    let state = report.state;
    let duration_ms = report.duration_ms;
    let made = CheckReport { duration_ms, ..CheckReport::of(&report.name, findings).noted(note) };
    if count > 0 { made } else { CheckReport { state, ..made } }
}

/// The key of a finding, equal for two findings about the same fault. A case that gave no answer before and now gives a
/// wrong one is not the same.
fn key(finding: &Finding, is_random: bool) -> (String, String) {
    let about = match finding.message.split_once(": expected ") {
        _ if is_random => String::new(),
        Some((name, rest)) if finding.code == "unmet" => {
            format!("{name} {}", if rest.starts_with("exit code") { "ended badly" } else { "answered" })
        }
        _ => finding.message.clone(),
    };
    (finding.code.clone(), about)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CheckState;

    fn report(messages: &[&str]) -> CheckReport {
        let findings = messages.iter().map(|message| Finding::new("unmet", Severity::High, *message));
        CheckReport::of("examples", findings.collect()).noted("0 of 2 passed")
    }

    #[test]
    fn only_what_failed_in_the_same_way_is_a_fact() {
        let before = report(&["example 1: expected 2, got 3", "example 2: expected exit code 0, got 1: NameError"]);
        let settled = |messages: &[&str]| {
            let made = failed_before(report(messages), &before);
            (made.state, made.note)
        };
        let same = (CheckState::Passed, "0 of 2 passed, 1 failed before as well".to_owned());
        assert_eq!(settled(&["example 1: expected 2, got 4"]), same);
        assert_eq!(settled(&["example 2: expected 5, got 0"]).0, CheckState::Failed, "it gives a wrong answer now");
        assert_eq!(settled(&["example 3: expected 5, got 0"]).0, CheckState::Failed);
        let both = settled(&["example 1: expected 2, got 4", "example 2: expected exit code 0, got 1: KeyError"]);
        let crash = |message: &str| CheckReport::of("property", vec![Finding::new("crash", Severity::High, message)]);
        let made = failed_before(crash("the input a makes it crash"), &crash("the input b makes it crash"));
        assert_eq!(made.state, CheckState::Passed);
        assert_eq!(both, (CheckState::Passed, "0 of 2 passed, 2 failed before as well".to_owned()));
    }
}
