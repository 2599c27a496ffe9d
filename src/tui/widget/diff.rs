//! Compares two states of the files of a tool.
//!
//! Unchanged lines are folded to a line with their number. Everything else is shown, including easily missed changes:
//! an execute bit, other line breaks, a missing last line break. The layout is in [`diff_lines`](super::diff_lines).

use super::diff_lines::blanks_word;
use super::piece::Place;
use crate::domain::{DIFF_TIME, Digest, FileMode, VersionFile, count, paired};
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline, group_diff_ops};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::time::Instant;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Whether lines that differ only in blanks count as changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blanks {
    /// They count as changed.
    #[default]
    Count,
    /// They do not count; their number is shown.
    Ignored,
}

/// The change of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It is not in the older version.
    Added,
    /// It is not in the newer version.
    Removed,
    /// Its content or mode changed.
    Changed,
    /// It is the same.
    Unchanged,
}

impl FileChange {
    /// The word for the change.
    pub fn word(self) -> &'static str {
        match self {
            FileChange::Added => "added",
            FileChange::Removed => "removed",
            FileChange::Changed => "changed",
            FileChange::Unchanged => "unchanged",
        }
    }
}

/// Changes close to each other, with the unchanged lines around them.
#[derive(Debug, Clone)]
pub struct Hunk {
    /// Its lines before, counted from 0.
    pub old: Range<usize>,
    /// Its lines now, counted from 0.
    pub new: Range<usize>,
    pub(super) ops: Vec<DiffOp>,
}

/// One file in two states.
#[derive(Debug, Clone)]
pub struct DiffFile {
    /// Its path inside the version.
    pub path: String,
    /// Its path in the older state, if different.
    pub old_path: Option<String>,
    /// Its change.
    pub change: FileChange,
    /// Number of added lines.
    pub added: usize,
    /// Number of removed lines.
    pub removed: usize,
    /// Lines that differ only in blanks and do not count as changed.
    pub blanks: usize,
    pub(super) old: State,
    pub(super) new: State,
    hunks: Vec<Hunk>,
}

/// Begins the number of a byte that is not valid text.
const NUMBER: char = '⟨';

/// One state of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) mode: Option<FileMode>,
    /// With their line breaks.
    pub(super) lines: Vec<String>,
    is_text: bool,
    bytes: usize,
}

impl State {
    fn new(file: Option<&VersionFile>, is_text: bool) -> State {
        let Some(file) = file else { return State { is_text: true, ..State::default() } };
        let text = if is_text { String::from_utf8_lossy(&file.bytes) } else { Cow::Owned(numbered(&file.bytes)) };
        State {
            mode: Some(file.mode),
            is_text: std::str::from_utf8(&file.bytes).is_ok(),
            bytes: file.bytes.len(),
            lines: text.split_inclusive('\n').map(str::to_owned).collect(),
        }
    }

    /// Whether every line break has a carriage return, so that it need not be drawn.
    pub(super) fn is_crlf(&self) -> bool {
        self.lines.iter().filter(|line| line.ends_with('\n')).all(|line| line.ends_with("\r\n"))
    }

    fn ends_without_break(&self) -> bool {
        self.lines.last().is_some_and(|line| !line.ends_with('\n'))
    }
}

/// Invalid UTF-8 as text, with each wrong byte as a number: `⟨ff⟩`. The bracket itself is written in the same way, so
/// different bytes never give the same text.
fn numbered(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let number = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(text, "{NUMBER}{byte:02x}⟩");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == NUMBER { number(&mut text, NUMBER.to_string().as_bytes()) } else { text.push(c) }
        }
        number(&mut text, chunk.invalid());
    }
    text
}

/// Compares two states, file by file in the order of their paths; unchanged files are listed too.
pub fn diff_files(before: &[VersionFile], after: &[VersionFile], blanks: Blanks) -> Vec<DiffFile> {
    paired(before, after).into_iter().filter_map(|(old, new)| DiffFile::new(old, new, blanks)).collect()
}

/// The deadline of a diff that begins now.
fn deadline() -> Option<Instant> {
    Instant::now().checked_add(DIFF_TIME)
}

impl DiffFile {
    fn new(old: Option<&VersionFile>, new: Option<&VersionFile>, blanks: Blanks) -> Option<DiffFile> {
        let path = new.or(old)?.path.clone();
        let old_path = old.map(|old| old.path.clone()).filter(|old| *old != path);
        let change = match (old, new) {
            (None, _) => FileChange::Added,
            (_, None) => FileChange::Removed,
            (Some(old), Some(new)) if old == new => FileChange::Unchanged,
            (Some(_), Some(_)) => FileChange::Changed,
        };
        // Both sides in the same way: numbers on only one side could look like letters on the other side.
        let is_text = [old, new].into_iter().flatten().all(|file| std::str::from_utf8(&file.bytes).is_ok());
        let (old, new) = (State::new(old, is_text), State::new(new, is_text));
        let mut ops = capture_diff_slices_deadline(Algorithm::Histogram, &old.lines, &new.lines, deadline());
        let mut ignored = 0;
        if blanks == Blanks::Ignored {
            (ops, ignored) = without_blanks(ops, &old.lines, &new.lines);
        }
        let changed = |range: fn(&DiffOp) -> Range<usize>| {
            ops.iter().filter(|op| op.tag() != DiffTag::Equal).map(|op| range(op).len()).sum()
        };
        let (removed, added) = (changed(DiffOp::old_range), changed(DiffOp::new_range));
        let hunks = group_diff_ops(ops, CONTEXT).into_iter().filter_map(Hunk::new).collect();
        Some(DiffFile { path, old_path, change, added, removed, blanks: ignored, old, new, hunks })
    }

