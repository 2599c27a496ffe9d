//! The approvals in force, by name and place.

use crate::domain::{Digest, Instant, Tool, ToolName};
use crate::store::{Approval, StoreError};
use std::collections::{HashMap, HashSet};

/// All approvals in force.
#[derive(Debug, Default, Clone)]
pub struct Approvals {
    versions: HashMap<ToolName, Vec<Approval>>,
    /// The folders of approved versions.
    bases: HashSet<String>,
}

impl Approvals {
    pub fn read(queries: &crate::store::Queries) -> Result<Approvals, StoreError> {
        let mut versions: HashMap<ToolName, Vec<Approval>> = HashMap::new();
        let mut bases = HashSet::new();
        for approval in queries.approvals()? {
            bases.extend(approval.base.clone());
            versions.entry(approval.tool.clone()).or_default().push(approval);
        }
        Ok(Approvals { versions, bases })
    }

    /// The newest approval time of exactly this version; `None` if it is not approved.
    pub fn approved_at(&self, tool: &ToolName, digest: Digest) -> Option<Instant> {
        self.of(tool).filter(|approval| approval.digest == digest).map(|approval| approval.at).max()
    }

    /// Whether exactly this version is approved, in any place.
    pub fn has(&self, tool: &ToolName, digest: Digest) -> bool {
        self.of(tool).any(|approval| approval.digest == digest)
    }

    /// Whether a valid approval covers this row: its bytes, its stage and its folder.
    pub fn covers(&self, tool: &Tool) -> bool {
        Approval::in_force(self.of(tool.reviewed_as()), tool).is_some()
    }

    /// When a version of the name was last approved.
    pub fn newest_at(&self, tool: &ToolName) -> Option<Instant> {
        self.of(tool).map(|approval| approval.at).max()
    }

    fn of(&self, tool: &ToolName) -> impl Iterator<Item = &Approval> {
        self.versions.get(tool).into_iter().flatten()
    }

    /// Whether any version of the name is approved.
    pub fn knows(&self, tool: &ToolName) -> bool {
        self.versions.contains_key(tool)
    }

    /// Whether a version of the same name was approved in the folder of this one.
    pub fn lies_at_home(&self, tool: &Tool) -> bool {
        self.of(tool.reviewed_as()).any(|approval| approval.base.as_ref() == Some(&tool.placement.base))
    }

    /// Whether any version was approved in the folder of this one, under any name.
    pub fn knows_place(&self, tool: &Tool) -> bool {
        tool.placement.exclusive && self.bases.contains(&tool.placement.base)
    }

    /// The most recently approved version.
    pub fn newest(&self, tool: &ToolName) -> Option<Digest> {
        self.of(tool).last().map(|approval| approval.digest)
    }
}
