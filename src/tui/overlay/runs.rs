//! Recorded runs, newest first; Enter shows the output of one.

use super::list_box::ListBox;
use super::{Reply, browse};
use crate::domain::Run;
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::list::ListState;
use crate::tui::pane::output::outcome_sign;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, bytes, cut, duration, pad, safe};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The state of the list.
pub struct RunList {
    /// Only runs of this tool.
    tool: Option<String>,
    runs: Vec<Run>,
    list: ListState,
}

impl RunList {
    /// A list of these runs, narrowed to a tool where given.
    pub fn new(runs: &[Run], tool: Option<String>) -> RunList {
        let mut list = RunList { tool, runs: Vec::new(), list: ListState::default() };
        list.set(runs);
        list
    }

    /// Takes newer records; the selection stays on the same run.
    pub fn set(&mut self, runs: &[Run]) {
        let selected = self.runs.get(self.list.selected).map(|run| run.id);
        let fits = |run: &&Run| self.tool.as_deref().is_none_or(|tool| run.tool.as_str() == tool);
        self.runs = runs.iter().filter(fits).cloned().collect();
        self.list.selected = self.runs.iter().position(|run| Some(run.id) == selected).unwrap_or(0);
    }

    /// Moves the selection, opens a run with Enter, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if key.code == KeyCode::Enter {
            return self.runs.get(self.list.selected).map_or(Reply::Stay, |run| Reply::OpenRun(run.id));
        }
        browse(&mut self.list, self.runs.len(), key, keymap)
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let title = Title {
            name: "Runs",
            detail: self.tool.as_deref().map_or_else(|| "newest first".to_owned(), |tool| format!("of {}", safe(tool))),
            keys: Title::keys(&[("enter", "show output"), ("esc", "close")]),
            ..Title::default()
        };
        let empty = &["No runs yet.".to_owned()];
        ListBox { title, size: (104, 34), rows: &self.runs, list: &mut self.list, empty }
            .draw(screen, buf, look, run_row);
    }
}

fn run_row(run: &Run, width: usize, look: Look) -> Vec<Span> {
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
    let name_width = (width / 3).clamp(14, 34).min(width.saturating_sub(beside).max(14));
    let room = width.saturating_sub(name_width + beside);
    let error = safe(run.error.as_deref().unwrap_or_default());
    vec![
        Span::styled(format!("#{:<5} ", run.id), theme.dim),
        Span::styled(pad(&format!("{} {}", run.tool, run.version), name_width), theme.text),
        Span::styled(pad(&format!(" {sign} {}", run.outcome), 17), style),
        Span::styled(cut(&pad(&error, room), room), theme.dim),
        Span::styled(numbers, theme.dim),
    ]
}
