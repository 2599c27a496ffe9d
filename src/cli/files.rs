//! Files of versions and their differences: `source`, `diff`.

use super::call::{Answer, Call};
use super::print_text::{Ink, Page, StyledLine, counted, margin, size};
use crate::domain::{DIFF_TIME, Digest, FileMode, SafeText, Tool, VersionFile, paired};
use crate::engine::{Engine, EngineError, ErrorCode};
use serde::Serialize;
use similar::TextDiff;
use std::io;
use std::sync::Arc;

/// The number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// The text before the path of a file whose lines follow.
pub(super) const FILE: &str = "── ";

/// Width of line numbers; more if a file has more lines.
const NUMBER: usize = 3;

/// A file without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FileHead {
    path: String,
    mode: FileMode,
    bytes: usize,
    /// Whether the content is UTF-8 text without NUL.
    is_text: bool,
    /// The number of hidden characters in it.
    hidden: usize,
}

impl FileHead {
    /// The facts about a file before it is read.
    pub(super) fn of(file: &VersionFile) -> FileHead {
        let text = text_of(file);
        FileHead {
            path: file.path.clone(),
            mode: file.mode,
            bytes: file.bytes.len(),
            is_text: text.is_some(),
            hidden: text.map_or(0, SafeText::count_hidden),
        }
    }

    /// One line for a list of files, or above a file's content; `before` precedes the path.
    pub(super) fn line(&self, before: &str) -> StyledLine {
        let facts = StyledLine::new()
            .put(Ink::Dim, before)
            .put(Ink::Strong, &self.path)
            .put(Ink::Dim, format!("  {}", size(self.bytes as u64)));
        let facts = if self.mode == FileMode::Executable { facts.put(Ink::Plain, "  executable") } else { facts };
        let facts = if self.is_text { facts } else { facts.put(Ink::Warn, "  not UTF-8 text") };
        match self.hidden {
            0 => facts,
            hidden => facts
                .put(Ink::Bad, format!("  {}", counted(hidden, "hidden character", "hidden characters")))
                .put(Ink::Dim, ", in the lines with ! in the margin"),
        }
    }
}

/// The content of a text file.
fn text_of(file: &VersionFile) -> Option<&str> {
    std::str::from_utf8(&file.bytes).ok().filter(|text| !text.contains('\0'))
}

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FileText {
    #[serde(flatten)]
    head: FileHead,
    /// `None` if it is binary.
    text: Option<String>,
}

impl FileText {
    /// A file, ready to be shown.
    pub(super) fn of(file: &VersionFile) -> FileText {
        FileText { head: FileHead::of(file), text: text_of(file).map(str::to_owned) }
    }

    /// Writes its head and all its lines, each after its number.
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(&self.head.line(FILE))?;
        match &self.text {
            Some(text) => {
                let columns = digits(text.lines().count());
                text.lines().enumerate().try_for_each(|(at, line)| {
                    page.quote(&margin(&format!("{:columns$}", at + 1), line, ' '), Ink::Plain, line)
                })
            }
            None => page.line(&StyledLine::new().put(Ink::Warn, "(binary: content not shown)")),
        }
    }
}

/// The files of a version.
#[derive(Serialize)]
pub(super) struct Source {
    tool: Tool,
    files: Vec<FileText>,
}

pub(super) fn source(call: &Call<'_>) -> Result<Source, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let tool = engine.library().resolve(call.required("tool")?)?;
    let detail = engine.library().detail(&tool)?;
    let first = detail.main_file().map(|file| file.path.clone());
    let mut files: Vec<FileText> = detail.files.iter().map(FileText::of).collect();
    // Readers want the entry file first; the other files keep their order.
    files.sort_by_key(|file| first.as_ref() != Some(&file.head.path));
    Ok(Source { tool: detail.tool, files })
}

impl Answer for Source {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let tool = &self.tool;
        let title = format!("{} {} {}", tool.name, tool.version, tool.digest.short());
        page.line(&StyledLine::new().put(Ink::Strong, title))?;
        for file in &self.files {
            page.line(&StyledLine::new())?;
            file.write(page)?;
        }
        Ok(())
    }
}

/// How a file differs between two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileChange {
    /// Only in the new version.
    Added,
    /// Only in the old version.
    Removed,
    Changed,
    /// Same content, different mode.
    Mode,
    /// Same content and mode, different name.
    Name,
}

