//! Two states of a tool's files, as lines for a text view.
//!
//! What did not change is folded to a line that says how much it is; everything else stands there,
//! also what is easily missed: an execute bit, line breaks of another kind, a missing last one.

use super::text::{Mark, Piece, TextLine, Tone};
use crate::domain::{FileMode, VersionFile};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;
/// Longer lines get no marks within.
const MAX_MARKED: usize = 2000;

/// How the two states stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffLayout {
    /// Old lines above new ones.
    Unified,
    /// Old left, new right.
    SideBySide,
}

impl DiffLayout {
    /// Side by side from 120 columns on.
    pub fn for_width(width: u16) -> DiffLayout {
        if width >= 120 { DiffLayout::SideBySide } else { DiffLayout::Unified }
    }
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its content or mode changed.
    Changed,
    /// It is the same.
    Unchanged,
}

impl FileChange {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            FileChange::Added => "added",
            FileChange::Removed => "removed",
            FileChange::Changed => "changed",
            FileChange::Unchanged => "unchanged",
        }
    }
}

/// One file in two states.
#[derive(Debug, Clone)]
pub struct DiffFile {
    /// Its path inside the version.
    pub path: String,
    /// What became of it.
    pub change: FileChange,
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
    old: Side,
    new: Side,
    ops: Vec<DiffOp>,
}

/// One state of a file.
#[derive(Debug, Clone, Default)]
struct Side {
    mode: Option<FileMode>,
    /// With their line breaks.
    lines: Vec<String>,
    is_text: bool,
    bytes: usize,
}

impl Side {
    fn new(file: Option<&VersionFile>) -> Side {
        let Some(file) = file else { return Side { is_text: true, ..Side::default() } };
        let text = String::from_utf8_lossy(&file.bytes);
        Side {
            mode: Some(file.mode),
            is_text: matches!(text, Cow::Borrowed(_)),
            bytes: file.bytes.len(),
            lines: text.split_inclusive('\n').map(str::to_owned).collect(),
        }
    }

    /// Whether every line break has a carriage return, so that it need not be drawn.
    fn is_crlf(&self) -> bool {
        self.lines.iter().filter(|line| line.ends_with('\n')).all(|line| line.ends_with("\r\n"))
    }

    fn ends_without_break(&self) -> bool {
        self.lines.last().is_some_and(|line| !line.ends_with('\n'))
    }
}

/// Compares two states, file by file in the order of their paths; unchanged files are listed too.
pub fn diff_files(before: &[VersionFile], after: &[VersionFile]) -> Vec<DiffFile> {
    let mut paths: BTreeMap<&str, (Option<&VersionFile>, Option<&VersionFile>)> = BTreeMap::new();
    for file in before {
        paths.entry(&file.path).or_default().0 = Some(file);
    }
    for file in after {
        paths.entry(&file.path).or_default().1 = Some(file);
    }
    paths.into_iter().map(|(path, (old, new))| DiffFile::new(path, old, new)).collect()
}

impl DiffFile {
    fn new(path: &str, old: Option<&VersionFile>, new: Option<&VersionFile>) -> DiffFile {
        let change = match (old, new) {
            (None, _) => FileChange::Added,
            (_, None) => FileChange::Removed,
            (Some(old), Some(new)) if old == new => FileChange::Unchanged,
            (Some(_), Some(_)) => FileChange::Changed,
        };
        let (old, new) = (Side::new(old), Side::new(new));
        let ops = capture_diff_slices(Algorithm::Histogram, &old.lines, &new.lines);
        let changed = |range: fn(&DiffOp) -> Range<usize>| {
            ops.iter().filter(|op| op.tag() != DiffTag::Equal).map(|op| range(op).len()).sum()
        };
        let (removed, added) = (changed(DiffOp::old_range), changed(DiffOp::new_range));
        DiffFile { path: path.to_owned(), change, added, removed, old, new, ops }
    }

    /// The lines of this file: a heading, notes, then its hunks.
    pub fn lines(&self, layout: DiffLayout) -> Vec<TextLine> {
        let word = self.change.word();
        let heading = format!("── {} · {word} · +{} -{}", self.path, self.added, self.removed);
        let mut lines = vec![TextLine::new(&heading, Tone::Header)];
        lines.extend(self.notes().into_iter().map(|note| TextLine::new(&note, Tone::Warn)));
        let printer = Printer::new(self, layout);
        let mut end = 0;
        for hunk in group_diff_ops(self.ops.clone(), CONTEXT) {
            let Some((first, last)) = hunk.first().zip(hunk.last()) else { continue };
            fold(&mut lines, first.new_range().start - end);
            end = last.new_range().end;
            if self.change == FileChange::Changed {
                let heading =
                    format!("@@ lines {} to {}", first.new_range().start + 1, end.max(first.new_range().start + 1));
                lines.push(TextLine::new(&heading, Tone::Header));
            }
            for op in hunk {
                printer.print(&op, &mut lines);
            }
        }
        fold(&mut lines, self.new.lines.len().saturating_sub(end));
        lines
    }

