//! The last line that a service wrote to standard error, often the reason why it ended.

use super::super::ansi::{AnsiPiece, AnsiScanner};
use super::super::text::SafeText;
use std::collections::VecDeque;

/// Bytes that are kept of a line.
const MOST_BYTES: usize = 1024;

/// Maximum number of characters shown of the line.
const MOST_CHARS: usize = 200;

/// Number of lines kept, because the last ones may contain only colors.
const MOST_LINES: usize = 8;

/// Only the end of a larger piece of output is examined.
const PIECE: usize = 16 * 1024;

/// Follows the output in little memory.
#[derive(Debug, Clone, Default)]
pub struct LastLine {
    /// Lines that are not blank, oldest first; the last one may be incomplete.
    lines: VecDeque<Vec<u8>>,
    /// Whether the last line is incomplete.
    is_open: bool,
}

impl LastLine {
    /// Takes the next output.
    pub fn take(&mut self, bytes: &[u8]) {
        let end = &bytes[bytes.len().saturating_sub(PIECE)..];
        if end.len() < bytes.len() {
            self.is_open = false;
        }
        // A carriage return restarts the line, as progress bars do.
        for piece in end.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let is_ended = piece.ends_with(b"\n") || piece.ends_with(b"\r");
            let text = if is_ended { &piece[..piece.len() - 1] } else { piece };
            self.append(text);
            self.is_open &= !is_ended;
        }
    }

    fn append(&mut self, text: &[u8]) {
        if !self.is_open {
            if text.iter().all(u8::is_ascii_whitespace) {
                return;
            }
            if self.lines.len() == MOST_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(Vec::new());
            self.is_open = true;
        }
        if let Some(line) = self.lines.back_mut() {
            let room = MOST_BYTES.saturating_sub(line.len());
            line.extend_from_slice(&text[..text.len().min(room)]);
        }
    }

    /// The last line with visible text, without colors, safe to draw, cut; `None` if there is none.
    pub fn text(&self) -> Option<String> {
        self.lines.iter().rev().map(|line| plain(line)).find(|text| !text.is_empty())
    }
}

fn plain(line: &[u8]) -> String {
    let mut text = String::new();
    let mut scanner = AnsiScanner::default();
    let mut sink = |_: u64, piece: AnsiPiece<'_>| match piece {
        AnsiPiece::Text(piece) => text.push_str(piece),
        AnsiPiece::Control(b'\t') => text.push(' '),
        _ => {}
    };
    scanner.push(line, &mut sink);
    scanner.end(&mut sink);
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ");
    let mut cut: String = joined.chars().take(MOST_CHARS).collect();
    if joined.chars().nth(MOST_CHARS).is_some() {
        cut.push('…');
    }
    SafeText::new(&cut).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(pieces: &[&[u8]]) -> Option<String> {
        let mut line = LastLine::default();
        for piece in pieces {
            line.take(piece);
        }
        line.text()
    }

    #[test]
    fn the_last_line_with_a_text_is_told_however_it_was_written() {
        for (pieces, expected) in [
            (&[b"one\ntwo\n".as_slice()] as &[&[u8]], Some("two")),
            (&[b"one\ntw", b"o", b"\n\n  \n"], Some("two")),
            (&[b"one\nno end"], Some("no end")),
            (&[b"10 %\r20 %\r\n"], Some("20 %")),
            (&[b"\x1b[31mred\x1b[0m\tleft\n\x1b[0m\n"], Some("red left")),
            (&[b"\n \n"], None),
            (&[], None),
        ] {
            assert_eq!(last(pieces).as_deref(), expected, "{pieces:?}");
        }
    }

    #[test]
    fn a_line_is_safe_to_draw_and_cut_and_takes_little_memory() {
        let text = last(&["a\u{202e}b\u{200b}c".as_bytes(), b"\xff\x07\n"]).unwrap();
        assert!(
            text.starts_with('a') && !text.chars().any(|c| c.is_control() || "\u{202e}\u{200b}".contains(c)),
            "{text}"
        );
        let long = last(&[&vec![b'x'; 100_000]]).unwrap();
        assert_eq!((long.chars().count(), long.ends_with('…')), (MOST_CHARS + 1, true));
        let mut line = LastLine::default();
        for number in 0..10_000 {
            line.take(format!("{number}{}\n", "y".repeat(5_000)).as_bytes());
        }
        assert!(line.lines.iter().map(Vec::capacity).sum::<usize>() <= MOST_LINES * 2 * MOST_BYTES);
        assert!(line.text().unwrap().starts_with("9999y"));
    }
}
