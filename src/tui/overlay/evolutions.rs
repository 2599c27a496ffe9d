//! Evolutions, newest first; Enter shows the rounds of one.

use super::Reply;
use super::keys::{BoxKey, browse};
use super::list_box::ListBox;
use crate::action::Verb;
use crate::action::boxes::OPEN_EVOLUTION;
use crate::domain::{Evolution, EvolutionId, EvolutionState};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, cut, pad, safe};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;

/// The state of the list.
pub struct EvolutionList {
    pub(super) list: Listing<Evolution>,
}

impl Listed for Evolution {
    type Key = EvolutionId;

    fn key(&self) -> EvolutionId {
        self.id
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.tool.as_str().into(),
            self.asked.hint.as_str().into(),
            self.message.as_str().into(),
            self.state.to_string().into(),
        ]
    }
}

impl EvolutionList {
    /// A list of these evolutions.
    pub fn new(rows: &[Evolution]) -> EvolutionList {
        let mut list = EvolutionList { list: Listing::default() };
        list.set(rows);
        list
    }

    /// Sets newer rows; the selection stays on the same one.
    pub fn set(&mut self, rows: &[Evolution]) {
        self.list.set(rows.to_vec());
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let open = BoxKey::row(OPEN_EVOLUTION);
        vec![open.only_if(self.list.selected().is_some(), "no evolution is selected")]
    }

    /// Moves the selection, opens with Enter, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if key.code == KeyCode::Enter {
            return self.list.selected().map_or(Reply::Stay, |row| Reply::OpenEvolution(row.id));
        }
        browse(&mut self.list, key, keymap)
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title = Title { name: "Evolutions", detail: "newest first".to_owned(), ..Title::default() };
        let key = look.keymap.key(Verb::Evolve);
        let empty = &[format!("No evolutions yet. Press {key} on a tool or a failure to request a better version.")];
        let keys = self.keys();
        ListBox { title, keys, size: (104, 24), list: &mut self.list, empty, head: "" }.draw(screen, buf, look, row)
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
