//! Compared files as lines of a text view: headings, hunks, folds, and the change of each line.

use super::diff::{DiffFile, DiffText, FileChange, Hunk};
use super::piece::{Piece, Place, TextLine};
use super::words::Pairing;
use crate::domain::plural;
use crate::tui::mark::{Side, Tone};
use similar::{DiffOp, DiffTag};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// The arrangement of the two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffLayout {
    /// Old lines above new ones.
    Unified,
    /// Old left, new right.
    SideBySide,
}

impl DiffLayout {
    /// Side by side from 120 columns.
    pub fn for_width(width: u16) -> DiffLayout {
        if width >= 120 { DiffLayout::SideBySide } else { DiffLayout::Unified }
    }
}

/// Which unchanged lines are shown in addition to those around changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unfolded {
    /// Whether every fold is open.
    pub all: bool,
    /// The open folds.
    pub folds: HashSet<Place>,
}

/// The layout of compared files.
#[derive(Debug, Clone)]
pub struct DiffLook<'a> {
    /// The arrangement of the states.
    pub layout: DiffLayout,
    /// Which unchanged lines are drawn.
    pub unfolded: &'a Unfolded,
    /// Hunks and files that a reader has marked as read.
    pub read: &'a HashSet<Place>,
}

impl DiffText {
    /// All lines, file after file.
    pub fn lines(&self, look: &DiffLook<'_>) -> Vec<TextLine> {
        let files = self.files.iter().enumerate();
        let changed = files.filter(|(_, file)| file.change != FileChange::Unchanged);
        let mut lines: Vec<TextLine> = changed.flat_map(|(at, file)| Printer::new(file, at, look).lines()).collect();
        let same = self.files.iter().filter(|file| file.change == FileChange::Unchanged).count();
        if same > 0 {
            let word = if same == 1 { "file" } else { "files" };
            lines.push(TextLine::One(Piece::new(&format!("⋯ {same} {word} unchanged"), Tone::Fold).extra()));
        }
        lines
    }
}

/// Turns a compared file into lines.
struct Printer<'a> {
    file: &'a DiffFile,
    number: usize,
    look: &'a DiffLook<'a>,
    /// The width of a line number.
    digits: usize,
    /// Whether every line break has a carriage return, which is then not drawn.
    strips_returns: bool,
}

/// A line with its number, counted from 0.
type Numbered<'a> = Option<(usize, &'a str)>;

/// The old and the new text of a line, if any.
type Pair<'a> = (Numbered<'a>, Numbered<'a>);

impl<'a> Printer<'a> {
    fn new(file: &'a DiffFile, number: usize, look: &'a DiffLook<'a>) -> Printer<'a> {
        let longest = file.old.lines.len().max(file.new.lines.len());
        let strips_returns = file.old.is_crlf() && file.new.is_crlf();
        Printer { file, number, look, digits: longest.to_string().len(), strips_returns }
    }

    /// A heading, notes, then the hunks.
    fn lines(&self) -> Vec<TextLine> {
        let file = self.file;
        let read = self.read_word(Place::File(self.number));
        let heading = format!("── {} · {} · +{} -{}{read}", file.path, file.change.word(), file.added, file.removed);
        let mut lines = vec![TextLine::One(Piece::new(&heading, Tone::Header).stands_for(Place::File(self.number)))];
        lines.extend(file.notes().into_iter().map(|note| TextLine::new(&note, Tone::Warn)));
        let mut end = (0, 0);
        for (at, hunk) in file.hunks().iter().enumerate() {
            self.unchanged(&mut lines, end.0..hunk.old.start, end.1..hunk.new.start);
            end = (hunk.old.end, hunk.new.end);
            if file.change == FileChange::Changed {
                lines.push(self.hunk_heading(at, hunk));
            }
            for op in &hunk.ops {
                self.print(op, &mut lines);
            }
        }
        self.unchanged(&mut lines, end.0..file.old.lines.len(), end.1..file.new.lines.len());
        lines
    }

    fn hunk_heading(&self, at: usize, hunk: &Hunk) -> TextLine {
        let place = Place::Hunk(self.number, at);
        let first = hunk.new.start + 1;
        let text = format!("@@ lines {first} to {}{}", hunk.new.end.max(first), self.read_word(place));
        TextLine::One(Piece::new(&text, Tone::Header).stands_for(place))
    }

    fn read_word(&self, place: Place) -> &'static str {
        if self.look.read.contains(&place) { " · ✓ read" } else { "" }
    }

