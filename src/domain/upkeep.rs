//! The words of upkeep: why a tool that nobody uses stays, and why tools are one too many.

use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// Why a tool that nobody uses is not proposed to be put away.
    Spared {
        /// Tools at the core stage stay.
        Core = "core",
        /// A version of it is pinned.
        Pinned = "pinned",
        /// A review of it that somebody asked for waits for a human.
        Waiting = "waiting",
        /// A deprecated tool names it as its successor.
        Successor = "successor",
    }
);

words!(
    /// Why tools are in one group.
    GroupKind {
        /// Every byte of them is the same.
        Copies = "copies",
        /// They say that they do nearly the same.
        Near = "near",
        /// They have one name, or one display name, and different content.
        Clash = "clash",
    }
);

/// What is to become of a tool, by a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposedEnd {
    /// It is put away.
    Archive,
    /// It is marked as one that should not be used any more.
    Deprecate {
        /// What to use instead.
        by: ToolName,
    },
}

/// A tool that would be better away: a human is to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retirement {
    /// Name of the tool to retire.
    pub tool: ToolName,
    /// Path of its definition.
    pub path: String,
    /// What is to become of it.
    pub end: ProposedEnd,
    /// One sentence that the review shows.
    pub reason: String,
}

impl Retirement {
    /// What it asks, in a line: `archive old (tools/experimental/old.py): not used for 31 days`.
    pub fn line(&self) -> String {
        match &self.end {
            ProposedEnd::Archive => format!("archive {} ({}): {}", self.tool, self.path, self.reason),
            ProposedEnd::Deprecate { by } => format!("deprecate {} in favour of {by}: {}", self.tool, self.reason),
        }
    }
}
