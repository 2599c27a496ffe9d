//! All keys of the focused place; typing filters, Enter runs the row.

use super::{Args, Reply, open_box};
use crate::action::{Group, Verb, spec};
use crate::tui::ink::{Ink, Span};
use crate::tui::keymap::Keymap;
use crate::tui::list::{ListState, Motion};
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::{cut, pad, safe, wrap};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

/// A verb in the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpRow {
    /// Verb that the row stands for.
    pub verb: Verb,
    /// Kebab-case name, as in the palette.
    pub name: &'static str,
    /// Heading that the row is listed under.
    pub group: Group,
    /// Its keys, joined by blanks.
    pub keys: String,
    /// One line from the verb table.
    pub doc: &'static str,
    /// Where it works: the name of a pane or a screen, or `everywhere`.
    pub place: &'static str,
    /// Why it is unavailable; `None` if it is available.
    pub reason: Option<String>,
    /// The key that Enter presses, for keys of an overlay; otherwise Enter performs the verb.
    pub press: Option<KeyEvent>,
}

impl HelpRow {
    /// The row of an available verb, with the active keys.
    pub fn of(verb: Verb, keymap: &Keymap) -> HelpRow {
        let row = spec(verb);
        let keys = keymap.keys(verb).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        HelpRow {
            verb,
            name: row.name,
            group: row.group,
            keys,
            doc: row.doc,
            place: "everywhere",
            reason: None,
            press: None,
        }
    }
}

/// The rank of a match, best first: a key, the whole name, its beginning, a part of it, a part of the sentence; among
/// equal ones, available verbs.
type Fit = (usize, bool);

impl HelpRow {
    /// Its identity across updates.
    fn identity(&self) -> (Verb, &'static str, &'static str) {
        (self.verb, self.name, self.place)
    }

    fn fit(&self, typed: &str) -> Option<Fit> {
        let words = typed.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let name = self.name.replace('-', " ").to_lowercase();
        let whole = words.join(" ").replace('-', " ");
        let doc = self.doc.to_lowercase();
        let rank = match () {
            // A typed key means exactly that key: words with that letter do not match.
            () if self.keys.split(' ').any(|key| key == typed) => 0,
            () if name == whole => 1,
            () if name.starts_with(&whole) => 2,
            () if words.iter().all(|word| self.name.contains(word) || name.contains(word)) => 3,
            () if words.iter().all(|word| self.name.contains(word) || name.contains(word) || doc.contains(word)) => 4,
            () => return None,
        };
        Some((rank, self.reason.is_some()))
    }
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// The name of a place, above its rows.
    Heading(&'static str),
    Row(usize),
}

/// The state of the help overlay.
pub struct Help {
    place: &'static str,
    rows: Vec<HelpRow>,
    shown: Vec<Shown>,
    filter: TextInput,
    list: ListState,
    note: Option<String>,
}

impl Help {
    /// Help for a place (`catalog`, `review`, …) with the verbs that have a key there.
    pub fn new(place: &'static str, rows: Vec<HelpRow>) -> Help {
        let mut help = Help {
            place,
            rows,
            shown: Vec::new(),
            filter: TextInput::default(),
            list: ListState::default(),
            note: None,
        };
        help.edit(|_| {});
        help
    }

    /// Moves the selection, skipping headings.
    fn step(&mut self, motion: Motion) {
        self.list.step(motion, self.shown.len());
        if matches!(self.shown.get(self.list.selected), Some(Shown::Heading(_))) {
            let over = if matches!(motion, Motion::Up | Motion::PageUp | Motion::Bottom) && self.list.selected > 0 {
                Motion::Up
            } else {
                Motion::Down
            };
            self.list.step(over, self.shown.len());
        }
    }

    fn selected(&self) -> Option<&HelpRow> {
        match self.shown.get(self.list.selected)? {
            Shown::Heading(_) => None,
            Shown::Row(at) => self.rows.get(*at),
        }
    }

