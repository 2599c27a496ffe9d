//! Reviews and decisions.

use super::command::Shown;
use super::digest::Digest;
use super::ids::{OperationId, ReviewId};
use super::name::ToolName;
use super::time::Instant;
use super::words::{Stage, words};
use serde::{Deserialize, Serialize};

words!(
    /// What a review asks.
    ReviewKind {
        /// A tool nobody has seen.
        New = "new",
        /// Another version of a tool that was approved before.
        Evolved = "evolved",
        /// An approved or core tool whose files changed on disk.
        Drift = "drift",
        /// An approved tool is to become core.
        Promotion = "promotion",
        /// Approved and core tools that came with the workspace, to be taken over in one act.
        Adoption = "adoption",
    }
);

words!(
    /// Where a review stands.
    ReviewState {
        /// For a human.
        Waiting = "waiting",
        /// A human said yes.
        Approved = "approved",
        /// A human said no.
        Rejected = "rejected",
        /// A human wants something changed.
        ChangesRequested = "changes-requested",
        /// The version is gone or another one took its place; nothing is left to decide.
        Superseded = "superseded",
    }
);

words!(
    /// The newest review of a tool's digest, as the catalog shows it.
    ToolReview {
        /// There is none.
        None = "none",
        /// Waits for a human.
        Waiting = "waiting",
        /// Approved.
        Approved = "approved",
        /// Rejected.
        Rejected = "rejected",
        /// Changes were requested.
        ChangesRequested = "changes-requested",
    }
);

#[expect(clippy::derivable_impls, reason = "the words! macro owns the variants")]
impl Default for ToolReview {
    fn default() -> Self {
        ToolReview::None
    }
}

words!(
    /// How much harm a wrong yes could do, from facts only.
    Risk {
        /// Declares nothing, low tier.
        Low = "low",
        /// Unclassified, or medium tier, or reads beyond its own folder.
        Medium = "medium",
        /// Network, writes, starts programs, high tier, or hidden characters in its files.
        High = "high",
    }
);

words!(
    /// What a human decided.
    DecisionKind {
        /// Yes.
        Approve = "approve",
        /// No.
        Reject = "reject",
        /// Not yet.
        RequestChanges = "request-changes",
    }
);

/// A decision, as appended to the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Yes, no, not yet.
    pub kind: DecisionKind,
    /// Git identity of the workspace, else the system user.
    pub reviewer: String,
    /// The reason given.
    pub reason: Option<String>,
    /// What was decided on.
    pub digest: Digest,
    /// When.
    pub at: Instant,
    /// What had been on screen.
    pub shown: Shown,
    /// Its entry in the operation log.
    pub operation: OperationId,
    /// Whether it was taken back later.
    pub undone: bool,
}

/// A request that waits for a human, or waited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Its number.
    pub id: ReviewId,
    /// What it asks.
    pub kind: ReviewKind,
    /// The tool; for an adoption the word `adoption`.
    pub tool: ToolName,
    /// Stated version.
    pub version: semver::Version,
    /// The digest a yes covers; for an adoption the digest of the member list.
    pub digest: Digest,
    /// Stage now.
    pub from_stage: Stage,
    /// Stage after a yes.
    pub to_stage: Stage,
    /// Where it stands.
    pub state: ReviewState,
    /// When it was opened.
    pub created_at: Instant,
    /// Evidence of checks; `None` while no check has run on this version.
    pub verdict: Option<serde_json::Value>,
    /// How much harm a wrong yes could do.
    pub risk: Risk,
    /// One line: description, or what changed.
    pub summary: String,
    /// Path of the definition when it was opened.
    pub path: String,
    /// The digest approved before, for a diff.
    pub base_digest: Option<Digest>,
    /// For an adoption: what it covers.
    pub members: Vec<(ToolName, Digest)>,
    /// Decisions so far, oldest first.
    pub decisions: Vec<Decision>,
}
