//! The words of upkeep: why an unused tool stays, and why tools are redundant.

use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// Why archiving an unused tool is not proposed.
    Spared {
        /// Tools at the core stage are kept.
        Core = "core",
        /// A version of it is pinned.
        Pinned = "pinned",
        /// A requested review of it is pending.
        Waiting = "waiting",
        /// A deprecated tool names it as its successor.
        Successor = "successor",
    }
);

words!(
    /// Why tools are in one group.
    GroupKind {
        /// They are identical in every byte.
        Copies = "copies",
        /// Their descriptions are nearly the same.
        Near = "near",
        /// They have the same name, or the same display name, and different content.
        Clash = "clash",
    }
);

/// What is proposed for a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposedEnd {
    /// To archive it.
    Archive,
    /// To deprecate it.
    Deprecate {
        /// The successor.
        by: ToolName,
    },
}

/// A proposal to retire a tool, for a human to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retirement {
    /// Name of the tool to retire.
    pub tool: ToolName,
    /// Path of its definition.
    pub path: String,
    /// What is proposed.
    pub end: ProposedEnd,
    /// One sentence that the review shows.
    pub reason: String,
}

impl Retirement {
    /// The proposal in a line: `archive old (tools/experimental/old.py): not used for 31 days`.
    pub fn line(&self) -> String {
        match &self.end {
            ProposedEnd::Archive => format!("archive {} ({}): {}", self.tool, self.path, self.reason),
            ProposedEnd::Deprecate { by } => format!("deprecate {} in favour of {by}: {}", self.tool, self.reason),
        }
    }
}
