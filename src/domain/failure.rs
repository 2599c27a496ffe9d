//! Failures, grouped by signature.

use super::digest::Digest;
use super::ids::RunId;
use super::name::ToolName;
use super::run::RunOutcome;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// How bad a failure is.
    Severity {
        /// A nuisance.
        Low = "low",
        /// The tool did not do its work.
        Medium = "medium",
        /// The tool is dangerous or useless.
        High = "high",
    }
);

impl Severity {
    /// How bad a failed run is as long as nobody has marked it: `low` when its owner died, which says
    /// nothing about the tool, else `medium`.
    pub fn of(outcome: RunOutcome) -> Severity {
        if outcome == RunOutcome::Interrupted { Severity::Low } else { Severity::Medium }
    }
}

words!(
    /// Whether a group still needs attention.
    GroupState {
        /// Needs attention.
        Open = "open",
        /// Marked resolved and not seen since.
        Resolved = "resolved",
    }
);

/// Failures of one tool with one signature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureGroup {
    /// First 16 hex digits of the digest of tool, outcome and folded message.
    pub signature: String,
    /// The tool.
    pub tool: ToolName,
    /// How often.
    pub count: u64,
    /// The worst severity seen.
    pub severity: Severity,
    /// First seen.
    pub first_at: Instant,
    /// Last seen.
    pub last_at: Instant,
    /// The newest run of the group.
    pub sample_run: RunId,
    /// Its message.
    pub sample_message: String,
    /// Outcome of the newest run.
    pub outcome: RunOutcome,
    /// Scenarios named by marks.
    pub scenarios: Vec<String>,
    /// Open or resolved.
    pub state: GroupState,
    /// Failures in each of the last seven days, oldest first.
    pub trend: Vec<u32>,
}

/// The signature of a failure: tool, outcome and the message with numbers, hexadecimal ids, quoted
/// text, paths and addresses folded, so that two messages which differ only in these meet in one group.
pub fn signature_of(tool: &ToolName, outcome: RunOutcome, message: &str) -> String {
    let folded = fold(message);
    let text = format!("{tool}\n{outcome}\n{folded}");
    Digest::of_bytes(text.as_bytes()).hex()[..16].to_owned()
}

/// Folds what varies between two occurrences of one failure.
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

/// Replaces each run of letters and digits that holds a digit by `#`.
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
}
