//! The library of tools as front ends see it: the catalog joined with the store, search, similarity, scores,
//! opportunities, upkeep, exports, and watching the folders.

pub(super) mod catalog_cache;
pub(in crate::engine) mod charts;
mod composites;
pub(super) mod export;
mod facts;
mod generators;
mod kept_search;
mod lean;
#[cfg(test)]
mod lean_tests;
mod look_up;
#[cfg(test)]
mod look_up_tests;
mod name_index;
mod queries;
mod reserved;
pub(super) mod resolve;
mod scan;
mod score_words;
pub(super) mod scores;
pub(super) mod searching;
pub(super) mod shelf;
pub(super) mod similar;
mod skill_text;
pub(super) mod snapshot;
pub(super) mod upkeep;
pub(super) mod watching;

pub use export::{EXPORT_COLUMNS, ExportFormat, write_csv};
pub use scores::{Dashboard, ExplainedScore, ScoredTool, ToolAlert};
pub use searching::{SearchFor, SearchHit, SearchResult};
pub use similar::{SimilarTool, SimilarTools};
pub use skill_text::SkillText;
pub use upkeep::{LibraryStats, Policy, StaleReport, StaleTool, Twin, TwinGroup, Week, policy_for};
pub use watching::Watch;

use crate::engine::Engine;
use crate::engine::library::catalog_cache::CatalogCache;
use crate::engine::plain_verb::PlainQuery;
use crate::engine::workspace::Workspace;

/// Queries about the library that need only their arguments.
pub(super) const QUERIES: &[PlainQuery] =
    &[searching::SEARCH, similar::SIMILAR, score_words::SCORES, upkeep::figures::STATS];

/// The tools in the folders: reading, finding, comparing and scoring them.
#[derive(Clone, Copy)]
pub struct Library<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e CatalogCache,
}
