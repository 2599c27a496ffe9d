//! A view of fixed text: source, evidence, a diff.
//!
//! It records which lines were completely on screen (see [`SeenLines`]), because an approval depends on it.

mod drawing;

use super::piece::{Flag, LineTokens, Piece, Place, TextLine};
use super::rows::{Break, Paged, columns, cut};
use super::search::Needle;
use super::seen::{self, Key, Recall, Relaid, SeenLines};
use super::text_cursor::Cursor;
use super::{Move, SearchStatus};
use crate::tui::mark::{Side, Tone};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Whether long lines continue in the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    On,
    Off,
}

/// Which of the drawn lines count as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    All,
    /// Lines that did not arrive late: the view is drawn next to the text that is read.
    Known,
    /// None: something covers the view.
    None,
}

/// A match: line, half, bytes.
type Match = (usize, usize, Range<usize>);

#[derive(Debug, Clone, Default)]
struct Search {
    text: String,
    matches: Vec<Match>,
    current: usize,
}

/// The state of one text on screen.
#[derive(Debug, Clone)]
pub struct TextView {
    lines: Vec<TextLine>,
    wrap: Wrap,
    /// First line on screen, and its first row on screen.
    top: (usize, usize),
    /// The index after the last line that is on screen, even in part.
    end: usize,
    column: usize,
    size: (usize, usize),
    search: Search,
    seen: SeenLines,
    /// Which of the drawn lines count as shown.
    counts: Counts,
    gutters: usize,
    cuts: RefCell<HashMap<(usize, usize), Cuts>>,
    hidden: usize,
    /// The syntax of files, by side and number.
    syntax: HashMap<(Side, usize), Vec<LineTokens>>,
    pub(super) flags: HashMap<Place, Flag>,
    /// Lines with a flag, in their order.
    pub(super) flagged: Vec<usize>,
    pub(super) cursor: Option<Cursor>,
}

/// The width of the signs left of the text of a view with a cursor: the cursor, the flag of the line, a blank.
const SIGNS: usize = 3;

/// The rows of a long line, for a width.
type Cuts = (usize, Arc<[Range<usize>]>);

/// The minimum length of a long line, bytes.
const LONG_LINE: usize = 4096;

impl TextView {
    /// A view of these lines, wrapped.
    pub fn new(lines: Vec<TextLine>) -> TextView {
        let gutter = |line: &TextLine| line.pieces().map(|piece| columns(&piece.gutter)).max().unwrap_or(0);
        TextView {
            gutters: lines.iter().map(gutter).max().unwrap_or(0),
            seen: SeenLines::new(&lines),
            counts: Counts::All,
            hidden: lines.iter().flat_map(TextLine::pieces).map(|piece| piece.line.hidden().len()).sum(),
            lines,
            wrap: Wrap::On,
            top: (0, 0),
            end: 0,
            column: 0,
            size: (80, 24),
            search: Search::default(),
            cuts: RefCell::default(),
            syntax: HashMap::new(),
            flags: HashMap::new(),
            flagged: Vec::new(),
            cursor: None,
        }
    }

    /// A view of a file with line numbers. Only `\n` and `\r\n` end a line; any other break is drawn.
    #[cfg(test)]
    pub(in crate::tui::widget) fn source(raw: &str) -> TextView {
        TextView::new(source_lines(raw, 0))
    }

    /// Colours the lines of a file as far as the view contains them: for each line of the file, ranges of the raw line.
    pub fn set_syntax(&mut self, side: Side, file: usize, tokens: Vec<LineTokens>) {
        self.syntax.insert((side, file), tokens);
    }

    /// Sets the lines and flags of another view of the same files: shown parts of remaining lines stay shown, and the
    /// line of the cursor keeps its position on the screen.
    pub fn replace(&mut self, mut view: TextView, why: Relaid) {
        let mut places: HashMap<Key, usize> = HashMap::new();
        seen::each_half(&view.lines, |line, _, _, key, _| {
            places.entry(key).or_insert(line);
        });
        let mut moved: Vec<Option<usize>> = vec![None; self.lines.len()];
        seen::each_half(&self.lines, |line, _, _, key, _| moved[line] = places.get(&key).copied().or(moved[line]));
        let line_near = |line: usize| moved.iter().take(line + 1).rev().find_map(|found| *found).unwrap_or(0);
        let cursor = self.cursor.map(|cursor| Cursor::at(line_near(cursor.line)));
        let above = self.cursor.map_or(0, |cursor| self.rows_between(self.top, cursor.line));
        view.seen.take_up(&self.seen.recall(&self.lines), &view.lines, why);
        view.cursor = cursor.or(view.cursor);
        view.wrap = self.wrap;
        view.column = self.column;
        view.size = self.size;
        view.top = match cursor {
            Some(cursor) => view.moved((cursor.line, 0), -above, view.size.1),
            None => (line_near(self.top.0), self.top.1),
        };
        view.end = view.top.0;
        view.syntax = std::mem::take(&mut self.syntax);
        let text = std::mem::take(&mut self.search.text);
        *self = view;
        self.find(&text);
    }

