//! The border of the catalog: number of tools, filters, order, and loading progress.

use super::{CatalogOrder, CatalogPane, Grouping, StageFilter};
use crate::domain::SkippedFile;
use crate::engine::CatalogState;
use crate::tui::pane::rows::Title;
use crate::tui::phrase::{cut, grouped, safe};
use crate::tui::theme::Theme;

impl CatalogPane {
    pub(super) fn title(&self, theme: &Theme) -> Title<'static> {
        let shown = self.tree.shown;
        // As in the first line: archived tools count only if they are shown.
        let is_current = self.stages == StageFilter::Current;
        let total = if is_current { self.current_count().max(shown) } else { self.view.tools.len() };
        let filtered = !self.filter.is_empty() || self.stages != StageFilter::Current || self.view.in_use.is_some();
        let mut detail = if filtered { format!("{} of {}", grouped(shown), grouped(total)) } else { grouped(shown) };
        if !self.stages.word().is_empty() {
            detail = format!("{detail} · {}", self.stages.word());
        }
        if let Some(name) = &self.view.in_use {
            detail = format!("{detail} · {}", cut(&safe(name), 16));
        }
        if self.grouping != Grouping::Flat {
            detail = format!("{detail} · {}", self.grouping.word());
        }
        if self.order != CatalogOrder::Name {
            detail = format!("{detail} · by {}", self.order.word());
        }
        if self.tree.locked > 0 {
            detail = format!("{detail} · {} locked", grouped(self.tree.locked));
        }
        // All that the filter lists; where none looks like a tool, nobody misses them.
        if self.view.skipped.iter().any(SkippedFile::looks_like_tool) {
            detail = format!("{detail} · {} skipped (filter: !)", grouped(self.view.skipped.len()));
        }
        let (remark, remark_style) = match self.view.state {
            _ if !self.failure.is_empty() => ("not open".to_owned(), theme.bad),
            CatalogState::Loading { total: 0, .. } => ("Loading…".to_owned(), theme.warn),
            CatalogState::Loading { done, total } => {
                (format!("Loading {}/{}", grouped(done), grouped(total)), theme.warn)
            }
            // The first line shows it already.
            CatalogState::Ready => (String::new(), theme.good),
        };
        Title { name: "1 Catalog", detail, remark, remark_style, ..Title::default() }
    }
}
