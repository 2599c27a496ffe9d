//! The cursor of a text view: a line, or a range of lines, that verbs refer to, and the flags it can go to.
//!
//! Only views created with a cursor have one; the others scroll.

use super::Move;
use super::piece::{Flag, Place, TextLine};
use super::rows::Paged;
use super::text::{Jump, TextView};
use crate::tui::mark::Tone;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// The minimum number of lines above and below the cursor, if there is room.
const MARGIN: usize = 2;

/// The selected lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The line of the cursor.
    pub(super) line: usize,
    /// The start of the range.
    from: Option<usize>,
}

impl Cursor {
    pub(super) fn at(line: usize) -> Cursor {
        Cursor { line, from: None }
    }

    pub(super) fn range(self) -> RangeInclusive<usize> {
        let from = self.from.unwrap_or(self.line);
        from.min(self.line)..=from.max(self.line)
    }

    pub(super) fn is_range(self) -> bool {
        self.from.is_some()
    }
}

/// The number of the link at or above the cursor of a view.
pub fn cursor_link(view: &TextView) -> Option<usize> {
    let lines = view.lines().get(..=view.cursor_line()).unwrap_or_default();
    lines.iter().rev().find_map(link_of)
}

/// Moves the cursor of a view to the next or previous line that is a link. `false` if there is none.
pub fn step_link(view: &mut TextView, to: Jump) -> bool {
    let from = view.cursor_line();
    let is_link = |line: &usize| view.lines().get(*line).is_some_and(|line| link_of(line).is_some());
    let found = match to {
        Jump::Next => (from + 1..view.lines().len()).find(is_link),
        Jump::Previous => (0..from).rev().find(is_link),
    };
    if let Some(line) = found {
        view.set_cursor(line);
        view.reveal();
    }
    found.is_some()
}

fn link_of(line: &TextLine) -> Option<usize> {
    match line.place() {
        Some(Place::Link(number)) => Some(number),
        _ => None,
    }
}

impl TextView {
    /// The same view with a cursor.
    pub fn with_cursor(mut self) -> TextView {
        self.cursor = Some(Cursor::at(0));
        self
    }

    /// The line of the cursor, counted from 0; the first visible line if there is no cursor.
    pub fn cursor_line(&self) -> usize {
        self.cursor.map_or(self.on_screen().start, |cursor| cursor.line)
    }

    /// The place of the line at the cursor.
    pub fn cursor_place(&self) -> Option<Place> {
        self.lines().get(self.cursor_line()).and_then(TextLine::place)
    }

    /// The places of the selected lines.
    pub fn chosen_places(&self) -> Vec<Place> {
        let range = self.cursor.map_or(0..=0, Cursor::range);
        self.lines().get(range).unwrap_or_default().iter().filter_map(TextLine::place).collect()
    }

    /// Begins a range at the cursor, or ends the current one. Returns whether there is one now.
    pub fn toggle_range(&mut self) -> bool {
        let Some(cursor) = &mut self.cursor else { return false };
        cursor.from = if cursor.from.is_none() { Some(cursor.line) } else { None };
        cursor.from.is_some()
    }

    /// Puts the cursor on a line without scrolling.
    pub(super) fn set_cursor(&mut self, line: usize) {
        let last = self.lines().len().saturating_sub(1);
        if let Some(cursor) = &mut self.cursor {
            cursor.line = line.min(last);
        }
    }

    /// Shows the line of a place, with the cursor on it. `false` if there is none.
    pub fn show_place(&mut self, place: Place) -> bool {
        let found = self.lines().iter().position(|line| line.pieces().any(|piece| piece.place() == Some(place)));
        if let Some(line) = found {
            self.show_line(line);
        }
        found.is_some()
    }

    /// Shows the first new or removed line, with the cursor on it.
    pub fn show_first_change(&mut self) {
        let is_change =
            |line: &TextLine| line.pieces().any(|piece| matches!(piece.tone(), Tone::Added | Tone::Removed));
        if let Some(line) = self.lines().iter().position(is_change) {
            self.show_line(line);
        }
    }

    /// Flags lines by their places.
    pub fn set_flags(&mut self, flags: HashMap<Place, Flag>) {
        self.flags = flags;
        self.flagged = (0..self.lines().len()).filter(|line| self.flag_of(*line).is_some()).collect();
    }

