//! Reading the tools folders: the one way by which files become rows, reviews and problems.

use super::facts::{Facts, Here};
use super::snapshot;
use crate::catalog::{self, Cache, CacheRow};
use crate::domain::{Problem, SkippedFile, Tool};
use crate::engine::Library;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::engine::view::{CatalogState, CatalogView};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

/// How often a growing catalog is shown while it is read.
const SHOW_EVERY: Duration = Duration::from_millis(50);

/// Rows of the last scan shown before the folders are read: more than any screen holds.
const REMEMBERED_ROWS: usize = 200;

impl Library<'_> {
    /// Whether this engine has read the tools folder since it was opened.
    pub(in crate::engine) fn is_scanned(&self) -> bool {
        *lock(&self.state.scanned)
    }

    /// [`Library::scan`], unless this engine has done it before.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub(in crate::engine) fn scan_once(&self) -> Result<(), EngineError> {
        if self.is_scanned() { Ok(()) } else { self.scan(&mut |_| {}).map(drop) }
    }

    /// Reads the tools folders and writes what changed into the store. `progress` gets a growing
    /// snapshot a few times while it reads, and the complete one at the end.
    ///
    /// # Errors
    /// `NotFound` when the workspace folder is gone; `Internal` for trouble with the store. What cannot be read
    /// in it is a problem row, not an error.
    pub fn scan(&self, progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<Arc<CatalogView>, EngineError> {
        if !self.workspace.folder().is_dir() {
            // An empty answer would say that every tool is lost.
            return Err(EngineError::new(
                ErrorCode::NotFound,
                "the workspace folder no longer exists",
                "restore it; the list shows its last known content",
            ));
        }
        let mut scanned = lock(&self.state.scanned);
        let (facts, begun) = (self.facts()?, self.workspace.read(|q| Ok(q.last_seq()?))?);
        let remembered = !*scanned && self.show_remembered(&facts, progress)?;
        // Rows of the last scan are worth their memory only while they are compared.
        let cache = cache_of(self.workspace.read(|q| Ok(q.scan_cache()?))?);
        let mut growing: Vec<Tool> = Vec::new();
        let mut shown = Clock::now();
        let mut scan = catalog::scan(&self.workspace.plan, &cache, &mut |step| {
            if *scanned {
                // A known catalog stays on screen until the new one is complete.
                return;
            }
            if !remembered {
                growing.extend_from_slice(step.new_rows);
            }
            if shown.elapsed() >= SHOW_EVERY {
                shown = Clock::now();
                let state = CatalogState::Loading { done: step.done, total: step.total };
                progress(if remembered {
                    self.count_on(state)
                } else {
                    self.show(growing.iter().cloned(), Vec::new(), &facts, state)
                });
            }
        });
        drop((growing, cache));
        let signed = self.engine.integrity().signed_versions(&scan.tools)?;
        let kept = self.workspace.transact(|tx| {
            core::adopt_signed(tx, &signed)?;
            core::apply_scan(tx, &scan.tools, &core::Unsettled::read(tx, begun)?)?;
            tx.put_scan_cache(
                scan.fresh.iter().map(|(path, row)| (path.as_str(), &row.fingerprint[..], &row.payload[..])),
            )?;
            tx.drop_scan_cache(&scan.gone)?;
            Ok(())
        });
        let unkept = match kept {
            Err(why) if why.code == ErrorCode::NotWritable => Some(self.workspace.problem_of_state(&why)),
            kept => kept.map(|()| None)?,
        };
        *scanned = true;
        *lock(&self.state.skipped) = Arc::new(std::mem::take(&mut scan.skipped));
        let facts = self.facts()?;
        let state = unkept
            .into_iter()
            .chain(self.workspace.problem_of_copy())
            .chain(self.engine.integrity().approved_elsewhere(&scan.tools)?);
        let problems = state
            .chain(self.workspace.setting_problems.iter().cloned())
            .chain(self.engine.integrity().problem_of_trust()?);
        let problems = problems.chain(self.engine.upkeep().lost_problems(&scan.tools)?).chain(scan.problems).collect();
        let view = self.show(scan.tools.into_iter(), problems, &facts, CatalogState::Ready);
        drop((scan.fresh, facts));
        crate::runner::release_memory();
        progress(Arc::clone(&view));
        Ok(view)
    }

    /// Shows the first screenful of the last scan at once, if there was one; the folders are read meanwhile.
    fn show_remembered(&self, facts: &Facts, progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<bool, EngineError> {
        let payloads = self.workspace.read(|q| Ok(q.first_scanned(REMEMBERED_ROWS)?))?;
        let rows: Vec<Tool> = payloads.iter().filter_map(|payload| catalog::remembered(payload)).collect();
        if rows.is_empty() {
            return Ok(false);
        }
        let state = CatalogState::Loading { done: 0, total: 0 };
        progress(self.show(rows.into_iter(), Vec::new(), facts, state));
        Ok(true)
    }

    /// The same rows, further on.
    fn count_on(&self, state: CatalogState) -> Arc<CatalogView> {
        let mut view = lock(&self.state.view);
        *view = Arc::new(CatalogView { state, generation: view.generation + 1, ..CatalogView::clone(&view) });
        Arc::clone(&view)
    }

    /// Joins the newest scan with the store again, without reading the disk.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub fn refresh(&self) -> Result<Arc<CatalogView>, EngineError> {
        let scanned = lock(&self.state.scanned);
        let before = self.catalog();
        if !*scanned {
            return Ok(before);
        }
        let facts = self.facts()?;
        let rows = before.tools.iter().map(|tool| snapshot::as_scanned(tool));
        Ok(self.show(rows, before.problems.clone(), &facts, CatalogState::Ready))
    }

    /// What the store says of all tools, for this session.
    fn facts(&self) -> Result<Facts, EngineError> {
        let here = Here {
            used: self.engine.versions().used_here()?,
            tiers: self.engine.tool_sets().tiers()?,
            selections: self.engine.tool_sets().selections(),
        };
        self.workspace.read(|q| Facts::read(q, here))
    }

    fn show(
        &self,
        rows: impl Iterator<Item = Tool>,
        problems: Vec<Problem>,
        facts: &Facts,
        state: CatalogState,
    ) -> Arc<CatalogView> {
        let mut view = lock(&self.state.view);
        *view = Arc::new(snapshot::build(rows, problems, facts, state, &view));
        Arc::clone(&view)
    }

    /// The newest snapshot; empty and loading before the first scan.
    pub fn catalog(&self) -> Arc<CatalogView> {
        Arc::clone(&lock(&self.state.view))
    }

    /// The files of the last scan that look like tools and are none, in order of path.
    pub fn skipped(&self) -> Arc<Vec<SkippedFile>> {
        Arc::clone(&lock(&self.state.skipped))
    }
}

/// The cache of the last scan, as stored.
pub(super) fn cache_of(rows: HashMap<String, (Vec<u8>, String)>) -> Cache {
    Cache(rows.into_iter().map(|(path, (fingerprint, payload))| (path, CacheRow { fingerprint, payload })).collect())
}
