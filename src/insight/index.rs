//! The index of a catalog: the texts of its tools, for searching and for comparing.
//!
//! Each of the two parts is computed at its first use: most callers need only one, and for a large catalog the words
//! use as much memory as the rows. All comparisons of tools (`similar`, the check of duplicates, the proposals of
//! upkeep) use this index, so they give the same figure. The relevance of a search is another measure, because it
//! compares a question with a tool: it is the share of the question that the tool covers. It uses the same words and
//! meanings.

use super::alike::Resemblance;
use super::relevance::Relevance;
use crate::domain::Tool;
use std::sync::{Arc, OnceLock};

/// The searchable and comparable texts of a catalog's tools.
pub struct SimilarityIndex {
    tools: Vec<Arc<Tool>>,
    relevance: OnceLock<Relevance>,
    resemblance: OnceLock<Resemblance>,
}

impl SimilarityIndex {
    /// The index of a list of tools.
    pub fn new(tools: &[Arc<Tool>]) -> SimilarityIndex {
        SimilarityIndex { tools: tools.to_vec(), relevance: OnceLock::new(), resemblance: OnceLock::new() }
    }

    /// The tools, in the order of the positions in both parts.
    pub fn tools(&self) -> &[Arc<Tool>] {
        &self.tools
    }

    /// Whether this index is also valid for these tools: in the same order, they have the same texts and the same
    /// relations to each other. Their runs and reviews do not matter.
    pub fn is_of(&self, tools: &[Arc<Tool>]) -> bool {
        let is_same = |a: &Arc<Tool>, b: &Arc<Tool>| {
            let says = |tool: &Tool| (tool.digest, tool.stage, tool.facts.deprecated.is_some());
            let is_to_others = |tool: &Tool| (tool.copy_of.is_some(), tool.shadowed_by.is_some());
            Arc::ptr_eq(a, b) || (a.path == b.path && says(a) == says(b) && is_to_others(a) == is_to_others(b))
        };
        self.tools.len() == tools.len() && self.tools.iter().zip(tools).all(|(a, b)| is_same(a, b))
    }

    /// The search index; `make` creates it at the first use.
    pub fn relevance_by(&self, make: impl FnOnce(&[Arc<Tool>]) -> Relevance) -> &Relevance {
        self.relevance.get_or_init(|| make(&self.tools))
    }

    /// The comparison of tools; computed at first use.
    pub fn resemblance(&self) -> &Resemblance {
        self.resemblance.get_or_init(|| Resemblance::of(&self.tools))
    }

    /// The position of exactly this version of a tool in the list; `None` if it is missing.
    pub fn place_of(&self, tool: &Tool) -> Option<usize> {
        self.tools.iter().position(|known| known.path == tool.path && known.digest == tool.digest)
    }

    /// The index as it would be with this version at its path: for a version that is not in the catalog, or not yet.
    pub fn with(&self, tool: &Tool) -> SimilarityIndex {
        let others = self.tools.iter().filter(|known| known.path != tool.path).cloned();
        let tools: Vec<Arc<Tool>> = others.chain([Arc::new(tool.clone())]).collect();
        SimilarityIndex::new(&tools)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, Stage};

    #[test]
    fn an_index_serves_every_catalog_in_which_the_tools_say_the_same() {
        let tools = ["a", "b"].map(|name| Arc::new(Tool::ordinary(name)));
        let index = SimilarityIndex::new(&tools);
        let changed = |change: &dyn Fn(&mut Tool)| {
            let mut tools = tools.to_vec();
            change(Arc::make_mut(&mut tools[1]));
            index.is_of(&tools)
        };
        assert!(index.is_of(&tools));
        assert!(changed(&|tool| Arc::make_mut(&mut tool.facts).runs = 7));
        assert!(!changed(&|tool| tool.digest = Digest([9; 32])));
        assert!(!changed(&|tool| tool.stage = Stage::Archived));
        assert!(!changed(&|tool| tool.copy_of = Some("tools/a.py".to_owned())));
        assert!(!changed(&|tool| tool.path = "elsewhere".to_owned()));
        assert!(!index.is_of(&tools[..1]));
    }
}