    /// What the lines do not say.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mode =
            |side: &Side| side.mode.map(|mode| if mode == FileMode::Executable { "executable" } else { "plain" });
        match (mode(&self.old), mode(&self.new)) {
            (Some(old), Some(new)) if old != new => notes.push(format!("mode: {old} before, {new} now")),
            (None, Some("executable")) => notes.push("mode: executable".to_owned()),
            _ => {}
        }
        for (side, when) in [(&self.old, "before"), (&self.new, "now")] {
            if !side.is_text {
                notes.push(format!("not UTF-8 {when}: {} bytes, wrong ones are drawn as \u{fffd}", side.bytes));
            }
        }
        if self.change == FileChange::Changed && self.old.ends_without_break() != self.new.ends_without_break() {
            let (old, new) = if self.new.ends_without_break() { ("with", "without") } else { ("without", "with") };
            notes.push(format!("ended {old} a line break, now ends {new} one"));
        }
        notes
    }
}

/// A line that stands for unchanged ones.
fn fold(lines: &mut Vec<TextLine>, count: usize) {
    let word = if count == 1 { "line" } else { "lines" };
    if count > 0 {
        lines.push(TextLine::new(&format!("⋯ {count} unchanged {word}"), Tone::Fold));
    }
}

/// Compared files as the lines of one view: those that changed, then how many did not.
#[derive(Debug, Clone)]
pub struct DiffText {
    /// The files.
    pub files: Vec<DiffFile>,
}

impl DiffText {
    /// Compares two states.
    pub fn between(before: &[VersionFile], after: &[VersionFile]) -> DiffText {
        DiffText { files: diff_files(before, after) }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.change == FileChange::Unchanged)
    }

    /// All lines, file after file.
    pub fn lines(&self, layout: DiffLayout) -> Vec<TextLine> {
        let changed = self.files.iter().filter(|file| file.change != FileChange::Unchanged);
        let mut lines: Vec<TextLine> = changed.flat_map(|file| file.lines(layout)).collect();
        let same = self.files.iter().filter(|file| file.change == FileChange::Unchanged).count();
        if same > 0 {
            let word = if same == 1 { "file" } else { "files" };
            lines.push(TextLine::new(&format!("⋯ {same} {word} unchanged"), Tone::Fold));
        }
        lines
    }

    /// One line: how many files changed in which way, and how many lines.
    pub fn summary(&self) -> String {
        let count = |change| self.files.iter().filter(|file| file.change == change).count();
        let mut parts: Vec<String> =
            [FileChange::Changed, FileChange::Added, FileChange::Removed, FileChange::Unchanged]
                .into_iter()
                .filter(|change| count(*change) > 0)
                .map(|change| format!("{} {}", count(change), change.word()))
                .collect();
        let added: usize = self.files.iter().map(|file| file.added).sum();
        let removed: usize = self.files.iter().map(|file| file.removed).sum();
        parts.push(format!("+{added} -{removed} lines"));
        parts.join(" · ")
    }
}

/// Turns operations into lines.
struct Printer<'a> {
    file: &'a DiffFile,
    layout: DiffLayout,
    /// Columns of a line number.
    digits: usize,
    /// Carriage returns before line breaks are the same everywhere.
    strips_returns: bool,
}

