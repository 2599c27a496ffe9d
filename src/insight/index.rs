//! The one index of a catalog: what its tools say of themselves, to be searched and to be compared.
//!
//! The part for searching and the part for comparing are made when they are first asked for: who needs the one mostly
//! does not need the other, and of a large catalog the words take as much memory as the rows.
//! Whoever asks what a tool resembles (`similar`, the check of duplicates, the proposals of upkeep) asks here, so that
//! all of them give one figure. The relevance of a search is another measure by nature: it compares a question with a
//! tool, so it is the share of the question that the tool speaks of; but it reads the same words and meanings.

use super::alike::Resemblance;
use super::relevance::Relevance;
use crate::domain::Tool;
use std::sync::{Arc, OnceLock};

/// What the tools of a catalog say of themselves.
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

    /// The tools, in the order by which both parts name them.
    pub fn tools(&self) -> &[Arc<Tool>] {
        &self.tools
    }

    /// Whether it is an index of these tools too: in the same order they say the same, and are the same to each other.
    /// What they ran and how they were reviewed does not matter.
    pub fn is_of(&self, tools: &[Arc<Tool>]) -> bool {
        let is_same = |a: &Arc<Tool>, b: &Arc<Tool>| {
            let says = |tool: &Tool| (tool.digest, tool.stage, tool.facts.deprecated.is_some());
            let is_to_others = |tool: &Tool| (tool.copy_of.is_some(), tool.shadowed_by.is_some());
            Arc::ptr_eq(a, b) || (a.path == b.path && says(a) == says(b) && is_to_others(a) == is_to_others(b))
        };
        self.tools.len() == tools.len() && self.tools.iter().zip(tools).all(|(a, b)| is_same(a, b))
    }

    /// What tools are for; `make` makes it of the tools when it is first asked for.
    pub fn relevance_by(&self, make: impl FnOnce(&[Arc<Tool>]) -> Relevance) -> &Relevance {
        self.relevance.get_or_init(|| make(&self.tools))
    }

    /// Which tools resemble each other; computed at first use.
    pub fn resemblance(&self) -> &Resemblance {
        self.resemblance.get_or_init(|| Resemblance::of(&self.tools))
    }

    /// Where exactly this version of a tool is in the list; `None` when it is not.
    pub fn place_of(&self, tool: &Tool) -> Option<usize> {
        self.tools.iter().position(|known| known.path == tool.path && known.digest == tool.digest)
    }

    /// The index as it is when a version lies at its path: for one that the catalog does not have, or not yet.
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
