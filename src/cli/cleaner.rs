//! Output of a tool on its way to a terminal: who takes it, and what is made safe in it.

use crate::domain::{SafeText, Stream, escape_char};
use std::fmt::Write;
use std::io;

/// A control sequence longer than this is no control sequence.
const MAX_SEQUENCE_BYTES: usize = 64;

/// Who takes the output of a run as it comes.
pub(super) trait Sink {
    /// Takes the next bytes of a stream.
    ///
    /// # Errors
    /// When they cannot be passed on; the run is cancelled then.
    fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()>;
}

/// Makes the output of a tool safe for a terminal while it comes.
///
/// Basic colours pass where colours are on. A carriage return begins a new line, so that no text
/// can paint over another. Other control sequences and hidden characters are visible escapes.
pub(super) struct Cleaner {
    color: bool,
    held: Vec<u8>,
    line_open: bool,
    inked: bool,
}

impl Cleaner {
    /// A cleaner that lets basic colours pass, or none.
    pub(super) fn new(color: bool) -> Cleaner {
        Cleaner { color, held: Vec::new(), line_open: false, inked: false }
    }

    /// The next bytes, cleaned. What may belong to a sequence that is not complete yet is held.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut safe = String::with_capacity(all.len());
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            match self.step(rest, &mut safe) {
                0 => break,
                used => rest = &rest[used..],
            }
        }
        self.held = rest.to_vec();
        safe
    }

    /// What is held, as escapes; ends an open line and an open colour.
    pub(super) fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        let mut safe = String::new();
        if held != b"\r" {
            self.plain(&held, &mut safe);
        }
        if std::mem::take(&mut self.inked) {
            safe.push_str("\x1b[0m");
        }
        if std::mem::take(&mut self.line_open) {
            safe.push('\n');
        }
        safe
    }

    /// Cleans the first piece of `rest`; gives back how many bytes it was, 0 to wait for more.
    fn step(&mut self, rest: &[u8], safe: &mut String) -> usize {
        match rest {
            [b'\n', ..] => self.end_line(1, safe),
            [b'\r' | 0x1b] => 0,
            [b'\r', b'\n', ..] => self.end_line(2, safe),
            [b'\r', ..] if self.line_open => self.end_line(1, safe),
            [b'\r', ..] => 1,
            [b'\t', ..] => {
                safe.push('\t');
                1
            }
            [0x1b, b'[', ..] => self.sequence(rest, safe),
            [0x1b, ..] => {
                self.plain(&rest[..1], safe);
                1
            }
            _ => {
                let end = memchr::memchr3(b'\n', b'\r', 0x1b, rest).unwrap_or(rest.len());
                let end = memchr::memchr(b'\t', &rest[..end]).unwrap_or(end);
                let torn = if end == rest.len() { torn_tail(rest) } else { 0 };
                self.plain(&rest[..end - torn], safe);
                end - torn
            }
        }
    }

    fn end_line(&mut self, used: usize, safe: &mut String) -> usize {
        safe.push('\n');
        self.line_open = false;
        used
    }

    /// Text without line ends; bytes that are no UTF-8 become `\xNN`.
    fn plain(&mut self, bytes: &[u8], safe: &mut String) {
        self.line_open |= !bytes.is_empty();
        for chunk in bytes.utf8_chunks() {
            safe.push_str(SafeText::new(chunk.valid()).as_str());
            for byte in chunk.invalid() {
                safe.push_str(&escape_char(char::from(*byte)));
            }
        }
    }

    /// A sequence that begins with ESC and `[`.
    fn sequence(&mut self, rest: &[u8], safe: &mut String) -> usize {
        let body = &rest[2..];
        let Some(end) = body.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else {
            if rest.len() < MAX_SEQUENCE_BYTES {
                return 0;
            }
            self.plain(&rest[..2], safe);
            return 2;
        };
        let parameters = &body[..end];
        match body[end] {
            b'm' => self.ink(parameters, safe),
            // Nothing was painted over, so erasing to the end of a line has nothing to erase.
            b'K' => {}
            _ => {
                self.plain(&rest[..2], safe);
                return 2;
            }
        }
        end + 3
    }

    /// Passes the basic colours on. Styles that can make text invisible are left out: the text shows.
    fn ink(&mut self, parameters: &[u8], safe: &mut String) {
        if !self.color {
            return;
        }
        let text = String::from_utf8_lossy(parameters);
        let numbers = text.split([';', ':']).map(|number| if number.is_empty() { "0" } else { number });
        let numbers = numbers.map_while(|number| number.parse::<u8>().ok().filter(|n| !matches!(n, 38 | 48 | 58)));
        let basic = |n: &u8| matches!(n, 0 | 1 | 3 | 4 | 22..=24 | 31..=36 | 39 | 91..=96);
        let kept: Vec<u8> = numbers.filter(basic).collect();
        if let Some(last) = kept.last() {
            self.inked = *last != 0;
            let list = kept.iter().map(u8::to_string).collect::<Vec<_>>().join(";");
            let _ = write!(safe, "\x1b[{list}m");
        }
    }
}

/// How many bytes at the end begin a UTF-8 character whose rest is still to come.
pub(super) fn torn_tail(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let needs = match bytes[bytes.len() - back] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if needs > back { back } else { 0 };
    }
    0
}
