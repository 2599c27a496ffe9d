//! Turns bytes of a running program into lines, like a terminal, but safely.
//!
//! Supported are colours and weights, carriage return, backspace, tab, erase in line, and cursor moves within the last
//! lines (progress bars of several lines). Other escape sequences do nothing; every other control or invisible
//! character becomes a visible escape. Each stream has its own cursor, so lines on one stream do not split a progress
//! bar on the other. Memory is bounded for any input: long lines are cut into segments, old lines are dropped,
//! unterminated sequences are discarded.

mod streaming;

use super::sgr;
use crate::domain::ansi::{AnsiPiece, AnsiScanner, Params};
use crate::domain::{Stream, escape_char, is_hidden};
use ratatui::style::Style;
use std::collections::VecDeque;
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// The maximum width of a line; longer ones are cut into segments.
const MAX_COLUMNS: usize = 4096;
/// How many lines of a stream cursor moves can go back.
const REACH: usize = 100;
/// More combining marks than this on one character become escapes.
const MAX_COMBINING: usize = 3;
const TAB: usize = 8;

/// A piece of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Stream that the process wrote to.
    pub stream: Stream,
    /// Milliseconds since the run started.
    pub at_ms: u64,
    /// The original bytes: UTF-8 or not, including escape sequences.
    pub bytes: &'a [u8],
    /// The offset of the chunk in the spool; grows with every chunk.
    pub offset: u64,
}

/// The source of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The program, to one of its streams.
    Output(Stream),
    /// The workbench: a note about the output.
    Note,
    /// The workbench: the following output comes from another process.
    Mark,
}

/// The position of a line's first byte: chunk, and byte in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Origin {
    /// The offset of the chunk in the spool.
    pub chunk: u64,
    /// Counted from the beginning of the chunk.
    pub byte: usize,
}

/// One line: escaped text and styles.
#[derive(Debug, Clone)]
pub(super) struct OutLine {
    pub(super) text: String,
    /// Each from the end of the previous run to `end` bytes; text after the last run has no style.
    runs: Vec<(usize, Style)>,
    pub(super) kind: LineKind,
    pub(super) at_ms: u64,
    pub(super) origin: Origin,
    /// Continues the previous line of the same stream, which was cut.
    pub(super) joined: bool,
}

impl OutLine {
    pub(super) fn styles(&self) -> impl Iterator<Item = (Range<usize>, Style)> {
        let starts = std::iter::once(0).chain(self.runs.iter().map(|(end, _)| *end));
        starts.zip(&self.runs).map(|(start, (end, style))| (start..*end, *style))
    }

    fn append(&mut self, text: &str, style: Style) {
        let start = self.text.len();
        self.text.push_str(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some((last, same)) if *same == style && *last == start => *last = end,
            _ if style == Style::new() => {}
            last => {
                let reached = last.map_or(0, |(end, _)| *end);
                if reached < start {
                    self.runs.push((start, Style::new()));
                }
                self.runs.push((end, style));
            }
        }
    }

    fn cells(&self) -> Vec<Cell> {
        let mut cells: Vec<Cell> = Vec::with_capacity(self.text.len());
        let mut styles = self.styles().peekable();
        for (at, c) in self.text.char_indices() {
            while styles.next_if(|(range, _)| range.end <= at).is_some() {}
            let style = styles.peek().map_or(Style::new(), |(_, style)| *style);
            put_cell(&mut cells, usize::MAX, c, style);
        }
        cells
    }

    fn set_cells(&mut self, cells: &[Cell]) {
        self.text.clear();
        self.runs.clear();
        let mut buffer = String::new();
        for cell in cells.iter().filter(|cell| cell.c != WIDE_TAIL) {
            buffer.clear();
            buffer.push(cell.c);
            buffer.extend(cell.marks.iter().filter(|mark| **mark != '\0'));
            self.append(&buffer, cell.style);
        }
    }
}

/// One column of a line that is being edited.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    c: char,
    marks: [char; MAX_COMBINING],
    style: Style,
}

/// The second column of a wide character.
const WIDE_TAIL: char = '\0';

impl Cell {
    fn new(c: char, style: Style) -> Cell {
        Cell { c, marks: ['\0'; MAX_COMBINING], style }
    }
}

