//! Less than a scan: the rows of the last one, all or those around a name, while nothing speaks against them.
//!
//! That nothing does is shown by the folders, in which no file may have come, gone or been renamed; by the files of these
//! rows, whose stamps must be the same; and by the feed of events. What is not shown is that another file, written in
//! place since, now claims the name: the next scan notices. Until then the name means what it meant, and what runs is
//! held against its digest and its approval in any case.

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

/// Definitions whose files are held against the cache between two reads of it.
const VERIFIED_AT_ONCE: usize = 1_000;

/// Definitions whose files one thread looks at.
const VERIFIED_BY_ONE: usize = 250;

impl Library<'_> {
    /// Makes ready what a name or path means, with as little reading as is safe: the rows around it, or all of them.
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

    /// A catalog that has at least all rows that go by a name, or by one that can be taken for it.
    pub(in crate::engine) fn around(&self, name: &ToolName) -> Arc<CatalogView> {
        let is_there = lock(&self.state.part).as_ref().is_none_or(|names| names.contains(name));
        if is_there { Arc::clone(&lock(&self.state.view)) } else { self.catalog() }
    }

    /// What [`Library::look_up`] made ready, whether that is all rows or a part of them.
    pub(super) fn looked_up(&self) -> Arc<CatalogView> {
        Arc::clone(&lock(&self.state.view))
    }

    /// Whether only a part of the rows is there.
    pub(super) fn is_part(&self) -> bool {
        lock(&self.state.part).is_some()
    }

    /// What the last scan left, if the store follows it; `None` if everything is read again in any case.
    fn last_index(&self) -> Result<Option<NameIndex>, EngineError> {
        if !self.may_remember() {
            return Ok(None);
        }
        let kept =
            self.workspace.read(|q| Ok(if core::is_followed(q, now())? { q.last_scan().names()? } else { None }))?;
        Ok(kept.and_then(|names| NameIndex::unpack(&names)))
    }

    /// Whether what a scan left may stand for another one.
    pub(super) fn may_remember(&self) -> bool {
        self.workspace.viewing().is_none() && self.workspace.settings.signing.allowed_signers.is_none()
    }

    /// What a scan would find now, as the last one left it; `None` when something may have changed.
    pub(super) fn recalled(&self) -> Result<Option<Scan>, EngineError> {
        let Some(index) = self.last_index()? else { return Ok(None) };
        self.workspace.read(|q| {
            let rows = |take: &mut dyn FnMut(&[u8], &[u8])| q.last_scan().each(take);
            let Some(scan) = catalog::recall(&self.workspace.plan, &index.frame, rows)? else { return Ok(None) };
            // The settings may give a folder another stage since.
            let is_applied = core::is_applied(q, core::digest_of_rows(&scan.tools), now())?;
            *lock(&self.state.applied) = q.last_scan().applied()?;
            Ok(is_applied.then_some(scan))
        })
    }

    /// Whether a scan would find what this engine shows: no folder and no file changed since, and no other process has
    /// scanned. `false` where that is not known. Does not look for programs that came since.
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
            // A page at a time, so that others who read the store wait for a moment only.
            let page = self.workspace.read(|q| Ok(q.last_scan().page(&after, VERIFIED_AT_ONCE)?))?;
            let Some((last, _)) = page.last() else { return Ok(true) };
            after.clone_from(last);
            let row = |(_, (fingerprint, payload))| CacheRow { fingerprint, payload };
            let rows: Vec<CacheRow> = page.into_iter().map(row).collect();
            let is_same = std::thread::scope(|scope| {
                let parts = rows.chunks(VERIFIED_BY_ONE);
                let parts: Vec<_> =
                    parts.map(|part| scope.spawn(move || catalog::rows_are_unchanged(plan, part))).collect();
                // A look that broke off saw nothing.
                parts.into_iter().all(|part| part.join().unwrap_or(false))
            });
            if !is_same {
                return Ok(false);
            }
        }
    }

    /// The rows around a name as the last scan left them; `None` when something may have changed.
    fn rows_around(&self, text: &str) -> Result<Option<Vec<Arc<Tool>>>, EngineError> {
        let Some(index) = self.last_index()? else { return Ok(None) };
        let Some(named) = index.around(name_of(text)) else { return Ok(None) };
        if !index.frame.is_unchanged(&self.workspace.plan) {
            return Ok(None);
        }
        self.kept_rows(named)
    }

    /// These rows as the last scan left them; `None` when one of them may have changed, or depends on all others.
    pub(super) fn kept_rows(&self, named: Vec<RowFrame<'_>>) -> Result<Option<Vec<Arc<Tool>>>, EngineError> {
        let plan = &self.workspace.plan;
        let mut rows = Vec::with_capacity(named.len());
        for row in named {
            let Some((fingerprint, payload)) = self.workspace.read(|q| Ok(q.last_scan().row(row.path)?))? else {
                return Ok(None);
            };
            let tool = catalog::unchanged(plan, &CacheRow { fingerprint, payload });
            // What the steps of a composite may call is known of all rows together.
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
        let state = self.workspace.problem_of_copy().into_iter().chain(self.workspace.setting_problems.iter().cloned());
        let problems = state.chain(self.engine.integrity().problem_of_trust()?).collect();
        self.show(rows.into_iter(), problems, &facts, CatalogState::Ready);
        *lock(&self.state.part) = Some(names);
        Ok(())
    }
}

/// The name, or the path, of what somebody calls a tool.
pub(super) fn name_of(text: &str) -> &str {
    if text.contains('/') { text } else { resolve::split(text).0 }
}
