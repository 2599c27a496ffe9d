//! Cuts lines into rows of a screen, and draws rows into cells.
//!
//! Columns are counted by grapheme, exactly as ratatui draws them, so that measured and drawn widths cannot differ.

use crate::tui::ink::Ink;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};
use unicode_width::UnicodeWidthStr;

/// Where a line may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// Between any two characters, as a terminal does.
    Anywhere,
    /// After a blank in the second half of the row, if any; otherwise after a sign within a long word.
    Words,
}

/// How many columns `text` takes.
pub(super) fn columns(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// Cuts `text` into rows of at most `width` columns. Returns at least one row; a row is empty only if it is the only
/// one.
pub(super) fn cut(text: &str, width: usize, at: Break) -> Vec<Range<usize>> {
    let width = width.max(2);
    if at == Break::Anywhere && is_plain(text) && !text.is_empty() {
        return (0..text.len()).step_by(width).map(|start| start..(start + width).min(text.len())).collect();
    }
    let mut rows = Vec::with_capacity(1 + text.len() / width);
    let mut start = 0;
    while start < text.len() {
        let end = start + row_end(&text[start..], width, at);
        rows.push(start..end);
        start = end;
    }
    if rows.is_empty() {
        rows.push(0..0);
    }
    rows
}

/// How many rows [`cut`] makes.
pub(super) fn count(text: &str, width: usize, at: Break) -> usize {
    if at == Break::Anywhere && is_plain(text) {
        return text.len().div_ceil(width.max(2)).max(1);
    }
    cut(text, width, at).len()
}

/// The bytes of `text` in at most `width` columns, beginning at column `from`.
pub(super) fn window(text: &str, from: usize, width: usize) -> Range<usize> {
    if is_plain(text) {
        let start = from.min(text.len());
        return start..(start + width).min(text.len());
    }
    let mut column = 0;
    let mut range = text.len()..text.len();
    for (at, grapheme) in text.grapheme_indices(true) {
        let next = column + grapheme.width();
        if column >= from && range.start == text.len() {
            range = at..at;
        }
        if column >= from && next > from + width {
            return range;
        }
        if column >= from {
            range.end = at + grapheme.len();
        }
        column = next;
    }
    range
}

/// Where and how a part of a line is drawn.
pub(super) struct Row<'a> {
    /// The whole line, escaped.
    pub(super) text: &'a str,
    /// The bytes to draw.
    pub(super) range: Range<usize>,
    pub(super) base: Style,
}

impl Row<'_> {
    /// Draws the row at the left edge of the first line of `area`, with `marks` over it; later marks take precedence.
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, marks: &[(Range<usize>, Style)]) {
        if area.is_empty() {
            return;
        }
        let touches = |range: &Range<usize>| range.start < self.range.end && self.range.start < range.end;
        let marks: Vec<&(Range<usize>, Style)> = marks.iter().filter(|(range, _)| touches(range)).collect();
        let mut cuts: Vec<usize> = vec![self.range.start, self.range.end];
        for (range, _) in &marks {
            cuts.extend([range.start, range.end].into_iter().filter(|at| self.range.contains(at)));
        }
        // A style that ends within a character ends before it: combining marks are not drawn alone.
        for at in &mut cuts {
            *at = character_start(self.text, *at);
        }
        cuts.sort_unstable();
        cuts.dedup();
        let mut x = area.x;
        for pair in cuts.windows(2) {
            let (start, end) = (pair[0], pair[1]);
            let Some(part) = self.text.get(start..end) else { continue };
            let style = marks
                .iter()
                .filter(|(range, _)| {
                    character_start(self.text, range.start) <= start && end <= character_start(self.text, range.end)
                })
                .fold(self.base, |style, (_, over)| style.patch(*over));
            let room = usize::from(area.right().saturating_sub(x));
            (x, _) = buf.put(x, area.y, part, room, style);
        }
    }
}

