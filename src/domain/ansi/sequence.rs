//! Where an escape sequence begins and ends, told byte by byte.
//!
//! The answer depends on the bytes alone and never on how they came in pieces. A sequence that is cut off
//! (by a line feed, a control character or another escape, or because it is too long) is none: its bytes are
//! text, and are shown. `vte` cannot tell this: it drops what it gives up on.

/// A sequence with more bytes is none: no program writes one, and it would hide what follows.
const MAX_SEQUENCE: usize = 64 * 1024;
/// The same for sequences without a text in them.
const MAX_CONTROL: usize = 256;

/// The byte that begins every sequence.
pub(super) const ESC: u8 = 0x1b;
const BELL: u8 = 0x07;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on.
    More,
    /// It is whole with this byte.
    Whole,
    /// It was cut off before this byte, which belongs to what follows.
    Broken,
    /// It was cut off by its last byte, an escape that begins the next sequence.
    Replaced,
}

impl Sequence {
    /// A sequence of which only the escape has come.
    pub(super) fn new() -> Sequence {
        Sequence { kind: Kind::Begun, bytes: vec![ESC] }
    }

    /// What has come of it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is a control sequence: ESC `[`, numbers, and a letter that says what to do.
    pub(super) fn is_control(&self) -> bool {
        self.kind == Kind::Control
    }

    /// Takes the next byte.
    pub(super) fn step(&mut self, byte: u8) -> Step {
        let short = self.bytes.len() < MAX_CONTROL;
        match (self.kind, byte) {
            (Kind::Begun, b'[') => self.goes_on(Kind::Control, byte),
            (Kind::Begun, b']') => self.goes_on(Kind::Command, byte),
            (Kind::Begun, b'P' | b'X' | b'^' | b'_') => self.goes_on(Kind::Text, byte),
            (Kind::Begun, 0x20..=0x2f) => self.goes_on(Kind::Escape, byte),
            (Kind::Escape, 0x20..=0x2f) | (Kind::Control, 0x20..=0x3f) if short => self.goes_on(self.kind, byte),
            (Kind::Begun | Kind::Escape, 0x30..=0x7e) | (Kind::Control, 0x40..=0x7e) => self.ends(byte),
            (Kind::Command | Kind::Text, _) => self.text(byte),
            (Kind::Begun | Kind::Escape | Kind::Control, _) => Step::Broken,
        }
    }

    fn text(&mut self, byte: u8) -> Step {
        let after_escape = self.bytes.len() > 2 && self.bytes.last() == Some(&ESC);
        match byte {
            b'\\' if after_escape => self.ends(byte),
            // The escape does not end this sequence: it begins another one.
            _ if after_escape => Step::Replaced,
            BELL if self.kind == Kind::Command => self.ends(byte),
            // A line feed ends every sequence: real ones hold none, and one that was cut off must
            // not swallow the lines that follow. So do the two characters that cancel (ECMA-48).
            b'\n' | 0x18 | 0x1a => Step::Broken,
            _ if self.bytes.len() >= MAX_SEQUENCE => Step::Broken,
            _ => self.goes_on(self.kind, byte),
        }
    }

    fn goes_on(&mut self, kind: Kind, byte: u8) -> Step {
        self.kind = kind;
        self.bytes.push(byte);
        Step::More
    }

    fn ends(&mut self, byte: u8) -> Step {
        self.bytes.push(byte);
        Step::Whole
    }
}
