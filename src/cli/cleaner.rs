//! Output of a tool on its way to a terminal: where it goes, and how it is made safe.

use crate::domain::ansi::{AnsiPiece, AnsiScanner, Params};
use crate::domain::{Marks, Stream, escape_char};
use std::fmt::Write;
use std::io;

/// Receives the output of a run as it arrives.
pub(super) trait Sink {
    /// Takes the next bytes of a stream.
    ///
    /// # Errors
    /// If it cannot be passed on; the run is then cancelled.
    fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()>;
}

/// Makes the output of a tool safe for a terminal as it arrives.
///
/// Basic colours pass if colours are on. A carriage return begins a new line, so that no text can paint over another.
/// Other control sequences and hidden characters become visible escapes.
#[derive(Default)]
pub(super) struct Cleaner {
    scanner: AnsiScanner,
    page: Page,
}

/// The state of the written output that affects the next piece.
#[derive(Default)]
struct Page {
    color: bool,
    line_open: bool,
    /// The last character was a carriage return: a new line begins, with or without a line feed.
    returned: bool,
    inked: bool,
    marks: Marks,
}

impl Cleaner {
    /// A cleaner that passes basic colours if `color` is set.
    pub(super) fn new(color: bool) -> Cleaner {
        Cleaner { page: Page { color, ..Page::default() }, ..Cleaner::default() }
    }

    /// Cleans the next bytes. Bytes of a sequence that may be incomplete are held back.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let mut safe = String::with_capacity(bytes.len());
        self.scanner.push(bytes, &mut |_, piece| self.page.write(piece, &mut safe));
        safe
    }

    /// Returns the held-back text, escaped; ends an open line and an open colour.
    pub(super) fn finish(&mut self) -> String {
        let mut safe = String::new();
        self.scanner.end(&mut |_, piece| self.page.write(piece, &mut safe));
        if std::mem::take(&mut self.page.inked) {
            safe.push_str("\x1b[0m");
        }
        if self.page.line_open {
            self.page.end_line(&mut safe);
        }
        self.page.returned = false;
        safe
    }
}

impl Page {
    fn write(&mut self, piece: AnsiPiece<'_>, safe: &mut String) {
        match piece {
            AnsiPiece::Control(b'\n') => self.end_line(safe),
            AnsiPiece::Control(b'\r') => self.returned = true,
            AnsiPiece::Control(b'\t') => {
                self.begin(safe);
                safe.push('\t');
                self.line_open = true;
                // No mark combines with the space of a tab.
                self.marks = Marks::default();
            }
            AnsiPiece::Control(byte) => self.escaped(&[byte], safe),
            AnsiPiece::Text(text) => {
                self.begin(safe);
                self.text(text, safe);
            }
            AnsiPiece::Csi { params, action: 'm', .. } => self.ink(params, safe),
            // Nothing was overwritten, so erasing within a line has no effect.
            AnsiPiece::Csi { action: 'K', .. } => {}
            AnsiPiece::Csi { bytes, .. }
            | AnsiPiece::Invalid(bytes)
            | AnsiPiece::Sequence(bytes)
            | AnsiPiece::Broken(bytes) => {
                self.escaped(bytes, safe);
            }
        }
    }

    /// Begins a new line after a carriage return.
    fn begin(&mut self, safe: &mut String) {
        if self.returned && self.line_open {
            self.end_line(safe);
        }
        self.returned = false;
    }

    fn end_line(&mut self, safe: &mut String) {
        safe.push('\n');
        (self.line_open, self.returned) = (false, false);
        self.marks = Marks::default();
    }

    /// Writes text; hidden characters become visible escapes.
    fn text(&mut self, text: &str, safe: &mut String) {
        self.line_open |= !text.is_empty();
        for c in text.chars() {
            if self.marks.escapes(c) {
                safe.push_str(&escape_char(c));
            } else {
                safe.push(c);
            }
        }
    }

    /// Escapes control sequences and invalid text as `\xNN`; other text is unchanged.
    fn escaped(&mut self, bytes: &[u8], safe: &mut String) {
        self.begin(safe);
        for chunk in bytes.utf8_chunks() {
            self.text(chunk.valid(), safe);
            for byte in chunk.invalid() {
                self.line_open = true;
                safe.push_str(&escape_char(char::from(*byte)));
            }
        }
    }

