//! Sets of tools: presets and saved sets, with the number of tools in each.

use super::keys::{BoxKey, browse, is_row};
use super::list_box::ListBox;
use super::{Args, Reply};
use crate::action::Verb;
use crate::action::boxes::{DELETE_SET, USE_SET};
use crate::engine::{EngineError, SetRow};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, pad, plural, safe, wrap};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// Lines about the selected set, below the list.
const ABOUT: u16 = 3;

/// Columns of the counts.
const COUNTS: usize = 24;

impl Listed for SetRow {
    type Key = String;

    fn key(&self) -> String {
        self.name.clone()
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into(), holds(self).into()]
    }
}

/// The state of the list.
#[derive(Default)]
pub struct Sets {
    pub(super) list: Listing<SetRow>,
    /// The message if there are no rows.
    empty: String,
}

impl Sets {
    /// A list whose data has not arrived yet.
    pub fn awaited() -> Sets {
        Sets { empty: "Loading tool sets …".to_owned(), ..Sets::default() }
    }

    /// Sets the rows; at first, the set in use is selected.
    pub fn set(&mut self, sets: &Result<Vec<SetRow>, EngineError>) {
        let is_first = self.list.items.is_empty();
        match sets {
            Ok(rows) => self.list.set(rows.clone()),
            Err(error) => {
                self.list.set(Vec::new());
                self.empty = safe(&error.message);
            }
        }
        if is_first {
            self.list.select(|row| row.in_use);
        }
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let selected = self.list.selected();
        let none = selected.is_none().then_some("no tool set is selected");
        let preset = selected.filter(|row| row.saved_by.is_none()).map(|_| "this set comes with the program");
        vec![BoxKey::row(USE_SET).unless(none), BoxKey::row(DELETE_SET).unless(none.or(preset))]
    }

    /// Moves the selection, chooses or removes a set, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        let Some(row) = self.list.selected() else { return browse(&mut self.list, key, keymap) };
        match key.code {
            KeyCode::Enter => Reply::Choose(row.name.clone()),
            _ if is_row(DELETE_SET, key) && row.saved_by.is_some() => {
                let mut args = Args::default();
                args.push("name", row.name.clone());
                Reply::Invoke(Verb::Unset, args)
            }
            _ => browse(&mut self.list, key, keymap),
        }
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let keys = self.keys();
        let title = Title { name: "Tool sets", ..Title::default() };
        let height = (self.list.items.len() as u16).saturating_add(3 + ABOUT).clamp(8, 24);
        let about = |set: &SetRow, below: Rect| {
            let lines = wrap(&safe(&holds(set)), usize::from(below.width));
            lines.into_iter().map(|line| (line, theme.text)).collect()
        };
        let empty = std::slice::from_ref(&self.empty);
        ListBox { title, keys, size: (104, height), list: &mut self.list, empty, head: "" }.draw_with(
            screen,
            buf,
            look,
            row,
            (ABOUT, about),
        )
    }
}

/// The tools of a set, and those that are missing here.
fn holds(set: &SetRow) -> String {
    let unknown: Vec<String> = set.unknown.iter().map(ToString::to_string).collect();
    let by = set.saved_by.as_ref().map(|who| format!(" · saved by {who}")).unwrap_or_default();
    let lost = if unknown.is_empty() { String::new() } else { format!(" · not here: {}", unknown.join(", ")) };
    format!("{}{lost}{by}", set.holds)
}

fn row(set: &SetRow, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let sign = if set.in_use { "◉ " } else { "  " };
    let locked = match set.locked {
        0 => String::new(),
        locked => format!(", {locked} locked"),
    };
    let counts = format!("{:>6}{locked}  ", plural(set.tools, "tool", "tools"));
    let name = (width / 4).clamp(10, 24);
    let room = width.saturating_sub(2 + name + COUNTS);
    vec![
        Span::styled(sign, theme.good),
        Span::styled(pad(&cut(&safe(&set.name), name), name), if set.in_use { theme.good } else { theme.text }),
        Span::styled(pad(&cut(&counts, COUNTS), COUNTS), theme.dim),
        Span::styled(cut(&safe(&holds(set)), room), theme.dim),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn set(name: &str, saved: bool) -> SetRow {
        SetRow {
            name: name.to_owned(),
            holds: "all tools".to_owned(),
            tools: 3,
            locked: 2,
            unknown: Vec::new(),
            saved_by: saved.then(|| "Ada".to_owned()),
            in_use: name == "full",
        }
    }

    fn press(sets: &mut Sets, code: KeyCode) -> Reply {
        sets.key(&KeyEvent::new(code, KeyModifiers::NONE), &Keymap::default())
    }

    #[test]
    fn enter_uses_the_selected_set_and_only_a_saved_one_can_be_taken_away() {
        let mut sets = Sets::awaited();
        assert_eq!(press(&mut sets, KeyCode::Enter), Reply::Stay, "nothing is known yet");
        sets.set(&Ok(vec![set("minimal", false), set("full", false), set("mine", true)]));
        assert_eq!(press(&mut sets, KeyCode::Enter), Reply::Choose("full".to_owned()), "it begins at the one in use");
        assert_eq!(press(&mut sets, KeyCode::Char('X')), Reply::Stay);
        press(&mut sets, KeyCode::Down);
        let Reply::Invoke(Verb::Unset, args) = press(&mut sets, KeyCode::Char('X')) else { panic!("nothing happened") };
        assert_eq!(args.get("name"), Some("mine"));
        assert_eq!(press(&mut sets, KeyCode::Esc), Reply::Close);
    }
}