    /// Moves, filters, runs the selected verb, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        match key.code {
            KeyCode::Esc | KeyCode::Char('?') if self.filter.is_empty() => return Reply::Close,
            KeyCode::Esc => self.edit(TextInput::clear),
            KeyCode::Enter => return self.run(),
            _ => match Motion::while_typing(key) {
                Some(motion) => self.step(motion),
                None => self.edit(|filter| {
                    filter.key(key);
                }),
            },
        }
        Reply::Stay
    }

    /// Inserts pasted text into the filter.
    pub fn paste(&mut self, text: &str) {
        self.edit(|filter| filter.insert(text));
    }

    /// All rows, independent of the filter.
    #[cfg(test)]
    pub fn rows(&self) -> &[HelpRow] {
        &self.rows
    }

    /// Updates the rows, because availability changes while the box is open. The selection stays on its row.
    pub fn renew(&mut self, rows: Vec<HelpRow>) {
        if rows == self.rows {
            return;
        }
        let selected = self.selected().map(HelpRow::identity);
        let offset = self.list.offset;
        self.rows = rows;
        self.narrow();
        let is_selected = |row: &Shown| match row {
            Shown::Heading(_) => false,
            Shown::Row(at) => Some(self.rows[*at].identity()) == selected,
        };
        if let Some(at) = self.shown.iter().position(is_selected) {
            (self.list.selected, self.list.offset) = (at, offset);
        }
    }

    fn edit(&mut self, edit: impl FnOnce(&mut TextInput)) {
        let before = self.filter.text();
        edit(&mut self.filter);
        // Moving the cursor within the text keeps the selection.
        if self.shown.is_empty() || before != self.filter.text() {
            self.narrow();
        }
    }

    /// Shows the matching rows, best first, and selects the first one even if it is unavailable: it says why, and what is
    /// selected does not depend on how much was loaded when the box opened.
    fn narrow(&mut self) {
        let typed = self.filter.text();
        let mut found: Vec<(Fit, usize)> =
            self.rows.iter().enumerate().filter_map(|(at, row)| Some((row.fit(&typed)?, at))).collect();
        found.sort_by_key(|(fit, at)| if typed.is_empty() { (None, *at) } else { (Some(*fit), *at) });
        self.shown.clear();
        let mut place = "";
        for (_, at) in found {
            let row = &self.rows[at];
            // One row for each verb is enough: the best one.
            let is_known = |shown: &Shown| matches!(shown, Shown::Row(other) if self.rows[*other].verb == row.verb && self.rows[*other].name == row.name);
            if !typed.is_empty() && self.shown.iter().any(is_known) {
                continue;
            }
            if row.place != place && typed.is_empty() {
                place = row.place;
                self.shown.push(Shown::Heading(place));
            }
            self.shown.push(Shown::Row(at));
        }
        self.list = ListState { height: self.list.height, ..ListState::default() };
        self.list.selected = usize::from(matches!(self.shown.first(), Some(Shown::Heading(_))));
    }

    fn run(&mut self) -> Reply {
        let Some(row) = self.selected() else { return Reply::Stay };
        match &row.reason {
            Some(reason) => {
                self.note = Some(format!("{}: {reason}", row.name));
                Reply::Stay
            }
            None => row.press.map_or_else(|| Reply::Invoke(row.verb, Args::default()), Reply::Press),
        }
    }

    /// Draws it and returns where the cursor is.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Position {
        let theme = look.theme;
        let height = (self.rows.len() + 12).min(40) as u16;
        let title = Title {
            name: "Keys",
            detail: format!("in the {}", self.place),
            remark: "type to filter".to_owned(),
            remark_style: theme.dim,
            keys: Title::keys(&[("enter", "run"), ("esc", "close"), ("↑↓", "move")]),
        };
        let inner = open_box(screen, (96, height), &title, buf, look);
        buf.put(inner.x, inner.y, "/", 1, theme.accent);
        let line = Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner };
        let cursor = self.filter.draw(line, buf, theme.text);
        let width = usize::from(inner.width);
        let chosen = self.selected().map(|row| row.doc).unwrap_or_default();
        let (below, style) = match &self.note {
            Some(note) => (wrap(&safe(note), width), theme.warn),
            None => (wrap(chosen, width), theme.dim),
        };
        let list = Rect { y: inner.y + 1, height: inner.height.saturating_sub(3), ..inner };
        let (rows, shown) = (&self.rows, &self.shown);
        Rows { list: &mut self.list, len: shown.len(), focus: Focus::Here, theme }.draw(list, buf, &|at, width| {
            match shown[at] {
                Shown::Heading(place) => vec![Span::styled(place, theme.title)],
                Shown::Row(at) => help_row(&rows[at], width, look),
            }
        });
        if self.shown.is_empty() {
            draw_empty(list, buf, &["No match. esc clears the filter.".to_owned()], theme);
        }
        for (y, line) in (inner.bottom().saturating_sub(2)..inner.bottom()).zip(below) {
            buf.put(inner.x, y, line, width, style);
        }
        cursor
    }
}

/// As many complete keys as fit.
fn whole_keys(keys: &str, width: usize) -> String {
    let mut shown = String::new();
    for key in keys.split(' ') {
        let gap = usize::from(!shown.is_empty());
        if shown.width() + gap + key.width() > width {
            break;
        }
        shown.push_str(if gap > 0 { " " } else { "" });
        shown.push_str(key);
    }
    shown
}

fn help_row(row: &HelpRow, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let keys_width = if width >= 70 { 17 } else { 10 };
    // Wide enough for most names plus a blank; longer ones are cut.
    let name_width = if width >= 70 { 17 } else { 16 };
    let room = width.saturating_sub(keys_width + name_width);
    let (text, style) = match &row.reason {
        Some(reason) => (format!("unavailable: {}", safe(reason)), theme.dim),
        None => (row.doc.to_owned(), theme.text),
    };
    let key_style = if row.reason.is_some() { theme.dim } else { theme.accent };
    vec![
        Span::styled(pad(&whole_keys(&row.keys, keys_width - 1), keys_width), key_style),
        Span::styled(pad(&cut(row.name, name_width - 1), name_width), style),
        Span::styled(cut(&text, room), style),
    ]
}
