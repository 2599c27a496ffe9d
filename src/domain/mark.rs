//! Marks: a human or an agent states that a tool failed at a scenario. Also requests that no tool could answer.

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
    /// The run that failed; `None` if it did not run here.
    pub run: Option<RunId>,
    /// Name of the tool that failed.
    pub tool: ToolName,
    /// The version that failed.
    pub digest: Digest,
    /// The scenario, in words.
    pub scenario: String,
    /// The failure in one sentence.
    pub error: String,
    /// Its severity.
    pub severity: Severity,
    /// Negative tags from the scenario, such as `not-for-json`.
    pub tags: Vec<String>,
    /// Who set it: an identity, or `agent:NAME`.
    pub who: String,
}

/// A mark that a version of a tool failed in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureMark {
    /// Counts up within the workspace; never reused.
    pub id: MarkId,
    /// The run that failed; `None` if it did not run here.
    pub run: Option<RunId>,
    /// Name of the tool that failed.
    pub tool: ToolName,
    /// The version that failed.
    pub digest: Digest,
    /// The scenario, in words.
    pub scenario: String,
    /// The failure in one sentence, not escaped.
    pub error: String,
    /// Its severity.
    pub severity: Severity,
    /// Negative tags that apply, such as `not-for-json`.
    pub tags: Vec<String>,
    /// An identity, or `agent:NAME`.
    pub who: String,
    /// When the mark was set.
    pub at: Instant,
    /// Whether it was removed; it then has no effect.
    pub withdrawn: bool,
}

impl FailureMark {
    /// Whether it counts in scores and ranks. An agent's mark without a run here does not count.
    pub fn counts(&self) -> bool {
        self.run.is_some() || !self.who.starts_with("agent:")
    }
}

/// The editable parts of a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkWords {
    /// The scenario, in words.
    pub scenario: String,
    /// The failure in one sentence, not escaped.
    pub error: String,
    /// Its severity.
    pub severity: Severity,
    /// Negative tags that apply, such as `not-for-json`.
    pub tags: Vec<String>,
}

impl FailureMark {
    /// The editable parts, unchanged.
    pub fn words(&self) -> MarkWords {
        let (scenario, error) = (self.scenario.clone(), self.error.clone());
        MarkWords { scenario, error, severity: self.severity, tags: self.tags.clone() }
    }
}

words!(
    /// Why a request was not answered.
    UnansweredKind {
        /// A search found nothing.
        Search = "search",
        /// A call found no tool.
        NoTool = "no-tool",
        /// A call tried tools, and all of them failed.
        AllFailed = "all-failed",
    }
);

/// A request that no tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The scenario, in words.
    pub scenario: String,
    /// Requested tags.
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

/// The tool that last answered a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winner {
    /// Name of the tool.
    pub tool: ToolName,
    /// Digest of the version that answered.
    pub digest: Digest,
    /// The run that succeeded.
    pub run: RunId,
    /// Consecutive successes.
    pub wins: u64,
    /// When it last succeeded.
    pub at: Instant,
}