/// Writes a character at `column` (at the end if it is beyond the end) and returns its width.
fn put_cell(cells: &mut Vec<Cell>, column: usize, c: char, style: Style) -> usize {
    let column = column.min(cells.len());
    let width = c.width().unwrap_or(0);
    if width == 0 {
        let base = cells[..column].iter_mut().rev().find(|cell| cell.c != WIDE_TAIL);
        if let Some(mark) = base.and_then(|base| base.marks.iter_mut().find(|mark| **mark == '\0')) {
            *mark = c;
        }
        return 0;
    }
    let is_narrow = |at: usize| cells.get(at).is_none_or(|cell| cell.c != WIDE_TAIL);
    if width == 1 && is_narrow(column) && is_narrow(column + 1) {
        // Fast path: a progress bar gets here for every character.
        match cells.get_mut(column) {
            Some(cell) => *cell = Cell::new(c, style),
            None => cells.push(Cell::new(c, style)),
        }
        return 1;
    }
    if column < cells.len() && cells[column].c == WIDE_TAIL && column > 0 {
        cells[column - 1] = Cell::new(' ', cells[column - 1].style);
    }
    let written = [Cell::new(c, style), Cell::new(WIDE_TAIL, style)];
    let end = (column + width).min(cells.len());
    if end < cells.len() && cells[end].c == WIDE_TAIL {
        cells[end] = Cell::new(' ', cells[end].style);
    }
    cells.splice(column..end, written.into_iter().take(width));
    width
}

/// The cursor of one stream.
#[derive(Default)]
struct Pen {
    scanner: AnsiScanner,
    /// Where the text held back by the scanner begins: in the count of the scanner, and in the spool.
    held: (u64, Origin),
    /// The number of its line; `None`: after the last line, which is created when needed.
    line: Option<usize>,
    /// The last line of the stream.
    last: Option<usize>,
    column: usize,
    /// The width of the line, including pending text.
    width: usize,
    /// Text in `style` that belongs to the end of the line.
    pending: String,
    /// The cells of the line while the program changes text inside it.
    cells: Option<Vec<Cell>>,
    style: Style,
    /// Combining marks written since the last character with a width.
    combining: usize,
    /// Whether the next line continues this one, which was cut.
    joins: bool,
}

/// How much is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// The lines of both streams, in the order in which they began.
pub(super) struct Transcript {
    lines: VecDeque<OutLine>,
    /// The number of the first stored line. Numbers are never reused.
    first: usize,
    bytes: usize,
    bounds: Bounds,
    pens: [Pen; 2],
    /// The lowest line changed since [`Transcript::take_changed`].
    changed: usize,
    /// The start of the chunk that is being written.
    at_ms: u64,
    origin: Origin,
}

/// The number of the very first line: far enough from zero to put older lines before it.
const FIRST_LINE: usize = usize::MAX / 4;

impl Transcript {
    pub(super) fn new(bounds: Bounds) -> Transcript {
        Transcript {
            lines: VecDeque::new(),
            first: FIRST_LINE,
            bytes: 0,
            bounds,
            pens: [Pen::default(), Pen::default()],
            changed: FIRST_LINE,
            at_ms: 0,
            origin: Origin::default(),
        }
    }

    /// The numbers of the stored lines.
    pub(super) fn span(&self) -> Range<usize> {
        self.first..self.first + self.lines.len()
    }

    /// A line by its number.
    pub(super) fn line(&self, number: usize) -> Option<&OutLine> {
        self.lines.get(number.checked_sub(self.first)?)
    }

    /// The lowest number of a line that is new or changed since the last call.
    pub(super) fn take_changed(&mut self) -> usize {
        std::mem::replace(&mut self.changed, usize::MAX)
    }

    pub(super) fn push(&mut self, chunk: Chunk<'_>) {
        let pen = chunk.stream as usize;
        self.at_ms = chunk.at_ms;
        let mut scanner = std::mem::take(&mut self.pens[pen].scanner);
        let (start, held) = (scanner.position(), self.pens[pen].held);
        let origin = |at: u64| {
            // The held-back text began in an earlier chunk.
            if at == held.0 && at < start {
                return held.1;
            }
            Origin { chunk: chunk.offset, byte: at.saturating_sub(start) as usize }
        };
        scanner.push(chunk.bytes, &mut |at, piece| {
            self.origin = origin(at);
            self.write(chunk.stream, piece);
        });
        if let Some(at) = scanner.held_at() {
            self.pens[pen].held = (at, origin(at));
        }
        self.pens[pen].scanner = scanner;
        self.flush(pen);
    }

