//! A view of fixed text: source, evidence, a diff.
//!
//! It remembers which lines were completely on screen (see [`SeenLines`]), because an approval needs to know.

use super::piece::{Flag, LineTokens, Piece, Place, TextLine};
use super::rows::{Break, Paged, Row, columns, cut, window};
use super::search::Needle;
use super::seen::{self, Key, Recall, Relaid, SeenLines};
use super::text_cursor::Cursor;
use super::{Move, SearchStatus};
use crate::tui::ink::Ink;
use crate::tui::mark::{Side, Tone};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Whether long lines go on in the next row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    On,
    Off,
}

/// Which of the lines drawn count as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    All,
    /// Those that did not come late: it is drawn beside what is read.
    Known,
    /// None: something lies over it.
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
    /// One past the last line that is on screen, even in part.
    end: usize,
    column: usize,
    size: (usize, usize),
    search: Search,
    seen: SeenLines,
    /// Which of the lines drawn count as shown.
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

/// Columns left of the text of a view with a cursor: the cursor's sign, the flag of the line, a blank.
const SIGNS: usize = 3;

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
    pub fn source(raw: &str) -> TextView {
        TextView::new(source_lines(raw, 0))
    }

    /// Colours the lines of a file, as far as they are in the view: for each line of the file ranges of the raw line.
    pub fn set_syntax(&mut self, side: Side, file: usize, tokens: Vec<LineTokens>) {
        self.syntax.insert((side, file), tokens);
    }

    /// Takes the lines and flags of another view of the same files: what was shown of a line that is still there stays
    /// shown, and the line with the cursor stays where it is on the screen.
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

    /// Rows from the first on screen to the first of a line; less than 0 when the line is further up.
    fn rows_between(&self, (top, row): (usize, usize), line: usize) -> isize {
        let rows: usize = (top..line).map(|at| self.rows_of(at)).sum();
        rows as isize - row as isize
    }

    /// What was seen of it, to be taken up by the same text.
    pub fn recall(&self) -> Recall {
        self.seen.recall(&self.lines)
    }

    /// Takes up what was seen of the same text before.
    pub fn take_up(&mut self, recall: &Recall) {
        self.seen.take_up(recall, &self.lines, Relaid::News);
    }

    /// What was on screen of its lines.
    pub fn seen(&self) -> &SeenLines {
        &self.seen
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

    /// Rows of the screen.
    pub(super) fn height(&self) -> usize {
        self.size.1.max(1)
    }

    pub(super) fn top(&self) -> (usize, usize) {
        self.top
    }

    pub(super) fn set_top(&mut self, top: (usize, usize)) {
        self.top = top;
    }

    /// Brings a line, counted from 0, on screen when it is not.
    pub fn show_line(&mut self, line: usize) {
        let line = line.min(self.lines.len().saturating_sub(1));
        self.set_cursor(line);
        if !self.on_screen().contains(&line) || line + 1 == self.end {
            self.top = (line, 0);
            self.move_rows(-(self.size.1 as isize / 3));
        }
    }

    /// Goes to the next heading (a file, a hunk); to the one before with `back`. Returns whether there is one.
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

    /// Searches the whole text, goes to the first match from the top of the screen on, and returns
    /// how many there are. An empty text ends the search.
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

    /// Whether every line that must be read was on screen. An empty text counts once it was drawn.
    pub fn is_read(&self) -> bool {
        self.seen.next_unseen(0).is_none() && (!self.lines.is_empty() || self.end > 0)
    }

    /// How many lines were on screen in part only: their right part, or their last rows, were not.
    pub fn cut_lines(&self) -> usize {
        (0..self.lines.len()).filter(|line| self.seen.is_cut(*line)).count()
    }

    /// Columns and rows of the screen, as last drawn.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Says how large the screen is before it is drawn: a key that goes to the end may come first.
    pub fn set_size(&mut self, size: (usize, usize)) {
        self.size = size;
    }

    /// Rows that fit on the screen, at least 1.
    pub fn page_height(&self) -> usize {
        self.size.1.max(1)
    }

    /// Whether the last row is on screen now.
    pub fn ends_on_screen(&self) -> bool {
        self.end >= self.lines.len() && self.top >= self.last_top(self.size.1)
    }

    /// Goes to the next page with a line that must be read and was not on screen: first further down, then from the
    /// beginning. One row that is on screen now stays, where the page goes on. `false` when everything was.
    pub fn read_on(&mut self) -> bool {
        let below = self.seen.next_unseen(self.top.0);
        let Some(line) = below.or_else(|| self.seen.next_unseen(0)) else { return false };
        self.show_unseen(line);
        true
    }

    /// Goes to the first line that must be read and was not on screen; `false` when there is none.
    pub fn show_first_unseen(&mut self) -> bool {
        let Some(line) = self.seen.next_unseen(0) else { return false };
        self.show_unseen(line);
        true
    }

    /// Goes to the first line that came late and was not on screen since; `false` when there is none.
    pub fn show_first_late(&mut self) -> bool {
        let Some(line) = self.seen.late().next() else { return false };
        self.show_unseen(line);
        true
    }

    /// Brings what is missing of a line to the top of the screen.
    fn show_unseen(&mut self, line: usize) {
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

    /// Draws where something lies over the view: nothing counts as shown.
    pub fn covered(&mut self, draw: impl FnOnce(&mut TextView)) {
        let counts = std::mem::replace(&mut self.counts, Counts::None);
        draw(self);
        self.counts = counts;
    }

    /// Draws the view from its beginning, without a cursor, beside a text that is read: lines that came late do not
    /// count as shown, because nobody may have looked here.
    pub fn render_beside(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let (top, cursor) = (std::mem::take(&mut self.top), self.cursor.take());
        let before = self.counts;
        if before == Counts::All {
            self.counts = Counts::Known;
        }
        self.render(area, buf, theme);
        (self.top, self.cursor, self.counts) = (top, cursor, before);
    }

    /// How many rows all lines take in so many columns, without a cursor.
    pub fn rows_in(&mut self, width: usize) -> usize {
        let (size, cursor) = (std::mem::replace(&mut self.size, (width, 1)), self.cursor.take());
        let rows = (0..self.lines.len()).map(|line| self.rows_of(line)).sum();
        (self.size, self.cursor) = (size, cursor);
        rows
    }

    fn draw_row(&mut self, (line, row): (usize, usize), strip: Rect, buf: &mut Buffer, theme: &Theme) {
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

    /// Draws the cursor's sign and the line's flag; returns the column behind them.
    fn draw_signs(&self, (line, row): (usize, usize), strip: Rect, buf: &mut Buffer, theme: &Theme) -> u16 {
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

    fn tokens_of(&self, piece: &Piece) -> Option<&LineTokens> {
        match piece.place()? {
            Place::Line { side, file, line } => self.syntax.get(&(side, file))?.get(line),
            Place::File(_) | Place::Hunk(..) | Place::Fold(..) | Place::Link(_) => None,
        }
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
        let all = self.size.0.saturating_sub(if self.cursor.is_some() { SIGNS } else { 0 });
        let room = match line {
            TextLine::One(_) => all,
            TextLine::Two(..) => all.saturating_sub(1) / 2,
        };
        room.saturating_sub(self.gutter_width(line) + edge).max(2)
    }

    pub(super) fn move_rows(&mut self, rows: isize) {
        self.top = self.moved(self.top, rows, self.size.1);
    }

    /// The rows of a piece when wrapped. Those of very long lines are kept: cutting a minified
    /// megabyte for each row on screen would cost half a second a frame.
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
        let rows = |(half, piece): (usize, &Piece)| match piece.text().len() {
            // No character takes more columns than bytes.
            bytes if bytes <= width => 1,
            bytes if bytes < LONG_LINE => hanging(piece, width).len(),
            _ => self.cuts((line, half), width).len(),
        };
        self.lines[line].pieces().enumerate().map(rows).max().unwrap_or(1)
    }
}

/// The rows of a piece; those after the first are as much narrower as they are indented.
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

/// The lines of a file with their numbers; `file` is its number in the list that the view is made from.
pub fn source_lines(raw: &str, file: usize) -> Vec<TextLine> {
    let number = |(line, text): (usize, &str)| {
        let place = Place::Line { side: Side::New, file, line };
        TextLine::One(Piece::new(text, Tone::Plain).gutter(format!("{}", line + 1)).stands_for(place))
    };
    raw.lines().enumerate().map(number).collect()
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
