//! Text for humans on the command line: lines, tables and descriptions, in colour if colours are on.

pub(super) use crate::domain::description::{Align, Ink, StyledLine, Table};

use crate::domain::description::{Description, DescriptionView, Piece};
use crate::domain::{Instant, MappedLine, SafeText};
use std::borrow::Cow;
use std::io::{self, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Separates the margin of a line of a file from its text.
const BAR: char = '│';

/// The minimum number of columns for text; the margin of wrapped rows is shortened to leave room for it.
const LEAST_TEXT: usize = 8;

/// The indent, in columns, of wrapped rows of a line without a margin.
const INDENT: usize = 4;

/// The escape sequence that starts an ink.
const fn code(ink: Ink) -> &'static str {
    match ink {
        Ink::Plain => "",
        Ink::Strong => "\x1b[1m",
        Ink::Dim => "\x1b[2m",
        Ink::Good => "\x1b[32m",
        Ink::Warn => "\x1b[33m",
        Ink::Bad => "\x1b[31m",
        Ink::Accent => "\x1b[36m",
    }
}

/// How the text is displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether colours are on.
    pub(super) color: bool,
    /// Columns of the terminal; `None` for a file or pipe, where nothing is cut.
    pub(super) width: Option<usize>,
    /// The current time, for ages.
    pub(super) now: Instant,
    /// Whether a screen reader reads the text aloud: no charts.
    pub(super) accessible: bool,
}

impl Look {
    /// The view of descriptions; colours do not affect their text.
    fn view(self) -> DescriptionView {
        DescriptionView { width: self.width, now: self.now, accessible: self.accessible }
    }
}

/// The writer for the text of an answer.
pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    look: Look,
}

impl<'a> Page<'a> {
    /// A page on this writer.
    pub(super) fn new(out: &'a mut dyn Write, look: Look) -> Page<'a> {
        Page { out, look }
    }

    /// Sets whether the page is read aloud.
    pub(super) fn read_aloud(&mut self, accessible: bool) -> &mut Self {
        self.look.accessible = accessible;
        self
    }

    /// How the page is displayed.
    pub(super) fn look(&self) -> Look {
        self.look
    }

    pub(super) fn line(&mut self, line: &StyledLine) -> io::Result<()> {
        let mut text = String::new();
        for (ink, part) in line.pieces(self.look.view()) {
            self.push(&mut text, ink, &part);
        }
        self.end_line(&mut text)
    }

    /// Appends a piece of text that is already escaped.
    fn push(&self, text: &mut String, ink: Ink, piece: &str) {
        if self.look.color && ink != Ink::Plain {
            text.push_str(code(ink));
            text.push_str(piece);
            text.push_str("\x1b[0m");
        } else {
            text.push_str(piece);
        }
    }

    /// Writes the line and clears `text`.
    fn end_line(&mut self, text: &mut String) -> io::Result<()> {
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
        self.out.write_all(text.as_bytes())?;
        text.clear();
        Ok(())
    }

    /// Writes a line of plain text, and escapes it.
    pub(super) fn say(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.line(&StyledLine::of(text))
    }

    /// Writes an empty line and a heading.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.line(&StyledLine::new())?;
        self.line(&StyledLine::new().put(Ink::Strong, text))
    }

    /// Writes `label  value` with all values in one column.
    pub(super) fn field(&mut self, label: &str, ink: Ink, value: impl AsRef<str>) -> io::Result<()> {
        self.line(&StyledLine::field(label, ink, value))
    }

    /// Writes a text of several lines, each escaped and indented by `indent` blanks.
    pub(super) fn block(&mut self, indent: usize, ink: Ink, text: &str) -> io::Result<()> {
        for safe in SafeText::lines(text) {
            self.line(&StyledLine::new().put(Ink::Plain, " ".repeat(indent)).safe(ink, safe))?;
        }
        Ok(())
    }

    /// Writes a line of a file behind a margin that ends with [`BAR`] and one more character. Text of a file never begins a
    /// row, so it cannot look like a heading or a question of this program. Where the page has a width, the line is wrapped
    /// here, because a terminal would begin the next row without the margin. `raw` is escaped here.
    pub(super) fn quote(&mut self, margin: &str, ink: Ink, raw: &str) -> io::Result<()> {
        let line = format!("{margin}{}", SafeText::source_line(raw).as_str());
        let rows = self.look.width.map_or_else(|| vec![line.clone()], |width| wrapped(&line, width));
        rows.iter().try_for_each(|row| {
            // On a narrow terminal, rows after the first have a shorter margin.
            let begin = margin_of(row).unwrap_or(0);
            self.line(&StyledLine::new().put(Ink::Dim, &row[..begin]).put(ink, &row[begin..]))
        })
    }

