//! Requests posted from outside: an agent asks, a human answers.

use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

words!(
    /// The kind of a request. The first two words come from the documents that agents follow.
    RequestKind {
        /// A tool, with its files, or one that is already in the workspace.
        Tool = "ToolReviewRequest",
        /// A change to an agreed plan.
        Plan = "PlanModificationProposal",
        /// A specification of a tool, before it is written.
        Specification = "specification",
        /// To archive a tool.
        Archive = "archive",
        /// To deprecate a tool.
        Deprecation = "deprecation",
        /// One run of a tool. Never posted from outside: a run that needs a permit creates it.
        Call = "call",
    }
);

words!(
    /// The result of a test, as claimed by the requester.
    TestState {
        /// Claimed to have passed.
        Passed = "passed",
        /// Claimed to have failed.
        Failed = "failed",
        /// It was not run.
        Skipped = "skipped",
    }
);

/// A result that the requester claims; it is not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The name of the test.
    pub name: String,
    /// As claimed by the requester.
    pub state: TestState,
    /// Output or reason, as claimed; `None` if there is none.
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
    /// The text after; `None` for a removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The content of a request, without the files of a tool, which are the version under review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The kind of the request.
    pub kind: RequestKind,
    /// The tool; `None` for a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolName>,
    /// The plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The proposal, in sentences for the reviewer.
    pub description: String,
    /// The requester's reason; may be empty.
    #[serde(default)]
    pub rationale: String,
    /// Test results as claimed by the requester.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_results: Vec<TestResult>,
    /// The changes to a plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PlanChange>,
    /// The specification to implement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specification: Option<Value>,
    /// What to use instead of a deprecated tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<ToolName>,
    /// Other data that the requester wants to be kept with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Request {
    /// The number of claimed tests with this result.
    pub fn tests(&self, state: TestState) -> usize {
        self.test_results.iter().filter(|result| result.state == state).count()
    }
}