    /// Writes a line of the workbench.
    pub(super) fn note(&mut self, text: String) {
        let joined = false;
        let origin = self.origin;
        self.add(OutLine { text, runs: Vec::new(), kind: LineKind::Note, at_ms: self.at_ms, origin, joined });
    }

    /// Writes a mark set by the reader; output continues as before.
    pub(super) fn mark(&mut self, text: String) {
        let (at_ms, origin, kind) = (self.at_ms, self.origin, LineKind::Mark);
        self.add(OutLine { text, runs: Vec::new(), kind, at_ms, origin, joined: false });
    }

    /// Writes a mark: the following output comes from another process, with a separate spool. Returns the number of its
    /// line.
    pub(super) fn begin(&mut self, text: String) -> usize {
        self.interrupt();
        // The mark comes before everything in the new spool.
        (self.at_ms, self.origin) = (0, Origin::default());
        let kind = LineKind::Mark;
        self.add(OutLine { text, runs: Vec::new(), kind, at_ms: 0, origin: self.origin, joined: false })
    }

    /// Ends all open lines and discards incomplete sequences: the next bytes do not continue the last ones.
    pub(super) fn interrupt(&mut self) {
        self.end();
        self.pens = [Pen::default(), Pen::default()];
    }

    /// Puts older chunks before the first line. Chunks from the first line's own on are ignored.
    /// Returns how many lines were added; none when that would be more than double the bounds.
    pub(super) fn prepend(&mut self, chunks: &[Chunk<'_>]) -> usize {
        let upto = self.lines.front().map_or(Origin { chunk: u64::MAX, byte: 0 }, |line| line.origin);
        let mut older = Transcript::new(self.bounds);
        for chunk in chunks.iter().filter(|chunk| chunk.offset <= upto.chunk) {
            let end = if chunk.offset == upto.chunk { upto.byte.min(chunk.bytes.len()) } else { chunk.bytes.len() };
            older.push(Chunk { bytes: &chunk.bytes[..end], ..*chunk });
        }
        if self.lines.len() + older.lines.len() > 2 * self.bounds.lines
            || self.bytes + older.bytes > 2 * self.bounds.bytes
        {
            return 0;
        }
        let added = older.lines.len();
        self.first -= added;
        self.bytes += older.bytes;
        self.changed = self.changed.min(self.first);
        older.lines.append(&mut self.lines);
        self.lines = older.lines;
        added
    }

    /// Writes one piece. Sequences without an arm here do nothing.
    fn write(&mut self, stream: Stream, piece: AnsiPiece<'_>) {
        match piece {
            AnsiPiece::Text(text) => text.chars().for_each(|c| self.print(stream, c)),
            AnsiPiece::Control(byte) => self.control(stream, byte),
            // An eight-bit control character, which some terminals interpret.
            AnsiPiece::Invalid([byte @ 0x80..=0x9f]) => self.print(stream, char::from(*byte)),
            AnsiPiece::Invalid(_) => self.print(stream, char::REPLACEMENT_CHARACTER),
            AnsiPiece::Csi { params, action, .. } => self.obey(stream, params, action),
            AnsiPiece::Sequence(_) => {}
            AnsiPiece::Broken(bytes) => {
                String::from_utf8_lossy(bytes).chars().for_each(|c| self.print(stream, c));
            }
        }
    }

    fn control(&mut self, stream: Stream, byte: u8) {
        let pen = &mut self.pens[stream as usize];
        match byte {
            b'\n' => self.line_feed(stream),
            b'\r' => pen.column = 0,
            0x08 => pen.column = pen.column.saturating_sub(1),
            b'\t' => self.tab(stream),
            other => self.print(stream, char::from(other)),
        }
    }

    fn obey(&mut self, stream: Stream, params: &Params, action: char) {
        let given = params.iter().next().and_then(|values| values.first()).copied().unwrap_or(0);
        let count = usize::from(given.max(1)).min(MAX_COLUMNS);
        let pen = &mut self.pens[stream as usize];
        match action {
            'm' => {
                let style = sgr::apply(pen.style, params);
                self.set_style(stream as usize, style);
            }
            'A' => self.move_line(stream, -(count as isize)),
            'B' => self.move_line(stream, count as isize),
            'E' => {
                self.move_line(stream, count as isize);
                self.pens[stream as usize].column = 0;
            }
            'F' => {
                self.move_line(stream, -(count as isize));
                self.pens[stream as usize].column = 0;
            }
            'C' => pen.column = (pen.column + count).min(MAX_COLUMNS - 1),
            'D' => pen.column = pen.column.saturating_sub(count),
            'G' => pen.column = count - 1,
            'K' => self.erase_in_line(stream as usize, given),
            'J' if given == 0 => self.erase_below(stream),
            _ => {}
        }
    }

    /// Shows text that is still held back: no output follows.
    pub(super) fn end(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let pen = stream as usize;
            let mut scanner = std::mem::take(&mut self.pens[pen].scanner);
            let held = self.pens[pen].held.1;
            scanner.end(&mut |_, piece| {
                let here = std::mem::replace(&mut self.origin, held);
                self.write(stream, piece);
                self.origin = here;
            });
            self.pens[pen].scanner = scanner;
            self.flush(pen);
        }
    }

