//! Where an escape sequence begins and ends, told byte by byte.
//!
//! The answer depends on the bytes alone and never on how they came in pieces. A sequence that breaks
//! off (a line feed, a control character or another escape within it, too many bytes) is none: its
//! bytes are text, and are shown.

/// A sequence longer than this is none: no program writes one, and it would hide what follows.
const MAX_SEQUENCE: usize = 64 * 1024;
/// The same for sequences with numbers only.
const MAX_CONTROL: usize = 256;

/// What a sequence is after its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// ESC alone.
    Begun,
    /// ESC and intermediate bytes.
    Escape,
    /// CSI: ESC `[`.
    Control,
    /// OSC: ESC `]`; the bell ends it too.
    Command,
    /// DCS, SOS, PM, APC: ESC and `P`, `X`, `^` or `_`.
    Text,
}

/// A sequence that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    kind: Kind,
    bytes: Vec<u8>,
}

/// What became of a sequence with one more byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on.
    More(Sequence),
    /// It is whole with this byte.
    Whole(Vec<u8>),
    /// It broke off before this byte, which belongs to what follows.
    Broken(Vec<u8>),
    /// It broke off before the byte before, an escape that begins the next sequence with this byte.
    Replaced(Vec<u8>),
}

pub(super) const ESC: u8 = 0x1b;
const BELL: u8 = 0x07;

impl Sequence {
    /// A sequence of which only the escape has come.
    pub(super) fn new() -> Sequence {
        Sequence { kind: Kind::Begun, bytes: vec![ESC] }
    }

    /// What has come of it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes the next byte.
    pub(super) fn step(self, byte: u8) -> Step {
        match self.kind {
            Kind::Begun => match byte {
                b'[' => self.goes_on(Kind::Control, byte),
                b']' => self.goes_on(Kind::Command, byte),
                b'P' | b'X' | b'^' | b'_' => self.goes_on(Kind::Text, byte),
                0x20..=0x2f => self.goes_on(Kind::Escape, byte),
                0x30..=0x7e => self.ends(byte),
                _ => Step::Broken(self.bytes),
            },
            Kind::Escape => match byte {
                0x20..=0x2f if self.bytes.len() < MAX_CONTROL => self.goes_on(Kind::Escape, byte),
                0x30..=0x7e => self.ends(byte),
                _ => Step::Broken(self.bytes),
            },
            Kind::Control => match byte {
                0x20..=0x3f if self.bytes.len() < MAX_CONTROL => self.goes_on(Kind::Control, byte),
                0x40..=0x7e => self.ends(byte),
                _ => Step::Broken(self.bytes),
            },
            Kind::Command | Kind::Text => self.string(byte),
        }
    }

    fn string(self, byte: u8) -> Step {
        let after_escape = self.bytes.len() > 2 && self.bytes.last() == Some(&ESC);
        match byte {
            b'\\' if after_escape => self.ends(byte),
            // The escape was none of its own: it begins something else.
            _ if after_escape => Step::Replaced(self.bytes[..self.bytes.len() - 1].to_vec()),
            BELL if self.kind == Kind::Command => self.ends(byte),
            // A line feed ends every sequence: real ones hold none, and one that was cut off must
            // not swallow the lines that follow. So do the two characters that cancel (ECMA-48).
            b'\n' | 0x18 | 0x1a => Step::Broken(self.bytes),
            _ if self.bytes.len() >= MAX_SEQUENCE => Step::Broken(self.bytes),
            _ => {
                let kind = self.kind;
                self.goes_on(kind, byte)
            }
        }
    }

    fn goes_on(mut self, kind: Kind, byte: u8) -> Step {
        self.kind = kind;
        self.bytes.push(byte);
        Step::More(self)
    }

    fn ends(mut self, byte: u8) -> Step {
        self.bytes.push(byte);
        Step::Whole(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of the sequence that begins here, and whether it was whole.
    fn first(bytes: &[u8]) -> (Vec<u8>, Option<bool>) {
        let mut sequence = Sequence::new();
        for byte in &bytes[1..] {
            match sequence.step(*byte) {
                Step::More(more) => sequence = more,
                Step::Whole(bytes) => return (bytes, Some(true)),
                Step::Broken(bytes) | Step::Replaced(bytes) => return (bytes, Some(false)),
            }
        }
        (sequence.into_bytes(), None)
    }

    #[test]
    fn each_kind_of_sequence_ends_where_a_terminal_ends_it() {
        let whole: [&[u8]; 10] = [
            b"\x1b[1;31m",
            b"\x1b[?25l",
            b"\x1b[2 q",
            b"\x1bc",
            b"\x1b(0",
            b"\x1b]0;title\x07",
            b"\x1b]8;;http://x\x1b\\",
            b"\x1bPq#0\x07\x1b\\",
            b"\x1b_G\x1b\\",
            b"\x1b^x\x1b\\",
        ];
        for bytes in whole {
            let then = [bytes, b"text"].concat();
            assert_eq!(first(&then), (bytes.to_vec(), Some(true)), "{bytes:?}");
        }
    }

    #[test]
    fn what_breaks_off_is_no_sequence() {
        let broken: [(&[u8], &[u8]); 7] = [
            (b"\x1b\x1b[m", b"\x1b"),
            (b"\x1b[3\n1m", b"\x1b[3"),
            (b"\x1b[3\x071m", b"\x1b[3"),
            (b"\x1b]0;a\nb", b"\x1b]0;a"),
            (b"\x1bPa\x18b", b"\x1bPa"),
            // The escape within belongs to what it begins.
            (b"\x1b]0;a\x1b[m", b"\x1b]0;a"),
            (b"\x1b[\xc3\xa9", b"\x1b["),
        ];
        for (bytes, held) in broken {
            assert_eq!(first(bytes), (held.to_vec(), Some(false)), "{bytes:?}");
        }
        assert_eq!(first(b"\x1b]0;a\x1b"), (b"\x1b]0;a\x1b".to_vec(), None));
        assert_eq!(first(&[b"\x1b]".as_slice(), &vec![b'x'; 70_000]].concat()).0.len(), MAX_SEQUENCE);
    }
}