/// The old and the new text of a line, as far as there is one, with its number counted from 0.
type Pair<'a> = (Option<(usize, &'a str)>, Option<(usize, &'a str)>);

impl<'a> Printer<'a> {
    fn new(file: &'a DiffFile, layout: DiffLayout) -> Printer<'a> {
        let longest = file.old.lines.len().max(file.new.lines.len());
        Printer {
            file,
            layout,
            digits: longest.to_string().len(),
            strips_returns: file.old.is_crlf() && file.new.is_crlf(),
        }
    }

    fn print(&self, op: &DiffOp, lines: &mut Vec<TextLine>) {
        let (tag, old, new) = op.as_tag_tuple();
        let count = old.len().max(new.len());
        let pairs: Vec<Pair<'_>> =
            (0..count).map(|at| (self.line(&self.file.old, &old, at), self.line(&self.file.new, &new, at))).collect();
        match (tag, self.layout) {
            (DiffTag::Equal, DiffLayout::Unified) => lines.extend(pairs.iter().filter_map(|pair| self.same(*pair))),
            (_, DiffLayout::Unified) => {
                let (olds, news): (Vec<_>, Vec<_>) = pairs.iter().map(|pair| self.changed(*pair)).unzip();
                lines.extend(olds.into_iter().chain(news).flatten().map(TextLine::One));
            }
            (DiffTag::Equal, DiffLayout::SideBySide) => lines.extend(pairs.iter().map(|(old, new)| {
                let half = |side: &Option<(usize, &str)>| {
                    side.map(|(number, text)| Piece::new(text, Tone::Plain).gutter(self.half_gutter(number, ' ')))
                };
                TextLine::Two(half(old).unwrap_or_default(), half(new).unwrap_or_default())
            })),
            (_, DiffLayout::SideBySide) => lines.extend(pairs.iter().map(|pair| {
                let (old, new) = self.changed(*pair);
                TextLine::Two(old.unwrap_or_default(), new.unwrap_or_default())
            })),
        }
    }

    /// The line `at` of a range of a side, without its line break.
    fn line(&self, side: &'a Side, range: &Range<usize>, at: usize) -> Option<(usize, &'a str)> {
        let number = range.clone().nth(at)?;
        let line = side.lines.get(number)?;
        let text = line.strip_suffix('\n').unwrap_or(line);
        let text = if self.strips_returns { text.strip_suffix('\r').unwrap_or(text) } else { text };
        Some((number, text))
    }

    fn same(&self, (old, new): Pair<'_>) -> Option<TextLine> {
        let ((old, _), (new, text)) = (old?, new?);
        Some(TextLine::One(Piece::new(text, Tone::Plain).gutter(self.gutter(Some(old), Some(new), ' '))))
    }

    /// A changed line before and now, with the words that differ marked.
    fn changed(&self, (old, new): Pair<'_>) -> (Option<Piece>, Option<Piece>) {
        let marks = match (old, new) {
            (Some((_, old)), Some((_, new))) => changed_words(old, new),
            _ => (Vec::new(), Vec::new()),
        };
        let piece = |side: Option<(usize, &str)>, marks: &[Range<usize>], tone, sign| {
            let (number, text) = side?;
            let gutter = match (self.layout, tone) {
                (DiffLayout::SideBySide, _) => self.half_gutter(number, sign),
                (DiffLayout::Unified, Tone::Removed) => self.gutter(Some(number), None, sign),
                (DiffLayout::Unified, _) => self.gutter(None, Some(number), sign),
            };
            let piece = Piece::new(text, tone).gutter(gutter);
            Some(marks.iter().fold(piece, |piece, range| piece.mark(range, Mark::Changed)))
        };
        (piece(old, &marks.0, Tone::Removed, '-'), piece(new, &marks.1, Tone::Added, '+'))
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

/// The parts of two lines that differ; none when hardly anything is common, since then all differs.
fn changed_words(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old.len() > MAX_MARKED || new.len() > MAX_MARKED {
        return (Vec::new(), Vec::new());
    }
    let (old_words, new_words) = (words(old), words(new));
    let texts = |line: &str, words: &[Range<usize>]| -> Vec<String> {
        words.iter().map(|range| line[range.clone()].to_owned()).collect()
    };
    let ops = capture_diff_slices(Algorithm::Myers, &texts(old, &old_words), &texts(new, &new_words));
    let span = |words: &[Range<usize>], range: Range<usize>| {
        words.get(range).filter(|words| !words.is_empty()).map(|words| words[0].start..words[words.len() - 1].end)
    };
    let changed = |op: &&DiffOp| op.tag() != DiffTag::Equal;
    let olds: Vec<_> = ops.iter().filter(changed).filter_map(|op| span(&old_words, op.old_range())).collect();
    let news: Vec<_> = ops.iter().filter(changed).filter_map(|op| span(&new_words, op.new_range())).collect();
    let differs: usize = olds.iter().chain(&news).map(ExactSizeIterator::len).sum();
    if differs * 10 > (old.len() + new.len()) * 7 { (Vec::new(), Vec::new()) } else { (olds, news) }
}

/// Words, runs of blanks, and single other characters.
fn words(line: &str) -> Vec<Range<usize>> {
    let kind = |c: char| if c.is_alphanumeric() || c == '_' { 1 } else { usize::from(c.is_whitespace()) * 2 };
    let mut words: Vec<(Range<usize>, usize)> = Vec::new();
    for (at, c) in line.char_indices() {
        let end = at + c.len_utf8();
        match words.last_mut() {
            Some((range, last)) if *last == kind(c) && *last != 0 => range.end = end,
            _ => words.push((at..end, kind(c))),
        }
    }
    words.into_iter().map(|(range, _)| range).collect()
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
