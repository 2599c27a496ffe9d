//! The output of a run, live or recorded.
//!
//! The view follows the end until the user scrolls up; then it keeps its position and counts new lines. It stores only
//! the newest lines; older ones are in the spool and can be inserted again.

mod matches;
mod older;

pub use matches::Matches;
pub use older::{Hit, SpoolSearch};

use super::rows::{Break, Paged, Row, columns, count, cut, window};
use super::terminal::{Bounds, Chunk, LineKind, Origin, OutLine, Transcript};
use super::{Jump, Move};
use crate::domain::{SafeText, Stream, grouped, plural};
use crate::tui::ink::Ink;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::ops::Range;

/// The maximum number of stored lines and bytes of text: a long run stays below about 25 MiB of memory.
const BOUNDS: Bounds = Bounds { lines: 50_000, bytes: 8 << 20 };
/// The width of the sign of the stream, including a blank.
const SIGN: usize = 2;
/// The width of a time, including a blank.
const TIME: usize = 11;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

impl Switch {
    fn toggle(&mut self) {
        *self = if *self == Switch::On { Switch::Off } else { Switch::On };
    }
}

/// The part of the spool that a view contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The position of the first stored line; earlier output is only in the spool.
    pub begins: Origin,
    /// The position of the first line on screen.
    pub top: Origin,
    /// The chunk in which the last line begins.
    pub last_chunk: u64,
}

/// The displayed output of a run.
pub struct OutputView {
    transcript: Transcript,
    follow: bool,
    /// The end of the output when following stopped.
    paused_at: usize,
    /// First line on screen, and its first row on screen.
    top: (usize, usize),
    column: usize,
    wrap: Switch,
    times: Switch,
    /// Lines before this one are hidden.
    cleared: usize,
    /// The number of marks set by the user.
    marks: usize,
    size: (usize, usize),
    /// Whether a screen reader reads the text, so that words stay whole.
    is_aloud: bool,
    /// The line of each row on screen.
    drawn: Vec<usize>,
    selection: Option<Range<usize>>,
    matches: Matches,
}

impl Default for OutputView {
    fn default() -> Self {
        OutputView::new()
    }
}

impl OutputView {
    /// An empty view that follows the end.
    pub fn new() -> OutputView {
        OutputView::bounded(BOUNDS)
    }

    fn bounded(bounds: Bounds) -> OutputView {
        let transcript = Transcript::new(bounds);
        OutputView {
            top: (transcript.span().start, 0),
            paused_at: transcript.span().end,
            transcript,
            follow: true,
            column: 0,
            wrap: Switch::On,
            times: Switch::Off,
            cleared: 0,
            marks: 0,
            size: (80, 24),
            is_aloud: false,
            drawn: Vec::new(),
            selection: None,
            matches: Matches::default(),
        }
    }

    /// Appends a chunk and updates the search matches.
    pub fn push(&mut self, chunk: Chunk<'_>) {
        self.transcript.push(chunk);
        self.refresh_matches();
    }

    /// Shows text that was held back for its continuation: no output follows.
    pub fn end(&mut self) {
        self.transcript.end();
        self.refresh_matches();
    }

    /// Adds a line of the workbench, escaped.
    pub fn note(&mut self, text: &str) {
        self.transcript.note(SafeText::source_line(text).into());
        self.refresh_matches();
    }

    /// Adds a mark, escaped: the following output comes from another process. Returns the number of its line, for
    /// [`OutputView::first_line`].
    pub fn begin(&mut self, text: &str) -> usize {
        let line = self.transcript.begin(SafeText::source_line(text).into());
        self.refresh_matches();
        line
    }

    /// Draws a numbered line, escaped, below the output so far; numbers are counted from 1.
    pub fn mark_line(&mut self, text: &str) {
        self.marks += 1;
        self.transcript.mark(SafeText::source_line(&format!("mark {} {text}", self.marks)).into());
        self.refresh_matches();
    }

