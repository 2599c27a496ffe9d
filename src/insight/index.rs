//! The one index of a catalog: what its tools say of themselves, to be searched and to be compared.
//!
//! Words are read once; the part for searching and the part for comparing are made when they are first asked for.
//! Whoever asks what a tool resembles (`similar`, the check of duplicates, the proposals of upkeep) asks here, so that
//! all of them give one figure. The relevance of a search is another measure by nature: it compares a question with a
//! tool, so it is the share of the question that the tool speaks of; but it reads the same words and meanings.

use super::alike::Resemblance;
use super::relevance::Relevance;
use super::vocabulary::Vocabulary;
use crate::domain::Tool;
use std::sync::{Arc, OnceLock};

/// What the tools of a catalog say of themselves.
pub struct SimilarityIndex {
    tools: Vec<Arc<Tool>>,
    vocabulary: Arc<Vocabulary>,
    relevance: OnceLock<Relevance>,
    resemblance: OnceLock<Resemblance>,
}

impl SimilarityIndex {
    /// Reads the words of a list of tools.
    pub fn new(tools: &[Arc<Tool>]) -> SimilarityIndex {
        SimilarityIndex {
            tools: tools.to_vec(),
            vocabulary: Arc::new(Vocabulary::of(tools)),
            relevance: OnceLock::new(),
            resemblance: OnceLock::new(),
        }
    }

    /// The tools, in the order by which both parts name them.
    pub fn tools(&self) -> &[Arc<Tool>] {
        &self.tools
    }

    /// What tools are for.
    pub fn relevance(&self) -> &Relevance {
        self.relevance.get_or_init(|| Relevance::of(Arc::clone(&self.vocabulary)))
    }

    /// Which tools resemble each other; computed at first use.
    pub fn resemblance(&self) -> &Resemblance {
        self.resemblance.get_or_init(|| Resemblance::of(&self.tools, Arc::clone(&self.vocabulary)))
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
