//! The only way from text to cells.
//!
//! All drawing uses [`Span`], [`Line`], [`Ink`] or [`draw_editor`], and each of them escapes its text like
//! [`SafeText`]. Text that is already escaped stays unchanged, and text that a caller forgot to escape is escaped here:
//! no foreign text reaches a cell raw. A test reads the sources and reports code that draws without this module.

use crate::domain::{SafeText, is_hidden};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text;
use ratatui::widgets::{Block, BorderType, Borders, Clear, Widget};
use tui_textarea::TextArea;

/// A piece of text in one style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span(text::Span<'static>);

impl Span {
    /// Text in this style, escaped.
    pub fn styled(text: impl AsRef<str>, style: Style) -> Span {
        Span(text::Span::styled(SafeText::visible(text.as_ref()).into_owned(), style))
    }

    /// Text in the style of the cells below it, escaped.
    pub fn raw(text: impl AsRef<str>) -> Span {
        Span::styled(text, Style::new())
    }

    /// Its width in terminal columns; a wide character counts as two.
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

/// Pieces of text side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(text::Line<'static>);

impl Line {
    /// Text in this style, escaped.
    pub fn styled(text: impl AsRef<str>, style: Style) -> Line {
        Line::from(vec![Span::styled(text, style)])
    }

    /// Text in the style of the cells below it, escaped.
    pub fn raw(text: impl AsRef<str>) -> Line {
        Line::styled(text, Style::new())
    }

    /// Its width in terminal columns; a wide character counts as two.
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

impl From<Vec<Span>> for Line {
    fn from(spans: Vec<Span>) -> Line {
        Line(text::Line::from(spans.into_iter().map(|span| span.0).collect::<Vec<_>>()))
    }
}

/// Draws text into a buffer.
pub trait Ink {
    /// Draws one line of text from a position on, escaped and cut to `width` columns; returns the position after the
    /// text.
    fn put(&mut self, x: u16, y: u16, text: impl AsRef<str>, width: usize, style: Style) -> (u16, u16);

    /// Draws a line from a position on, cut to `width` columns.
    fn put_line(&mut self, x: u16, y: u16, line: &Line, width: u16);
}

impl Ink for Buffer {
    fn put(&mut self, x: u16, y: u16, text: impl AsRef<str>, width: usize, style: Style) -> (u16, u16) {
        self.set_stringn(x, y, SafeText::visible(text.as_ref()), width, style)
    }

