//! Opens the user's editor and pager: which file at which line, which text.

use super::App;
use crate::action::Verb;
use crate::engine::FilePlace;
use crate::tui::effect::{Effect, Paged};
use crate::tui::overlay::Args;
use crate::tui::pane::Pane;
use crate::tui::screen::Screen;
use crate::tui::screen::reader::{Tab, TabKind};

impl App {
    /// Opens the editor with the displayed file, at the displayed line; otherwise with the main file of the tool.
    pub(super) fn edit(&mut self, args: &Args) -> Vec<Effect> {
        let line = args.get("line").and_then(|line| line.parse().ok());
        let named = args.get("path").map(|path| FilePlace { path: Some(path.to_owned()), line, run: None });
        let place = match (named, args.get("tool")) {
            (Some(place), _) => place,
            (None, Some(_)) => FilePlace { line, run: args.get("run").and_then(|run| run.parse().ok()), path: None },
            (None, None) => self.shown_place(),
        };
        self.with_tool(args, |_, tool| vec![Effect::Edit { tool, place }])
    }

    /// The displayed position in a file in the focused place.
    fn shown_place(&self) -> FilePlace {
        match &self.screen {
            Screen::Review(screen) => {
                let spot = screen.spot();
                FilePlace { path: spot.path, line: spot.lines.map(|(first, _)| first), run: None }
            }
            Screen::Source(screen) => place_of(screen.reader.current()),
            Screen::Workbench if self.focus == Pane::Failures => {
                FilePlace { run: self.selected_run(), ..FilePlace::default() }
            }
            Screen::Workbench | Screen::Behaviour(_) | Screen::Evolution(_) => FilePlace::default(),
        }
    }

    /// Shows the complete text in the pager, not only the part on the screen.
    pub(super) fn page(&mut self) -> Vec<Effect> {
        let text = match &self.screen {
            Screen::Review(screen) => Some(screen.body().current().view.all_text()),
            Screen::Source(screen) => Some(screen.reader.current().view.all_text()),
            Screen::Behaviour(screen) => Some(screen.reader.current().view.all_text()),
            Screen::Evolution(screen) => Some(screen.body().current().view.all_text()),
            Screen::Workbench if self.focus == Pane::Output => match self.output.current() {
                Some(tab) => match tab.run() {
                    Some(run) => return vec![Effect::Page(Paged::Run(run))],
                    None => Some(tab.view.all_text()),
                },
                None => None,
            },
            Screen::Workbench => None,
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            return vec![Effect::Page(Paged::Text(text))];
        }
        let key = self.keymap.key(Verb::FocusOutput);
        self.refuse(&format!("no text here: open the output of a run ({key}), a review or a file"))
    }
}

/// The first line on the screen of a tab that shows a file.
fn place_of(tab: &Tab) -> FilePlace {
    match (tab.kind, tab.paths.first()) {
        (TabKind::File(_), Some(path)) => {
            FilePlace { path: Some(path.clone()), line: Some(tab.view.on_screen().start as u64 + 1), run: None }
        }
        _ => FilePlace::default(),
    }
}