/// The difference of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FileDiff {
    path: String,
    /// Its earlier name, if that was different.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<String>,
    change: FileChange,
    old_mode: Option<FileMode>,
    new_mode: Option<FileMode>,
    /// Unified diff; `None` if one side is binary or only the mode differs.
    diff: Option<String>,
}

/// The files that differ, by path.
pub(super) fn compare(old: &[VersionFile], new: &[VersionFile]) -> Vec<FileDiff> {
    paired(old, new).into_iter().filter_map(|(old, new)| compare_file(old, new)).collect()
}

fn compare_file(old: Option<&VersionFile>, new: Option<&VersionFile>) -> Option<FileDiff> {
    let path = &new.or(old)?.path;
    let change = match (old, new) {
        (Some(old), Some(new)) if old.bytes != new.bytes => FileChange::Changed,
        (Some(old), Some(new)) if old.mode != new.mode => FileChange::Mode,
        (Some(old), Some(new)) if old.path != new.path => FileChange::Name,
        (None, Some(_)) => FileChange::Added,
        (Some(_), None) => FileChange::Removed,
        _ => return None,
    };
    let text = |side: Option<&VersionFile>| side.map_or(Some(String::new()), |file| text_of(file).map(str::to_owned));
    let diff = match (change, text(old), text(new)) {
        (FileChange::Mode | FileChange::Name, ..) => None,
        (_, Some(old_text), Some(new_text)) => {
            // Escaped, because a line break in a path would begin a line of the diff.
            let name = |side: Option<&VersionFile>, letter: char| {
                side.map_or("/dev/null".to_owned(), |file| format!("{letter}/{}", SafeText::new(&file.path).as_str()))
            };
            Some(unified(&old_text, &new_text, &name(old, 'a'), &name(new, 'b')))
        }
        _ => None,
    };
    let mode = |side: Option<&VersionFile>| side.map(|file| file.mode);
    let old_path = old.map(|old| old.path.clone()).filter(|old| old != path);
    Some(FileDiff { path: path.clone(), old_path, change, old_mode: mode(old), new_mode: mode(new), diff })
}

fn unified(old: &str, new: &str, old_name: &str, new_name: &str) -> String {
    // Lines end only at a line feed: a lone carriage return is content and must be visible.
    let (old, new) = (lines_of(old), lines_of(new));
    let diff = TextDiff::configure().timeout(DIFF_TIME).newline_terminated(true).diff_slices(&old, &new);
    diff.unified_diff().context_radius(CONTEXT).header(old_name, new_name).to_string()
}

fn lines_of(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

impl FileDiff {
    /// Writes the differences of this file.
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        let word = match self.change {
            FileChange::Added => "added",
            FileChange::Removed => "removed",
            FileChange::Changed => "changed",
            FileChange::Mode => "mode changed",
            FileChange::Name => "same content",
        };
        let head = StyledLine::new().put(Ink::Dim, FILE).put(Ink::Strong, &self.path);
        let head = head.put(Ink::Dim, format!("  {word}"));
        let head = match &self.old_path {
            Some(old) => head.put(Ink::Dim, format!("  {old} before")),
            None => head,
        };
        let head = match (self.old_mode, self.new_mode) {
            (Some(old), Some(new)) if old == new => head,
            (_, Some(FileMode::Executable)) => head.put(Ink::Warn, "  now executable"),
            (Some(FileMode::Executable), Some(FileMode::Plain)) => head.put(Ink::Dim, "  no longer executable"),
            _ => head,
        };
        page.line(&head)?;
        match &self.diff {
            None if matches!(self.change, FileChange::Mode | FileChange::Name) => Ok(()),
            None => page.line(&StyledLine::new().put(Ink::Warn, "(binary: content not shown)")),
            Some(diff) => {
                let rows = numbered(diff);
                let columns = digits(rows.iter().flat_map(|row| [row.old, row.new]).flatten().max().unwrap_or(0));
                rows.iter().try_for_each(|row| row.write(columns, page))
            }
        }
    }
}

/// The width of the line numbers for this number of lines.
fn digits(lines: usize) -> usize {
    (lines.checked_ilog10().unwrap_or(0) as usize + 1).max(NUMBER)
}