    /// The number of rows from the top of the screen to the first row of a line; negative for a line further up.
    fn rows_between(&self, (top, row): (usize, usize), line: usize) -> isize {
        let rows: usize = (top..line).map(|at| self.rows_of(at)).sum();
        rows as isize - row as isize
    }

    /// The seen parts, to be restored in the same text.
    pub fn recall(&self) -> Recall {
        self.seen.recall(&self.lines)
    }

    /// Restores the seen parts of the same text.
    pub fn take_up(&mut self, recall: &Recall) {
        self.seen.take_up(recall, &self.lines, Relaid::News);
    }

    /// Which of its lines were seen.
    pub fn seen(&self) -> &SeenLines {
        &self.seen
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Lines before wrapping and folding.
    pub fn lines(&self) -> &[TextLine] {
        &self.lines
    }

    /// How many hidden characters the text contains; each is drawn as an escape.
    pub fn hidden_count(&self) -> usize {
        self.hidden
    }

    /// The lines on screen, counted from 0.
    pub fn on_screen(&self) -> Range<usize> {
        self.top.0..self.end.max(self.top.0)
    }

    /// Moves the view; never past the last full screen.
    pub fn scroll(&mut self, step: Move) {
        let height = self.size.1.max(1) as isize;
        if self.cursor.is_some() && self.scroll_with_cursor(step) {
            return;
        }
        match step {
            Move::Rows(rows) => self.move_rows(rows),
            Move::HalfPages(pages) => self.move_rows(pages * (height / 2).max(1)),
            Move::Pages(pages) => self.move_rows(pages * (height - 1).max(1)),
            Move::Top => self.top = (0, 0),
            Move::Bottom => self.top = self.last_top(self.size.1),
            Move::Columns(by) => self.column = self.column.saturating_add_signed(by).min(self.widest()),
            Move::FirstColumn => self.column = 0,
        }
    }

    /// The row of the screen in which a line begins, as last drawn; negative above the first row.
    pub(in crate::tui) fn row_on_screen(&self, line: usize) -> isize {
        let (top, row) = self.top;
        if line >= top {
            return self.rows_between(self.top, line);
        }
        let above: usize = (line..top).map(|at| self.rows_of(at)).sum();
        -((above + row) as isize)
    }

    /// Whether a line fits in one row.
    pub(in crate::tui) fn is_on_one_row(&self, line: usize) -> bool {
        self.rows_of(line) == 1
    }

    /// The width of the area left of the text: signs and gutter.
    pub(in crate::tui) fn text_column(&self) -> usize {
        let gutter = if self.gutters == 0 { 0 } else { self.gutters + 1 };
        gutter + if self.cursor.is_some() { SIGNS } else { 0 }
    }

    /// The height of the screen.
    pub(super) fn height(&self) -> usize {
        self.size.1.max(1)
    }

    pub(super) fn top(&self) -> (usize, usize) {
        self.top
    }

    pub(super) fn set_top(&mut self, top: (usize, usize)) {
        self.top = top;
    }

    /// Scrolls to a line, counted from 0, if it is not on screen.
    pub fn show_line(&mut self, line: usize) {
        let line = line.min(self.lines.len().saturating_sub(1));
        self.set_cursor(line);
        if !self.on_screen().contains(&line) || line + 1 == self.end {
            self.top = (line, 0);
            self.move_rows(-(self.size.1 as isize / 3));
        }
    }

    /// Goes to the next or previous heading (a file, a hunk). Returns whether there is one.
    pub fn jump(&mut self, to: Jump) -> bool {
        let from = self.cursor.map_or(self.top.0, |cursor| cursor.line);
        let found = match to {
            Jump::Next => (from + 1..self.lines.len()).find(|at| self.lines[*at].is_header()),
            Jump::Previous => (0..from).rev().find(|at| self.lines[*at].is_header()),
        };
        if let Some(line) = found {
            let before = (self.top, self.cursor);
            self.top = (line, 0).min(self.last_top(self.size.1));
            self.set_cursor(line);
            return (self.top, self.cursor) != before;
        }
        false
    }

    /// Whether long lines are wrapped.
    pub fn wraps(&self) -> bool {
        self.wrap == Wrap::On
    }

    /// Wraps long lines or stops wrapping them.
    pub fn toggle_wrap(&mut self) {
        self.wrap = if self.wraps() { Wrap::Off } else { Wrap::On };
        self.top.1 = 0;
        self.column = 0;
    }

    /// Searches the whole text, and goes to the first match below the top of the screen. Returns the number of matches.
    /// An empty text ends the search.
    pub fn search(&mut self, text: &str) -> usize {
        self.find(text);
        self.show_match();
        self.search.matches.len()
    }

    fn find(&mut self, text: &str) {
        text.clone_into(&mut self.search.text);
        self.search.matches.clear();
        if let Some(needle) = Needle::new(text) {
            for (at, line) in self.lines.iter().enumerate() {
                for (half, piece) in line.pieces().enumerate() {
                    let found = needle.find_in(piece.text());
                    self.search.matches.extend(found.into_iter().map(|range| (at, half, range)));
                }
            }
        }
        let first = self.search.matches.partition_point(|found| found.0 < self.top.0);
        self.search.current = if first == self.search.matches.len() { 0 } else { first };
    }

    /// Goes to the next or previous match, wrapping around.
    pub fn step_match(&mut self, to: Jump) {
        let by = match to {
            Jump::Next => 1,
            Jump::Previous => self.search.matches.len().saturating_sub(1),
        };
        if !self.search.matches.is_empty() {
            self.search.current = (self.search.current + by) % self.search.matches.len();
            self.show_match();
        }
    }

    /// The status of the search; `None` without a search.
    pub fn search_status(&self) -> Option<SearchStatus> {
        let total = self.search.matches.len();
        let status = SearchStatus { current: (self.search.current + 1).min(total), total };
        (!self.search.text.is_empty()).then_some(status)
    }

    /// Whether every required line was on screen. An empty text is read once it was drawn.
    pub fn is_read(&self) -> bool {
        self.seen.next_unseen(0).is_none() && (!self.lines.is_empty() || self.end > 0)
    }

    /// Columns and rows of the screen, as last drawn.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Sets the size of the screen before it is drawn, because a key that goes to the end may come first.
    pub fn set_size(&mut self, size: (usize, usize)) {
        self.size = size;
    }

    /// Goes to a required line that was not on screen; `false` if there is none.
    pub fn show_unseen(&mut self, which: Unseen) -> bool {
        let line = match which {
            Unseen::Further => self.seen.next_unseen(self.top.0).or_else(|| self.seen.next_unseen(0)),
            Unseen::First => self.seen.next_unseen(0),
            Unseen::Late => self.seen.late().next(),
        };
        let Some(line) = line else { return false };
        self.show_line_from_gap(line);
        true
    }

    /// Scrolls the first missing part of a line to the top of the screen.
    fn show_line_from_gap(&mut self, line: usize) {
        if !self.wraps() && self.seen.is_cut(line) {
            self.toggle_wrap();
        }
        let width = self.body_width(&self.lines[line]);
        let gaps = self.lines[line].pieces().enumerate();
        let gaps = gaps.filter_map(|(half, piece)| Some((half, self.seen.gap(line, half, piece.text().len())?)));
        let row = |(half, gap)| self.cuts((line, half), width).partition_point(|row| row.end <= gap);
        let first = gaps.map(row).min().unwrap_or(0);
        let row = if self.wraps() { first } else { 0 };
        self.set_cursor(line);
        let context = usize::from(self.size.1 > 1);
        self.top = self.moved((line, row), -(context as isize), self.size.1);
    }

    /// The text on screen as whole lines without gutters or wraps, for copying.
    pub fn visible_text(&self) -> String {
        self.text_of(self.on_screen())
    }

    /// The escaped text of all lines, for copying; for a line of two halves, the right half.
    pub fn all_text(&self) -> String {
        self.text_of(0..self.lines.len())
    }

    fn text_of(&self, lines: Range<usize>) -> String {
        let lines = self.lines.get(lines).unwrap_or_default();
        let texts = lines.iter().filter_map(|line| line.pieces().last()).map(Piece::text);
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Draws the view while something covers it: nothing counts as shown.
    pub fn covered(&mut self, draw: impl FnOnce(&mut TextView)) {
        let counts = std::mem::replace(&mut self.counts, Counts::None);
        draw(self);
        self.counts = counts;
    }

    /// The number of rows of all lines at this width, without a cursor; `None` if more than `most`.
    pub fn rows_beside(&mut self, width: usize, most: usize) -> Option<usize> {
        let cursor = self.cursor.take();
        let rows = self.rows_on_top(width, most);
        self.cursor = cursor;
        rows
    }

    /// The number of rows of all lines at this width; `None` if more than `most`.
    pub fn rows_on_top(&mut self, width: usize, most: usize) -> Option<usize> {
        let size = std::mem::replace(&mut self.size, (width, 1));
        let mut rows = 0;
        let fits = (0..self.lines.len()).all(|line| {
            rows += self.rows_of(line);
            rows <= most
        });
        self.size = size;
        fits.then_some(rows)
    }

    pub(super) fn move_rows(&mut self, rows: isize) {
        self.top = self.moved(self.top, rows, self.size.1);
    }

    /// The rows of a wrapped piece. Rows of very long lines are cached: cutting a minified megabyte for each row on
    /// screen would cost half a second a frame.
    fn cuts(&self, (line, half): (usize, usize), width: usize) -> Arc<[Range<usize>]> {
        let Some(piece) = self.lines[line].pieces().nth(half) else { return Arc::new([]) };
        if piece.text().len() < LONG_LINE {
            return hanging(piece, width).into();
        }
        let mut kept = self.cuts.borrow_mut();
        let entry = kept.entry((line, half)).or_insert_with(|| (0, Arc::new([])));
        if entry.0 != width {
            *entry = (width, hanging(piece, width).into());
        }
        Arc::clone(&entry.1)
    }

    /// How far the view can be moved to the right.
    fn widest(&self) -> usize {
        let lines = self.lines.get(self.on_screen()).unwrap_or_default();
        let longest = lines.iter().flat_map(TextLine::pieces).map(|piece| columns(piece.text())).max();
        longest.unwrap_or(0).saturating_sub(1)
    }

    fn show_match(&mut self) {
        let Some((line, half, range)) = self.search.matches.get(self.search.current).cloned() else { return };
        self.show_line(line);
        let width = self.body_width(&self.lines[line]);
        let Some(piece) = self.lines[line].pieces().nth(half) else { return };
        match self.wrap {
            Wrap::On => {
                let rows = self.cuts((line, half), width);
                let row = rows.partition_point(|row| row.end <= range.start);
                if row >= self.size.1 {
                    self.top = (line, row);
                }
            }
            Wrap::Off => {
                let column = columns(&piece.text()[..range.start]);
                if !(self.column..self.column + width).contains(&column) {
                    self.column = column.saturating_sub(width / 2);
                }
            }
        }
    }
}

impl Paged for TextView {
    fn span(&self) -> Range<usize> {
        0..self.lines.len()
    }

    fn rows_of(&self, line: usize) -> usize {
        if self.wrap == Wrap::Off {
            return 1;
        }
        let width = self.body_width(&self.lines[line]);
        let rows = |(half, piece): (usize, &Piece)| match piece.text().len() {
            // No character is wider than its number of bytes.
            bytes if bytes <= width => 1,
            bytes if bytes < LONG_LINE => hanging(piece, width).len(),
            _ => self.cuts((line, half), width).len(),
        };
        self.lines[line].pieces().enumerate().map(rows).max().unwrap_or(1)
    }
}

/// The rows of a piece; those after the first are narrower by their indent.
fn hanging(piece: &Piece, width: usize) -> Vec<Range<usize>> {
    let mut rows = cut(piece.text(), width, Break::Words);
    let hang = piece.hang(width);
    if hang > 0 && rows.len() > 1 {
        let start = rows[0].end;
        rows.truncate(1);
        let rest = cut(&piece.text()[start..], width - hang, Break::Words);
        rows.extend(rest.into_iter().map(|row| row.start + start..row.end + start));
    }
    rows
}

/// The lines of a file with line numbers; `file` is the number of the file in the list of the view.
pub fn source_lines(raw: &str, file: usize) -> Vec<TextLine> {
    let number = |(line, text): (usize, &str)| {
        let place = Place::Line { side: Side::New, file, line };
        TextLine::One(Piece::new(text, Tone::Plain).gutter(format!("{}", line + 1)).stands_for(place))
    };
    raw.lines().enumerate().map(number).collect()
}

/// The line to go to, among those that were not on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// The first one from here on, otherwise from the beginning. If the page continues, one row on screen stays
    /// visible.
    Further,
    /// The first one.
    First,
    /// The first one that was added after the text was first shown.
    Late,
}

/// The heading to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The next heading below.
    Next,
    /// The next heading above.
    Previous,
}

/// The first line on screen, the number of lines on screen, and the total. At the end of the view the last line counts
/// as complete, however many rows it has.
pub fn part_shown(view: &TextView) -> (usize, usize, usize) {
    let shown = view.on_screen();
    let is_end = view.top >= view.last_top(view.size.1);
    // A line that continues below the screen does not count.
    let end = if is_end { view.lines.len() } else { shown.end.min(view.lines.len().saturating_sub(1)) };
    let start = if view.top == (0, 0) { 0 } else { shown.start.max(1).min(end) };
    (start, end.saturating_sub(start).max(1), view.lines.len())
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
