//! Recorded runs, newest first; Enter shows the output of one.

use super::Reply;
use super::keys::{BoxKey, browse};
use super::list_box::ListBox;
use crate::action::Verb;
use crate::domain::{Run, RunId};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::output::outcome_sign;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, bytes, cut, duration, pad, safe};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// The state of the list.
pub struct RunList {
    /// Only runs of this tool.
    tool: Option<String>,
    pub(super) list: Listing<Run>,
}

impl Listed for Run {
    type Key = RunId;

    fn key(&self) -> RunId {
        self.id
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.tool.as_str().into(),
            self.error.as_deref().unwrap_or_default().into(),
            self.outcome.word().into(),
            format!("#{}", self.id).into(),
            self.version.to_string().into(),
            self.input.as_str().into(),
        ]
    }
}

impl RunList {
    /// A list of these runs, narrowed to a tool where given.
    pub fn new(runs: &[Run], tool: Option<String>) -> RunList {
        let mut list = RunList { tool, list: Listing::default() };
        list.set(runs);
        list
    }

    /// Takes newer records; the selection stays on the same run.
    pub fn set(&mut self, runs: &[Run]) {
        let fits = |run: &&Run| self.tool.as_deref().is_none_or(|tool| run.tool.as_str() == tool);
        self.list.set(runs.iter().filter(fits).cloned().collect());
    }

    /// The tools of the rows that are shown.
    #[cfg(test)]
    pub fn shown(&self) -> Vec<&str> {
        self.list.rows.iter().map(|row| self.list.items[*row].tool.as_str()).collect()
    }

    /// Its keys.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let open = BoxKey::enter(Verb::Output, "show output", "Show the output of the run");
        vec![open.only_if(self.list.selected().is_some(), "no run is selected")]
    }

    /// Moves the selection, opens a run with Enter, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if key.code == KeyCode::Enter {
            return self.list.selected().map_or(Reply::Stay, |run| Reply::OpenRun(run.id));
        }
        browse(&mut self.list, key, keymap)
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title = Title {
            name: "Runs",
            detail: self.tool.as_deref().map_or_else(|| "newest first".to_owned(), |tool| format!("of {}", safe(tool))),
            ..Title::default()
        };
        let empty = &["No runs yet.".to_owned()];
        // As wide as the longest name needs: what is left says why a run failed.
        let names = self.list.items.iter().map(|run| name(run).width() + 1).max().unwrap_or_default();
        ListBox { title, keys: self.keys(), size: (104, 34), list: &mut self.list, empty }.draw(
            screen,
            buf,
            look,
            |run, width, look| run_row(run, names, width, look),
        )
    }
}

fn name(run: &Run) -> String {
    safe(&format!("{} {}", run.tool, run.version))
}

fn run_row(run: &Run, names: usize, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let (sign, style) = outcome_sign(run.outcome, theme);
    let numbers = format!(
        "{:>9} {:>10} {:>5}",
        duration(run.usage.duration_ms),
        bytes(run.usage.stdout_bytes + run.usage.stderr_bytes),
        age(look.now.wall, run.started_at)
    );
    let numbers = if width >= 70 { numbers } else { format!(" {:>4}", age(look.now.wall, run.started_at)) };
    let beside = 7 + 17 + numbers.len();
    let name_width = (width / 3).clamp(14, 34).min(names.max(14)).min(width.saturating_sub(beside).max(14));
    let room = width.saturating_sub(name_width + beside);
    let error = safe(run.error.as_deref().unwrap_or_default());
    vec![
        Span::styled(format!("#{:<5} ", run.id), theme.dim),
        Span::styled(pad(&name(run), name_width), theme.text),
        Span::styled(pad(&format!(" {sign} {}", run.outcome), 17), style),
        Span::styled(cut(&pad(&error, room), room), theme.dim),
        Span::styled(numbers, theme.dim),
    ]
}
