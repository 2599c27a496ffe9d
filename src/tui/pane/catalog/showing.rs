//! Brings a tool into view.

use super::{Anchor, CatalogPane, StageFilter};
use crate::domain::{Digest, Stage, Tool, ToolName};

impl CatalogPane {
    /// Selects the row of this path; `false` if it is not shown.
    pub fn select_path(&mut self, path: &str) -> bool {
        let found = self.tree.rows.iter().position(|row| self.tool_of(*row).is_some_and(|tool| tool.path == path));
        if let Some(row) = found {
            self.list.selected = row;
        }
        found.is_some()
    }

    /// Selects the row of this path; clears a filter or unfolds a group that hides it. `false` if there is none.
    pub fn show_path(&mut self, path: &str) -> bool {
        if self.select_path(path) {
            return true;
        }
        let Some(tool) = self.view.tools.iter().find(|tool| tool.path == path) else { return false };
        let archived = tool.stage == Stage::Archived;
        self.filter.clear();
        self.typing = false;
        self.folded = Default::default();
        self.stages = StageFilter::default();
        while archived && !self.stages.accepts(Stage::Archived) {
            self.stages = self.stages.next();
        }
        self.refresh(Some(Anchor::Path(path.to_owned())));
        self.select_path(path)
    }

    /// Where a tool is, if others have its name.
    pub fn place_of(&self, tool: &Tool) -> Option<&str> {
        self.drawing.place_of(&tool.name, tool.digest)
    }

    /// Where the tool with these files is, if others have its name.
    pub fn place_of_version(&self, tool: &ToolName, digest: Digest) -> Option<&str> {
        self.drawing.place_of(tool, digest)
    }
}
