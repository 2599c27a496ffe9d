//! One decision that counts, and the combination of several approvals.

use super::decision::TeamKind;
use super::file_name::FileName;
use crate::domain::digest::Digest;
use crate::domain::name::ToolName;
use crate::domain::time::Instant;
use crate::domain::words::{CostTier, Stage};
use serde::{Deserialize, Serialize};

/// A decision that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The name of its file.
    pub name: FileName,
    /// Its kind.
    pub kind: TeamKind,
    /// Its signer, as named in the policy.
    pub signer: String,
    /// The other team that it comes from; `None` for decisions of our team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The role in which it is given.
    pub role: Option<String>,
    /// The agent that asked for it.
    pub agent: Option<String>,
    /// The version that it was compared with; `None` if it covers the whole version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Digest>,
    /// When it was made, by the clock of its signer.
    pub at: Instant,
    /// The reason.
    pub reason: Option<String>,
    /// When the key ends. The approval does not count on a machine that receives it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

impl Statement {
    /// A decision against a version, in words: `a rejection by ada <ada@x> (it deletes files)`.
    pub fn objection_words(&self) -> String {
        let what = match self.kind {
            TeamKind::Revoke => "a revocation",
            TeamKind::Reject => "a rejection",
            _ => "a request for changes",
        };
        let reason = self.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{what} by {}{reason}", self.signer)
    }
}

/// The combined approvals of a version for one stage and one criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The name under which it was approved.
    pub tool: ToolName,
    /// The stage.
    pub stage: Stage,
    /// The highest cost tier that an approval states.
    pub tier: CostTier,
    /// The criterion.
    pub criterion: String,
    /// Whether the version needs it to be approved for the stage.
    #[serde(default = "yes")]
    pub is_needed: bool,
    /// Approvals that were not revoked.
    pub approvals: Vec<Statement>,
    /// What the policy requires in addition; empty if they are enough.
    pub missing: Vec<String>,
}

fn yes() -> bool {
    true
}
