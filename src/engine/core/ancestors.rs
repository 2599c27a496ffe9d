//! The versions that an approved version was made from: its approval answers what a scan would ask about them.

use super::approvals::Approvals;
use crate::domain::{Digest, Instant, ReviewId, ReviewKind, ReviewState, Stage, Tool, ToolName};
use crate::store::{Queries, ReviewHead, StoreError};
use std::collections::{HashMap, HashSet};

/// The approved version that was made from an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// Its version number.
    pub version: semver::Version,
    /// When it was approved.
    pub approved_at: Instant,
}

/// The older versions, each with the approved version that was made from it. Evolutions of this workspace are the
/// evidence: what a file says about itself proves nothing. An older version that is approved itself is not among them.
#[derive(Debug, Default, Clone)]
pub struct Ancestors(HashMap<(ToolName, Digest), Successor>);

impl Ancestors {
    /// # Errors
    /// Any failed read of the store.
    pub fn read(queries: &Queries, approvals: &Approvals) -> Result<Ancestors, StoreError> {
        let mut originals: HashMap<(ToolName, Digest), Vec<Digest>> = HashMap::new();
        for (tool, made, original) in queries.evolved_versions()? {
            if approvals.knows(&tool) {
                originals.entry((tool, made)).or_default().push(original);
            }
        }
        let mut all: HashMap<(ToolName, Digest), Successor> = HashMap::new();
        for (tool, made) in originals.keys() {
            let Some(approved_at) = approvals.approved_at(tool, *made) else { continue };
            let Some(row) = queries.version(tool, *made)? else { continue };
            let successor = Successor { version: row.version, approved_at };
            let mut open = vec![*made];
            let mut seen = HashSet::from([*made]);
            while let Some(at) = open.pop() {
                let of = originals.get(&(tool.clone(), at)).into_iter().flatten();
                for original in of.filter(|original| !approvals.has(tool, **original)) {
                    if !seen.insert(*original) {
                        continue;
                    }
                    open.push(*original);
                    let known = all.entry((tool.clone(), *original)).or_insert_with(|| successor.clone());
                    if known.approved_at < successor.approved_at {
                        known.clone_from(&successor);
                    }
                }
            }
        }
        Ok(Ancestors(all))
    }

    /// The approved version that was made from this one; `None` if there is none.
    pub fn successor(&self, tool: &ToolName, digest: Digest) -> Option<&Successor> {
        // Most workspaces have none: then no key is made.
        if self.0.is_empty() { None } else { self.0.get(&(tool.clone(), digest)) }
    }

    /// Whether a scan asks nothing about a tool because of its successor.
    pub fn answers(&self, tool: &Tool) -> bool {
        tool.stage == Stage::Experimental && self.successor(&tool.name, tool.digest).is_some()
    }

    /// The reviews of older versions that ended with the approval of a successor. What somebody asked for after it is
    /// still a question.
    ///
    /// # Errors
    /// Any failed read of the store.
    pub fn answered(&self, queries: &Queries, heads: &[ReviewHead]) -> Result<HashSet<ReviewId>, StoreError> {
        let mut answered = HashSet::new();
        for head in heads {
            let is_open = matches!(head.state, ReviewState::Waiting | ReviewState::Superseded);
            let is_first = matches!(head.kind, ReviewKind::New | ReviewKind::Evolved);
            let successor = self.successor(&head.tool, head.digest).filter(|_| is_open && is_first);
            let Some(successor) = successor else { continue };
            let review = queries.review(head.id)?;
            if review.is_some_and(|review| review.asker.is_none() || review.created_at <= successor.approved_at) {
                answered.insert(head.id);
            }
        }
        Ok(answered)
    }
}
