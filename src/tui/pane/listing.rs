//! A list of rows with a text filter, shared by panes and boxes.
//!
//! The selection stays on the same item when the items change. The pane draws the rows.

use crate::tui::ink::Ink;
use crate::tui::list::{ListState, Motion};
use crate::tui::theme::Theme;
use crate::tui::widget::text_input::TextInput;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// An item of such a list.
pub trait Listed {
    /// The identity of an item across updates.
    type Key: PartialEq;
    /// Stays the same while the item changes, so that the selection stays on it.
    fn key(&self) -> Self::Key;
    /// The texts that a filter searches, with the name first.
    fn texts(&self) -> Vec<Cow<'_, str>>;
}

/// The rank of an item for the words of a filter, best first; `None` if a word matches none of its texts.
fn fit<T: Listed>(item: &T, words: &[&str]) -> Option<(usize, bool)> {
    let texts: Vec<String> = item.texts().iter().map(|text| text.to_lowercase()).collect();
    let mut worst = (0, false);
    for word in words {
        let at = texts.iter().position(|text| text.contains(word))?;
        worst = worst.max((at, !texts[at].starts_with(word)));
    }
    Some(worst)
}

/// The state of the list.
pub struct Listing<T> {
    pub(in crate::tui) items: Vec<T>,
    /// Positions of the items that pass the filter.
    pub(in crate::tui) rows: Vec<usize>,
    pub(in crate::tui) filter: TextInput,
    pub(in crate::tui) typing: bool,
    pub(in crate::tui) list: ListState,
    pub(in crate::tui) loaded: bool,
    /// Whether the user moved the selection away from the first row.
    moved: bool,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Listing {
            items: Vec::new(),
            rows: Vec::new(),
            filter: TextInput::default(),
            typing: false,
            list: ListState::default(),
            loaded: false,
            moved: false,
        }
    }
}

impl<T: Listed> Listing<T> {
    /// Sets the items; the selection stays on the same one if it still exists.
    pub fn set(&mut self, items: Vec<T>) {
        let selected = self.selected().map(Listed::key);
        self.items = items;
        self.loaded = true;
        self.refresh();
        let found = self.rows.iter().position(|row| Some(self.items[*row].key()) == selected);
        self.list.selected = found.unwrap_or(self.list.selected).min(self.rows.len().saturating_sub(1));
    }

    /// Sets the items, newest first. If the selection was never moved away from the newest one, the newest one stays
    /// selected.
    pub fn set_newest_first(&mut self, items: Vec<T>) {
        self.set(items);
        if !self.moved {
            self.list.step(Motion::Top, self.rows.len());
        }
    }

    /// Selects the first matching item, if any.
    pub fn select(&mut self, fits: impl Fn(&T) -> bool) {
        if let Some(at) = self.rows.iter().position(|row| fits(&self.items[*row])) {
            self.list.selected = at;
        }
        self.note_moved();
    }

    fn note_moved(&mut self) {
        self.moved = self.list.selected > 0;
    }

    /// `None` while the list is empty.
    pub fn selected(&self) -> Option<&T> {
        self.rows.get(self.list.selected).and_then(|row| self.items.get(*row))
    }

    /// Moves the selection and keeps it visible.
    pub fn step(&mut self, motion: Motion) {
        self.list.step(motion, self.rows.len());
        self.note_moved();
    }

    /// Scrolls, as the wheel does.
    pub fn scroll(&mut self, lines: isize) {
        self.list.scroll(lines, self.rows.len());
        self.note_moved();
    }

    /// Selects the row at this line of the list, for a click.
    pub fn click(&mut self, line: usize) {
        self.list.selected = (self.list.offset + line).min(self.rows.len().saturating_sub(1));
        self.note_moved();
    }

    /// The text of the filter.
    pub fn filter(&self) -> String {
        self.filter.text()
    }

    /// Whether the filter is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Starts or ends typing the filter.
    pub fn set_typing(&mut self, typing: bool) {
        self.typing = typing;
    }

    /// Edits the filter and selects the first row.
    pub fn edit_filter(&mut self, edit: impl FnOnce(&mut TextInput)) {
        edit(&mut self.filter);
        self.refresh();
        self.list.step(Motion::Top, self.rows.len());
        self.note_moved();
    }

    /// The items that match the filter; equal ones keep the order of the list.
    fn refresh(&mut self) {
        let typed = self.filter.text().to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let fits = (0..self.items.len()).filter_map(|row| Some((fit(&self.items[row], &words)?, row)));
        let mut fits: Vec<((usize, bool), usize)> = fits.collect();
        fits.sort_unstable();
        self.rows = fits.into_iter().map(|(_, row)| row).collect();
    }

    /// Draws the filter line while it is typed, using a line of `inner`; returns the cursor.
    pub(in crate::tui) fn draw_filter(
        &mut self,
        inner: &mut Rect,
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Option<Position> {
        if !self.typing || inner.is_empty() {
            return None;
        }
        buf.put(inner.x, inner.y, " /", 2, theme.accent);
        let line = Rect { x: inner.x + 3, width: inner.width.saturating_sub(3), height: 1, ..*inner };
        let cursor = self.filter.draw(line, buf, theme.text);
        *inner = Rect { y: inner.y + 1, height: inner.height - 1, ..*inner };
        Some(cursor)
    }
}
