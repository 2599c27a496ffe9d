//! Failures, grouped by signature.

use super::digest::Digest;
use super::ids::RunId;
use super::name::ToolName;
use super::run::RunOutcome;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The severity of a failure.
    Severity {
        /// A nuisance, or a run that is no evidence about the tool.
        Low = "low",
        /// The tool did not do its work.
        Medium = "medium",
        /// The tool is dangerous or useless.
        High = "high",
    }
);

impl Severity {
    /// The severity of a failed run that nobody has marked.
    pub const OF_RUN: Severity = Severity::Medium;
}

words!(
    /// Whether a group still needs attention.
    GroupState {
        /// Seen, and not marked as resolved since.
        Open = "open",
        /// Marked resolved and not seen since.
        Resolved = "resolved",
    }
);

/// Failures of one tool with one signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureGroup {
    /// The first 16 hexadecimal digits of the digest of tool, outcome and folded message.
    pub signature: String,
    /// Name of the tool that failed.
    pub tool: ToolName,
    /// Failures since the group was first seen, resolved or not.
    pub count: u64,
    /// The worst severity seen.
    pub severity: Severity,
    /// When the oldest failure of the group was recorded.
    pub first_at: Instant,
    /// When the newest failure of the group was recorded.
    pub last_at: Instant,
    /// The newest run of the group; `None` if it has only marks and no runs here.
    pub sample_run: Option<RunId>,
    /// Message of the newest failure, not escaped.
    pub sample_message: String,
    /// Outcome of the newest run.
    pub outcome: RunOutcome,
    /// Scenarios named by marks, the newest last, at most [`FailureGroup::MOST_SCENARIOS`].
    pub scenarios: Vec<String>,
    /// Reopened by the next failure with this signature.
    pub state: GroupState,
    /// When it was resolved; `None` while it is open.
    pub resolved_at: Option<Instant>,
    /// The human who marked it as resolved; `None` while it is open.
    pub resolved_by: Option<String>,
    /// Failures in each of the last seven days, oldest first.
    pub trend: Vec<u32>,
}

impl FailureGroup {
    /// Scenarios that a group keeps; older ones stay with their marks.
    pub const MOST_SCENARIOS: usize = 20;

    /// The first eight digits of the signature, which name the group.
    pub fn short(&self) -> &str {
        self.signature.get(..8).unwrap_or(&self.signature)
    }

    /// Whether its tool, message or scenarios contain this lower-case text.
    pub fn tells_of(&self, text: &str) -> bool {
        let told =
            [self.tool.as_str(), &self.sample_message].into_iter().chain(self.scenarios.iter().map(String::as_str));
        told.into_iter().any(|told| told.to_lowercase().contains(text))
    }

    /// Adds a scenario as the newest; a known one moves to the end.
    pub fn with_scenario(mut scenarios: Vec<String>, scenario: &str) -> Vec<String> {
        scenarios.retain(|known| known != scenario);
        scenarios.push(scenario.to_owned());
        let surplus = scenarios.len().saturating_sub(FailureGroup::MOST_SCENARIOS);
        scenarios.split_off(surplus)
    }
}

/// A period in which a tool did not work: from its first failed run to the next successful one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Name of the tool that did not work.
    pub tool: ToolName,
    /// The first failed run.
    pub first_run: RunId,
    /// Start of `first_run`.
    pub began_at: Instant,
    /// Failed runs so far.
    pub failures: u64,
    /// The run that ended it; `None` while it lasts.
    pub recovered_by: Option<RunId>,
    /// The version of that run.
    pub recovered_version: Option<semver::Version>,
    /// When that run succeeded; `None` while it lasts.
    pub ended_at: Option<Instant>,
}

impl Incident {
    /// Time to recovery, milliseconds; `None` while it lasts.
    pub fn recovery_ms(&self) -> Option<u64> {
        self.ended_at.map(|ended| u64::try_from(ended.0 - self.began_at.0).unwrap_or(0))
    }
}

/// The median time to recovery of past incidents, in milliseconds; `None` if there are none.
pub fn median_recovery_ms(incidents: &[Incident]) -> Option<u64> {
    let mut times: Vec<u64> = incidents.iter().filter_map(Incident::recovery_ms).collect();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) / 2).copied()
}

/// Failed runs of one version in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedVersion {
    /// Version that the manifest stated at the time.
    pub version: semver::Version,
    /// Digest of the files that failed.
    pub digest: Digest,
    /// Failed runs with this signature.
    pub count: u64,
    /// When the newest of them started.
    pub last_at: Instant,
}

/// The signature of a failure: tool, outcome and the message with numbers, hexadecimal ids, quoted text, paths and
/// addresses replaced. Messages that differ only in these are in one group.
pub fn signature_of(tool: &ToolName, outcome: RunOutcome, message: &str) -> String {
    let folded = fold(message);
    let text = format!("{tool}\n{outcome}\n{folded}");
    Digest::of_bytes(text.as_bytes()).hex()[..16].to_owned()
}

/// Replaces the parts that differ between two occurrences of one failure.
fn fold(message: &str) -> String {
    let words = message.split_whitespace().map(|word| {
        let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        if core.contains('/') || core.contains('\\') {
            return "<path>".to_owned();
        }
        fold_digits(word)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Replaces each run of letters and digits that contains a digit by `#`.
fn fold_digits(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    let mut part = String::new();
    for c in word.chars().chain(std::iter::once(' ')) {
        if c.is_alphanumeric() {
            part.push(c);
            continue;
        }
        if part.chars().any(|p| p.is_ascii_digit()) {
            folded.push('#');
        } else {
            folded.push_str(&part);
        }
        part.clear();
        if c != ' ' {
            folded.push(c);
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_that_differ_only_in_numbers_paths_and_ids_share_a_signature() {
        let name = ToolName::new("x").unwrap();
        let sign = |m: &str| signature_of(&name, RunOutcome::Failed, m);
        assert_eq!(sign("cannot open /tmp/a/1: error 17"), sign("cannot open /var/b: error 4"));
        assert_eq!(sign("at 0x7ffe12 id 3f2a9c"), sign("at 0x1 id 99ab00"));
        assert_ne!(sign("cannot open file"), sign("cannot close file"));
    }

    #[test]
    fn a_group_keeps_the_newest_scenarios_each_once() {
        let mut scenarios = Vec::new();
        for number in 0..=FailureGroup::MOST_SCENARIOS {
            scenarios = FailureGroup::with_scenario(scenarios, &number.to_string());
        }
        scenarios = FailureGroup::with_scenario(scenarios, "5");
        assert_eq!(scenarios.len(), FailureGroup::MOST_SCENARIOS);
        assert_eq!((scenarios[0].as_str(), scenarios.last().unwrap().as_str()), ("1", "5"));
    }

    #[test]
    fn the_time_to_recovery_is_the_median_of_what_is_over() {
        let incident = |minutes: Option<i64>| Incident {
            tool: ToolName::new("x").unwrap(),
            first_run: RunId(1),
            began_at: Instant(0),
            failures: 1,
            recovered_by: minutes.map(|_| RunId(2)),
            recovered_version: None,
            ended_at: minutes.map(|minutes| Instant(minutes * 60_000)),
        };
        assert_eq!(median_recovery_ms(&[incident(None)]), None);
        let all = [incident(Some(9)), incident(None), incident(Some(1)), incident(Some(4))];
        assert_eq!(median_recovery_ms(&all), Some(240_000));
    }
}
