//! Tables: columns meet, and the last one takes what is left of the width.

use super::{Content, DescriptionView, Ink, StyledLine};
use crate::domain::SafeText;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The narrowest the elastic last column of a table gets, in cells.
const MIN_ELASTIC: usize = 12;

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
    pub fn lines(&self, view: DescriptionView) -> Vec<StyledLine> {
        let rows = self.rows.iter().map(|row| row.iter().map(|(ink, content)| (*ink, content.text(view))).collect());
        Sheet { heads: self.heads.clone(), rows: rows.collect() }.lines(view.width, self.spare)
    }
}

/// A table whose cells are text.
#[derive(Clone)]
struct Sheet {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<(Ink, SafeText)>>,
}

impl Sheet {
    fn lines(mut self, width: Option<usize>, spare: &[&str]) -> Vec<StyledLine> {
        for column in spare {
            if width.is_none_or(|width| width >= self.least()) {
                break;
            }
            self.drop_column(column);
        }
        let widths = self.widths(width);
        let head = self.heads.iter().map(|(head, _)| (Ink::Dim, SafeText::new(head)));
        std::iter::once(head.collect::<Vec<_>>())
            .chain(self.rows.iter().cloned())
            .map(|cells| self.line(&cells, &widths))
            .collect()
    }

    fn line(&self, cells: &[(Ink, SafeText)], widths: &[usize]) -> StyledLine {
        let columns = self.heads.iter().zip(cells).zip(widths).enumerate();
        columns.fold(StyledLine::new(), |line, (i, (((_, align), (ink, text)), width))| {
            let text = cut(text.as_str(), *width);
            let pad = " ".repeat(width.saturating_sub(text.width()));
            let gap = if i == 0 { "" } else { "  " };
            match align {
                Align::Left => line.put(Ink::Plain, gap).put(*ink, text).put(Ink::Plain, pad),
                Align::Right => line.put(Ink::Plain, format!("{gap}{pad}")).put(*ink, text),
            }
        })
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
        widths.iter().rev().skip(1).map(|width| width + 2).sum::<usize>() + last
    }

    /// The width of each column: what its cells need; the last one is cut to the terminal.
    fn widths(&self, total: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heads.iter().map(|(head, _)| head.width()).collect();
        for row in &self.rows {
            for (width, (_, cell)) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.as_str().width());
            }
        }
        let fixed: usize = widths.iter().rev().skip(1).map(|width| width + 2).sum();
        if let (Some(total), Some(last)) = (total, widths.last_mut()) {
            *last = (*last).min(total.saturating_sub(fixed).max(MIN_ELASTIC));
        }
        widths
    }
}

/// Cuts a text to so many cells; a cut text ends with `…`.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
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
