//! A cheaper alternative to a scan: the rows of the last one, all or those around a name, if they are still valid.
//!
//! Three things are checked: no file was added, removed or renamed in the folders, the files of these rows have
//! unchanged stamps, and no event contradicts them. One case is missed: another file was overwritten in place and now
//! claims the name. The next scan notices it. Until then, the name keeps its meaning, and what runs is verified against
//! its digest and its approval in any case.

use super::facts::Facts;
use super::name_index::NameIndex;
use super::resolve;
use crate::catalog::{self, CacheRow, RowFrame, Scan, ScanFrame};
use crate::domain::{Tool, ToolName};
use crate::engine::Library;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::locks::lock;
use crate::engine::view::{CatalogState, CatalogView};
use std::collections::HashSet;
use std::sync::Arc;

/// Definitions whose files are compared with the cache between two reads of it.
const VERIFIED_AT_ONCE: usize = 1_000;

/// The maximum number of definitions whose files one thread checks.
const VERIFIED_BY_ONE: usize = 250;

impl Library<'_> {
    /// Loads the meaning of a name or path, reading as little as is safe: the rows around it, or all rows.
    ///
    /// # Errors
    /// As for [`Library::scan`].
    pub fn look_up(&self, text: &str) -> Result<(), EngineError> {
        if self.is_scanned() {
            return Ok(());
        }
        match self.rows_around(text)? {
            Some(rows) => self.show_part(rows),
            None => self.scan_for_one_answer().map(drop),
        }
    }

    /// A catalog with at least all rows that have a name, or one that can be confused with it.
    pub(in crate::engine) fn around(&self, name: &ToolName) -> Arc<CatalogView> {
        let is_there = lock(&self.state.part).as_ref().is_none_or(|names| names.contains(name));
        if is_there { Arc::clone(&lock(&self.state.view)) } else { self.catalog() }
    }

    /// The catalog that [`Library::look_up`] loaded, complete or partial.
    pub(super) fn looked_up(&self) -> Arc<CatalogView> {
        Arc::clone(&lock(&self.state.view))
    }

    /// Whether only a part of the rows is loaded.
    pub(super) fn is_part(&self) -> bool {
        lock(&self.state.part).is_some()
    }

    /// The index of the last scan, if the store matches it; `None` if everything is read again in any case.
    fn last_index(&self) -> Result<Option<NameIndex>, EngineError> {
        if !self.may_remember() {
            return Ok(None);
        }
        let kept =
            self.workspace.read(|q| Ok(if core::is_followed(q, now())? { q.last_scan().names()? } else { None }))?;
        Ok(kept.and_then(|names| NameIndex::unpack(&names)))
    }

    /// Whether the result of a scan may replace another scan.
    pub(super) fn may_remember(&self) -> bool {
        self.workspace.viewing().is_none() && self.workspace.settings.signing.allowed_signers.is_none()
    }

    /// The result of a scan now, taken from the last one; `None` if something may have changed.
    pub(super) fn recalled(&self) -> Result<Option<Scan>, EngineError> {
        let Some(index) = self.last_index()? else { return Ok(None) };
        let recalled = self.workspace.read(|q| {
            let rows = |take: &mut dyn FnMut(&[u8], &[u8])| q.last_scan().each(take);
            let Some(scan) = catalog::recall(&self.workspace.plan, &index.frame, rows)? else { return Ok(None) };
            // The settings may have changed the stage of a folder since then.
            let is_applied = core::is_applied(q, core::digest_of_rows(&scan.tools), now())?;
            *lock(&self.state.applied) = q.last_scan().applied()?;
            Ok(is_applied.then_some(scan))
        })?;
        let Some(scan) = recalled else { return Ok(None) };
        // The user may trust the team more since then: a scan adopts what it approved.
        Ok(self.engine.teams().vouched(&scan.tools)?.is_empty().then_some(scan))
    }

    /// Whether a scan would find what this engine shows: no folder and no file changed since, and no other process has
    /// scanned. `false` if unknown. Does not look for newly installed programs.
    pub(super) fn is_as_scanned(&self) -> Result<bool, EngineError> {
        let Some(index) = self.last_index()?.filter(|index| index.frame.is_whole()) else { return Ok(false) };
        let is_shown = || {
            let shown = *lock(&self.state.applied);
            self.workspace.read(|q| Ok(shown.is_some() && shown == q.last_scan().applied()?))
        };
        Ok(is_shown()? && self.files_are_unchanged(&index.frame)? && is_shown()?)
    }

    /// Whether no folder and no file of a scan changed since.
    pub(super) fn files_are_unchanged(&self, frame: &ScanFrame) -> Result<bool, EngineError> {
        let plan = &self.workspace.plan;
        if !frame.is_unchanged(plan) {
            return Ok(false);
        }
        let mut after = String::new();
        loop {
            // In pages, so that other readers of the store wait only briefly.
            let page = self.workspace.read(|q| Ok(q.last_scan().page(&after, VERIFIED_AT_ONCE)?))?;
            let Some((last, _)) = page.last() else { return Ok(true) };
            after.clone_from(last);
            let row = |(_, (fingerprint, payload))| CacheRow { fingerprint, payload };
            let rows: Vec<CacheRow> = page.into_iter().map(row).collect();
            let is_same = std::thread::scope(|scope| {
                let parts = rows.chunks(VERIFIED_BY_ONE);
                let parts: Vec<_> =
                    parts.map(|part| scope.spawn(move || catalog::rows_are_unchanged(plan, part))).collect();
                // A check that panicked found nothing.
                parts.into_iter().all(|part| part.join().unwrap_or(false))
            });
            if !is_same {
                return Ok(false);
            }
        }
    }

    /// The rows around a name from the last scan; `None` if something may have changed.
    fn rows_around(&self, text: &str) -> Result<Option<Vec<Arc<Tool>>>, EngineError> {
        let Some(index) = self.last_index()? else { return Ok(None) };
        let Some(named) = index.around(name_of(text)) else { return Ok(None) };
        if !index.frame.is_unchanged(&self.workspace.plan) {
            return Ok(None);
        }
        self.kept_rows(named)
    }

    /// These rows from the last scan; `None` if one of them may have changed, or depends on all others.
    pub(super) fn kept_rows(&self, named: Vec<RowFrame<'_>>) -> Result<Option<Vec<Arc<Tool>>>, EngineError> {
        let plan = &self.workspace.plan;
        let mut rows = Vec::with_capacity(named.len());
        for row in named {
            let Some((fingerprint, payload)) = self.workspace.read(|q| Ok(q.last_scan().row(row.path)?))? else {
                return Ok(None);
            };
            let tool = catalog::unchanged(plan, &CacheRow { fingerprint, payload });
            // The steps of a composite can only be resolved with all rows.
            let Some(mut tool) = tool.filter(|tool| tool.steps.is_none()) else { return Ok(None) };
            let Some(()) = row.place(&mut tool) else { return Ok(None) };
            rows.push(Arc::from(tool));
        }
        Ok(Some(rows))
    }

    /// Shows these rows as a part of the catalog.
    pub(super) fn show_part(&self, rows: Vec<Arc<Tool>>) -> Result<(), EngineError> {
        let names: HashSet<ToolName> = rows.iter().map(|tool| tool.name.clone()).collect();
        let here = self.here()?;
        let facts = self.workspace.read(|q| Facts::read_of(q, here, &names))?;
        let state = self.workspace.problem_of_copy().into_iter().chain(self.workspace.problems_of_settings());
        let problems = state.chain(self.engine.integrity().problem_of_trust()?).collect();
        self.show(rows.into_iter(), problems, &facts, CatalogState::Ready);
        *lock(&self.state.part) = Some(names);
        Ok(())
    }
}

/// The name or the path in a user's reference to a tool.
pub(super) fn name_of(text: &str) -> &str {
    if text.contains('/') { text } else { resolve::split(text).0 }
}