    /// Writes a text of this program unchanged, such as a script or a manual page.
    pub(super) fn verbatim(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    pub(super) fn describe(&mut self, description: &Description) -> io::Result<()> {
        let body = description.body(self.look.view());
        description.title().into_iter().chain(&body).try_for_each(|line| self.line(line))
    }

    /// Writes a table with so many rows that cells are created twice, to measure and to write them, instead of stored.
    /// `heads` is a table without rows. Control characters are escaped here.
    pub(super) fn long_table<'r, R, const N: usize>(
        &mut self,
        heads: &Table,
        rows: &'r [R],
        cells: impl Fn(&'r R) -> [(Ink, Cow<'r, str>); N],
    ) -> io::Result<()> {
        let safe = |row| cells(row).map(|(ink, text)| (ink, visible(text)));
        let columns = heads.columns(self.look.width, rows.iter().map(safe));
        let mut text = String::new();
        let mut write = |page: &mut Self, cells: &[(Ink, Cow<'_, str>)]| {
            columns.lay(cells, &mut |piece| match piece {
                Piece::Blanks(count) => blanks(&mut text, count),
                Piece::Text(ink, piece) => page.push(&mut text, ink, &piece),
            });
            page.end_line(&mut text)
        };
        write(self, &heads.head())?;
        rows.iter().try_for_each(|row| write(self, &safe(row)))
    }

    pub(super) fn table(&mut self, table: &Table) -> io::Result<()> {
        for line in table.lines(self.look.view()) {
            self.line(&line)?;
        }
        Ok(())
    }
}

/// The margin of a line of a file: its numbers, `!` if the line has hidden characters, [`BAR`] and `sign`. Without the `!`,
/// an escape that stands for a hidden character would look like one that somebody typed.
pub(super) fn margin(numbers: &str, raw: &str, sign: char) -> String {
    let mark = if MappedLine::new(raw).hidden().is_empty() { ' ' } else { '!' };
    format!("{numbers}{mark}{BAR}{sign}")
}

/// The bytes of the margin that [`margin`] made of a line.
pub(super) fn margin_of(line: &str) -> Option<usize> {
    let (before, behind) = line.split_once(BAR)?;
    let is_margin = before.chars().all(|c| matches!(c, ' ' | '!') || c.is_ascii_digit());
    is_margin.then(|| before.len() + BAR.len_utf8() + behind.chars().next().map_or(0, char::len_utf8))
}

/// Wraps a line into rows of at most `columns` columns, at least one row. Rows after the first have a margin without
/// numbers, or an indent, so that text of a file never begins a row. A line without a margin is text of this program: it
/// breaks between words.
pub(super) fn wrapped(line: &str, columns: usize) -> Vec<String> {
    let margin = margin_of(line);
    let below = match margin {
        Some(end) => line[..end].chars().map(|c| if c.is_ascii_digit() { ' ' } else { c }).collect(),
        None => " ".repeat(INDENT),
    };
    let below = if below.width() + LEAST_TEXT > columns { BAR.to_string() } else { below };
    let below = if columns < 2 { String::new() } else { below };
    let (mut rows, mut used) = (vec![String::new()], 0);
    for c in line.chars() {
        let width = c.width().unwrap_or(0);
        if used + width > columns && used > below.width() {
            if margin.is_none() && c == ' ' {
                continue;
            }
            let word = rows.last_mut().filter(|_| margin.is_none()).and_then(|row| last_word(row, (&below, columns)));
            let row = format!("{below}{}", word.unwrap_or_default());
            used = row.width();
            rows.push(row);
        }
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
        used += width;
    }
    rows
}

/// Takes the word at the end of a row for the next row, which begins with `indent`; `None` if nothing but blanks would be
/// left of the row, or if the word would fill the next row.
fn last_word(row: &mut String, (indent, columns): (&str, usize)) -> Option<String> {
    let at = row.rfind(' ')? + 1;
    let (rest, word) = row.split_at_checked(at)?;
    let is_left = !rest.trim().is_empty() && at > indent.len() && indent.width() + word.width() < columns;
    is_left.then(|| row.split_off(at))
}

/// Appends `count` blanks, many at a time.
fn blanks(text: &mut String, mut count: usize) {
    const BLANKS: &str = "                                                                ";
    while count > 0 {
        let some = &BLANKS[..count.min(BLANKS.len())];
        text.push_str(some);
        count -= some.len();
    }
}

/// A text with its control characters escaped.
fn visible(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => SafeText::visible(text),
        Cow::Owned(text) => match SafeText::visible(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(safe) => Cow::Owned(safe),
        },
    }
}

/// An age on a terminal (`12s ago`), otherwise a timestamp.
pub(super) fn when(at: Instant, look: Look) -> String {
    look.view().when(at)
}

pub(super) use crate::domain::{percent, plural as counted, size, span};

