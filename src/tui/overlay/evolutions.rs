//! Evolutions, newest first; Enter shows the rounds of one.

use super::list_box::ListBox;
use super::{Reply, browse};
use crate::action::Verb;
use crate::domain::{Evolution, EvolutionState};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::list::ListState;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, cut, pad, safe};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The state of the list.
pub struct EvolutionList {
    rows: Vec<Evolution>,
    list: ListState,
}

impl EvolutionList {
    /// A list of these evolutions.
    pub fn new(rows: &[Evolution]) -> EvolutionList {
        EvolutionList { rows: rows.to_vec(), list: ListState::default() }
    }

    /// Takes newer rows; the selection stays on the same one.
    pub fn set(&mut self, rows: &[Evolution]) {
        let selected = self.rows.get(self.list.selected).map(|row| row.id);
        self.rows = rows.to_vec();
        self.list.selected = self.rows.iter().position(|row| Some(row.id) == selected).unwrap_or(0);
    }

    /// Moves the selection, opens with Enter, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if key.code == KeyCode::Enter {
            return self.rows.get(self.list.selected).map_or(Reply::Stay, |row| Reply::OpenEvolution(row.id));
        }
        browse(&mut self.list, self.rows.len(), key, keymap)
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let title = Title {
            name: "Evolutions",
            detail: "newest first".to_owned(),
            keys: Title::keys(&[("enter", "open"), ("esc", "close")]),
            ..Title::default()
        };
        let key = look.keymap.key(Verb::Evolve);
        let empty = &[format!("No evolutions yet. Press {key} on a tool or a failure to request a better version.")];
        ListBox { title, size: (104, 24), rows: &self.rows, list: &mut self.list, empty }.draw(screen, buf, look, row);
    }
}

/// Sign and style of a state.
pub fn state_sign(state: EvolutionState, theme: &Theme) -> (&'static str, Style) {
    match state {
        EvolutionState::Running => ("…", theme.accent),
        EvolutionState::Interrupted => ("!", theme.warn),
        EvolutionState::Good => ("✓", theme.good),
        EvolutionState::Spent => ("✗", theme.warn),
        EvolutionState::Failed => ("✗", theme.bad),
        EvolutionState::Stopped => ("–", theme.dim),
    }
}

fn row(one: &Evolution, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let (sign, style) = state_sign(one.state, theme);
    let name = (width / 4).clamp(14, 28);
    let when = format!(" {:>4}", age(look.now.wall, one.started_at));
    let room = width.saturating_sub(6 + name + 15 + when.len());
    let said = match (one.message.as_str(), one.asked.hint.lines().next()) {
        ("", Some(hint)) => hint,
        ("", None) => "",
        (message, _) => message,
    };
    vec![
        Span::styled(format!("{:<5} ", one.id), theme.dim),
        Span::styled(pad(&safe(&format!("{} {}", one.tool, one.version)), name), theme.text),
        Span::styled(pad(&format!(" {sign} {}", one.state), 15), style),
        Span::styled(cut(&pad(&safe(said), room), room), theme.dim),
        Span::styled(when, theme.dim),
    ]
}