    fn print(&mut self, stream: Stream, c: char) {
        if c.is_ascii() && !c.is_ascii_control() {
            self.pens[stream as usize].combining = 0;
            return self.put(stream, c, 1);
        }
        let width = c.width().unwrap_or(0);
        let pen = &mut self.pens[stream as usize];
        pen.combining = if width == 0 { pen.combining + 1 } else { 0 };
        let lone = width == 0 && pen.column == 0;
        if is_hidden(c) || lone || pen.combining > MAX_COMBINING {
            for escape in escape_char(c).chars() {
                self.put(stream, escape, 1);
            }
            self.pens[stream as usize].combining = 0;
        } else {
            self.put(stream, c, width);
        }
    }

    fn put(&mut self, stream: Stream, c: char, width: usize) {
        if self.pens[stream as usize].column + width > MAX_COLUMNS {
            self.flush(stream as usize);
            let pen = &mut self.pens[stream as usize];
            (pen.line, pen.cells, pen.column, pen.width, pen.joins) = (None, None, 0, 0, true);
        }
        if self.pens[stream as usize].line.is_none() {
            self.open(stream);
        }
        let pen = &mut self.pens[stream as usize];
        if pen.cells.is_none() && pen.column == pen.width {
            pen.pending.push(c);
            pen.column += width;
            pen.width = pen.column;
            return;
        }
        let (column, style) = (pen.column, pen.style);
        let cells = self.edit(stream as usize);
        while cells.len() < column {
            cells.push(Cell::new(' ', Style::new()));
        }
        let taken = put_cell(cells, column, c, style);
        let length = cells.len();
        let pen = &mut self.pens[stream as usize];
        pen.column += taken;
        pen.width = length;
    }

    /// The cells of the pen's line.
    fn edit(&mut self, pen: usize) -> &mut Vec<Cell> {
        if self.pens[pen].cells.is_none() {
            self.flush(pen);
            let line = self.pens[pen].line.and_then(|number| self.lines.get(number.wrapping_sub(self.first)));
            self.pens[pen].cells = Some(line.map(OutLine::cells).unwrap_or_default());
        }
        self.pens[pen].cells.get_or_insert_default()
    }

    /// Opens a new line for the stream.
    fn open(&mut self, stream: Stream) {
        let pen = &mut self.pens[stream as usize];
        let joined = std::mem::take(&mut pen.joins);
        pen.pending.clear();
        pen.cells = None;
        pen.width = 0;
        let (at_ms, origin) = (self.at_ms, self.origin);
        let kind = LineKind::Output(stream);
        let number = self.add(OutLine { text: String::new(), runs: Vec::new(), kind, at_ms, origin, joined });
        let pen = &mut self.pens[stream as usize];
        pen.line = Some(number);
        pen.last = Some(number);
    }