    fn put_line(&mut self, x: u16, y: u16, line: &Line, width: u16) {
        self.set_line(x, y, &line.0, width);
    }
}

/// Draws a frame with a title on the left and one on the right; returns the area inside.
pub fn draw_frame(area: Rect, buf: &mut Buffer, border: Style, left: Line, right: Option<Line>) -> Rect {
    let mut block = Block::bordered().border_type(BorderType::Rounded).border_style(border).title_top(left.0);
    if let Some(right) = right {
        block = block.title_top(right.0.right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

/// Draws a rule along the upper edge; returns the area below it.
pub fn draw_rule(area: Rect, buf: &mut Buffer, style: Style) -> Rect {
    let block = Block::new().borders(Borders::TOP).border_style(style);
    let inner = block.inner(area);
    block.render(area, buf);
    inner
}

/// Blanks an area.
pub fn blank(area: Rect, buf: &mut Buffer) {
    Clear.render(area, buf);
}

/// Draws a picture into cells: the sequence consists of pixels, not of text.
#[cfg(feature = "plots")]
pub fn draw_picture(picture: &ratatui_image::protocol::Protocol, area: Rect, buf: &mut Buffer) {
    ratatui_image::Image::new(picture).render(area, buf);
}

/// Draws the content of an area in one faint style, because something else covers it.
pub fn fade(area: Rect, buf: &mut Buffer, style: Style) {
    for position in area.intersection(buf.area).positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.set_style(Style::reset());
            cell.set_style(style);
        }
    }
}

/// Replaces cell contents with text of this program; `with` returns the replacement.
pub fn replace_symbols(buf: &mut Buffer, with: impl Fn(&str) -> Option<&'static str>) {
    for cell in &mut buf.content {
        if let Some(symbol) = with(cell.symbol()) {
            cell.set_symbol(symbol);
        }
    }
}

/// The content of a screen row: each character with its column, width and style; nothing for the second half of a wide
/// character.
pub fn cells_of(buf: &Buffer, y: u16) -> Vec<(String, u16, Style)> {
    let (mut cells, mut x) = (Vec::new(), buf.area.x);
    while let Some(cell) = buf.cell((x, y)) {
        cells.push((cell.symbol().to_owned(), x, cell.style()));
        x += unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1) as u16;
    }
    cells
}

/// Rewrites a row from the left, with characters that were drawn before or that belong to this program.
pub fn put_cells(buf: &mut Buffer, y: u16, cells: &[(String, Style)]) {
    let row = Rect { x: buf.area.x, y, width: buf.area.width, height: 1 };
    blank(row, buf);
    let mut x = row.x;
    for (text, style) in cells {
        (x, _) = buf.set_stringn(x, y, SafeText::visible(text), usize::from(row.right().saturating_sub(x)), *style);
    }
}

/// Draws a text area; hidden and reordering characters are drawn as `¿`, because the area draws its text unescaped.
/// Their names are shown beside the area. Returns the cursor position.
pub fn draw_editor(area: &TextArea<'static>, place: Rect, buf: &mut Buffer) -> Option<Position> {
    area.render(place, buf);
    let (at, (top, left)) = (area.screen_cursor(), area.scroll_offset());
    let offset = |to: usize, from: u16| u16::try_from(to).unwrap_or(u16::MAX).saturating_sub(from);
    let cursor =
        Position::new(place.x.saturating_add(offset(at.col, left)), place.y.saturating_add(offset(at.row, top)));
    let cursor = Some(cursor).filter(|position| place.intersection(buf.area).contains(*position));
    // The terminal draws the cursor. A second drawn cursor would reverse the cell back.
    if let Some(cell) = cursor.and_then(|position| buf.cell_mut(position)) {
        cell.modifier.remove(Modifier::REVERSED);
    }
    for position in place.intersection(buf.area).positions() {
        if let Some(cell) = buf.cell_mut(position)
            && cell.symbol().chars().any(is_hidden)
        {
            cell.set_symbol("¿");
        }
    }
    cursor
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\u{1b}[2J\u{9b}31m\u{202e}\u{200d}\u{e0041}\u{fe0f}\u{2028}b";
    const SEEN: &str = "a\\x1b[2J\\x9b31m\\u{202e}\\u{200d}\\u{e0041}\\u{fe0f}\\u{2028}b";

    fn row(buf: &Buffer, y: u16) -> String {
        (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn every_way_into_a_cell_escapes_what_it_is_given() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 90, 4));
        buf.put(0, 0, EVIL, 90, Style::new());
        buf.put_line(0, 1, &Line::from(vec![Span::raw(EVIL)]), 90);
        let inner =
            draw_frame(Rect::new(0, 2, 90, 2), &mut buf, Style::new(), Line::raw(EVIL), Some(Line::raw("\u{7}")));
        assert_eq!((row(&buf, 0), row(&buf, 1)), (SEEN.to_owned(), SEEN.to_owned()));
        assert!(
            row(&buf, 2).starts_with(&format!("╭{SEEN}─")) && row(&buf, 2).ends_with("─\\x07╮"),
            "{}",
            row(&buf, 2)
        );
        assert_eq!(inner, Rect::new(1, 3, 88, 0));
    }

    #[test]
    fn what_is_typed_or_pasted_into_a_field_is_drawn_without_its_hidden_characters() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 2));
        draw_editor(&TextArea::new(vec![EVIL.replace('\u{1b}', "")]), buf.area, &mut buf);
        assert!(buf.content.iter().all(|cell| !cell.symbol().chars().any(is_hidden)), "{}", row(&buf, 0));
        assert!(row(&buf, 0).contains('¿'));
    }

    #[test]
    fn a_text_that_is_typed_says_where_its_cursor_is() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 5));
        let mut area = TextArea::new(vec!["one".to_owned(), "two words".to_owned()]);
        area.move_cursor(tui_textarea::CursorMove::Bottom);
        area.move_cursor(tui_textarea::CursorMove::End);
        assert_eq!(draw_editor(&area, Rect::new(4, 1, 30, 3), &mut buf), Some(Position::new(13, 2)));
    }
}
