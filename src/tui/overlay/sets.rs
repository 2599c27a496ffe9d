//! Which tools are in use: presets and saved sets, with how much each holds.

use super::list_box::ListBox;
use super::{Args, Reply, browse};
use crate::action::Verb;
use crate::engine::{EngineError, SetRow};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::list::ListState;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, pad, plural, safe, wrap};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Lines below the list about the one that is selected.
const ABOUT: u16 = 3;

/// Columns of the counts.
const COUNTS: usize = 24;

/// The state of the list.
#[derive(Default)]
pub struct Sets {
    rows: Vec<SetRow>,
    list: ListState,
    /// What to say when there is no row.
    empty: String,
}

impl Sets {
    /// A list that is still to come.
    pub fn awaited() -> Sets {
        Sets { empty: "Loading tool sets …".to_owned(), ..Sets::default() }
    }

    /// Takes what came; at first the selection is on the set in use.
    pub fn set(&mut self, sets: &Result<Vec<SetRow>, EngineError>) {
        let selected = self.rows.get(self.list.selected).map(|row| row.name.clone());
        match sets {
            Ok(rows) => self.rows.clone_from(rows),
            Err(error) => {
                self.rows.clear();
                self.empty = safe(&error.message);
            }
        }
        let wanted = |row: &SetRow| selected.as_ref().map_or(row.in_use, |name| row.name == *name);
        self.list.selected = self.rows.iter().position(wanted).unwrap_or(0);
    }

    /// Moves the selection, chooses or removes a set, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        let Some(row) = self.rows.get(self.list.selected) else {
            return browse(&mut self.list, self.rows.len(), key, keymap);
        };
        match key.code {
            KeyCode::Enter => Reply::Choose(row.name.clone()),
            KeyCode::Char('x') if row.saved_by.is_some() => {
                let mut args = Args::default();
                args.push("name", row.name.clone());
                Reply::Invoke(Verb::Unset, args)
            }
            _ => browse(&mut self.list, self.rows.len(), key, keymap),
        }
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let theme = look.theme;
        let mut keys = Title::keys(&[("enter", "use"), ("esc", "close")]);
        if self.rows.get(self.list.selected).is_some_and(|row| row.saved_by.is_some()) {
            keys.push(("x".to_owned(), "delete saved set"));
        }
        let title = Title { name: "Tool sets", keys, ..Title::default() };
        let height = (self.rows.len() as u16).saturating_add(3 + ABOUT).clamp(8, 24);
        let about = |set: &SetRow, below: Rect| {
            let lines = wrap(&safe(&holds(set)), usize::from(below.width));
            lines.into_iter().map(|line| (line, theme.text)).collect()
        };
        let empty = std::slice::from_ref(&self.empty);
        ListBox { title, size: (104, height), rows: &self.rows, list: &mut self.list, empty }.draw_with(
            screen,
            buf,
            look,
            row,
            (ABOUT, about),
        );
    }
}

/// What a set holds, and what of it is not here.
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
        assert_eq!(press(&mut sets, KeyCode::Char('x')), Reply::Stay);
        press(&mut sets, KeyCode::Down);
        let Reply::Invoke(Verb::Unset, args) = press(&mut sets, KeyCode::Char('x')) else { panic!("nothing happened") };
        assert_eq!(args.get("name"), Some("mine"));
        assert_eq!(press(&mut sets, KeyCode::Esc), Reply::Close);
    }
}
