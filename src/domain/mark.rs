//! Marks of failures: that a tool did not do what it was wanted for, said by a human or an agent; and what nobody
//! could answer.

use super::digest::Digest;
use super::failure::Severity;
use super::ids::{MarkId, RunId};
use super::name::ToolName;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

/// A mark to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMark {
    /// The run that failed; `None` when it did not run here.
    pub run: Option<RunId>,
    /// Name of the tool that failed.
    pub tool: ToolName,
    /// The version that failed.
    pub digest: Digest,
    /// What it was wanted for, in words.
    pub scenario: String,
    /// The failure in one sentence.
    pub error: String,
    /// How bad it is.
    pub severity: Severity,
    /// Negative tags that the scenario gives, `not-for-json`.
    pub tags: Vec<String>,
    /// Who says so: an identity, or `agent:NAME`.
    pub who: String,
}

/// That a version of a tool failed in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureMark {
    /// Counts up within the workspace; never reused.
    pub id: MarkId,
    /// The run that failed; `None` when it did not run here.
    pub run: Option<RunId>,
    /// Name of the tool that failed.
    pub tool: ToolName,
    /// The version that failed.
    pub digest: Digest,
    /// What it was wanted for, in words.
    pub scenario: String,
    /// The failure in one sentence, not escaped.
    pub error: String,
    /// How bad it is.
    pub severity: Severity,
    /// Negative tags that hold, `not-for-json`.
    pub tags: Vec<String>,
    /// An identity, or `agent:NAME`.
    pub who: String,
    /// When the mark was set.
    pub at: Instant,
    /// Whether it was taken back; then it counts for nothing.
    pub withdrawn: bool,
}

impl FailureMark {
    /// Whether it counts in scores and ranks: what an agent says of something that did not run here stands apart.
    pub fn counts(&self) -> bool {
        self.run.is_some() || !self.who.starts_with("agent:")
    }
}

/// What can be changed about a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkWords {
    /// What the tool was wanted for, in words.
    pub scenario: String,
    /// The failure in one sentence, not escaped.
    pub error: String,
    /// How bad it is.
    pub severity: Severity,
    /// Negative tags that hold, `not-for-json`.
    pub tags: Vec<String>,
}

impl FailureMark {
    /// What can be changed about it, as it is.
    pub fn words(&self) -> MarkWords {
        let (scenario, error) = (self.scenario.clone(), self.error.clone());
        MarkWords { scenario, error, severity: self.severity, tags: self.tags.clone() }
    }
}

words!(
    /// Why something stayed without an answer.
    UnansweredKind {
        /// A search found nothing.
        Search = "search",
        /// A call found no tool.
        NoTool = "no-tool",
        /// A call tried tools, and each one failed.
        AllFailed = "all-failed",
    }
);

/// Something wanted that no tool did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// What was wanted, in words.
    pub scenario: String,
    /// Tags that were asked for.
    pub tags: Vec<String>,
    /// Why there was no answer.
    pub kind: UnansweredKind,
    /// The runs that failed, in order.
    pub runs: Vec<RunId>,
    /// Who asked: `human`, or the agent's name.
    pub who: String,
    /// When the call ended.
    pub at: Instant,
}

/// The tool that did what was wanted, the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winner {
    /// Tool that answered the scenario last.
    pub tool: ToolName,
    /// Digest of the version that answered.
    pub digest: Digest,
    /// The run that succeeded.
    pub run: RunId,
    /// How often in a row it did.
    pub wins: u64,
    /// When the last time.
    pub at: Instant,
}
