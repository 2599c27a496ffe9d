//! Answers from the result of the last scan, reading only the rows that an answer needs. A server started by an agent
//! should answer the first question at once, without keeping ten thousand tools in memory if only ten are used.
//!
//! All assumptions are checked: all folders and all files must have their stamps, and no event may contradict the
//! result, as for the whole catalog. Only the reading of rows is avoided. If something changed, if a row depends on all
//! others, or if many rows would have to be read, the caller reads everything.

use super::kept_search;
use super::look_up::name_of;
use super::name_index::NameIndex;
use super::searching::{Memory, SearchFor, SearchHit, in_order, is_offered};
use crate::catalog::RowFrame;
use crate::domain::{Caller, Tool, UnansweredKind};
use crate::engine::Library;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::locks::lock;
use crate::engine::view::CatalogView;
use crate::insight::{Relevance, Relevant};
use crate::store::AppliedScan;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant as Clock;

/// How many of the best matching rows are read first, and at most.
const REACHES: [usize; 2] = [40, 160];

/// The matching rows of a search, and a catalog that contains them.
type Shown = (Arc<CatalogView>, Vec<SearchHit>);

/// The result of the last scan.
pub(super) struct Lean {
    /// The scan.
    applied: AppliedScan,
    names: NameIndex,
    /// The search index of its rows, if it was stored.
    relevance: Option<Relevance>,
}

