//! Tables: columns meet, and the last one takes what is left of the width.

use super::{Content, DescriptionView, Ink, StyledLine};
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The narrowest the elastic last column of a table gets, in cells.
const MIN_ELASTIC: usize = 12;

/// Blanks between two columns.
const GAP: usize = 2;

/// Rows under heads; columns are as wide as their widest cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<(Ink, Content)>>,
    spare: &'static [&'static str],
}

/// On which side the cells of a column meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// On the left: text.
    Left,
    /// On the right: numbers.
    Right,
}

impl Table {
    /// A table with these columns.
    pub fn new(heads: &[(&'static str, Align)]) -> Table {
        Table { heads: heads.to_vec(), rows: Vec::new(), spare: &[] }
    }

    /// Names the columns that a narrow terminal can do without, the first to go first.
    pub fn sparing(mut self, spare: &'static [&'static str]) -> Table {
        self.spare = spare;
        self
    }

    /// Appends a row; it has as many cells as the table has columns.
    pub fn row<const N: usize, C: Into<Content>>(&mut self, cells: [(Ink, C); N]) {
        debug_assert_eq!(N, self.heads.len());
        self.rows.push(cells.into_iter().map(|(ink, content)| (ink, content.into())).collect());
    }

    /// Its lines, the heads first.
    pub fn lines(&self, view: DescriptionView) -> impl Iterator<Item = StyledLine> {
        let rows = self.rows.iter().map(|row| row.iter().map(|(ink, content)| (*ink, content.text(view))).collect());
        Sheet { heads: self.heads.clone(), rows: rows.collect() }.lines(view.width, self.spare)
    }
}

/// A table whose cells are text, safe to print.
struct Sheet<'t> {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<(Ink, Cow<'t, str>)>>,
}

impl<'t> Sheet<'t> {
    fn lines(mut self, width: Option<usize>, spare: &[&str]) -> impl Iterator<Item = StyledLine> + use<'t> {
        for column in spare {
            if width.is_none_or(|width| width >= self.least()) {
                break;
            }
            self.drop_column(column);
        }
        let widths = self.widths(width);
        let Sheet { heads, rows } = self;
        let head = heads.iter().map(|(head, _)| (Ink::Dim, Cow::Borrowed(*head))).collect();
        std::iter::once(head).chain(rows).map(move |cells: Vec<(Ink, Cow<'t, str>)>| line(&heads, &cells, &widths))
    }

    fn drop_column(&mut self, column: &str) {
        if let Some(at) = self.heads.iter().position(|(head, _)| *head == column) {
            self.heads.remove(at);
            for row in &mut self.rows {
                row.remove(at);
            }
        }
    }

    /// The least width in which only the last column is cut.
    fn least(&self) -> usize {
        let widths = self.widths(None);
        let last = widths.last().map_or(0, |width| (*width).min(MIN_ELASTIC));
        widths.iter().rev().skip(1).map(|width| width + GAP).sum::<usize>() + last
    }

    /// The width of each column: what its cells need; the last one is cut to the terminal.
    fn widths(&self, total: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heads.iter().map(|(head, _)| head.width()).collect();
        for row in &self.rows {
            for (width, (_, cell)) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns(cell));
            }
        }
        let fixed: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
        if let (Some(total), Some(last)) = (total, widths.last_mut()) {
            *last = (*last).min(total.saturating_sub(fixed).max(MIN_ELASTIC));
        }
        widths
    }
}

/// A row in columns of these widths.
fn line(heads: &[(&'static str, Align)], cells: &[(Ink, Cow<'_, str>)], widths: &[usize]) -> StyledLine {
    let mut line = StyledLine::new();
    // Blanks up to where the next cell begins.
    let mut gap = 0;
    for (((_, align), (ink, text)), width) in heads.iter().zip(cells).zip(widths) {
        let text = if columns(text) <= *width { Cow::Borrowed(text.as_ref()) } else { Cow::Owned(cut(text, *width)) };
        let pad = width.saturating_sub(columns(&text));
        let (before, after) = if *align == Align::Left { (gap, pad) } else { (gap + pad, 0) };
        line = line.blanks(before).put(*ink, text);
        gap = after + GAP;
    }
    line
}

/// How many columns of a terminal a text takes. Nearly all text is plain: look before measuring.
fn columns(text: &str) -> usize {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) { text.len() } else { text.width() }
}

/// Cuts a text to so many cells; a cut text ends with `…`.
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let cells = c.width().unwrap_or(0);
        if used + cells + 1 > width {
            break;
        }
        used += cells;
        kept.push(c);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}
