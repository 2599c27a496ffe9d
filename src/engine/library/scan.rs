//! Scans the tools folders: the only way in which files become rows, reviews and problems.

use super::facts::{Facts, FolderCategories, Here};
use super::name_index::NameIndex;
use super::{generators, snapshot};
use crate::catalog::{self, Cache, CacheRow, Scan};
use crate::domain::{Digest, EventSeq, Placement, Problem, SkippedFile, Tool, ToolName};
use crate::engine::Library;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::engine::view::{CatalogState, CatalogView};
use crate::store::{StoreResult, Tx};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

/// How often a growing catalog is shown during a scan.
const SHOW_EVERY: Duration = Duration::from_millis(50);

/// Rows shown before all folders are read: more than any screen holds.
const REMEMBERED_ROWS: usize = 200;

/// Number of definitions whose cache rows are written together during a scan: a first scan of 100,000 tools writes 100
/// MB of them.
const KEPT_AT_ONCE: usize = if cfg!(test) { 2 } else { 2_000 };

/// How long a result that was read ahead is valid for the first question, so that the folders are not read twice at the
/// start of a server.
const JUST_READ: Duration = Duration::from_millis(100);

/// Receives the catalog read so far.
type Show<'s> = &'s mut dyn FnMut(Arc<CatalogView>);

