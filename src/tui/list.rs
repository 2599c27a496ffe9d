//! A list with one selected row, and the movements of lists and texts.

use crate::action::Verb;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A move within a list or a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// To the next line.
    Down,
    /// To the line before.
    Up,
    /// By the height of the view.
    PageDown,
    /// Back by the height of the view.
    PageUp,
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
    /// Sideways, to the left.
    Left,
    /// Sideways, to the right.
    Right,
}

impl Motion {
    /// The movement of a verb; `None` for other verbs.
    pub fn of(verb: Verb) -> Option<Motion> {
        Some(match verb {
            Verb::Down => Motion::Down,
            Verb::Up => Motion::Up,
            Verb::PageDown => Motion::PageDown,
            Verb::PageUp => Motion::PageUp,
            Verb::Top => Motion::Top,
            Verb::Bottom => Motion::Bottom,
            Verb::Left => Motion::Left,
            Verb::Right => Motion::Right,
            _ => return None,
        })
    }

    /// The movement of a key while a filter is typed: letters are text.
    pub fn while_typing(key: &KeyEvent) -> Option<Motion> {
        let plain = !key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL);
        Some(match key.code {
            KeyCode::Down => Motion::Down,
            KeyCode::Up => Motion::Up,
            KeyCode::PageDown => Motion::PageDown,
            KeyCode::PageUp => Motion::PageUp,
            KeyCode::Home if plain => Motion::Top,
            KeyCode::End if plain => Motion::Bottom,
            _ => return None,
        })
    }
}

/// The selection and scroll position of a list. The height is the height when it was last drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListState {
    /// The selected row, from 0; 0 if the list is empty.
    pub selected: usize,
    /// The first visible row.
    pub offset: usize,
    /// The number of visible rows when it was last drawn.
    pub height: usize,
}

impl ListState {
    /// Moves the selection in a list of `len` rows; it stops at the ends.
    pub fn step(&mut self, motion: Motion, len: usize) {
        let last = len.saturating_sub(1);
        let page = self.height.saturating_sub(1).max(1);
        self.selected = match motion {
            Motion::Down => self.selected.saturating_add(1),
            Motion::Up => self.selected.saturating_sub(1),
            Motion::PageDown => self.selected.saturating_add(page),
            Motion::PageUp => self.selected.saturating_sub(page),
            Motion::Top => 0,
            Motion::Bottom => last,
            Motion::Left | Motion::Right => self.selected,
        }
        .min(last);
        self.reveal(len);
    }

    /// Scrolls; the selection moves along the edge to stay visible.
    pub fn scroll(&mut self, lines: isize, len: usize) {
        let last = len.saturating_sub(self.height.max(1));
        self.offset = self.offset.saturating_add_signed(lines).min(last);
        let bottom = (self.offset + self.height.max(1) - 1).min(len.saturating_sub(1));
        self.selected = self.selected.clamp(self.offset.min(bottom), bottom);
    }

    /// Sets the height of the frame being drawn and keeps the selection visible.
    pub fn fit(&mut self, height: usize, len: usize) {
        self.height = height;
        self.reveal(len);
    }

    fn reveal(&mut self, len: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
        if self.height == 0 {
            return;
        }
        let low = (self.selected + 1).saturating_sub(self.height);
        self.offset = self.offset.clamp(low, self.selected).min(len.saturating_sub(self.height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stops_at_the_ends_and_stays_in_sight() {
        let mut list = ListState { height: 3, ..ListState::default() };
        for _ in 0..20 {
            list.step(Motion::Down, 10);
        }
        assert_eq!((list.selected, list.offset), (9, 7));
        list.step(Motion::PageUp, 10);
        assert_eq!((list.selected, list.offset), (7, 7));
        list.step(Motion::Top, 10);
        assert_eq!((list.selected, list.offset), (0, 0));
        list.scroll(5, 10);
        assert_eq!((list.selected, list.offset), (5, 5));
        list.fit(3, 2);
        assert_eq!((list.selected, list.offset), (1, 0));
        list.step(Motion::Bottom, 0);
        assert_eq!((list.selected, list.offset), (0, 0));
    }
}
