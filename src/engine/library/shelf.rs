//! The view of the catalog for the checks.

use crate::check::{Library, Recorded};
use crate::domain::{Tool, ToolDetail, ToolName};
use crate::engine::Engine;
use crate::insight::SimilarityIndex;
use crate::outside::Programs;
use std::sync::Arc;

/// The view of the catalog for the checks.
pub(in crate::engine) struct Shelf<'a> {
    engine: &'a Engine,
    rows: Vec<Arc<Tool>>,
}

impl<'a> Shelf<'a> {
    /// The current catalog.
    pub(in crate::engine) fn of(engine: &'a Engine) -> Shelf<'a> {
        Shelf { engine, rows: engine.library().catalog().tools.clone() }
    }
}

impl Library for Shelf<'_> {
    fn rows(&self) -> &[Arc<Tool>] {
        &self.rows
    }

    fn index(&self) -> Arc<SimilarityIndex> {
        self.engine.library().index().1
    }

    fn read(&self, tool: &Tool) -> Option<ToolDetail> {
        self.engine.library().detail(tool).ok()
    }

    fn recorded(&self, tool: &ToolName) -> Vec<Recorded> {
        let recorded = self.engine.evolutions().recorded_inputs(tool, &[]);
        recorded.unwrap_or_else(|error| {
            self.engine.workspace.report_trouble::<()>(Err(error));
            Vec::new()
        })
    }

    fn original(&self, version: &Tool) -> Option<ToolDetail> {
        let path = version.evolved_from.as_ref()?;
        self.read(self.rows.iter().find(|row| row.path == *path)?)
    }

    fn programs(&self) -> Option<&Programs> {
        Some(&self.engine.workspace.programs)
    }
}
