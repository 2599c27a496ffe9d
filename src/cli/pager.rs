//! Shows a text page by page at the terminal: what was not shown was not read.
//!
//! Keys that were typed before a page was shown do not count: each page is answered by a key of its own.

use super::call::Call;
use super::outlet;
use super::print_text::{Ink, StyledLine, margin_of, wrapped};
use crate::domain::{Stream, grouped};
use rustix::termios::{self, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios};
use std::io;
use unicode_width::UnicodeWidthStr;

/// Rows of the terminal where it does not say how many it has.
const USUAL_ROWS: usize = 24;

/// What a key does after a page that is not the last.
const NEXT_PAGE: &str = "space: next page";

/// What a text is about, and what is said below its pages.
pub(super) struct Words<'a> {
    /// What it is, in a few words.
    pub(super) title: &'a str,
    /// What a key does after the last page: `enter approves`.
    pub(super) last: &'a str,
}

/// Shows a text to its end, or until the reader stops. Returns how many of its lines were shown whole; all of them were
/// only when the reader also went on from the last page.
///
/// # Errors
/// When the terminal cannot be read.
pub(super) fn show(call: &Call<'_>, words: &Words<'_>, lines: &[String]) -> io::Result<Shown> {
    let _keys = Keys::take()?;
    let (columns, rows) = size();
    let prompt = |shown: usize, next: &str| {
        let (shown, all) = (grouped(shown), grouped(lines.len()));
        let long = format!("-- {} · {shown} of {all} lines · {next} · q: quit --", words.title);
        // A narrow terminal would break a word.
        if long.width() <= columns { long } else { format!("-- {shown} of {all} · {next} · q: quit --") }
    };
    // The prompt needs its rows, and the cursor waits on one more below it.
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
        // What was typed before this line was on screen does not answer it.
        termios::tcflush(io::stdin(), QueueSelector::IFlush)?;
        call.note(&StyledLine::new().put(Ink::Accent, place));
        if !goes_on(last)? {
            return Ok(Shown { lines: shown, to_the_end: false });
        }
    }
    Ok(Shown { lines: shown, to_the_end: true })
}

/// What was shown of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    /// Lines that were shown whole.
    pub(super) lines: usize,
    /// Whether the reader saw the last page and went on.
    pub(super) to_the_end: bool,
}

/// The rows of each page, and how many lines have been shown whole with each of them.
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

/// Lines of a difference and of evidence have their colours here too.
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

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    let size = termios::tcgetwinsize(io::stdin()).ok();
    let rows = size.map(|size| usize::from(size.ws_row)).filter(|rows| *rows > 1).unwrap_or(USUAL_ROWS);
    // One column less than there are: no terminal breaks such a row by itself.
    let columns = outlet::look(Stream::Stderr, false).width.unwrap_or(80).saturating_sub(1).max(1);
    (columns, rows)
}

/// The keyboard, key by key; as it was before when this is dropped.
struct Keys {
    before: Termios,
}

impl Keys {
    fn take() -> io::Result<Keys> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut single = before.clone();
        // Ctrl-c comes as a key too: whoever is killed here would leave a terminal that shows no typing.
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        single.special_codes[SpecialCodeIndex::VMIN] = 1;
        single.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios::tcsetattr(io::stdin(), OptionalActions::Flush, &single)?;
        Ok(Keys { before })
    }
}

/// Waits for a key that goes on; `false` for one that stops. After the last page only enter goes on.
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
        // A terminal that is gone needs nothing back.
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