    /// Its hunks, in the order of their lines.
    pub fn hunks(&self) -> &[Hunk] {
        &self.hunks
    }

    /// Digest of the changes in a hunk: equal old and new lines have the same digest, wherever they are.
    pub fn digest_of(&self, hunk: &Hunk) -> Digest {
        let mut text = String::from("hunk\n");
        for (sign, lines, range) in [('-', &self.old.lines, &hunk.old), ('+', &self.new.lines, &hunk.new)] {
            for line in lines.get(range.clone()).unwrap_or_default() {
                text.push(sign);
                text.push_str(line);
            }
        }
        Digest::of_bytes(text.as_bytes())
    }

    /// Changes that the lines do not show.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.old_path.iter().map(|path| format!("{path} before")).collect();
        let mode =
            |side: &State| side.mode.map(|mode| if mode == FileMode::Executable { "executable" } else { "plain" });
        match (mode(&self.old), mode(&self.new)) {
            (Some(old), Some(new)) if old != new => notes.push(format!("mode: {old} before, {new} now")),
            (None, Some("executable")) => notes.push("mode: executable".to_owned()),
            _ => {}
        }
        for (side, when) in [(&self.old, "before"), (&self.new, "now")] {
            if !side.is_text {
                notes.push(format!(
                    "not UTF-8 {when}: {}, invalid ones shown as {NUMBER}ff⟩",
                    count(side.bytes, "byte")
                ));
            }
        }
        if self.change == FileChange::Changed && self.old.ends_without_break() != self.new.ends_without_break() {
            let (old, new) = if self.new.ends_without_break() { ("with", "without") } else { ("without", "with") };
            notes.push(format!("ended {old} a line break, now ends {new} one"));
        }
        notes.extend(blanks_word(self.blanks));
        notes
    }
}

impl Hunk {
    fn new(ops: Vec<DiffOp>) -> Option<Hunk> {
        let (first, last) = (ops.first()?, ops.last()?);
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        Some(Hunk { old, new, ops })
    }
}

/// Treats replaced lines that differ only in blanks as equal. Returns the operations, and the number of such lines.
fn without_blanks(ops: Vec<DiffOp>, old: &[String], new: &[String]) -> (Vec<DiffOp>, usize) {
    let bare = |lines: &[String]| -> Vec<String> {
        lines.iter().map(|line| line.chars().filter(|c| !c.is_whitespace()).collect()).collect()
    };
    let mut count = 0;
    let mut kept = Vec::new();
    for op in ops {
        let DiffOp::Replace { old_index, old_len, new_index, new_len } = op else {
            kept.push(op);
            continue;
        };
        let (before, after) = (bare(&old[old_index..old_index + old_len]), bare(&new[new_index..new_index + new_len]));
        for mut part in capture_diff_slices_deadline(Algorithm::Histogram, &before, &after, deadline()) {
            match &mut part {
                DiffOp::Equal { old_index: o, new_index: n, len } => {
                    (*o, *n) = (*o + old_index, *n + new_index);
                    count += *len;
                }
                DiffOp::Delete { old_index: o, new_index: n, .. }
                | DiffOp::Insert { old_index: o, new_index: n, .. }
                | DiffOp::Replace { old_index: o, new_index: n, .. } => {
                    (*o, *n) = (*o + old_index, *n + new_index);
                }
            }
            kept.push(part);
        }
    }
    (joined(kept), count)
}

/// Merges consecutive equal parts, because the length of the gap separates hunks.
fn joined(ops: Vec<DiffOp>) -> Vec<DiffOp> {
    let mut joined: Vec<DiffOp> = Vec::with_capacity(ops.len());
    for op in ops {
        match (joined.last_mut(), op) {
            (Some(DiffOp::Equal { len, .. }), DiffOp::Equal { len: more, .. }) => *len += more,
            _ => joined.push(op),
        }
    }
    joined
}

/// Compared files.
#[derive(Debug, Clone)]
pub struct DiffText {
    /// Files in order of path.
    pub files: Vec<DiffFile>,
}

impl DiffText {
    /// Compares two versions, file by file.
    pub fn between(before: &[VersionFile], after: &[VersionFile], blanks: Blanks) -> DiffText {
        DiffText { files: diff_files(before, after, blanks) }
    }

    /// Whether every file is unchanged.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.change == FileChange::Unchanged)
    }

    /// Lines that differ only in blanks and do not count as changed.
    pub fn blanks(&self) -> usize {
        self.files.iter().map(|file| file.blanks).sum()
    }

    /// The parts that can be marked as read: each hunk of a changed file, and each other file that differs.
    pub fn parts(&self) -> Vec<(Place, &DiffFile, Option<&Hunk>)> {
        let mut parts = Vec::new();
        for (number, file) in self.files.iter().enumerate() {
            match file.change {
                FileChange::Unchanged => {}
                FileChange::Changed if !file.hunks.is_empty() => {
                    let hunks = file.hunks.iter().enumerate();
                    parts.extend(hunks.map(|(at, hunk)| (Place::Hunk(number, at), file, Some(hunk))));
                }
                FileChange::Changed | FileChange::Added | FileChange::Removed => {
                    parts.push((Place::File(number), file, None));
                }
            }
        }
        parts
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
        parts.extend(blanks_word(self.blanks()));
        parts.join(" · ")
    }
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
