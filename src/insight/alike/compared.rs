//! Which tools are compared with each other.

use crate::domain::{Stage, Tool};

/// Whether a tool is in use, so that its words count for the rarity of words: it is not a copy, not shadowed by another
/// one, and neither archived nor deprecated.
pub(super) fn is_used(tool: &Tool) -> bool {
    tool.copy_of.is_none()
        && tool.shadowed_by.is_none()
        && tool.stage != Stage::Archived
        && tool.facts.deprecated.is_none()
}

/// Whether a tool is compared with all others: it is in use, or hidden only by another tool with the same name.
pub(super) fn is_compared(tool: &Tool) -> bool {
    let is_hidden_only = tool.shadowed_by.is_some() && !tool.clashes.is_empty() && tool.copy_of.is_none();
    is_used(tool) || is_hidden_only && tool.stage != Stage::Archived && tool.facts.deprecated.is_none()
}

/// Whether two rows are versions of one tool, which are never reported as duplicates. Two tools that claim the same
/// name are not versions.
pub(super) fn are_versions(one: &Tool, other: &Tool) -> bool {
    one.name == other.name && !one.clashes.contains(&other.path)
}