    /// Hides the output so far, or shows hidden output again. Returns the number of hidden lines.
    pub fn toggle_cleared(&mut self) -> usize {
        let span = self.transcript.span();
        self.cleared = if self.cleared > span.start { 0 } else { span.end };
        self.follow();
        self.cleared.saturating_sub(span.start)
    }

    /// How many lines are hidden.
    pub(in crate::tui) fn hidden_lines(&self) -> usize {
        self.cleared.saturating_sub(self.transcript.span().start)
    }

    /// The number of the first stored line.
    pub fn first_line(&self) -> usize {
        self.transcript.span().start
    }

    /// Notes that `bytes` bytes were skipped here, because they arrived too fast to be displayed.
    pub fn skip(&mut self, bytes: u64) {
        self.transcript.interrupt();
        self.note(&format!("… {} skipped, kept in the output file …", plural(bytes as usize, "byte", "bytes")));
    }

    /// Inserts older chunks of the spool before the stored lines; known chunks are ignored. Returns how many lines were
    /// added; 0 also if more than twice the usual amount would be stored.
    pub fn prepend(&mut self, chunks: &[Chunk<'_>]) -> usize {
        let added = self.transcript.prepend(chunks);
        self.refresh_matches();
        added
    }

    /// The offset in the spool where the first stored line begins; earlier output can be inserted.
    pub fn dropped_before(&self) -> u64 {
        self.transcript.line(self.transcript.span().start).map_or(0, |line| line.origin.chunk)
    }

    /// How many lines are stored.
    pub fn len(&self) -> usize {
        self.transcript.span().len()
    }

    /// Whether there is no output yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the view follows the end.
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// Goes to the end and follows it.
    pub fn follow(&mut self) {
        self.follow = true;
        self.top = self.last_top(self.size.1);
    }

    /// Keeps the current position when output arrives.
    pub fn pause(&mut self) {
        if self.follow {
            self.follow = false;
            self.paused_at = self.transcript.span().end;
        }
    }

    /// How many lines arrived since following stopped.
    pub fn new_lines(&self) -> usize {
        if self.follow { 0 } else { self.transcript.span().end.saturating_sub(self.paused_at) }
    }

    /// The lines on screen, counted from 0 among the stored ones.
    pub fn on_screen(&self) -> Range<usize> {
        let first = self.transcript.span().start;
        match (self.drawn.first(), self.drawn.last()) {
            (Some(from), Some(to)) => from.saturating_sub(first)..(to + 1).saturating_sub(first),
            _ => 0..0,
        }
    }

    /// Whether the first stored line is the first on screen: then older ones should be loaded.
    pub fn is_at_top(&self) -> bool {
        self.cleared == 0 && self.top <= (self.transcript.span().start, 0)
    }

    /// Moves the view. Moving up stops following, reaching the end resumes it.
    pub fn scroll(&mut self, step: Move) {
        let height = self.size.1.max(1) as isize;
        match step {
            Move::Rows(rows) => self.move_rows(rows),
            Move::HalfPages(pages) => self.move_rows(pages * (height / 2).max(1)),
            Move::Pages(pages) => self.move_rows(pages * (height - 1).max(1)),
            Move::Top => {
                self.pause();
                self.top = (self.span().start, 0);
            }
            Move::Bottom => self.follow(),
            Move::Columns(by) => self.column = self.column.saturating_add_signed(by).min(self.widest()),
            Move::FirstColumn => self.column = 0,
        }
    }

    /// Whether long lines are wrapped.
    pub fn wraps(&self) -> bool {
        self.wrap == Switch::On
    }

    /// Wraps long lines or stops wrapping them.
    pub fn toggle_wrap(&mut self) {
        self.wrap.toggle();
        self.top.1 = 0;
        self.column = 0;
    }

    /// Whether each line shows the seconds since the start.
    pub fn shows_times(&self) -> bool {
        self.times == Switch::On
    }

    /// Shows the seconds since the start before each line, or stops showing them.
    pub fn toggle_times(&mut self) {
        self.times.toggle();
    }

    /// Shows the next or previous block of standard error at the top. `false` if there is none.
    pub fn jump_to_error(&mut self, to: Jump) -> bool {
        let span = self.transcript.span();
        let is_error = |at: usize| {
            let line = self.transcript.line(at);
            line.is_some_and(|line| line.kind == LineKind::Output(Stream::Stderr))
        };
        let begins = |at: &usize| is_error(*at) && (*at == span.start || !is_error(at - 1));
        // While the view follows the end, searching backwards begins there.
        let top = if self.follow { span.end } else { self.top.0 };
        let found = match to {
            Jump::Next if !self.follow => (top + 1..span.end).find(begins),
            Jump::Next => (span.start..span.end).find(begins),
            Jump::Previous => (span.start..top).rev().find(begins),
        };
        if let Some(line) = found {
            self.pause();
            self.top = (line, 0);
        }
        found.is_some()
    }

    /// Searches all stored and future lines, and goes to the last match above the lower edge of the screen, otherwise
    /// to the first one. Returns the number of matches. An empty text ends the search.
    pub fn search(&mut self, text: &str) -> usize {
        self.matches.begin(text);
        self.find_from(self.transcript.span().start);
        let edge = self.drawn.last().map_or(usize::MAX, |line| line + 1);
        self.show_match(self.matches.last_before(edge));
        self.matches.count()
    }

    /// The matches of the search.
    pub fn matches(&self) -> &Matches {
        &self.matches
    }

    /// The matches of the search.
    pub fn matches_mut(&mut self) -> &mut Matches {
        &mut self.matches
    }

    /// Goes to the next or previous match, wrapping around.
    pub fn step_match(&mut self, to: Jump) {
        let count = self.matches.count();
        let by = if to == Jump::Next { 1 } else { count.saturating_sub(1) };
        if count > 0 {
            self.show_match(self.matches.index().map_or(0, |index| (index + by) % count));
        }
    }

    /// The line, counted from 0 among the stored ones, in a row of the screen, counted from the top of the view.
    pub fn line_in_row(&self, row: u16) -> Option<usize> {
        Some(self.drawn.get(usize::from(row))?.saturating_sub(self.transcript.span().start))
    }

    /// Selects lines, counted from 0 among the stored ones; an empty range selects none.
    pub fn select(&mut self, lines: &Range<usize>) {
        let first = self.transcript.span().start;
        self.selection = (!lines.is_empty()).then(|| first + lines.start..first + lines.end);
    }

    /// The first line on screen, the number of lines on screen, and the total.
    pub fn part_shown(&self) -> (usize, usize, usize) {
        let span = self.span();
        match (self.drawn.first(), self.drawn.last()) {
            (Some(first), Some(last)) => (first.saturating_sub(span.start), last + 1 - first, span.len()),
            _ => (0, 0, 0),
        }
    }

    /// The selected lines as whole lines, for copying.
    pub fn selected_text(&self) -> Option<String> {
        self.selection.as_ref().map(|lines| self.text_of(lines.clone()))
    }

    /// The lines on screen as whole lines without wraps and signs, for copying.
    pub fn visible_text(&self) -> String {
        match (self.drawn.first(), self.drawn.last()) {
            (Some(from), Some(to)) => self.text_of(*from..to + 1),
            _ => String::new(),
        }
    }

    /// All stored text, for copying.
    pub fn all_text(&self) -> String {
        self.text_of(self.transcript.span())
    }

    /// Draws the view, with a note at the lower edge if new lines arrived while it does not follow the end.
    pub fn render(&mut self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        self.size = (area.width.into(), area.height.into());
        self.is_aloud = theme.numbered;
        self.drawn.clear();
        if area.is_empty() {
            return;
        }
        let last = self.last_top(self.size.1);
        let first = (self.span().start, 0);
        self.top = if self.follow { last } else { self.top.clamp(first, last) };
        let (mut line, mut row) = self.top;
        for y in area.top()..area.bottom() {
            if line >= self.transcript.span().end {
                break;
            }
            self.draw_row((line, row), Rect { y, height: 1, ..area }, buf, theme);
            self.drawn.push(line);
            row += 1;
            if row >= self.rows_of(line) {
                (line, row) = (line + 1, 0);
            }
        }
        self.draw_news(area, buf, theme);
    }

    fn draw_row(&self, (number, row): (usize, usize), strip: Rect, buf: &mut Buffer, theme: &Theme) {
        let Some(line) = self.transcript.line(number) else { return };
        let width = self.body_width();
        let mut x = strip.x;
        let room = |x: u16| usize::from(strip.right().saturating_sub(x));
        if self.times == Switch::On {
            let time = if row == 0 { format!("{:>9} ", seconds(line.at_ms)) } else { String::new() };
            buf.put(x, strip.y, time, room(x), theme.gutter);
            x = x.saturating_add(TIME as u16);
        }
        let (sign, sign_style, base) = look(line, row, theme);
        buf.put(x, strip.y, sign, room(x), sign_style);
        x = x.saturating_add(SIGN as u16);
        let range = match self.wrap {
            Switch::Off => window(&line.text, self.column, width),
            Switch::On => cut(&line.text, width, self.breaks(line)).get(row).cloned().unwrap_or(0..0),
        };
        let selected = self.selection.as_ref().is_some_and(|lines| lines.contains(&number));
        let base = if selected { base.patch(theme.selection) } else { base };
        let mut marks: Vec<(Range<usize>, Style)> =
            line.styles().map(|(range, style)| (range, theme.adapt(style))).collect();
        marks.extend(self.match_styles(number, theme));
        let body = Rect { x, width: width.min(room(x)) as u16, ..strip };
        Row { text: &line.text, range: range.clone(), base }.draw(body, buf, &marks);
        if line.kind == LineKind::Mark && range.end == line.text.len() {
            // A rule to the edge: programs cannot draw over the column of the signs.
            let start = x.saturating_add(columns(&line.text[range.clone()]) as u16 + 1);
            buf.put(start, strip.y, "─".repeat(room(start)), room(start), theme.dim);
        }
        if self.wrap == Switch::Off && range.end < line.text.len() {
            let edge = strip.right().saturating_sub(1);
            buf.put(edge, strip.y, "›", 1, theme.warn);
        }
    }

    fn draw_news(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let lines = self.new_lines();
        let end_is_drawn = self.drawn.last().is_some_and(|line| line + 1 == self.transcript.span().end);
        if lines == 0 || end_is_drawn {
            return;
        }
        let word = if lines == 1 { "line" } else { "lines" };
        let text = format!(" ▼ {} new {word} ", grouped(lines as u64));
        let width = (columns(&text) as u16).min(area.width);
        let x = area.right() - width;
        buf.put(x, area.bottom() - 1, text, width.into(), theme.accent.patch(theme.selection));
    }

    fn match_styles(&self, number: usize, theme: &Theme) -> impl Iterator<Item = (Range<usize>, Style)> {
        let style = |is_current| if is_current { theme.match_current } else { theme.match_ };
        self.matches.in_line(number).map(move |(range, is_current)| (range, style(is_current)))
    }

    fn text_of(&self, lines: Range<usize>) -> String {
        let mut text = String::new();
        for (at, line) in lines.filter_map(|number| self.transcript.line(number)).enumerate() {
            if at > 0 && !line.joined {
                text.push('\n');
            }
            text.push_str(&line.text);
        }
        text
    }

    /// Where a line may be cut: output anywhere, as on a terminal; lines of the workbench between words.
    fn breaks(&self, line: &OutLine) -> Break {
        match line.kind {
            LineKind::Output(_) if !self.is_aloud => Break::Anywhere,
            LineKind::Output(_) | LineKind::Note | LineKind::Mark => Break::Words,
        }
    }

    /// The width of the text of a line.
    fn body_width(&self) -> usize {
        let times = if self.times == Switch::On { TIME } else { 0 };
        let edge = usize::from(self.wrap == Switch::Off);
        self.size.0.saturating_sub(times + SIGN + edge).max(2)
    }

    fn widest(&self) -> usize {
        let lines = self.drawn.iter().filter_map(|number| self.transcript.line(*number));
        lines.map(|line| columns(&line.text)).max().unwrap_or(0).saturating_sub(1)
    }

    fn move_rows(&mut self, rows: isize) {
        let from = if self.follow { self.last_top(self.size.1) } else { self.top };
        self.top = self.moved(from, rows, self.size.1);
        if rows < 0 && self.top < from {
            self.pause();
        } else if rows > 0 && self.top == self.last_top(self.size.1) {
            self.follow = true;
        }
    }

    /// Updates the matches for new, changed or dropped lines.
    fn refresh_matches(&mut self) {
        let changed = self.transcript.take_changed();
        let span = self.transcript.span();
        if !self.matches.is_on() {
            return;
        }
        self.matches.let_go(span.start);
        // Inserted lines affect the order of all later matches: search them again.
        self.matches.forget_from(changed);
        self.find_from(changed.max(span.start));
    }

    fn find_from(&mut self, from: usize) {
        for number in from..self.transcript.span().end {
            if let Some(line) = self.transcript.line(number) {
                self.matches.look(number, line);
            }
        }
    }

    /// Goes to a match.
    pub fn show_match(&mut self, index: usize) {
        let Some((number, start)) = self.matches.go_to(index) else { return };
        if number < self.cleared {
            self.cleared = 0;
        }
        self.pause();
        let width = self.body_width();
        let height = self.size.1;
        let Some(line) = self.transcript.line(number) else { return };
        let row = match self.wrap {
            Switch::On => cut(&line.text, width, self.breaks(line)).partition_point(|row| row.end <= start),
            Switch::Off => {
                let column = columns(line.text.get(..start).unwrap_or_default());
                if !(self.column..self.column + width).contains(&column) {
                    self.column = column.saturating_sub(width / 2);
                }
                0
            }
        };
        let end = self.moved(self.top, height as isize, height);
        if (number, row) < self.top || (number, row) >= end {
            self.top = self.moved((number, row), -(height as isize / 3), height);
        }
    }
}

impl Paged for OutputView {
    fn span(&self) -> Range<usize> {
        let span = self.transcript.span();
        span.start.max(self.cleared).min(span.end)..span.end
    }

    fn rows_of(&self, line: usize) -> usize {
        match (self.wrap, self.transcript.line(line)) {
            (Switch::On, Some(line)) => count(&line.text, self.body_width(), self.breaks(line)),
            _ => 1,
        }
    }
}

/// Sign, style of the sign, style of the text.
fn look(line: &OutLine, row: usize, theme: &Theme) -> (&'static str, Style, Style) {
    match line.kind {
        LineKind::Output(Stream::Stdout) => ("", theme.gutter, theme.text),
        // For a screen reader, the name of the stream, once for each line.
        LineKind::Output(Stream::Stderr) if theme.numbered && row > 0 => ("", theme.gutter, theme.text),
        // Not `!`: output on standard error is not a warning.
        LineKind::Output(Stream::Stderr) => ("▎", theme.warn, theme.text),
        LineKind::Note => ("·", theme.dim, theme.dim),
        LineKind::Mark => ("■", theme.accent, theme.title),
    }
}

fn seconds(at_ms: u64) -> String {
    format!("{}.{:03}s", at_ms / 1000, at_ms % 1000)
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
