//! What was posted from outside: an agent asks, a human answers.

use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

words!(
    /// What is asked for. The first two words are those of the documents that agents follow.
    RequestKind {
        /// A tool, with its files or one that lies in the workspace already.
        Tool = "ToolReviewRequest",
        /// Another plan than the one agreed on.
        Plan = "PlanModificationProposal",
        /// What a tool shall do, before it is written.
        Specification = "specification",
        /// A tool is to be put away.
        Archive = "archive",
        /// A tool should not be used any more.
        Deprecation = "deprecation",
        /// One run of a tool. Never posted from outside: a run that needs a permit asks for it.
        Call = "call",
    }
);

words!(
    /// How a test ended, as the asker says.
    TestState {
        /// The asker says that it passed.
        Passed = "passed",
        /// The asker says that it failed.
        Failed = "failed",
        /// It was not made.
        Skipped = "skipped",
    }
);

/// A result that the asker claims; nothing here has checked it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The name of the test.
    pub name: String,
    /// As claimed by the asker.
    pub state: TestState,
    /// Output or reason, as claimed; `None` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChange {
    /// What changes, one line.
    pub summary: String,
    /// The text before; `None` for an addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The text after; `None` for what is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What was posted, without the files of a tool: those are the version under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What is asked for.
    pub kind: RequestKind,
    /// The tool it is about; `None` for a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolName>,
    /// The plan it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What is proposed, in sentences for the reviewer.
    pub description: String,
    /// Why the asker wants it; may be empty.
    #[serde(default)]
    pub rationale: String,
    /// What tests said, by the asker's own account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_results: Vec<TestResult>,
    /// What changes in a plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PlanChange>,
    /// What shall be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specification: Option<Value>,
    /// What to use instead of a deprecated tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<ToolName>,
    /// Whatever else the asker wants to be kept with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Request {
    /// How many of the claimed tests ended like this.
    pub fn tests(&self, state: TestState) -> usize {
        self.test_results.iter().filter(|result| result.state == state).count()
    }
}