pub(super) fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The text of a page for a file: no colours, no width, and time zero as the current time.
    pub(crate) fn plain(write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        on(Look { color: false, width: None, now: Instant(0), accessible: false }, write)
    }

    /// The text that is written with this look.
    pub(crate) fn on(look: Look, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut Page::new(&mut bytes, look)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn sample() -> Table {
        let mut table = Table::new(&[("id", Align::Right), ("name", Align::Left), ("description", Align::Left)]);
        table.row([
            (Ink::Plain, "7".to_owned()),
            (Ink::Strong, "a".to_owned()),
            (Ink::Dim, "what it is for".to_owned()),
        ]);
        table.row([
            (Ink::Plain, "12".to_owned()),
            (Ink::Strong, "日本".to_owned()),
            (Ink::Dim, "x\u{1b}[2Jy".to_owned()),
        ]);
        table
    }

    #[test]
    fn columns_meet_and_nothing_is_cut_in_a_pipe() {
        let text = plain(|page| page.table(&sample()));
        assert_eq!(text, "id  name  description\n 7  a     what it is for\n12  日本  x\\x1b[2Jy\n");
    }

    #[test]
    fn our_lines_break_between_words_and_lines_of_files_at_the_column() {
        let ours = "  warn  size, complexity, dependencies and the rest of it";
        let rows = wrapped(ours, 30);
        let rows: Vec<&str> = rows.iter().map(|row| row.trim()).collect();
        assert_eq!(rows, ["warn  size, complexity,", "dependencies and the rest", "of it"]);
        assert!(wrapped("abcdefghijklmnopqrstuvwxyz", 20)[0].ends_with("st"));
        let of_file = format!("  1 {BAR} one two three four five");
        let rows = wrapped(&of_file, 14);
        assert!(rows[0].ends_with("one two ") && rows[1].ends_with("three fo"), "{rows:?}");
        for columns in 1..60 {
            let words = |text: &str| text.replace(BAR, "").split_whitespace().collect::<String>();
            let rows = wrapped(ours, columns);
            assert_eq!(words(&rows.concat()), words(ours), "{columns}");
            assert!(rows.iter().all(|row| row.width() <= columns), "{columns}: {rows:?}");
        }
    }

    #[test]
    fn the_last_column_fits_the_terminal() {
        let look = Look { color: false, width: Some(22), now: Instant(0), accessible: false };
        let text = on(look, |page| page.table(&sample()));
        assert_eq!(text, "id  name  description\n 7  a     what it is …\n12  日本  x\\x1b[2Jy\n");
    }

    #[test]
    fn a_narrow_terminal_does_without_the_columns_that_can_be_spared() {
        let mut table = Table::new(&["name", "kind", "tier", "what"].map(|head| (head, Align::Left)));
        table.row(["json-query", "command", "low", "picks values"].map(|cell| (Ink::Plain, cell.to_owned())));
        let table = table.sparing(&["kind", "tier"]);
        let at = |width| {
            on(Look { color: false, width: Some(width), now: Instant(0), accessible: false }, |page| page.table(&table))
        };
        assert_eq!(at(39), "name        kind     tier  what\njson-query  command  low   picks values\n");
        assert_eq!(at(38), "name        tier  what\njson-query  low   picks values\n");
        assert_eq!(at(29), "name        what\njson-query  picks values\n");
    }

    #[test]
    fn colours_are_written_only_where_they_are_on() {
        let line = StyledLine::new().put(Ink::Bad, "bad").put(Ink::Plain, " end");
        let look = Look { color: true, width: Some(80), now: Instant(0), accessible: false };
        assert_eq!(on(look, |page| page.line(&line)), "\x1b[31mbad\x1b[0m end\n");
        assert_eq!(plain(|page| page.line(&line)), "bad end\n");
    }

    #[test]
    fn ages_are_for_terminals_and_points_in_time_for_files() {
        let look = Look { color: false, width: Some(80), now: Instant(1_767_323_045_678), accessible: false };
        let ago = |ms: i64| when(Instant(look.now.0 - ms), look);
        assert_eq!([ago(0), ago(61_000), ago(7_200_000)], ["just now", "1m ago", "2h ago"]);
        assert_eq!([ago(172_800_000), ago(30 * 86_400_000)], ["2d ago", "4w ago"]);
        assert_eq!(when(look.now, Look { width: None, ..look }), "2026-01-02T03:04:05.678Z");
    }

    #[test]
    fn amounts_read_like_a_human_writes_them() {
        assert_eq!([span(7), span(2_540), span(200_000), span(7_260_000)], ["7ms", "2.5s", "3m 20s", "2h 1m"]);
        assert_eq!([size(7), size(1_536), size(64 << 20)], ["7 B", "1.5 KiB", "64.0 MiB"]);
        assert_eq!([counted(1, "tool", "tools"), counted(0, "tool", "tools")], ["1 tool", "0 tools"]);
    }
}