impl Library<'_> {
    /// Whether the next question can be answered without reading all rows. The caller is about to read the folders.
    pub(super) fn lean_ahead(&self) -> Result<bool, EngineError> {
        let scanned = lock(&self.state.scanned);
        Ok(!*scanned && self.lean(false)?.is_some_and(|lean| lean.relevance.is_some()))
    }

    /// Updates the catalog, or the part of it that determines the meaning of a name or a path.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub fn up_to_date_around(&self, text: &str) -> Result<(), EngineError> {
        if self.show_around(text)? { Ok(()) } else { self.up_to_date().map(drop) }
    }

    fn show_around(&self, text: &str) -> Result<bool, EngineError> {
        let asked = Clock::now();
        let scanned = lock(&self.state.scanned);
        if *scanned {
            return Ok(false);
        }
        let Some(lean) = self.lean(self.was_just_read(asked))? else { return Ok(false) };
        let Some(named) = lean.names.around(name_of(text)) else { return Ok(false) };
        let paths: HashSet<&str> = named.iter().map(|row| row.path).collect();
        self.show_paths(&lean, &paths)
    }

    /// The results of [`Library::search`] in an up-to-date catalog, with a catalog that contains the found rows; `None`
    /// if all rows must be read for that, or already were.
    ///
    /// # Errors
    /// As for [`Library::search`].
    pub fn search_kept(&self, wanted: &SearchFor, caller: &Caller) -> Result<Option<Shown>, EngineError> {
        core::check_scenario(&wanted.words)?;
        let asked = Clock::now();
        let scanned = lock(&self.state.scanned);
        if *scanned {
            return Ok(None);
        }
        let Some(lean) = self.lean(self.was_just_read(asked))? else { return Ok(None) };
        let Some(relevance) = &lean.relevance else { return Ok(None) };
        let [_, most] = REACHES;
        let found = relevance.query(&wanted.words, most + 1);
        let memory = self.memory()?;
        let rows: Vec<RowFrame<'_>> = lean.names.frame.rows().collect();
        for reach in REACHES {
            let candidates = &found[..reach.min(found.len())];
            let path = |one: &Relevant| rows.get(one.position).map(|row| row.path);
            let paths: HashSet<&str> = candidates.iter().filter_map(path).collect();
            if !self.show_paths(&lean, &paths)? {
                return Ok(None);
            }
            let view = self.looked_up();
            let by_path: HashMap<&str, &Arc<Tool>> = view.tools.iter().map(|tool| (tool.path.as_str(), tool)).collect();
            let tool = |one: &Relevant| by_path.get(path(one)?).copied();
            let shown = candidates.iter().filter_map(|one| Some((one, tool(one)?)));
            let fitting = fitting(shown, wanted, &memory);
            let (behind, first): (Vec<_>, Vec<_>) = fitting.into_iter().partition(|hit| hit.held_back.is_some());
            let is_all = candidates.len() == found.len();
            if !is_all && first.len() < wanted.limit.max(1) {
                continue;
            }
            // Tools that are excluded by a negative tag come after all others.
            let hits: Vec<SearchHit> = first.into_iter().chain(behind).take(wanted.limit.max(1)).collect();
            drop(scanned);
            if hits.is_empty() {
                self.keep_unanswered(&wanted.words, &[], UnansweredKind::Search, Vec::new(), caller)?;
            }
            return Ok(Some((view, in_order(hits.into_iter().take(wanted.limit).collect()))));
        }
        Ok(None)
    }

    /// The result of the last scan, if a new scan would give the same result. `just_read` means that this was checked a
    /// moment ago. The caller holds the lock of the folders, and has not read them.
    fn lean(&self, just_read: bool) -> Result<Option<Arc<Lean>>, EngineError> {
        if !self.may_remember() || !self.workspace.folder().is_dir() {
            return Ok(None);
        }
        let followed =
            || self.workspace.read(|q| Ok(if core::is_followed(q, now())? { q.last_scan().applied()? } else { None }));
        let Some(applied) = followed()? else { return Ok(None) };
        let known = lock(&self.state.lean).clone().filter(|lean| lean.applied == applied);
        let (lean, is_same) = match known {
            Some(lean) => {
                let is_same = just_read || self.files_are_unchanged(&lean.names.frame)?;
                (lean, is_same)
            }
            None => match self.left_by(applied)? {
                Some(left) => left,
                None => return Ok(None),
            },
        };
        if !is_same || followed()? != Some(applied) {
            *lock(&self.state.lean) = None;
            return Ok(None);
        }
        *lock(&self.state.lean) = Some(Arc::clone(&lean));
        *lock(&self.state.applied) = Some(applied);
        Ok(Some(lean))
    }

    /// Reads the result of a scan, and whether all files are unchanged. `None` if the scan stored too little.
    fn left_by(&self, applied: AppliedScan) -> Result<Option<(Arc<Lean>, bool)>, EngineError> {
        let Some(names) = self.workspace.read(|q| Ok(q.last_scan().names()?))? else { return Ok(None) };
        let Some(names) = NameIndex::unpack(&names).filter(|names| names.frame.is_whole()) else { return Ok(None) };
        let state = self.workspace.state_dir.as_path();
        let (is_same, relevance) = std::thread::scope(|scope| {
            let words = scope.spawn(|| kept_search::of_rows(state, applied.rows));
            // An index that could not be read is rebuilt.
            (self.files_are_unchanged(&names.frame), words.join().unwrap_or_default())
        });
        let relevance = relevance.filter(|relevance| relevance.count() == names.count());
        Ok(Some((Arc::new(Lean { applied, names, relevance }), is_same?)))
    }

    /// Shows the rows at these paths and the rows around them. While there are few rows, earlier rows stay, because
    /// another call may need them. `false` if they cannot be read without all others.
    fn show_paths(&self, lean: &Lean, asked: &HashSet<&str>) -> Result<bool, EngineError> {
        let shown = self.is_part().then(|| self.looked_up());
        let mut paths = asked.clone();
        paths.extend(shown.iter().flat_map(|view| &view.tools).map(|tool| tool.path.as_str()));
        let named = lean.names.around_paths(&paths).or_else(|| lean.names.around_paths(asked));
        let Some(rows) = named.map(|named| self.kept_rows(named)).transpose()?.flatten() else {
            return Ok(asked.is_empty());
        };
        self.show_part(rows)?;
        Ok(true)
    }
}

/// The matching rows that a search covers, in the same order.
fn fitting<'f>(
    found: impl Iterator<Item = (&'f Relevant, &'f Arc<Tool>)>,
    wanted: &SearchFor,
    memory: &Memory,
) -> Vec<SearchHit> {
    let offered = found.filter(|(_, tool)| is_offered(tool) && wanted.fits(tool));
    offered.map(|(found, tool)| memory.hit(tool, found, &wanted.words)).collect()
}
