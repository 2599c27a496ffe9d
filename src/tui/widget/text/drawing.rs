//! Drawing of a text view: its rows, gutters, symbols and matches.

use super::{Counts, SIGNS, TextView, Wrap};
use crate::tui::ink::Ink;
use crate::tui::mark::Tone;
use crate::tui::theme::Theme;
use crate::tui::widget::piece::{LineTokens, Piece, Place, TextLine};
use crate::tui::widget::rows::{Paged, Row, columns, window};
use crate::tui::widget::seen;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;

impl TextView {
    /// Draws the view and records which lines were shown.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        self.size = (area.width.into(), area.height.into());
        if area.is_empty() {
            return;
        }
        self.top = self.top.min(self.last_top(self.size.1));
        let (mut line, mut row) = self.top;
        let mut y = area.y;
        while y < area.bottom() && line < self.lines.len() {
            let rows = self.rows_of(line);
            while row < rows && y < area.bottom() {
                let strip = Rect { y, height: 1, ..area };
                self.draw_row((line, row), strip, buf, theme);
                y += 1;
                row += 1;
            }
            line += 1;
            row = 0;
        }
        self.end = line.max(usize::from(self.lines.is_empty()));
    }

    /// Draws the view from its beginning, without a cursor, next to the text that is read. Late lines do not count as
    /// shown, because the user may not look here.
    pub fn render_beside(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let (top, cursor) = (std::mem::take(&mut self.top), self.cursor.take());
        let before = self.counts;
        if before == Counts::All {
            self.counts = Counts::Known;
        }
        self.render(area, buf, theme);
        (self.top, self.cursor, self.counts) = (top, cursor, before);
    }

    pub(super) fn draw_row(&mut self, (line, row): (usize, usize), strip: Rect, buf: &mut Buffer, theme: &Theme) {
        let width = self.body_width(&self.lines[line]);
        let gutter = self.gutter_width(&self.lines[line]);
        let mut x = self.draw_signs((line, row), strip, buf, theme);
        let lens = seen::lens(&self.lines[line]);
        let mut drawn_halves = [None, None];
        for (half, piece) in self.lines[line].pieces().enumerate() {
            if half == 1 {
                buf.put(x, strip.y, "│", usize::from(strip.right().saturating_sub(x)), theme.border);
                x = x.saturating_add(1);
            }
            let room = |x: u16| usize::from(strip.right().saturating_sub(x));
            if row == 0 {
                let indent = gutter.saturating_sub(1 + columns(&piece.gutter)) as u16;
                let at = x.saturating_add(indent).min(strip.right());
                buf.put(at, strip.y, &piece.gutter, room(at), gutter_style(piece.tone(), theme));
            }
            x = x.saturating_add(gutter as u16);
            let range = self.row_range((line, half), piece, row, width);
            let hang = if row > 0 && self.wrap == Wrap::On { piece.hang(width) } else { 0 };
            let mut marks = piece.styles(theme, self.tokens_of(piece));
            marks.extend(self.match_styles(line, half, theme));
            let start = x.saturating_add(hang as u16);
            let body = Rect { x: start, width: (width - hang).min(room(start)) as u16, ..strip };
            let drawn = Row { text: piece.text(), range: range.clone(), base: theme.tone(piece.tone()) };
            drawn.draw(body, buf, &marks);
            if usize::from(body.width) == width - hang {
                drawn_halves[half] = Some(range.clone());
            }
            x = x.saturating_add(width as u16);
            if self.wrap == Wrap::Off {
                let sign = if range.end < piece.text().len() { "›" } else { " " };
                buf.put(x, strip.y, sign, room(x), theme.warn);
                x = x.saturating_add(1);
            }
        }
        let counts = match self.counts {
            Counts::All => true,
            Counts::Known => !self.seen.is_late(line),
            Counts::None => false,
        };
        if counts {
            for (half, range) in drawn_halves.into_iter().enumerate() {
                self.seen.draw(line, half, range.unwrap_or_default(), lens);
            }
        }
    }

    /// Draws the cursor and the flag of the line; returns the column after them.
    pub(super) fn draw_signs(&self, (line, row): (usize, usize), strip: Rect, buf: &mut Buffer, theme: &Theme) -> u16 {
        let Some(cursor) = self.cursor else { return strip.x };
        let room = |x: u16| usize::from(strip.right().saturating_sub(x));
        let (sign, style) = match (cursor.line == line, cursor.range().contains(&line)) {
            (true, _) if row == 0 => ("›", theme.accent),
            (_, true) if cursor.is_range() => ("┃", theme.accent),
            _ => (" ", theme.text),
        };
        buf.put(strip.x, strip.y, sign, room(strip.x).min(1), style);
        let x = strip.x.saturating_add(1).min(strip.right());
        if row == 0
            && let Some(flag) = self.flag_of(line)
        {
            buf.put(x, strip.y, flag.sign(), room(x).min(1), flag.style(theme));
        }
        strip.x.saturating_add(SIGNS as u16).min(strip.right())
    }

    pub(super) fn tokens_of(&self, piece: &Piece) -> Option<&LineTokens> {
        match piece.place()? {
            Place::Line { side, file, line } => self.syntax.get(&(side, file))?.get(line),
            Place::File(_) | Place::Hunk(..) | Place::Fold(..) | Place::Link(_) => None,
        }
    }

    /// The bytes of a half of a line in a row of the screen.
    pub(super) fn row_range(&self, at: (usize, usize), piece: &Piece, row: usize, width: usize) -> Range<usize> {
        let end = piece.text().len();
        match self.wrap {
            Wrap::Off => window(piece.text(), self.column, width),
            Wrap::On => self.cuts(at, width).get(row).cloned().unwrap_or(end..end),
        }
    }

    pub(super) fn match_styles(&self, line: usize, half: usize, theme: &Theme) -> Vec<(Range<usize>, Style)> {
        let matches = &self.search.matches;
        let first = matches.partition_point(|found| (found.0, found.1) < (line, half));
        let here = matches[first..].iter().take_while(|found| (found.0, found.1) == (line, half));
        here.enumerate()
            .map(|(at, found)| {
                let style = if first + at == self.search.current { theme.match_current } else { theme.match_ };
                (found.2.clone(), style)
            })
            .collect()
    }

    /// Columns of the gutter, including the blank after it; a heading has none.
    pub(super) fn gutter_width(&self, line: &TextLine) -> usize {
        match line {
            TextLine::One(piece) if piece.gutter.is_empty() => 0,
            TextLine::One(_) | TextLine::Two(..) if self.gutters == 0 => 0,
            TextLine::One(_) | TextLine::Two(..) => self.gutters + 1,
        }
    }

    /// The width of the text of each piece.
    pub(super) fn body_width(&self, line: &TextLine) -> usize {
        let edge = usize::from(self.wrap == Wrap::Off);
        let all = self.size.0.saturating_sub(if self.cursor.is_some() { SIGNS } else { 0 });
        let room = match line {
            TextLine::One(_) => all,
            TextLine::Two(..) => all.saturating_sub(1) / 2,
        };
        room.saturating_sub(self.gutter_width(line) + edge).max(2)
    }
}

fn gutter_style(tone: Tone, theme: &Theme) -> Style {
    match tone {
        Tone::Plain | Tone::Header | Tone::Fold | Tone::Fact => theme.gutter,
        Tone::Added | Tone::Removed | Tone::Good | Tone::Warn | Tone::Bad => theme.tone(tone),
    }
}
