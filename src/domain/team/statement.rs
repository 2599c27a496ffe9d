//! What one decision says, and what several approvals come to.

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
    /// What it does.
    pub kind: TeamKind,
    /// Who signed it, as the policy names them.
    pub signer: String,
    /// The other team that it comes from; `None` for decisions of one's own team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The role in which it is given.
    pub role: Option<String>,
    /// The agent that asked for it.
    pub agent: Option<String>,
    /// The version of which it judges only the difference; `None` for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Digest>,
    /// When it was made, by the clock of its signer.
    pub at: Instant,
    /// Why.
    pub reason: Option<String>,
    /// When the key stops to count: an approval that comes to a machine later does not count there.
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

/// What approvals of a version come to for one stage and one criterion.
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
    /// Whether the version is approved for the stage only with it.
    #[serde(default = "yes")]
    pub is_needed: bool,
    /// Approvals that nobody took back.
    pub approvals: Vec<Statement>,
    /// What the policy needs beside them; empty when they are enough.
    pub missing: Vec<String>,
}

fn yes() -> bool {
    true
}
