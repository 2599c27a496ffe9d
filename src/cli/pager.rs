//! Shows a text page by page on the terminal. Lines that were not shown count as unread.
//!
//! Keys typed before a page is shown are discarded: each page needs its own key.

use super::call::Call;
use super::outlet;
use super::print_text::{Ink, StyledLine, margin_of, wrapped};
use crate::domain::{Stream, grouped};
use rustix::termios::{self, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios};
use std::io;
use unicode_width::UnicodeWidthStr;

/// The number of rows of a terminal that does not report one.
const USUAL_ROWS: usize = 24;

/// The prompt below a page that is not the last.
const NEXT_PAGE: &str = "space: next page";

/// The title of a text and the prompt below its last page.
pub(super) struct Words<'a> {
    /// What the text is, in a few words.
    pub(super) title: &'a str,
    /// What a key does after the last page, such as `enter approves`.
    pub(super) last: &'a str,
}

/// Shows a text to its end, or until the reader stops. Returns how many of its lines were shown completely. The reader
/// has read all of the text only after continuing from the last page too.
///
/// # Errors
///
/// When the terminal cannot be read.
pub(super) fn show(call: &Call<'_>, words: &Words<'_>, lines: &[String]) -> io::Result<Shown> {
    let _keys = Keys::take()?;
    let (columns, rows) = size();
    let prompt = |shown: usize, next: &str| {
        let (shown, all) = (grouped(shown), grouped(lines.len()));
        let long = format!("-- {} · {shown} of {all} lines · {next} · q: quit --", words.title);
        // The long prompt would be wrapped on a narrow terminal.
        if long.width() <= columns { long } else { format!("-- {shown} of {all} · {next} · q: quit --") }
    };
    // Reserve rows for the prompt, and one more below it for the cursor.
    let longest = [NEXT_PAGE, words.last].map(|next| wrapped(&prompt(lines.len(), next), columns).len());
    let below = longest.into_iter().max().unwrap_or(1) + 1;
    let pages = Pages::of(lines, columns, rows.saturating_sub(below).max(1));
    let mut shown = 0;
    for (at, page) in pages.0.iter().enumerate() {
        for (row, _) in page {
            call.note(&StyledLine::new().put(ink(row), row));
        }
        shown = page.last().map_or(shown, |(_, whole)| *whole);
        let last = at + 1 == pages.0.len();
        let place = prompt(shown, if last { words.last } else { NEXT_PAGE });
        // Input typed before this line is on screen does not answer it.
        termios::tcflush(io::stdin(), QueueSelector::IFlush)?;
        call.note(&StyledLine::new().put(Ink::Accent, place));
        if !goes_on(last)? {
            return Ok(Shown { lines: shown, to_the_end: false });
        }
    }
    Ok(Shown { lines: shown, to_the_end: true })
}

/// How much of a text was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// The number of lines that were shown completely.
    pub(super) lines: usize,
    /// Whether the reader saw the last page and continued.
    pub(super) to_the_end: bool,
}

/// The rows of each page, each with the number of lines that are shown completely once the row is shown.
struct Pages(Vec<Vec<(String, usize)>>);

impl Pages {
    fn of(lines: &[String], columns: usize, height: usize) -> Pages {
        let rows: Vec<(String, usize)> = lines
            .iter()
            .enumerate()
            .flat_map(|(at, line)| {
                let rows = wrapped(line, columns);
                let last = rows.len() - 1;
                rows.into_iter().enumerate().map(move |(row, text)| (text, at + usize::from(row == last)))
            })
            .collect();
        Pages(rows.chunks(height).map(<[_]>::to_vec).collect())
    }
}

/// Lines of diffs and of evidence have the same colours as elsewhere.
fn ink(row: &str) -> Ink {
    if let Some(margin) = margin_of(row) {
        return match row[..margin].chars().next_back() {
            Some('+') => Ink::Good,
            Some('-') => Ink::Bad,
            _ => Ink::Plain,
        };
    }
    let begins = |words: &[&str]| words.iter().any(|word| row.starts_with(word));
    match () {
        () if begins(&["  good"]) => Ink::Good,
        () if begins(&["  bad", "  failed"]) => Ink::Bad,
        () if begins(&["  warn"]) => Ink::Warn,
        () => Ink::Plain,
    }
}

/// The columns and rows of the terminal.
fn size() -> (usize, usize) {
    let size = termios::tcgetwinsize(io::stdin()).ok();
    let rows = size.map(|size| usize::from(size.ws_row)).filter(|rows| *rows > 1).unwrap_or(USUAL_ROWS);
    // One column fewer than the terminal has, so that no terminal wraps a full row.
    let columns = outlet::look(Stream::Stderr, false).width.unwrap_or(80).saturating_sub(1).max(1);
    (columns, rows)
}

/// The keyboard, read key by key. Dropping the value restores the terminal mode.
struct Keys {
    before: Termios,
}

impl Keys {
    fn take() -> io::Result<Keys> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut single = before.clone();
        // Ctrl-c also arrives as a key: a signal would end this process and leave a terminal without echo.
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        single.special_codes[SpecialCodeIndex::VMIN] = 1;
        single.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios::tcsetattr(io::stdin(), OptionalActions::Flush, &single)?;
        Ok(Keys { before })
    }
}

/// Waits for a key. Returns `true` to continue, `false` to stop. After the last page only enter continues.
fn goes_on(last: bool) -> io::Result<bool> {
    let mut key = [0];
    loop {
        match (rustix::io::read(io::stdin(), &mut key), key) {
            (Err(rustix::io::Errno::INTR), _) => {}
            (Err(error), _) => return Err(error.into()),
            (Ok(0), _) | (Ok(_), [b'q' | 0x03 | 0x04 | 0x1b]) => return Ok(false),
            (Ok(_), [b'\r' | b'\n']) => return Ok(true),
            (Ok(_), [b' ']) if !last => return Ok(true),
            (Ok(_), _) => {}
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone need not be restored.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_with_its_last_row_and_none_is_cut() {
        let lines = ["abcdefgh", "", "日本語"].map(str::to_owned);
        let pages = Pages::of(&lines, 3, 2).0;
        let rows =
            |page: &[(String, usize)]| page.iter().map(|(row, whole)| format!("{row} {whole}")).collect::<Vec<_>>();
        let all: Vec<_> = pages.iter().map(|page| rows(page)).collect();
        assert_eq!(all, [vec!["abc 0", "│de 0"], vec!["│fg 0", "│h 1"], vec![" 2", "日 2"], vec!["│本 2", "│語 3"]]);
    }

    #[test]
    fn a_line_of_a_file_is_read_behind_its_margin_in_every_row_and_a_difference_has_its_colours() {
        let lines = [" 12 │ -- review 20 · 45 of 45 lines · press enter".to_owned(), "  label: Decide with".to_owned()];
        let rows: Vec<_> = Pages::of(&lines, 16, 9).0.concat().into_iter().map(|(row, _)| row).collect();
        assert_eq!(
            rows,
            [
                " 12 │ -- review ",
                "    │ 20 · 45 of",
                "    │  45 lines ",
                "    │ · press en",
                "    │ ter",
                "  label: Decide ",
                "    with"
            ]
        );
        let inks =
            ["  1     │-x", "      1 │+x", "        │+more", "  1   1 │ +x", "  3 │ -x", "-x", "  warn: x"].map(ink);
        assert_eq!(inks, [Ink::Bad, Ink::Good, Ink::Good, Ink::Plain, Ink::Plain, Ink::Plain, Ink::Warn]);
    }
}
