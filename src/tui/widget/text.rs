//! A view of fixed text: source, evidence, a diff.
//!
//! It remembers which lines were completely on screen, because an approval needs to know. A line
//! whose right part was cut off, or whose last wrapped row was below the edge, was not shown.

use super::rows::{Break, Paged, Row, columns, count, cut, window};
use super::search::Needle;
use super::{Move, SearchStatus};
use crate::domain::MappedLine;
use crate::tui::ink::Ink;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What a piece of source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A word of the language.
    Keyword,
    /// The name of a function that is called or defined.
    Function,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true`, `None`, a constant.
    Constant,
    /// A type.
    Type,
    /// A comment.
    Comment,
    /// A bracket, an operator.
    Punctuation,
    /// Any other name.
    Variable,
}

/// The tokens of a line: bytes of the raw line, and what they are.
pub type LineTokens = Vec<(Range<usize>, TokenKind)>;

/// Why a part of a line stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A syntax token.
    Token(TokenKind),
    /// The part of a changed line that differs.
    Changed,
    /// The escape of a hidden character.
    Hidden,
    /// A label.
    Strong,
    /// Less important.
    Dim,
}

/// What a whole line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Text.
    #[default]
    Plain,
    /// A line that is new.
    Added,
    /// A line that is gone.
    Removed,
    /// A heading: a file, a hunk. `TextView::jump` stops here.
    Header,
    /// Stands for lines that are not drawn.
    Fold,
    /// A plain fact.
    Fact,
    /// Speaks for it.
    Good,
    /// Wants a look.
    Warn,
    /// Speaks against it.
    Bad,
}

/// One line, or one half of a line of two halves: gutter and escaped text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    gutter: String,
    line: MappedLine,
    tokens: Vec<(Range<usize>, Mark)>,
    marks: Vec<(Range<usize>, Mark)>,
    tone: Tone,
}

impl Piece {
    /// Escapes `raw`, one line without its line break.
    pub fn new(raw: &str, tone: Tone) -> Piece {
        Piece { line: MappedLine::new(raw), tone, ..Piece::default() }
    }

    /// Puts a line number or a sign left of the text; our own words only.
    pub fn gutter(mut self, gutter: impl Into<String>) -> Piece {
        self.gutter = gutter.into();
        self
    }

    /// Marks the bytes `raw` of the raw line.
    pub fn mark(mut self, raw: &Range<usize>, mark: Mark) -> Piece {
        self.marks.push((self.line.range(raw), mark));
        self
    }

    /// The escaped text.
    pub fn text(&self) -> &str {
        self.line.text()
    }

    /// What the line says.
    pub fn tone(&self) -> Tone {
        self.tone
    }

    fn styles(&self, theme: &Theme) -> Vec<(Range<usize>, Style)> {
        let hidden = self.line.hidden().iter().map(|range| (range.clone(), theme.mark(Mark::Hidden)));
        let marks = self.tokens.iter().chain(&self.marks).map(|(range, mark)| (range.clone(), theme.mark(*mark)));
        marks.chain(hidden).collect()
    }
}

/// A line of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextLine {
    /// Over the whole width.
    One(Piece),
    /// Two halves side by side: before and after.
    Two(Piece, Piece),
}

impl TextLine {
    /// Escapes one raw line.
    pub fn new(raw: &str, tone: Tone) -> TextLine {
        TextLine::One(Piece::new(raw, tone))
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let (first, second) = match self {
            TextLine::One(piece) => (piece, None),
            TextLine::Two(left, right) => (left, Some(right)),
        };
        std::iter::once(first).chain(second)
    }

    fn is_header(&self) -> bool {
        self.pieces().any(|piece| piece.tone == Tone::Header)
    }
}

/// Whether long lines go on in the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    On,
    Off,
}

/// How far a line was on screen: bytes from its beginning, for each half.
type Seen = [usize; 2];

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
    /// One past the last line that is on screen, even in part.
    end: usize,
    column: usize,
    size: (usize, usize),
    search: Search,
    seen: Vec<Option<Seen>>,
    gutters: usize,
    cuts: RefCell<HashMap<(usize, usize), Cuts>>,
}

/// The rows of a long line, for a width.
type Cuts = (usize, Arc<[Range<usize>]>);

/// From so many bytes on a line is a long line.
const LONG_LINE: usize = 4096;

impl TextView {
    /// A view of these lines, wrapped.
    pub fn new(lines: Vec<TextLine>) -> TextView {
        let gutter = |line: &TextLine| line.pieces().map(|piece| columns(&piece.gutter)).max().unwrap_or(0);
        TextView {
            gutters: lines.iter().map(gutter).max().unwrap_or(0),
            seen: vec![None; lines.len()],
            lines,
            wrap: Wrap::On,
            top: (0, 0),
            end: 0,
            column: 0,
            size: (80, 24),
            search: Search::default(),
            cuts: RefCell::default(),
        }
    }

    /// A view of a file with line numbers. Only `\n` and `\r\n` end a line; any other break is drawn.
    pub fn source(raw: &str) -> TextView {
        let number =
            |(at, line): (usize, &str)| TextLine::One(Piece::new(line, Tone::Plain).gutter(format!("{}", at + 1)));
        TextView::new(raw.lines().enumerate().map(number).collect())
    }

    /// Colours the lines: for each line ranges of the raw line. Lines of two halves are left alone.
    pub fn set_tokens(&mut self, tokens: &[LineTokens]) {
        for (line, tokens) in self.lines.iter_mut().zip(tokens) {
            if let TextLine::One(piece) = line {
                let place = |(raw, kind): &(Range<usize>, TokenKind)| (piece.line.range(raw), Mark::Token(*kind));
                piece.tokens = tokens.iter().map(place).collect();
            }
        }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines.
    pub fn lines(&self) -> &[TextLine] {
        &self.lines
    }

    /// How many hidden characters the text holds; each is drawn as an escape.
    pub fn hidden_count(&self) -> usize {
        self.lines.iter().flat_map(TextLine::pieces).map(|piece| piece.line.hidden().len()).sum()
    }

    /// The lines on screen, counted from 0.
    pub fn on_screen(&self) -> Range<usize> {
        self.top.0..self.end.max(self.top.0)
    }

    /// Moves the view; never past the last full screen.
    pub fn scroll(&mut self, step: Move) {
        let height = self.size.1.max(1) as isize;
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

    /// Brings a line, counted from 0, on screen when it is not.
    pub fn show_line(&mut self, line: usize) {
        let line = line.min(self.lines.len().saturating_sub(1));
        if !self.on_screen().contains(&line) || line + 1 == self.end {
            self.top = (line, 0);
            self.move_rows(-(self.size.1 as isize / 3));
        }
    }

    /// Goes to the next heading (a file, a hunk); to the one before with `back`. Returns whether there is one.
    pub fn jump(&mut self, to: Jump) -> bool {
        let from = self.top.0;
        let found = match to {
            Jump::Next => (from + 1..self.lines.len()).find(|at| self.lines[*at].is_header()),
            Jump::Previous => (0..from).rev().find(|at| self.lines[*at].is_header()),
        };
        if let Some(line) = found {
            let before = self.top;
            self.top = (line, 0).min(self.last_top(self.size.1));
            return self.top != before;
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

    /// Searches the whole text, goes to the first match from the top of the screen on, and returns
    /// how many there are. An empty text ends the search.
    pub fn search(&mut self, text: &str) -> usize {
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
        self.show_match();
        self.search.matches.len()
    }

    /// Goes to the next match, round the end.
    pub fn next_match(&mut self) {
        self.step_match(1);
    }

    /// Goes to the match before, round the beginning.
    pub fn previous_match(&mut self) {
        self.step_match(self.search.matches.len().saturating_sub(1));
    }

    /// Where the search stands; `None` when nothing is searched.
    pub fn search_status(&self) -> Option<SearchStatus> {
        let total = self.search.matches.len();
        let status = SearchStatus { current: (self.search.current + 1).min(total), total };
        (!self.search.text.is_empty()).then_some(status)
    }

    /// How many lines were completely on screen.
    pub fn lines_shown(&self) -> usize {
        (0..self.lines.len()).filter(|line| self.is_shown(*line)).count()
    }

    /// Whether the end of the text was on screen, and no line on screen is still cut at its right edge.
    /// An empty text counts once it was drawn.
    pub fn tail_shown(&self) -> bool {
        match self.lines.len() {
            0 => self.end > 0,
            lines => self.is_shown(lines - 1) && self.cut_lines() == 0,
        }
    }

    /// How many lines were on screen in part only: their right part, or their last rows, were not.
    pub fn cut_lines(&self) -> usize {
        (0..self.lines.len()).filter(|line| self.seen[*line].is_some() && !self.is_shown(*line)).count()
    }

    /// The text on screen as whole lines without gutters or wraps, for copying.
    pub fn visible_text(&self) -> String {
        self.text_of(self.on_screen())
    }

    /// The escaped text of these lines, for copying; of two halves the right one.
    pub fn text_of(&self, lines: Range<usize>) -> String {
        let lines = self.lines.get(lines).unwrap_or_default();
        let texts = lines.iter().filter_map(|line| line.pieces().last()).map(Piece::text);
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Draws the view and notes what was shown.
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

    fn draw_row(&mut self, (line, row): (usize, usize), strip: Rect, buf: &mut Buffer, theme: &Theme) {
        let width = self.body_width(&self.lines[line]);
        let gutter = self.gutter_width(&self.lines[line]);
        let mut x = strip.x;
        let mut seen = self.seen[line].unwrap_or_default();
        for (half, piece) in self.lines[line].pieces().enumerate() {
            if half == 1 {
                buf.put(x, strip.y, "│", usize::from(strip.right().saturating_sub(x)), theme.border);
                x = x.saturating_add(1);
            }
            let room = |x: u16| usize::from(strip.right().saturating_sub(x));
            if row == 0 {
                let indent = gutter.saturating_sub(1 + columns(&piece.gutter)) as u16;
                let at = x.saturating_add(indent).min(strip.right());
                buf.put(at, strip.y, &piece.gutter, room(at), gutter_style(piece.tone, theme));
            }
            x = x.saturating_add(gutter as u16);
            let range = self.row_range((line, half), piece, row, width);
            let mut marks = piece.styles(theme);
            marks.extend(self.match_styles(line, half, theme));
            let body = Rect { x, width: width.min(room(x)) as u16, ..strip };
            let drawn = Row { text: piece.text(), range: range.clone(), base: theme.tone(piece.tone) };
            drawn.draw(body, buf, &marks);
            if range.start <= seen[half] && body.width as usize == width {
                seen[half] = seen[half].max(range.end);
            }
            x = x.saturating_add(width as u16);
            if self.wrap == Wrap::Off {
                let sign = if range.end < piece.text().len() { "›" } else { " " };
                buf.put(x, strip.y, sign, room(x), theme.warn);
                x = x.saturating_add(1);
            }
        }
        self.seen[line] = Some(seen);
    }

    /// The bytes of a half of a line in one row of the screen.
    fn row_range(&self, at: (usize, usize), piece: &Piece, row: usize, width: usize) -> Range<usize> {
        let end = piece.text().len();
        match self.wrap {
            Wrap::Off => window(piece.text(), self.column, width),
            Wrap::On => self.cuts(at, width).get(row).cloned().unwrap_or(end..end),
        }
    }

    fn match_styles(&self, line: usize, half: usize, theme: &Theme) -> Vec<(Range<usize>, Style)> {
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

    fn is_shown(&self, line: usize) -> bool {
        self.seen[line]
            .is_some_and(|seen| self.lines[line].pieces().zip(seen).all(|(piece, seen)| seen >= piece.text().len()))
    }

    /// Columns of the gutter with the blank behind it; a heading has none.
    fn gutter_width(&self, line: &TextLine) -> usize {
        match line {
            TextLine::One(piece) if piece.gutter.is_empty() => 0,
            TextLine::One(_) | TextLine::Two(..) if self.gutters == 0 => 0,
            TextLine::One(_) | TextLine::Two(..) => self.gutters + 1,
        }
    }

    /// Columns for the text of each piece.
    fn body_width(&self, line: &TextLine) -> usize {
        let edge = usize::from(self.wrap == Wrap::Off);
        let room = match line {
            TextLine::One(_) => self.size.0,
            TextLine::Two(..) => self.size.0.saturating_sub(1) / 2,
        };
        room.saturating_sub(self.gutter_width(line) + edge).max(2)
    }

    fn move_rows(&mut self, rows: isize) {
        self.top = self.moved(self.top, rows, self.size.1);
    }

    /// The rows of a piece when wrapped. Those of very long lines are kept: cutting a minified
    /// megabyte for each row on screen would cost half a second a frame.
    fn cuts(&self, (line, half): (usize, usize), width: usize) -> Arc<[Range<usize>]> {
        let Some(piece) = self.lines[line].pieces().nth(half) else { return Arc::new([]) };
        if piece.text().len() < LONG_LINE {
            return cut(piece.text(), width, Break::Words).into();
        }
        let mut kept = self.cuts.borrow_mut();
        let entry = kept.entry((line, half)).or_insert_with(|| (0, Arc::new([])));
        if entry.0 != width {
            *entry = (width, cut(piece.text(), width, Break::Words).into());
        }
        Arc::clone(&entry.1)
    }

    /// How far the view can be moved to the right.
    fn widest(&self) -> usize {
        let lines = self.lines.get(self.on_screen()).unwrap_or_default();
        let longest = lines.iter().flat_map(TextLine::pieces).map(|piece| columns(piece.text())).max();
        longest.unwrap_or(0).saturating_sub(1)
    }

    fn step_match(&mut self, by: usize) {
        if !self.search.matches.is_empty() {
            self.search.current = (self.search.current + by) % self.search.matches.len();
            self.show_match();
        }
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
        let rows = |(half, piece): (usize, &Piece)| {
            if piece.text().len() < LONG_LINE {
                count(piece.text(), width, Break::Words)
            } else {
                self.cuts((line, half), width).len()
            }
        };
        self.lines[line].pieces().enumerate().map(rows).max().unwrap_or(1)
    }
}

/// Which heading to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The next one.
    Next,
    /// The one before.
    Previous,
}

fn gutter_style(tone: Tone, theme: &Theme) -> Style {
    match tone {
        Tone::Plain | Tone::Header | Tone::Fold | Tone::Fact => theme.gutter,
        Tone::Added | Tone::Removed | Tone::Good | Tone::Warn | Tone::Bad => theme.tone(tone),
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
