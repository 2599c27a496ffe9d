//! The runs and failures of earlier versions, as evidence.

use crate::domain::{FailureGroup, Run, RunOutcome, count, plural};
use crate::engine::view::{EvidenceLine, Weight};

/// Maximum number of failures listed.
const MOST_FAILURES: usize = 3;

/// A line about the runs of earlier versions, and one for each of the last failure groups of the tool.
pub(in crate::engine) fn lines(runs: &[Run], failures: &[FailureGroup]) -> Vec<EvidenceLine> {
    let line = |weight, label: &str, text: String| EvidenceLine { weight, label: label.to_owned(), text };
    let ended: Vec<&Run> =
        runs.iter().filter(|run| run.outcome.has_started() && run.outcome != RunOutcome::Running).collect();
    let mut lines = Vec::new();
    if !ended.is_empty() {
        let failed = ended.iter().filter(|run| run.outcome.is_failure()).count();
        let mut versions: Vec<String> = Vec::new();
        for version in ended.iter().map(|run| run.version.to_string()) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        versions.truncate(MOST_FAILURES);
        let text = format!("{} of {}, {failed} failed", count(ended.len(), "run"), versions.join(", "));
        lines.push(line(Weight::Fact, "earlier versions", text));
    }
    for group in failures.iter().take(MOST_FAILURES) {
        let message = group.sample_message.lines().next().unwrap_or_default();
        lines.push(line(Weight::Fact, "failed before", format!("{}: {message}", times(group.count))));
    }
    if failures.len() > MOST_FAILURES {
        lines.push(line(
            Weight::Fact,
            "failed before",
            plural(failures.len() - MOST_FAILURES, "more kind of failure", "more kinds of failure"),
        ));
    }
    lines
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GroupState, Instant, RunId, Severity};

    #[test]
    fn failures_of_earlier_versions_are_counted_and_the_last_ones_named() {
        let group = |at: u64| FailureGroup {
            signature: at.to_string(),
            tool: "divide".parse().unwrap(),
            count: at,
            severity: Severity::Medium,
            first_at: Instant(0),
            last_at: Instant(0),
            sample_run: Some(RunId(1)),
            sample_message: format!("error {at}\nsecond line"),
            outcome: RunOutcome::Failed,
            scenarios: Vec::new(),
            state: GroupState::Open,
            resolved_at: None,
            resolved_by: None,
            trend: Vec::new(),
        };
        let texts: Vec<String> = lines(&[], &[1, 2, 3, 4, 5].map(group)).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["once: error 1", "2 times: error 2", "3 times: error 3", "2 more kinds of failure"]);
    }
}
