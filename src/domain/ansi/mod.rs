//! Splits the output of a program as a terminal would: into text, control characters and escape sequences.
//!
//! This is the only parser of escape sequences. The output view of the screen and the live output of the command line
//! decide which of them they obey. Nothing is dropped, so that a caller can show everything. The pieces do not depend
//! on how the bytes were split on their way.

mod sequence;

use sequence::{ESC, Sequence, SequenceProgress};

/// The numbers of a control sequence: groups, each with its sub-parameters.
pub use vte::Params;

/// A part of the output of a program.
#[derive(Debug, Clone, Copy)]
pub enum AnsiPiece<'a> {
    /// Text without 7-bit control characters. It can contain other hidden characters, so it is not safe to draw as it
    /// is.
    Text(&'a str),
    /// A control character below 0x20, except escape.
    Control(u8),
    /// Bytes that are not UTF-8, at most three.
    Invalid(&'a [u8]),
    /// A control sequence that contains only numbers: `ESC [ 1 ; 31 m`.
    Csi {
        /// Groups of numbers before the letter, in order.
        params: &'a Params,
        /// The final letter, which selects the action.
        action: char,
        /// The whole sequence, as it was written.
        bytes: &'a [u8],
    },
    /// Any other complete escape sequence, as it was written.
    Sequence(&'a [u8]),
    /// A sequence that was cut off or is too long.
    Broken(&'a [u8]),
}

impl<'a> AnsiPiece<'a> {
    /// The bytes of an escape sequence or of invalid text; empty for text and control characters.
    pub fn bytes(&self) -> &'a [u8] {
        match self {
            AnsiPiece::Text(_) | AnsiPiece::Control(_) => &[],
            AnsiPiece::Invalid(bytes)
            | AnsiPiece::Csi { bytes, .. }
            | AnsiPiece::Sequence(bytes)
            | AnsiPiece::Broken(bytes) => bytes,
        }
    }
}

/// An incomplete piece.
enum PendingInput {
    Nothing,
    Character(Vec<u8>),
    Sequence(Sequence),
}

/// Splits incoming bytes into pieces. An incomplete piece is held back, at most 64 KiB.
pub struct AnsiScanner {
    parser: vte::Parser,
    held: PendingInput,
    /// The position at which the held bytes begin.
    held_at: u64,
    /// The number of bytes received.
    position: u64,
}

impl Default for AnsiScanner {
    fn default() -> Self {
        AnsiScanner { parser: vte::Parser::new(), held: PendingInput::Nothing, held_at: 0, position: 0 }
    }
}

impl AnsiScanner {
    /// The number of bytes received, which is the position of the next one.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The position at which the held piece begins; `None` if nothing is held.
    pub fn held_at(&self) -> Option<u64> {
        (!matches!(self.held, PendingInput::Nothing)).then_some(self.held_at)
    }

    /// Takes the next bytes. `sink` gets each piece and its position, counted from the first byte of all.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(u64, AnsiPiece<'_>)) {
        let start = self.position;
        let mut at = 0;
        while at < bytes.len() {
            self.position = start + at as u64;
            at += match std::mem::replace(&mut self.held, PendingInput::Nothing) {
                PendingInput::Nothing => self.plain(&bytes[at..], sink),
                PendingInput::Character(begun) => self.complete(begun, &bytes[at..], sink),
                PendingInput::Sequence(sequence) => self.go_on(sequence, bytes[at], sink),
            };
        }
        self.position = start + bytes.len() as u64;
    }

    /// Passes on the held bytes, because no more bytes follow.
    pub fn end(&mut self, sink: &mut impl FnMut(u64, AnsiPiece<'_>)) {
        match std::mem::replace(&mut self.held, PendingInput::Nothing) {
            PendingInput::Nothing => {}
            PendingInput::Character(begun) => sink(self.held_at, AnsiPiece::Invalid(&begun)),
            PendingInput::Sequence(sequence) => sink(self.held_at, AnsiPiece::Broken(sequence.bytes())),
        }
    }

    fn hold(&mut self, held: PendingInput, at: u64) {
        self.held = held;
        self.held_at = at;
    }

    /// Takes the first piece of bytes that continue nothing; returns its length.
    fn plain(&mut self, bytes: &[u8], sink: &mut impl FnMut(u64, AnsiPiece<'_>)) -> usize {
        let at = self.position;
        match bytes[0] {
            ESC => {
                self.hold(PendingInput::Sequence(Sequence::new()), at);
                return 1;
            }
            control @ 0..0x20 => {
                sink(at, AnsiPiece::Control(control));
                return 1;
            }
            _ => {}
        }
        let end = bytes.iter().position(|byte| *byte < 0x20).unwrap_or(bytes.len());
        // Only the last bytes can form an incomplete character.
        let torn = if end == bytes.len() { torn_tail(bytes) } else { 0 };
        let whole = &bytes[..end - torn];
        let mut taken = 0;
        for chunk in whole.utf8_chunks() {
            if !chunk.valid().is_empty() {
                sink(at + taken as u64, AnsiPiece::Text(chunk.valid()));
            }
            taken += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                sink(at + taken as u64, AnsiPiece::Invalid(chunk.invalid()));
            }
            taken += chunk.invalid().len();
        }
        if torn > 0 {
            self.hold(PendingInput::Character(bytes[end - torn..end].to_vec()), at + whole.len() as u64);
        }
        end
    }

    /// Continues an incomplete character; returns the number of bytes used.
    fn complete(&mut self, mut begun: Vec<u8>, bytes: &[u8], sink: &mut impl FnMut(u64, AnsiPiece<'_>)) -> usize {
        for (taken, byte) in bytes.iter().enumerate() {
            begun.push(*byte);
            match std::str::from_utf8(&begun) {
                Ok(text) => {
                    sink(self.held_at, AnsiPiece::Text(text));
                    return taken + 1;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    // The byte that made it invalid may begin another piece.
                    begun.pop();
                    sink(self.held_at, AnsiPiece::Invalid(&begun));
                    return taken;
                }
            }
        }
        self.held = PendingInput::Character(begun);
        bytes.len()
    }

    /// Passes the next byte to an incomplete sequence; returns the number of bytes used.
    fn go_on(&mut self, mut sequence: Sequence, byte: u8, sink: &mut impl FnMut(u64, AnsiPiece<'_>)) -> usize {
        match sequence.step(byte) {
            SequenceProgress::More => {
                self.held = PendingInput::Sequence(sequence);
                1
            }
            SequenceProgress::Whole if sequence.is_control() => {
                let mut found =
                    CsiCollector { at: self.held_at, bytes: sequence.bytes(), sink: &mut *sink, is_told: false };
                self.parser.advance(&mut found, sequence.bytes());
                if !found.is_told {
                    sink(self.held_at, AnsiPiece::Sequence(sequence.bytes()));
                }
                1
            }
            SequenceProgress::Whole => {
                sink(self.held_at, AnsiPiece::Sequence(sequence.bytes()));
                1
            }
            SequenceProgress::Broken => {
                sink(self.held_at, AnsiPiece::Broken(sequence.bytes()));
                0
            }
            SequenceProgress::Replaced => {
                let (_, before) = sequence.bytes().split_last().unwrap_or((&ESC, &[]));
                sink(self.held_at, AnsiPiece::Broken(before));
                self.hold(PendingInput::Sequence(Sequence::new()), self.position - 1);
                0
            }
        }
    }
}

/// Collects the numbers of one control sequence from the parser.
struct CsiCollector<'s, F> {
    at: u64,
    bytes: &'s [u8],
    sink: &'s mut F,
    is_told: bool,
}

impl<F: FnMut(u64, AnsiPiece<'_>)> vte::Perform for CsiCollector<'_, F> {
    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        // A sequence with private markers, or with more numbers than the parser keeps, has no known meaning here.
        if intermediates.is_empty() && !ignore {
            self.is_told = true;
            (self.sink)(self.at, AnsiPiece::Csi { params, action, bytes: self.bytes });
        }
    }
}

/// The number of bytes at the end that begin an incomplete UTF-8 character: 0 to 3.
pub fn torn_tail(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let lead = tail.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
    let incomplete = |error: std::str::Utf8Error| error.error_len().is_none();
    if std::str::from_utf8(&tail[lead..]).is_err_and(incomplete) { tail.len() - lead } else { 0 }
}

#[cfg(test)]
mod tests;
