//! Loads the preview of the selected tool once the selection rests.

use super::App;
use crate::domain::{Digest, Tool};
use crate::tui::effect::{DetailFor, Effect};
use crate::tui::msg::ToolDossier;
use crate::tui::pane::Pane;
use crate::tui::pane::catalog::{PREVIEW_HEIGHT, Preview, Selected};
use crate::tui::screen::Screen;
use std::sync::Arc;

/// How long the selection must rest before it is loaded, in milliseconds: nothing is loaded while the user scrolls.
pub(super) const REST_MS: u64 = 120;

/// Which preview was requested.
#[derive(Debug, Default)]
pub(super) struct Previews {
    /// The selected tool, and the time since which it is selected.
    selected: Option<(Key, u64)>,
    /// The last request.
    asked: Option<Key>,
}

type Key = (String, Digest);

fn key(tool: &Tool) -> Key {
    (tool.path.clone(), tool.digest)
}

impl App {
    /// The tool to preview, if there is room for a preview.
    fn previewed(&self) -> Option<&Arc<Tool>> {
        // A run shows its output first, and its tool stays selected.
        let is_near = matches!(self.focus, Pane::Catalog | Pane::Output);
        let is_shown = is_near && matches!(self.screen, Screen::Workbench) && self.overlays.is_empty();
        match self.catalog.selected() {
            Selected::Tool(tool) if is_shown && self.size.1 >= PREVIEW_HEIGHT => Some(tool),
            _ => None,
        }
    }

    /// Records the selected tool, and loads its preview once the selection has rested.
    pub(super) fn look_at_selected(&mut self) -> Option<Effect> {
        let Some(tool) = self.previewed().cloned() else {
            self.previews.selected = None;
            return None;
        };
        let (now, wanted) = (self.now.steady_ms, key(&tool));
        let since = match &self.previews.selected {
            Some((known, since)) if *known == wanted => *since,
            _ => now,
        };
        self.previews.selected = Some((wanted.clone(), since));
        if self.previews.asked.as_ref() == Some(&wanted) || now < since + REST_MS {
            return None;
        }
        self.previews.asked = Some(wanted);
        Some(Effect::LoadDetail { tool, purpose: DetailFor::Preview, other: None })
    }

    /// When the selection has rested, as steady milliseconds.
    pub(super) fn preview_wakes(&self) -> Option<u64> {
        let (wanted, since) = self.previews.selected.as_ref()?;
        let is_due = self.previewed().is_some_and(|tool| key(tool) == *wanted);
        (is_due && self.previews.asked.as_ref() != Some(wanted)).then_some(since + REST_MS)
    }

    /// Sets the loaded preview. A tool that cannot be loaded reports the error when it is opened.
    pub(super) fn take_preview_of(&mut self, dossier: Option<&ToolDossier>) {
        if let Some(dossier) = dossier {
            self.catalog.set_preview(Preview::of(dossier));
        }
    }

    /// Reloads the preview because of new runs.
    pub(super) fn outdate_preview(&mut self) {
        self.previews.asked = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunOutcome;
    use crate::tui::msg::Answer;
    use crate::tui::testing::{Bench, dossier, run, tools};
    use serde_json::json;

    fn asked(bench: &mut Bench) -> Vec<Arc<Tool>> {
        let taken = bench.taken().into_iter();
        let tools = taken.filter_map(|effect| match effect {
            Effect::LoadDetail { tool, purpose: DetailFor::Preview, .. } => Some(tool),
            _ => None,
        });
        tools.collect()
    }

    #[test]
    fn the_selected_tool_is_read_once_it_rests_and_not_while_one_scrolls() {
        let mut bench = Bench::ready(120, 40);
        bench.wait(REST_MS);
        bench.taken();
        bench.press("down").wait(REST_MS / 2).press("down");
        assert!(asked(&mut bench).is_empty());
        assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + REST_MS));
        bench.wait(REST_MS);
        assert_eq!(asked(&mut bench).len(), 1);
        bench.wait(10 * REST_MS);
        assert!(asked(&mut bench).is_empty(), "once");
        bench.answer(Answer::Runs(Ok(vec![])));
        assert_eq!(asked(&mut bench).len(), 1, "runs came: the last one may be another");
    }

    #[test]
    fn the_preview_shows_the_inputs_as_a_table_and_how_the_last_run_ended() {
        let mut bench = Bench::ready(120, 40);
        bench.wait(REST_MS);
        let tool = asked(&mut bench).remove(0);
        let schema = json!({
            "properties": {"path": {"type": "string", "description": "the file to read"}, "limit": {"type": "integer", "default": 10}},
            "required": ["path"],
        });
        let mut dossier = dossier(&tool, Some(schema));
        dossier.runs = vec![run(7, &tools()[0], RunOutcome::Failed)];
        let detail = Ok(dossier);
        bench.answer(Answer::Detail { purpose: DetailFor::Preview, path: tool.path.clone(), detail });
        let screen = bench.screen();
        for text in [
            "input  type     required  default",
            "path   string   yes",
            "limit  integer  no        10",
            "last run 2m ago: failed after 840ms",
        ] {
            assert!(screen.contains(text), "{text}\n{screen}");
        }
        bench.press("down");
        assert!(!bench.screen().contains("required  default"), "it is about the selected tool only");
    }

    #[test]
    fn a_small_screen_shows_the_inputs_in_a_line_and_how_the_last_run_ended() {
        for (width, height) in [(80, 24), (60, 20)] {
            let mut bench = Bench::ready(width, height);
            bench.wait(REST_MS);
            let tool = asked(&mut bench).remove(0);
            let schema = json!({
                "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}},
                "required": ["path"],
            });
            let mut dossier = dossier(&tool, Some(schema));
            dossier.runs = vec![run(7, &tools()[0], RunOutcome::Failed)];
            let detail = Ok(dossier);
            bench.answer(Answer::Detail { purpose: DetailFor::Preview, path: tool.path.clone(), detail });
            let screen = bench.screen();
            for text in ["last run 2m ago: failed after 840ms", "inputs  path: string (required), limit: integer"] {
                assert!(screen.contains(text), "{text}\n{screen}");
            }
        }
    }
}
