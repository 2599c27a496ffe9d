//! Finds the beginning and end of an escape sequence, byte by byte.
//!
//! The result depends only on the bytes, not on how they were split. A sequence that is cut off (by a line feed, a
//! control character or another escape, or because it is too long) is not a sequence: its bytes are text, and are
//! shown. `vte` cannot do this, because it drops incomplete sequences.

/// A longer sequence is not accepted: no program writes one, and it would hide what follows.
const MAX_SEQUENCE: usize = 64 * 1024;
/// The same limit for sequences without text.
const MAX_CONTROL: usize = 256;

/// The byte that begins every sequence.
pub(super) const ESC: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The kind of a sequence, known from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SequenceKind {
    /// ESC alone.
    Begun,
    /// ESC and intermediate bytes.
    Escape,
    /// CSI: ESC `[`.
    Control,
    /// OSC: ESC `]`; BEL ends it too.
    Command,
    /// DCS, SOS, PM, APC: ESC and `P`, `X`, `^` or `_`.
    Text,
}

/// A sequence that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    kind: SequenceKind,
    bytes: Vec<u8>,
}

/// The state of a sequence after one more byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SequenceProgress {
    /// It continues.
    More,
    /// It is complete with this byte.
    Whole,
    /// It was cut off before this byte, which belongs to what follows.
    Broken,
    /// It was cut off by its last byte, an escape that begins the next sequence.
    Replaced,
}

impl Sequence {
    /// A sequence of which only the escape was received.
    pub(super) fn new() -> Sequence {
        Sequence { kind: SequenceKind::Begun, bytes: vec![ESC] }
    }

    /// The bytes received so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is a control sequence: ESC `[`, numbers, and a final letter.
    pub(super) fn is_control(&self) -> bool {
        self.kind == SequenceKind::Control
    }

    /// Takes the next byte.
    pub(super) fn step(&mut self, byte: u8) -> SequenceProgress {
        let short = self.bytes.len() < MAX_CONTROL;
        match (self.kind, byte) {
            (SequenceKind::Begun, b'[') => self.goes_on(SequenceKind::Control, byte),
            (SequenceKind::Begun, b']') => self.goes_on(SequenceKind::Command, byte),
            (SequenceKind::Begun, b'P' | b'X' | b'^' | b'_') => self.goes_on(SequenceKind::Text, byte),
            (SequenceKind::Begun, 0x20..=0x2f) => self.goes_on(SequenceKind::Escape, byte),
            (SequenceKind::Escape, 0x20..=0x2f) | (SequenceKind::Control, 0x20..=0x3f) if short => {
                self.goes_on(self.kind, byte)
            }
            (SequenceKind::Begun | SequenceKind::Escape, 0x30..=0x7e) | (SequenceKind::Control, 0x40..=0x7e) => {
                self.ends(byte)
            }
            (SequenceKind::Command | SequenceKind::Text, _) => self.text(byte),
            (SequenceKind::Begun | SequenceKind::Escape | SequenceKind::Control, _) => SequenceProgress::Broken,
        }
    }

    fn text(&mut self, byte: u8) -> SequenceProgress {
        let after_escape = self.bytes.len() > 2 && self.bytes.last() == Some(&ESC);
        match byte {
            b'\\' if after_escape => self.ends(byte),
            // The escape does not end this sequence: it begins another one.
            _ if after_escape => SequenceProgress::Replaced,
            BELL if self.kind == SequenceKind::Command => self.ends(byte),
            // A line feed ends every sequence: real sequences contain none, and a cut sequence must not swallow the
            // lines that follow. So do the two cancel characters (ECMA-48).
            b'\n' | 0x18 | 0x1a => SequenceProgress::Broken,
            _ if self.bytes.len() >= MAX_SEQUENCE => SequenceProgress::Broken,
            _ => self.goes_on(self.kind, byte),
        }
    }

    fn goes_on(&mut self, kind: SequenceKind, byte: u8) -> SequenceProgress {
        self.kind = kind;
        self.bytes.push(byte);
        SequenceProgress::More
    }

    fn ends(&mut self, byte: u8) -> SequenceProgress {
        self.bytes.push(byte);
        SequenceProgress::Whole
    }
}