    /// Passes on basic colours. Styles that can hide text are left out, so the text stays visible.
    fn ink(&mut self, params: &Params, safe: &mut String) {
        if !self.color {
            return;
        }
        // After these three, the numbers of a colour follow; they have no other meaning.
        let groups = params.iter().take_while(|group| !matches!(group, [38 | 48 | 58, ..]));
        let kept: Vec<u16> = groups.filter_map(basic).collect();
        if let Some(last) = kept.last() {
            self.begin(safe);
            self.inked = *last != 0;
            let list = kept.iter().map(u16::to_string).collect::<Vec<_>>().join(";");
            let _ = write!(safe, "\x1b[{list}m");
        }
    }
}

/// The number of a basic colour or weight that cannot hide text.
fn basic(group: &[u16]) -> Option<u16> {
    match group {
        // No underline: `4:0`.
        [4, 0, ..] => Some(24),
        [n @ (0 | 1 | 3 | 4 | 22..=24 | 31..=36 | 39 | 91..=96), ..] => Some(*n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::is_hidden;
    use proptest::prelude::*;

    fn clean(color: bool, pieces: &[&[u8]]) -> String {
        let mut cleaner = Cleaner::new(color);
        let mut text: String = pieces.iter().map(|piece| cleaner.push(piece)).collect();
        text.push_str(&cleaner.finish());
        text
    }

    #[test]
    fn what_moves_or_hides_is_escaped_and_nothing_paints_over_a_line() {
        assert_eq!(clean(true, &[b"a\x1b[2Jb\x07\x08\x1b]0;title\x07\n"]), "a\\x1b[2Jb\\x07\\x08\\x1b]0;title\\x07\n");
        assert_eq!(clean(true, &[b"10 %\r20 %\r\x1b[Kdone\r\nnext\r"]), "10 %\n20 %\ndone\nnext\n");
        assert_eq!(clean(true, &[b"a\r\r\n\r\nb\r\r"]), "a\n\nb\n");
        assert_eq!(clean(true, &["a\u{202e}b\tc\u{200b}".as_bytes()]), "a\\u{202e}b\tc\\u{200b}\n");
        assert_eq!(clean(true, &[b"x\xff\xfey\n"]), "x\\xff\\xfey\n");
        assert_eq!(clean(true, &[b"\x9b31mx\xc2\x9b31my\n"]), "\\x9b31mx\\x9b31my\n");
    }

    #[test]
    fn basic_colours_pass_and_invisible_ink_does_not() {
        assert_eq!(clean(true, &[b"\x1b[1;31mred\x1b[0m\n"]), "\x1b[1;31mred\x1b[0m\n");
        assert_eq!(clean(true, &[b"\x1b[8mhidden\x1b[30;40m too\x1b[38;5;0mx\n"]), "hidden too".to_owned() + "x\n");
        assert_eq!(clean(true, &[b"\x1b[32mopen"]), "\x1b[32mopen\x1b[0m\n");
        assert_eq!(clean(false, &[b"\x1b[1;31mred\x1b[m\n"]), "red\n");
        // The sub-parameters of an underline are not separate numbers: 3 would be italic.
        assert_eq!(clean(true, &[b"\x1b[4:3mx\x1b[4:0my\n"]), "\x1b[4mx\x1b[24my\n\x1b[0m");
    }

    #[test]
    fn a_piece_may_end_anywhere() {
        assert_eq!(clean(true, &[b"\x1b", b"[", b"3", b"1mred\x1b[", b"0m\n"]), "\x1b[31mred\x1b[0m\n");
        let word = "é日😀\n".as_bytes();
        let pieces: Vec<&[u8]> = word.chunks(1).collect();
        assert_eq!(clean(true, &pieces), "é日😀\n");
        assert_eq!(clean(true, &[b"a\r", b"\nb\n"]), "a\nb\n");
        assert_eq!(clean(true, &[b"end\x1b["]), "end\\x1b[\n");
    }

    proptest! {
        #[test]
        fn no_bytes_in_any_pieces_reach_a_terminal_raw(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let cut = cut.min(bytes.len());
            let text = clean(false, &[&bytes[..cut], &bytes[cut..]]);
            prop_assert!(!text.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'), "{text:?}");
            prop_assert_eq!(text, clean(false, &[&bytes]), "the same bytes in one piece");
        }
    }
}