/// Numbered lines of one or more rows each.
pub(super) trait Paged {
    /// The numbers of the lines.
    fn span(&self) -> Range<usize>;
    /// The number of rows of a line, at least one.
    fn rows_of(&self, line: usize) -> usize;

    /// The position (line, row) of the top of the screen at which the last line ends at the lower edge of `height`
    /// rows.
    fn last_top(&self, height: usize) -> (usize, usize) {
        let span = self.span();
        let mut room = height.max(1);
        for line in span.clone().rev() {
            let rows = self.rows_of(line);
            if rows >= room {
                return (line, rows - room);
            }
            room -= rows;
        }
        (span.start, 0)
    }

    /// The position `rows` rows from `top`, which is a line of the span, limited by the first line and
    /// [`Paged::last_top`].
    fn moved(&self, top: (usize, usize), rows: isize, height: usize) -> (usize, usize) {
        let first = (self.span().start, 0);
        let last = self.last_top(height);
        let mut top = if rows < 0 { top.max(first) } else { top.clamp(first, last) };
        let mut left = rows.unsigned_abs();
        while left > 0 && rows < 0 && top > first {
            let step = left.min(top.1);
            top.1 -= step;
            left -= step;
            if left > 0 && top.0 > first.0 {
                top = (top.0 - 1, self.rows_of(top.0 - 1));
            }
        }
        while left > 0 && rows > 0 && top < last {
            let rest = self.rows_of(top.0).saturating_sub(top.1).max(1);
            if left < rest {
                top.1 += left;
                break;
            }
            left -= rest;
            top = (top.0 + 1, 0);
        }
        top.min(last)
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b))
}

/// The first byte of the character that contains byte `at`, including its combining marks; the end for the end.
fn character_start(text: &str, at: usize) -> usize {
    if at >= text.len() || (text.is_char_boundary(at) && text.as_bytes()[at].is_ascii()) {
        return at;
    }
    let mut start = at;
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut cursor = GraphemeCursor::new(start, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(false) => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(start),
        Ok(true) | Err(_) => start,
    }
}

/// The length in bytes of the first row of `text`, which is not empty.
fn row_end(text: &str, width: usize, at: Break) -> usize {
    let mut column = 0;
    let (mut blank, mut sign) = (None, None);
    for (offset, grapheme) in text.grapheme_indices(true) {
        let next = column + grapheme.width();
        if next > width && offset > 0 {
            return match at {
                Break::Words => blank.or(sign).unwrap_or(offset),
                Break::Anywhere => offset,
            };
        }
        if grapheme == " " && column * 2 >= width {
            blank = Some(offset + 1);
        }
        if matches!(grapheme, "-" | "/" | "_" | ",") && next < width && column * 2 >= width {
            sign = Some(offset + 1);
        }
        column = next;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, width: usize, at: Break) -> Vec<&str> {
        cut(text, width, at).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn rows_hold_the_whole_line_and_fit() {
        assert_eq!(pieces("abcdefg", 3, Break::Anywhere), ["abc", "def", "g"]);
        assert_eq!(pieces("日本語テキスト", 5, Break::Anywhere), ["日本", "語テ", "キス", "ト"]);
        assert_eq!(pieces("", 5, Break::Anywhere), [""]);
        assert_eq!(pieces("one two three", 9, Break::Words), ["one two ", "three"]);
        assert_eq!(pieces("onetwothreefour", 9, Break::Words), ["onetwothr", "eefour"]);
        assert_eq!(pieces("tools/read-first-line", 14, Break::Words), ["tools/read-", "first-line"]);
        assert_eq!(count("abcdefg", 3, Break::Anywhere), 3);
    }

    #[test]
    fn a_window_starts_on_a_whole_character() {
        assert_eq!(window("abcdef", 2, 3), 2..5);
        assert_eq!(window("abc", 9, 3), 3..3);
        assert_eq!(&"日本語"[window("日本語", 1, 3)], "本");
        assert_eq!(&"日本語"[window("日本語", 2, 4)], "本語");
    }
}