    /// The worst flag of a line.
    pub(super) fn flag_of(&self, line: usize) -> Option<Flag> {
        let places = self.lines().get(line)?.pieces().filter_map(super::piece::Piece::place);
        places.filter_map(|place| self.flags.get(&place).copied()).max()
    }

    /// Goes to the next or previous line with a flag at least this bad; `false` if there is none.
    pub fn jump_flag(&mut self, to: Jump, least: Flag) -> bool {
        let from = self.cursor_line();
        let wanted = |line: &&usize| self.flag_of(**line) >= Some(least);
        let found = match to {
            Jump::Next => self.flagged.iter().find(|line| **line > from && wanted(line)).copied(),
            Jump::Previous => self.flagged.iter().rev().find(|line| **line < from && wanted(line)).copied(),
        };
        if let Some(line) = found {
            self.show_line(line);
        }
        found.is_some()
    }

    /// Goes to the first or last line with a flag at least this bad; `false` if there is none.
    pub fn end_flag(&mut self, from: Jump, least: Flag) -> bool {
        let wanted = |line: &&usize| self.flag_of(**line) >= Some(least);
        let found = match from {
            Jump::Next => self.flagged.iter().find(wanted).copied(),
            Jump::Previous => self.flagged.iter().rev().find(wanted).copied(),
        };
        if let Some(line) = found {
            self.show_line(line);
        }
        found.is_some()
    }

    /// Moves the cursor and scrolls to it. `false` for moves without effect on the cursor.
    pub(super) fn scroll_with_cursor(&mut self, step: Move) -> bool {
        let height = self.height();
        let last = self.lines().len().saturating_sub(1);
        if self.lines().is_empty() {
            return true;
        }
        match step {
            Move::Rows(rows) => (0..rows.unsigned_abs()).for_each(|_| self.step_cursor(rows.signum())),
            Move::HalfPages(pages) => self.turn(pages, (height / 2).max(1)),
            Move::Pages(pages) => self.turn(pages, height.saturating_sub(1).max(1)),
            Move::Top => {
                self.set_cursor(0);
                self.set_top((0, 0));
            }
            Move::Bottom => {
                self.set_cursor(last);
                self.set_top(self.last_top(height));
            }
            Move::Columns(_) | Move::FirstColumn => return false,
        }
        true
    }

    /// One line up or down; a line taller than the screen is scrolled through first.
    fn step_cursor(&mut self, by: isize) {
        let Some(cursor) = self.cursor else { return };
        let (height, rows) = (self.height(), self.rows_of(cursor.line));
        let (top, first) = self.top();
        let more = if by > 0 { first + height < rows } else { first > 0 };
        if top == cursor.line && more {
            return self.move_rows(by);
        }
        self.set_cursor(cursor.line.saturating_add_signed(by));
        self.reveal();
    }

    /// Turns pages: the cursor keeps its position on the screen, and goes to the end if there is no further page.
    fn turn(&mut self, pages: isize, rows: usize) {
        let Some(cursor) = self.cursor else { return };
        let (before, visible) = (self.top(), self.visible());
        let offset = cursor.line.saturating_sub(visible.0);
        self.move_rows(pages * rows as isize);
        let visible = self.visible();
        let line = if self.top() == before {
            if pages > 0 { self.lines().len().saturating_sub(1) } else { 0 }
        } else {
            (visible.0 + offset).clamp(visible.0, visible.1)
        };
        self.set_cursor(line);
    }

    /// Scrolls so that the cursor and a margin around it are on screen.
    fn reveal(&mut self) {
        let Some(Cursor { line, .. }) = self.cursor else { return };
        let height = self.height();
        let margin = if height > 4 * MARGIN { MARGIN } else { 0 };
        let above = (line.saturating_sub(margin), 0);
        if above < self.top() {
            self.set_top(above);
        }
        let last = self.lines().len().saturating_sub(1);
        let below = (line + margin).min(last);
        let rows = self.rows_of(below) as isize;
        let lowest = self.moved((below, 0), rows - height as isize, height);
        if lowest > self.top() {
            self.set_top(lowest.min((line, 0)));
        }
    }

    /// First and last line that fit on the screen, even in part.
    fn visible(&self) -> (usize, usize) {
        let (first, row) = self.top();
        let mut room = self.height() + row;
        let mut line = first;
        while line + 1 < self.lines().len() && room > self.rows_of(line) {
            room -= self.rows_of(line);
            line += 1;
        }
        (first, line)
    }
}
