//! The cache of the catalog.

use super::lean::Lean;
use crate::domain::{SkippedFile, ToolName};
use crate::engine::locks::{Rank, Ranked};
use crate::engine::view::{CatalogState, CatalogView};
use crate::insight::SimilarityIndex;
use crate::store::AppliedScan;
use std::collections::HashSet;
use std::sync::Arc;

/// The catalog as last read.
pub(in crate::engine) struct CatalogCache {
    /// Held while the folders are read; whether they were ever read.
    pub(super) scanned: Ranked<bool>,
    /// When reading ahead of the folders began; `None` once the catalog was requested.
    pub(super) read_ahead: Ranked<Option<std::time::Instant>>,
    pub(super) view: Ranked<Arc<CatalogView>>,
    /// The names whose rows are loaded; `None` if all rows are loaded, or none yet.
    pub(super) part: Ranked<Option<HashSet<ToolName>>>,
    /// The result of the last scan, if nothing more was needed so far.
    pub(super) lean: Ranked<Option<Arc<Lean>>>,
    /// The applied scan that the view shows; `None` if unknown.
    pub(super) applied: Ranked<Option<AppliedScan>>,
    /// The files of the last scan that look like tools but are not tools.
    pub(super) skipped: Ranked<Arc<Vec<SkippedFile>>>,
    /// The similarity index of a catalog, by its generation; built on first use.
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