    /// Unchanged lines: a fold, or all of them if it was opened. They need not be read.
    fn unchanged(&self, lines: &mut Vec<TextLine>, old: Range<usize>, new: Range<usize>) {
        // A new or removed file has no other side.
        let count = if self.file.old.mode.is_some() { new.len().min(old.len()) } else { 0 };
        if count == 0 {
            return;
        }
        let place = Place::Fold(self.number, new.start);
        if self.look.unfolded.all || self.look.unfolded.folds.contains(&place) {
            let opened = lines.len();
            self.print(&DiffOp::Equal { old_index: old.start, new_index: new.start, len: count }, lines);
            return lines[opened..].iter_mut().for_each(TextLine::make_extra);
        }
        let word = if count == 1 { "line" } else { "lines" };
        let piece = Piece::new(&format!("⋯ {count} unchanged {word}"), Tone::Fold);
        lines.push(TextLine::One(piece.stands_for(place).extra()));
    }

    fn print(&self, op: &DiffOp, lines: &mut Vec<TextLine>) {
        let (tag, old, new) = op.as_tag_tuple();
        let count = old.len().max(new.len());
        let pairs = (0..count).map(|at| (self.line(Side::Old, &old, at), self.line(Side::New, &new, at)));
        match (tag, self.look.layout) {
            (DiffTag::Equal, DiffLayout::Unified) => lines.extend(pairs.filter_map(|pair| self.same(pair))),
            (_, DiffLayout::Unified) => {
                let (olds, news): (Vec<_>, Vec<_>) = pairs.map(|pair| self.changed(pair)).unzip();
                lines.extend(olds.into_iter().chain(news).flatten().map(TextLine::One));
            }
            (DiffTag::Equal, DiffLayout::SideBySide) => lines.extend(pairs.map(|(old, new)| {
                let half = |line: Numbered<'_>, side| {
                    line.map(|(number, text)| {
                        self.piece(text, Tone::Plain, side, number).gutter(self.half_gutter(number, ' '))
                    })
                };
                TextLine::Two(half(old, Side::Old).unwrap_or_default(), half(new, Side::New).unwrap_or_default())
            })),
            (_, DiffLayout::SideBySide) => lines.extend(pairs.map(|pair| {
                let (old, new) = self.changed(pair);
                TextLine::Two(old.unwrap_or_default(), new.unwrap_or_default())
            })),
        }
    }

    /// The line `at` of a range of a side, without its line break.
    fn line(&self, side: Side, range: &Range<usize>, at: usize) -> Numbered<'a> {
        let number = range.start + at;
        let lines = match side {
            Side::Old => &self.file.old.lines,
            Side::New => &self.file.new.lines,
        };
        let line = lines.get(number).filter(|_| range.contains(&number))?;
        let text = line.strip_suffix('\n').unwrap_or(line);
        let text = if self.strips_returns { text.strip_suffix('\r').unwrap_or(text) } else { text };
        Some((number, text))
    }

    fn piece(&self, text: &str, tone: Tone, side: Side, line: usize) -> Piece {
        Piece::new(text, tone).stands_for(Place::Line { side, file: self.number, line })
    }

    fn same(&self, (old, new): Pair<'_>) -> Option<TextLine> {
        let ((old, _), (new, text)) = (old?, new?);
        let piece = self.piece(text, Tone::Plain, Side::New, new);
        Some(TextLine::One(piece.gutter(self.gutter(Some(old), Some(new), ' '))))
    }

    /// The old and the new side of a changed line; words that differ are marked when the line is drawn.
    fn changed(&self, (old, new): Pair<'_>) -> (Option<Piece>, Option<Piece>) {
        let pair = old.zip(new).map(|((_, old), (_, new))| Arc::new(Pairing::new(old, new)));
        let half = |line: Numbered<'_>, side, tone, sign| {
            let (number, text) = line?;
            let gutter = match (self.look.layout, side) {
                (DiffLayout::SideBySide, _) => self.half_gutter(number, sign),
                (DiffLayout::Unified, Side::Old) => self.gutter(Some(number), None, sign),
                (DiffLayout::Unified, Side::New) => self.gutter(None, Some(number), sign),
            };
            let piece = self.piece(text, tone, side, number).gutter(gutter);
            Some(match &pair {
                Some(pair) => piece.paired(Arc::clone(pair), side),
                None => piece,
            })
        };
        (half(old, Side::Old, Tone::Removed, '-'), half(new, Side::New, Tone::Added, '+'))
    }

    fn gutter(&self, old: Option<usize>, new: Option<usize>, sign: char) -> String {
        let number = |line: Option<usize>| line.map_or_else(String::new, |line| (line + 1).to_string());
        let digits = self.digits;
        format!("{:>digits$} {:>digits$} {sign}", number(old), number(new))
    }

    fn half_gutter(&self, number: usize, sign: char) -> String {
        format!("{:>1$} {sign}", number + 1, self.digits)
    }
}

/// The part of the summary about lines that are not shown as changed.
pub(super) fn blanks_word(count: usize) -> Option<String> {
    let lines = plural(count, "line differs", "lines differ");
    (count > 0).then(|| format!("{lines} in whitespace only, not shown"))
}
