//! Tables: columns are aligned, and the last one takes the remaining width.

use super::{Content, DescriptionView, Ink, StyledLine};
use crate::domain::SafeText;
use crate::domain::text::is_plain;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The minimum width of the elastic last column of a table, in cells.
const MIN_ELASTIC: usize = 12;

/// Blanks between two columns.
const GAP: usize = 2;

/// Rows with a header; columns are as wide as their widest cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<(Ink, Content)>>,
    spare: &'static [&'static str],
}

/// The alignment of the cells of a column.
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

    /// Names the columns that a narrow terminal can omit, the first to be omitted first.
    pub fn sparing(mut self, spare: &'static [&'static str]) -> Table {
        self.spare = spare;
        self
    }

    /// Appends a row; it has as many cells as the table has columns.
    pub fn row<const N: usize, C: Into<Content>>(&mut self, cells: [(Ink, C); N]) {
        debug_assert_eq!(N, self.heads.len());
        self.rows.push(cells.into_iter().map(|(ink, content)| (ink, content.into())).collect());
    }

    /// Its lines, the header first.
    pub fn lines(&self, view: DescriptionView) -> impl Iterator<Item = StyledLine> {
        let rows = self.rows.iter().map(move |row| row.iter().map(|(ink, cell)| (*ink, cell.text(view))).collect());
        let rows: Vec<Vec<(Ink, Cow<'_, str>)>> = rows.collect();
        let columns = self.columns(view.width, rows.iter().map(Vec::as_slice));
        let line = move |cells: &[(Ink, Cow<'_, str>)]| {
            let mut line = StyledLine::new();
            columns.lay(cells, &mut |piece| line.pieces.push(piece.kept()));
            line
        };
        let head = line(&self.head());
        std::iter::once(head).chain(rows.into_iter().map(move |cells| line(&cells)))
    }

    /// Its header, as a row.
    pub fn head(&self) -> Vec<(Ink, Cow<'static, str>)> {
        self.heads.iter().map(|(head, _)| (Ink::Dim, Cow::Borrowed(*head))).collect()
    }

    /// Its columns with these rows, for callers with too many rows to keep. All text must be safe to print.
    pub fn columns<'c, 't: 'c, C: AsRef<[(Ink, Cow<'t, str>)]>>(
        &self,
        width: Option<usize>,
        rows: impl Iterator<Item = C>,
    ) -> Columns {
        let column = |(place, (head, align)): (usize, &(&'static str, Align))| Column {
            place,
            head,
            align: *align,
            width: head.width(),
            first: None,
            is_equal: true,
        };
        let mut columns: Vec<Column> = self.heads.iter().enumerate().map(column).collect();
        for row in rows {
            for (column, (_, cell)) in columns.iter_mut().zip(row.as_ref()) {
                column.width = column.width.max(columns_of(cell));
                let first = column.first.get_or_insert_with(|| cell.to_string());
                column.is_equal &= *first == *cell;
            }
        }
        let mut columns = Columns(columns);
        columns.fit(width, self.spare);
        columns
    }
}

/// The layout of the cells of a row.
pub struct Columns(Vec<Column>);

struct Column {
    /// The index of its cell in a row.
    place: usize,
    head: &'static str,
    align: Align,
    width: usize,
    /// The cell of the first row.
    first: Option<String>,
    /// Whether all rows have the same cell: it tells nothing about any of them.
    is_equal: bool,
}

/// A piece of a row: blanks, or the text of a cell.
pub enum Piece<'p> {
    /// This many blanks.
    Blanks(usize),
    /// The text of a cell, cut to the available width.
    Text(Ink, Cow<'p, str>),
}

impl Piece<'_> {
    fn kept(self) -> (Ink, Content) {
        match self {
            Piece::Blanks(count) => (Ink::Plain, Content::Blanks(count)),
            Piece::Text(ink, text) => (ink, Content::Text(SafeText::new(&text))),
        }
    }
}

impl Columns {
    /// Fits the columns to the width of a terminal: omits spare columns, first those that are equal in all rows, then
    /// cuts the last one.
    fn fit(&mut self, total: Option<usize>, spare: &[&str]) {
        let Some(total) = total else { return };
        for (head, only_equal) in spare.iter().map(|head| (head, true)).chain(spare.iter().map(|head| (head, false))) {
            if total >= self.least() {
                break;
            }
            self.0.retain(|column| column.head != *head || (only_equal && !column.is_equal));
        }
        let fixed = self.fixed();
        if let Some(last) = self.0.last_mut() {
            last.width = last.width.min(total.saturating_sub(fixed).max(MIN_ELASTIC));
        }
    }

    /// The width of all columns except the last.
    fn fixed(&self) -> usize {
        self.0.iter().rev().skip(1).map(|column| column.width + GAP).sum()
    }

    /// The minimum width at which only the last column is cut.
    fn least(&self) -> usize {
        self.fixed() + self.0.last().map_or(0, |column| column.width.min(MIN_ELASTIC))
    }

    /// Passes on a row piece by piece; trailing blanks are left out.
    pub fn lay<'c>(&self, cells: &'c [(Ink, Cow<'_, str>)], put: &mut dyn FnMut(Piece<'c>)) {
        // Blanks up to where the next cell begins.
        let mut gap = 0;
        for column in &self.0 {
            let Some((ink, text)) = cells.get(column.place) else { continue };
            let (text, used) = match columns_of(text) {
                used if used <= column.width => (Cow::Borrowed(text.as_ref()), used),
                _ => {
                    let text = cut(text, column.width);
                    let used = columns_of(&text);
                    (Cow::Owned(text), used)
                }
            };
            let pad = column.width.saturating_sub(used);
            let (before, after) = if column.align == Align::Left { (gap, pad) } else { (gap + pad, 0) };
            if before > 0 {
                put(Piece::Blanks(before));
            }
            put(Piece::Text(*ink, text));
            gap = after + GAP;
        }
    }
}

/// The width of a text in terminal cells. Nearly all text is ASCII, so that is tested first.
fn columns_of(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

/// Cuts a text to this many cells, in the middle: the beginning and the end of a path both tell something.
pub fn cut_middle(text: &str, width: usize) -> String {
    if columns_of(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let taken = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= room
        };
        chars.take_while(fits).collect::<String>()
    };
    let front = taken(&mut text.chars(), room.div_ceil(2));
    let end: String = taken(&mut text.chars().rev(), room - front.width().min(room)).chars().rev().collect();
    if width > 0 { format!("{front}…{end}") } else { String::new() }
}

/// Cuts a text to this many cells; a cut text ends with `…`.
pub fn cut(text: &str, width: usize) -> String {
    if columns_of(text) <= width {
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