/// A line of a unified diff.
#[derive(Debug, PartialEq, Eq)]
struct DiffRow<'d> {
    /// Its number in the old file.
    old: Option<usize>,
    /// Its number in the new file.
    new: Option<usize>,
    /// The first character: `@` for the line above a hunk, `\` for a remark, otherwise the kind of change.
    sign: char,
    text: &'d str,
}

/// The lines of a unified diff after its two header lines, with their numbers.
fn numbered(diff: &str) -> Vec<DiffRow<'_>> {
    let (mut old, mut new) = (0, 0);
    let rows = diff.split_terminator('\n').skip(2).filter_map(|line| {
        let mut rest = line.chars();
        let (sign, text) = (rest.next()?, rest.as_str());
        if sign == '@' {
            // `@@ -OLD,COUNT +NEW,COUNT @@`
            let mut first =
                line.split([' ', ',']).filter_map(|word| word.strip_prefix(['-', '+'])?.parse::<usize>().ok());
            (old, new) = (first.next().unwrap_or(0), first.next().unwrap_or(0));
            return Some(DiffRow { old: None, new: None, sign, text: line });
        }
        let numbers = (matches!(sign, ' ' | '-').then_some(old), matches!(sign, ' ' | '+').then_some(new));
        (old, new) = (old + usize::from(numbers.0.is_some()), new + usize::from(numbers.1.is_some()));
        Some(DiffRow { old: numbers.0, new: numbers.1, sign, text })
    });
    rows.collect()
}

impl DiffRow<'_> {
    fn write(&self, columns: usize, page: &mut Page<'_>) -> io::Result<()> {
        let ink = match self.sign {
            '@' => return page.line(&StyledLine::new().put(Ink::Accent, self.text)),
            '+' => Ink::Good,
            '-' => Ink::Bad,
            _ => Ink::Plain,
        };
        let number = |at: Option<usize>| at.map_or_else(|| " ".repeat(columns), |at| format!("{at:columns$}"));
        let numbers = format!("{} {}", number(self.old), number(self.new));
        page.quote(&margin(&numbers, self.text, self.sign), ink, self.text)
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Side {
    version: semver::Version,
    digest: Digest,
    #[serde(skip)]
    files: Vec<VersionFile>,
}

/// The comparison of two versions of a tool.
#[derive(Serialize)]
pub(super) struct Comparison {
    tool: String,
    old: Side,
    new: Side,
    files: Vec<FileDiff>,
}

pub(super) fn diff(call: &Call<'_>) -> Result<Comparison, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let text = call.required("tool")?;
    let (name, named_old) = match text.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, Some(version)),
        _ => (text, None),
    };
    let new_text = match call.text("other") {
        Some(other) => other_side(name, other)?,
        None => name.to_owned(),
    };
    let new = side(&engine, &engine.library().resolve(&new_text)?)?;
    let old = match named_old {
        Some(_) => side(&engine, &engine.library().resolve(text)?)?,
        None => approved_side(&engine, engine.library().resolve(name)?.as_ref())?,
    };
    Ok(Comparison { tool: name.to_owned(), files: compare(&old.files, &new.files), old, new })
}

/// The newer side as a resolvable name: `@V`, `V` and `NAME@V` mean the same.
fn other_side(name: &str, other: &str) -> Result<String, EngineError> {
    let version = match other.rsplit_once('@') {
        None => other,
        Some(("", version)) => version,
        Some((of, version)) if of == name => version,
        Some((of, _)) => {
            let message = format!("{name} and {of} are different tools; only versions of one tool can be compared");
            let hint = format!("`toolsmith diff {name}@OLD @NEW`; `toolsmith lineage {name}` lists its versions");
            return Err(EngineError::new(ErrorCode::Usage, message, hint));
        }
    };
    Ok(if version.is_empty() { name.to_owned() } else { format!("{name}@{version}") })
}

fn side(engine: &Engine, tool: &Arc<Tool>) -> Result<Side, EngineError> {
    let detail = engine.library().detail(tool)?;
    Ok(Side { version: detail.tool.version, digest: detail.tool.digest, files: detail.files })
}