    fn add(&mut self, line: OutLine) -> usize {
        let number = self.span().end;
        self.changed = self.changed.min(number);
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > self.bounds.lines || (self.bytes > self.bounds.bytes && self.lines.len() > 1) {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.text.len();
            self.first += 1;
        }
        self.leave_dropped();
        number
    }

    /// Writes pending text of the pen into its line.
    fn flush(&mut self, pen: usize) {
        let pen = &mut self.pens[pen];
        let Some(number) = pen.line else { return };
        if pen.pending.is_empty() && pen.cells.is_none() {
            return;
        }
        self.changed = self.changed.min(number);
        let Some(line) = self.lines.get_mut(number.wrapping_sub(self.first)) else { return };
        let before = line.text.len();
        match &pen.cells {
            Some(cells) => line.set_cells(cells),
            None => line.append(&pen.pending, pen.style),
        }
        pen.pending.clear();
        self.bytes = self.bytes + line.text.len() - before;
    }

    fn set_style(&mut self, pen: usize, style: Style) {
        if self.pens[pen].style != style {
            if self.pens[pen].cells.is_none() {
                self.flush(pen);
            }
            self.pens[pen].style = style;
        }
    }

    fn line_feed(&mut self, stream: Stream) {
        let pen = &mut self.pens[stream as usize];
        if pen.line.is_none() && !std::mem::take(&mut pen.joins) {
            self.open(stream);
        }
        self.move_line(stream, 1);
        self.pens[stream as usize].column = 0;
    }

    fn tab(&mut self, stream: Stream) {
        let pen = &mut self.pens[stream as usize];
        let target = ((pen.column / TAB + 1) * TAB).min(MAX_COLUMNS);
        if pen.cells.is_none() && pen.column == pen.width {
            for _ in pen.column..target {
                self.put(stream, ' ', 1);
            }
        } else {
            pen.column = target;
        }
    }

    /// Moves the cursor over lines of its own stream; the column stays.
    fn move_line(&mut self, stream: Stream, by: isize) {
        self.flush(stream as usize);
        let kind = LineKind::Output(stream);
        let first = self.first;
        let span = self.span();
        let pen = &mut self.pens[stream as usize];
        let is_own = |number: &usize| self.lines[number - first].kind == kind;
        let from = pen.line.unwrap_or(span.end);
        let steps = by.unsigned_abs().min(REACH);
        let target = if by < 0 {
            let reached = (first..from).rev().take(REACH).filter(is_own).take(steps).last();
            reached.or(pen.line)
        } else if pen.line.is_none() || pen.line == pen.last {
            None
        } else {
            (from + 1..span.end).filter(is_own).nth(steps.saturating_sub(1))
        };
        pen.cells = None;
        pen.line = target;
        pen.width = target.map_or(0, |number| self.lines[number - first].cells().len());
    }

    /// Erases a part of the line: 0 from the cursor on, 1 up to the cursor, 2 all.
    fn erase_in_line(&mut self, pen: usize, part: u16) {
        if self.pens[pen].line.is_none() {
            return;
        }
        let column = self.pens[pen].column;
        let cells = self.edit(pen);
        match part {
            0 => cells.truncate(column),
            1 => {
                let upto = (column + 1).min(cells.len());
                cells[..upto].fill(Cell::new(' ', Style::new()));
            }
            2 => cells.clear(),
            _ => {}
        }
        // Half of a wide character is left as a blank.
        if cells.first().is_some_and(|cell| cell.c == WIDE_TAIL) {
            cells[0].c = ' ';
        }
        self.pens[pen].width = cells_len(&self.pens[pen]);
        self.flush(pen);
        self.pens[pen].cells = None;
    }

    /// Erases from the cursor to the last line of the stream.
    fn erase_below(&mut self, stream: Stream) {
        let pen = stream as usize;
        let Some(from) = self.pens[pen].line else { return };
        self.erase_in_line(pen, 0);
        for number in from + 1..self.span().end {
            let line = &mut self.lines[number - self.first];
            if line.kind == LineKind::Output(stream) {
                self.bytes -= line.text.len();
                line.text.clear();
                line.runs.clear();
            }
        }
    }
}

fn cells_len(pen: &Pen) -> usize {
    pen.cells.as_ref().map_or(0, Vec::len)
}