impl Library<'_> {
    /// Whether this engine has scanned since it was opened.
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
    /// `NotFound` if the workspace folder is gone; `Internal` for errors of the store. An unreadable file is a problem
    /// row, not an error.
    pub fn scan(&self, progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<Arc<CatalogView>, EngineError> {
        let view = self.read_all(Some(&mut *progress))?;
        progress(Arc::clone(&view));
        crate::runner::release_memory();
        Ok(view)
    }

    /// [`Library::scan`] if something changed since the last one.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub(super) fn scan_if_changed(&self, progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<(), EngineError> {
        if self.is_scanned() && self.is_as_scanned()? { Ok(()) } else { self.scan(progress).map(drop) }
    }

    /// Reads the folders ahead of the first question.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub fn read_ahead(&self) -> Result<(), EngineError> {
        if self.is_scanned() {
            return Ok(());
        }
        *lock(&self.state.read_ahead) = Some(Clock::now());
        if self.lean_ahead()? { Ok(()) } else { self.read_all(None).map(drop) }
    }

    /// Whether the result that was read ahead is valid for this question.
    pub(super) fn was_just_read(&self, asked: Clock) -> bool {
        let begun = lock(&self.state.read_ahead).take();
        begun.is_some_and(|begun| asked.saturating_duration_since(begun) < JUST_READ)
    }

    /// The catalog for the present files: scans if anything changed since the last scan.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub fn up_to_date(&self) -> Result<Arc<CatalogView>, EngineError> {
        let asked = Clock::now();
        let is_scanned = self.is_scanned();
        if self.was_just_read(asked) && is_scanned {
            return Ok(self.catalog());
        }
        if is_scanned && self.is_as_scanned()? { Ok(self.catalog()) } else { self.read_all(None) }
    }

    /// [`Library::scan`] for a process that ends soon: shows nothing before the scan is complete, and does not release
    /// its memory.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub fn scan_for_one_answer(&self) -> Result<Arc<CatalogView>, EngineError> {
        self.read_all(None)
    }

    fn read_all(&self, mut progress: Option<Show<'_>>) -> Result<Arc<CatalogView>, EngineError> {
        if !self.workspace.folder().is_dir() {
            // An empty result would mean that all tools are lost.
            return Err(EngineError::new(
                ErrorCode::NotFound,
                "the workspace folder no longer exists",
                "restore it; the list shows its last known content",
            ));
        }
        let mut scanned = lock(&self.state.scanned);
        self.forget_part();
        if *scanned {
            // A known catalog stays on screen until the new one is complete.
            progress = None;
        }
        let remembered = match &mut progress {
            Some(progress) => self.show_remembered(*progress)?,
            None => false,
        };
        // A repeated scan was triggered by a change.
        let recalled = if *scanned { None } else { self.recalled()? };
        let (mut scan, unkept) = match recalled {
            Some(scan) => (scan, None),
            None => self.read_and_keep(progress, remembered)?,
        };
        *scanned = true;
        *lock(&self.state.lean) = None;
        *lock(&self.state.skipped) = Arc::new(std::mem::take(&mut scan.skipped));
        drop(std::mem::take(&mut scan.fresh));
        let facts = self.facts()?;
        let state = unkept
            .into_iter()
            .chain(self.workspace.problem_of_copy())
            .chain(self.engine.integrity().approved_elsewhere(&scan.tools)?);
        let problems =
            state.chain(self.workspace.problems_of_settings()).chain(self.engine.integrity().problem_of_trust()?);
        let problems = problems.chain(self.engine.upkeep().lost_problems(&scan.tools)?).chain(scan.problems).collect();
        Ok(self.show(scan.tools.into_iter(), problems, &facts, CatalogState::Ready))
    }

    /// Reads the folders and writes changes into the store; also returns why they could not be written.
    fn read_and_keep(
        &self,
        progress: Option<Show<'_>>,
        remembered: bool,
    ) -> Result<(Scan, Option<Problem>), EngineError> {
        let begun = self.workspace.read(|q| Ok(q.last_seq()?))?;
        let (scan, written) = self.read_folders(progress, remembered)?;
        match written.and_then(|written| self.keep(&scan, begun, written)) {
            Err(why) if why.code == ErrorCode::NotWritable => Ok((scan, Some(self.workspace.problem_of_state(&why)))),
            Err(why) => Err(why),
            Ok(()) => Ok((scan, None)),
        }
    }

    /// Reads the folders. Meanwhile, `progress` gets the first rows, unless those of the last scan are shown. Also
    /// returns whether cache rows were written meanwhile, or why they could not be.
    fn read_folders(
        &self,
        progress: Option<Show<'_>>,
        remembered: bool,
    ) -> Result<(Scan, Result<bool, EngineError>), EngineError> {
        let cache = self.workspace.read(|q| Ok(cache_of(q.last_scan().cache()?)))?;
        let mut written = Ok(false);
        let mut write = |fresh: &mut Vec<(String, CacheRow)>| {
            if fresh.len() >= KEPT_AT_ONCE && written.is_ok() {
                written = self.keep_ahead(&std::mem::take(fresh)).map(|()| true);
            }
        };
        let Some(progress) = progress else {
            let scan = catalog::scan(&self.workspace.plan, &cache, &mut |step| write(step.fresh));
            return Ok((scan, written));
        };
        let facts = if remembered { Facts::default() } else { self.facts()? };
        let mut growing: Vec<Arc<Tool>> = Vec::new();
        let mut shown = Clock::now();
        let scan = catalog::scan(&self.workspace.plan, &cache, &mut |step| {
            write(step.fresh);
            let missing = if remembered { 0 } else { REMEMBERED_ROWS.saturating_sub(growing.len()) };
            growing.extend(step.new_rows.iter().take(missing).cloned());
            growing.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
            if shown.elapsed() >= SHOW_EVERY {
                shown = Clock::now();
                let state = CatalogState::Loading { done: step.done, total: step.total };
                progress(if missing == 0 {
                    self.count_on(state)
                } else {
                    self.show(growing.iter().cloned(), Vec::new(), &facts, state)
                });
            }
        });
        Ok((scan, written))
    }

    /// Writes cache rows during a scan. From then on, the rows of an earlier scan are not considered current.
    pub(super) fn keep_ahead(&self, fresh: &[(String, CacheRow)]) -> Result<(), EngineError> {
        self.workspace.transact(|tx| {
            tx.forget_applied_scan()?;
            Ok(put(tx, fresh)?)
        })
    }

    /// Writes the result of a scan into the store, unless an earlier write already covers it; `written` tells whether
    /// some of it was written.
    fn keep(&self, scan: &Scan, begun: EventSeq, written: bool) -> Result<(), EngineError> {
        let mut signed = self.engine.integrity().signed_versions(&scan.tools)?;
        signed.extend(self.engine.teams().vouched(&scan.tools)?);
        let is_read = !written && scan.fresh.is_empty() && scan.gone.is_empty();
        let rows = core::digest_of_rows(&scan.tools);
        let names = || NameIndex::new(scan).pack();
        if self.workspace.viewing().is_none()
            && is_read
            && signed.is_empty()
            && self.workspace.read(|q| {
                *lock(&self.state.applied) = q.last_scan().applied()?;
                // Another version of the program may have stored the names in another form.
                let is_known = q.last_scan().names()?.is_none_or(|names| NameIndex::is_readable(&names));
                Ok(is_known && core::is_applied(q, rows, now())?)
            })?
        {
            return Ok(());
        }
        *lock(&self.state.applied) = self.workspace.transact(|tx| {
            core::adopt_signed(tx, &signed)?;
            core::apply_scan(tx, &scan.tools, &core::Unsettled::read(tx, begun)?)?;
            put(tx, &scan.fresh)?;
            tx.drop_scan_cache(&scan.gone)?;
            names().map_or(Ok(()), |names| tx.set_scanned_names(&names))?;
            Ok(tx.last_scan().applied()?)
        })?;
        Ok(())
    }

    /// Shows the first rows of the last scan at once, if there was one, while the folders are read.
    fn show_remembered(&self, progress: Show<'_>) -> Result<bool, EngineError> {
        let payloads = self.workspace.read(|q| Ok(q.last_scan().first(REMEMBERED_ROWS)?))?;
        let rows: Vec<Arc<Tool>> = payloads.iter().flat_map(|payload| catalog::remembered(payload)).collect();
        if rows.is_empty() {
            return Ok(false);
        }
        let names: BTreeSet<ToolName> = rows.iter().map(|tool| tool.name.clone()).collect();
        let here = self.here()?;
        let facts = self.workspace.read(|q| Facts::read_of(q, here, &names))?;
        let state = CatalogState::Loading { done: 0, total: 0 };
        progress(self.show(rows.into_iter(), Vec::new(), &facts, state));
        Ok(true)
    }

    /// Forgets rows that were looked up around a name, so that everything is read again.
    fn forget_part(&self) {
        if lock(&self.state.part).take().is_some() {
            let state = CatalogState::Loading { done: 0, total: 0 };
            let mut view = lock(&self.state.view);
            let generation = view.generation + 1;
            *view = Arc::new(CatalogView {
                state,
                tools: Vec::new(),
                problems: Vec::new(),
                in_use: None,
                skipped: Arc::default(),
                generation,
            });
        }
    }

    /// The same rows with the next generation number.
    fn count_on(&self, state: CatalogState) -> Arc<CatalogView> {
        let mut view = lock(&self.state.view);
        *view = Arc::new(CatalogView { state, generation: view.generation + 1, ..CatalogView::clone(&view) });
        Arc::clone(&view)
    }

    /// Joins the newest scan with the store again, without reading the disk.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn refresh(&self) -> Result<Arc<CatalogView>, EngineError> {
        let scanned = lock(&self.state.scanned);
        let before = Arc::clone(&lock(&self.state.view));
        if !*scanned {
            return Ok(before);
        }
        let facts = self.facts()?;
        let rows = before.tools.iter().map(|tool| snapshot::as_scanned(tool));
        Ok(self.show(rows, before.problems.clone(), &facts, CatalogState::Ready))
    }

    /// The store's facts about all tools, for this session.
    fn facts(&self) -> Result<Facts, EngineError> {
        let here = self.here()?;
        self.workspace.read(|q| Facts::read(q, here))
    }

    pub(super) fn here(&self) -> Result<Here, EngineError> {
        Ok(Here {
            used: self.engine.versions().used_here()?,
            tiers: self.engine.tool_sets().tiers()?,
            selections: self.engine.tool_sets().selections(),
            generators: generators::names(&self.workspace.settings),
            stopped: self.engine.teams().all_stopped()?,
            categories: self.folder_categories()?,
        })
    }

    /// The categories that folders gave to approved versions before the approval moved them.
    fn folder_categories(&self) -> Result<FolderCategories, EngineError> {
        let plan = &self.workspace.plan;
        let of_version = |(digest, path): (Digest, String)| {
            Some((digest, plan.category_of(&path, &Placement::of_definition(&path))?))
        };
        let paths = self.workspace.read(|q| Ok(q.approved_from()?))?.into_iter();
        let known = paths.map(|(name, paths)| (name, paths.into_iter().filter_map(of_version).collect()));
        Ok(known.filter(|(_, categories): &(_, Vec<_>)| !categories.is_empty()).collect())
    }

    pub(super) fn show(
        &self,
        rows: impl Iterator<Item = Arc<Tool>>,
        problems: Vec<Problem>,
        facts: &Facts,
        state: CatalogState,
    ) -> Arc<CatalogView> {
        let skipped = self.skipped();
        let mut view = lock(&self.state.view);
        let built = snapshot::build(rows, problems, facts, state, &view);
        *view = Arc::new(CatalogView { skipped, ..built });
        Arc::clone(&view)
    }

    /// The newest snapshot; empty and loading before the first scan. If only the rows around a name were looked up (see
    /// [`Library::look_up`]), scans first.
    pub fn catalog(&self) -> Arc<CatalogView> {
        let is_part = lock(&self.state.part).is_some();
        if is_part && let Err(error) = self.scan(&mut |_| {}) {
            self.workspace.report_trouble::<()>(Err(error));
        }
        Arc::clone(&lock(&self.state.view))
    }

    /// The files of the last scan that look like tools but are not tools, ordered by path.
    pub fn skipped(&self) -> Arc<Vec<SkippedFile>> {
        Arc::clone(&lock(&self.state.skipped))
    }
}

fn put(tx: &Tx<'_>, fresh: &[(String, CacheRow)]) -> StoreResult<()> {
    tx.put_scan_cache(fresh.iter().map(|(path, row)| (path.as_str(), &row.fingerprint[..], &row.payload[..])))
}

/// The cache of the last scan, as stored.
pub(super) fn cache_of(rows: HashMap<String, (Vec<u8>, Vec<u8>)>) -> Cache {
    Cache(rows.into_iter().map(|(path, (fingerprint, payload))| (path, CacheRow { fingerprint, payload })).collect())
}
