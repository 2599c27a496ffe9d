//! The catalog as it was read last.

use super::lean::Lean;
use crate::domain::{SkippedFile, ToolName};
use crate::engine::locks::{Rank, Ranked};
use crate::engine::view::{CatalogState, CatalogView};
use crate::insight::SimilarityIndex;
use crate::store::AppliedScan;
use std::collections::HashSet;
use std::sync::Arc;

/// The catalog as it was read last.
pub(in crate::engine) struct CatalogCache {
    /// Held while the folders are read; whether they were read once.
    pub(super) scanned: Ranked<bool>,
    /// When the folders began to be read ahead, until somebody asks for the catalog.
    pub(super) read_ahead: Ranked<Option<std::time::Instant>>,
    pub(super) view: Ranked<Arc<CatalogView>>,
    /// The names whose rows are all that the view has; `None` if it has all rows, or none yet.
    pub(super) part: Ranked<Option<HashSet<ToolName>>>,
    /// What the last scan left, where no more than that was needed until now.
    pub(super) lean: Ranked<Option<Arc<Lean>>>,
    /// The applied scan that the view shows; `None` if that is not known.
    pub(super) applied: Ranked<Option<AppliedScan>>,
    /// The files of the last scan that look like tools and are none.
    pub(super) skipped: Ranked<Arc<Vec<SkippedFile>>>,
    /// What the tools of a catalog say of themselves, by its generation; made when it is first asked for.
    pub(super) index: Ranked<Option<(u64, Arc<SimilarityIndex>)>>,
}

impl Default for CatalogCache {
    fn default() -> CatalogCache {
        let state = CatalogState::Loading { done: 0, total: 0 };
        let view = CatalogView {
            state,
            tools: Vec::new(),
            problems: Vec::new(),
            in_use: None,
            skipped: Arc::default(),
            generation: 0,
        };
        CatalogCache {
            scanned: Ranked::new(Rank::Scanned, false),
            read_ahead: Ranked::leaf(None),
            view: Ranked::leaf(Arc::new(view)),
            part: Ranked::leaf(None),
            lean: Ranked::leaf(None),
            applied: Ranked::leaf(None),
            skipped: Ranked::leaf(Arc::default()),
            index: Ranked::leaf(None),
        }
    }
}