/// The newest version of this name with a valid approval.
fn approved_side(engine: &Engine, tool: &Tool) -> Result<Side, EngineError> {
    let versions = engine.versions().list(&tool.name)?;
    let Some(approved) = versions.iter().find(|version| version.approved) else {
        let others: Vec<String> =
            versions.iter().filter(|version| version.digest != tool.digest).map(|v| v.digest.short()).collect();
        let hint = match others.first() {
            Some(digest) => format!("name the old side, for example `toolsmith diff {}@{digest}`", tool.name),
            None => "it has only this version; `toolsmith source` shows it".to_owned(),
        };
        let message = format!("no version of {} was approved; there is nothing to compare with", tool.name);
        return Err(EngineError::new(ErrorCode::NotFound, message, hint));
    };
    let files = engine.versions().files(approved.digest)?;
    Ok(Side { version: approved.version.clone(), digest: approved.digest, files })
}

impl Answer for Comparison {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let name = |side: &Side| format!("{} {}", side.version, side.digest.short());
        let title = format!("{}: {} → {}", self.tool, name(&self.old), name(&self.new));
        page.line(&StyledLine::new().put(Ink::Strong, title))?;
        if self.files.is_empty() {
            return page.say("no differences");
        }
        for file in &self.files {
            page.line(&StyledLine::new())?;
            file.write(page)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_text::tests::{on, plain};
    use super::super::print_text::{Look, margin_of};
    use super::*;
    use crate::domain::Instant;
    use unicode_width::UnicodeWidthStr;

    fn file(path: &str, mode: FileMode, bytes: &[u8]) -> VersionFile {
        VersionFile { path: path.into(), mode, bytes: bytes.into() }
    }

    #[test]
    fn only_files_that_differ_are_compared() {
        let old = [
            file("a.py", FileMode::Plain, b"one\ntwo\n"),
            file("gone", FileMode::Plain, b"x\n"),
            file("same", FileMode::Plain, b"s"),
            file("tool.sh", FileMode::Plain, b"s"),
        ];
        let new = [
            file("a.py", FileMode::Plain, b"one\n2\n"),
            file("bin", FileMode::Plain, b"\0\x01"),
            file("same", FileMode::Plain, b"s"),
            file("tool.sh", FileMode::Executable, b"s"),
        ];
        let files = compare(&old, &new);
        let changes: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.change, file.diff.is_some())).collect();
        assert_eq!(
            changes,
            [
                ("a.py", FileChange::Changed, true),
                ("bin", FileChange::Added, false),
                ("gone", FileChange::Removed, true),
                ("tool.sh", FileChange::Mode, false),
            ]
        );
        assert_eq!(files[0].diff.as_deref(), Some("--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"));
        let mode = plain(|page| files[3].write(page));
        assert_eq!(mode, "── tool.sh  mode changed  now executable\n");
    }

    #[test]
    fn hidden_characters_are_visible_and_told_from_a_typed_escape() {
        let trick = file("a.py", FileMode::Plain, "if x: # \u{202e}ok\rgone\nx = '\\u{202e}'\n".as_bytes());
        let diff = compare(&[], std::slice::from_ref(&trick));
        assert_eq!(
            plain(|page| diff[0].write(page)),
            "── a.py  added\n@@ -0,0 +1,2 @@\n      1!│+if x: # \\u{202e}ok\\rgone\n      2 │+x = '\\u{202e}'\n"
        );
        assert_eq!(
            plain(|page| FileText::of(&trick).write(page)),
            "── a.py  34 B  2 hidden characters, in the lines with ! in the margin\n  1!│ if x: # \\u{202e}ok\\rgone\n  2 │ x = '\\u{202e}'\n"
        );
    }

    /// A file that imitates headings, other files, a question, and the margin of the output.
    const LIAR: &str = "  tests/test_a.py  61 B\n── tests/test_a.py  61 B\nDecide with\n  toolsmith approve 20 --digest 0\n\
        -- review 20 · 45 of 45 lines · press enter to approve · q: quit --\n 99 │ x = 1\n@@ -1 +1 @@\n--- a/b\n";

    /// The lines of a text without a margin.
    fn bare(text: &str) -> Vec<&str> {
        text.lines().filter(|row| margin_of(row).is_none()).collect()
    }

    #[test]
    fn nothing_in_a_file_begins_a_row_whatever_it_imitates_and_however_narrow_the_terminal_is() {
        let liar = file("a.py", FileMode::Plain, LIAR.as_bytes());
        let half: String = LIAR.split_inclusive('\n').take(3).collect();
        let before = file("a.py", FileMode::Plain, half.as_bytes());
        let diff = &compare(&[before], std::slice::from_ref(&liar))[0];
        for width in [None, Some(120), Some(60), Some(24)] {
            for color in [false, true] {
                let look = Look { color, width, now: Instant(0), accessible: false };
                let plain = |write: &dyn Fn(&mut Page<'_>) -> io::Result<()>| {
                    let text = on(look, |page| write(page));
                    ["[1m", "[2m", "[31m", "[32m", "[36m", "[0m"]
                        .iter()
                        .fold(text, |text, code| text.replace(&format!("\x1b{code}"), ""))
                };
                let whole = plain(&|page| FileText::of(&liar).write(page));
                assert_eq!(bare(&whole), ["── a.py  204 B"], "{width:?} {whole}");
                let changed = plain(&|page| diff.write(page));
                assert_eq!(bare(&changed), ["── a.py  changed", "@@ -1,3 +1,8 @@"], "{width:?} {changed}");
                assert!(width.is_none_or(|width| whole.lines().all(|row| row.width() <= width)), "{whole}");
            }
        }
        let whole = plain(|page| FileText::of(&liar).write(page));
        assert!(whole.contains("\n  6 │  99 │ x = 1\n"), "{whole}");
    }

    #[test]
    fn lines_of_a_difference_have_their_numbers_in_both_files() {
        let numbers = |last: usize, changed: usize| -> Vec<String> {
            (1..=last).map(|n| if n == changed { "0".to_owned() } else { n.to_string() }).collect()
        };
        let (old, new) = (numbers(30, 0).join("\n") + "\n", numbers(31, 20).join("\n"));
        let files =
            compare(&[file("a", FileMode::Plain, old.as_bytes())], &[file("a", FileMode::Plain, new.as_bytes())]);
        let text = plain(|page| files[0].write(page));
        let expected = "── a  changed\n@@ -17,7 +17,7 @@\n 17  17 │ 17\n 18  18 │ 18\n 19  19 │ 19\n 20     │-20\n     20 │+0\n \
            21  21 │ 21\n 22  22 │ 22\n 23  23 │ 23\n@@ -28,3 +28,4 @@\n 28  28 │ 28\n 29  29 │ 29\n 30  30 │ 30\n     31 │+31\n        │\\ No newline at end of file\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_path_with_a_line_break_adds_no_line_to_a_difference() {
        let files = compare(&[], &[file("a\n@@ -1 +1 @@\n+b", FileMode::Plain, b"x\n")]);
        assert_eq!(plain(|page| files[0].write(page)).lines().count(), 3);
    }

    #[test]
    fn what_is_no_text_is_named_and_not_shown() {
        let binary = FileText::of(&file("x", FileMode::Executable, b"\x7fELF\0"));
        assert_eq!(
            plain(|page| binary.write(page)),
            "── x  5 B  executable  not UTF-8 text\n(binary: content not shown)\n"
        );
    }

    #[test]
    fn a_version_of_a_script_is_compared_line_by_line_with_the_script() {
        let old = [file("avg.py", FileMode::Plain, b"one\ntwo\n"), file("avg.yaml", FileMode::Plain, b"s")];
        let new = [file("avg_v1_8_0.py", FileMode::Plain, b"one\n2\n"), file("avg_v1_8_0.yaml", FileMode::Plain, b"s")];
        let files = compare(&old, &new);
        assert_eq!(files.iter().map(|file| file.change).collect::<Vec<_>>(), [FileChange::Changed, FileChange::Name]);
        let diff = "--- a/avg.py\n+++ b/avg_v1_8_0.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n";
        assert_eq!(files[0].diff.as_deref(), Some(diff));
        assert_eq!(plain(|page| files[1].write(page)), "── avg_v1_8_0.yaml  same content  avg.yaml before\n");
    }

    #[test]
    fn the_newer_side_is_a_version_of_the_same_name_however_it_is_written() {
        for (other, expected) in [("@1.0.2", "a@1.0.2"), ("1.0.2", "a@1.0.2"), ("a@1.0.2", "a@1.0.2"), ("@", "a")] {
            assert_eq!(other_side("a", other).unwrap(), expected);
        }
        let error = other_side("a", "b@1.0.2").unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::Usage, "a and b are different tools; only versions of one tool can be compared")
        );
    }
}
