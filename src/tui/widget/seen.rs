//! Records which lines of a text were on a screen.
//!
//! The drawing code reports drawn bytes; the decision code asks what is missing. A line counts once every byte of it
//! was drawn: parts cut at the right edge, or below the last row, are missing. Nothing else counts, neither a jump over
//! lines nor a manual mark. Pure: contains no screen, clock or text.

use super::piece::{Known, Piece, TextLine};
use std::collections::HashMap;
use std::ops::Range;

/// Bytes of one half of a line: ranges in order that do not touch each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Bytes(Vec<Range<usize>>);

impl Bytes {
    fn add(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let first = self.0.partition_point(|known| known.end < range.start);
        let after = self.0.partition_point(|known| known.start <= range.end);
        let joined =
            self.0[first..after].iter().fold(range, |all, known| all.start.min(known.start)..all.end.max(known.end));
        self.0.splice(first..after, std::iter::once(joined));
    }

    /// The first byte of `len` that is missing.
    fn gap(&self, len: usize) -> Option<usize> {
        let end = self.0.first().filter(|range| range.start == 0).map_or(0, |range| range.end);
        (end < len).then_some(end)
    }
}

/// The drawn part of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Drawn {
    #[default]
    Nothing,
    /// Something, but not all of it; for each half.
    Part(Box<[Bytes; 2]>),
    Whole,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Line {
    drawn: Drawn,
    /// It need not be read.
    is_extra: bool,
    /// Whether the line arrived while the text was open, and was not drawn completely since.
    is_late: bool,
}

/// The drawn lines of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenLines {
    lines: Vec<Line>,
    /// Lines that must be read.
    needed: usize,
    /// How many of them were drawn completely.
    seen: usize,
}

/// The identity of a half line across layouts, and its index among equal ones.
pub(super) type Key = (Known, usize);

/// The seen parts of a text, by the identity of its lines: they are restored when the text is laid out again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recall {
    halves: HashMap<Key, Half>,
}

/// The seen part of a half line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Half {
    bytes: Bytes,
    is_whole: bool,
    is_late: bool,
}

/// Why a text is laid out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relaid {
    /// It looks different, but has the same meaning.
    Look,
    /// It may contain new content: lines that did not exist before are late.
    News,
}

impl SeenLines {
    /// The state before any of these lines was drawn.
    pub fn new(lines: &[TextLine]) -> SeenLines {
        let line = |line: &TextLine| Line { is_extra: line.is_extra(), ..Line::default() };
        let lines: Vec<Line> = lines.iter().map(line).collect();
        let needed = lines.iter().filter(|line| !line.is_extra).count();
        SeenLines { lines, needed, seen: 0 }
    }

    /// Records that bytes of a half of a line were drawn. `lens` are the lengths of its halves, 0 for a missing one.
    pub fn draw(&mut self, at: usize, half: usize, range: Range<usize>, lens: [usize; 2]) {
        let Some(line) = self.lines.get_mut(at).filter(|line| line.drawn != Drawn::Whole) else { return };
        if line.drawn == Drawn::Nothing {
            line.drawn = Drawn::Part(Box::default());
        }
        let Drawn::Part(halves) = &mut line.drawn else { return };
        if let Some(bytes) = halves.get_mut(half) {
            bytes.add(range);
        }
        if halves.iter().zip(lens).all(|(bytes, len)| bytes.gap(len).is_none()) {
            self.finish(at);
        }
    }

    fn finish(&mut self, at: usize) {
        let line = &mut self.lines[at];
        line.drawn = Drawn::Whole;
        line.is_late = false;
        self.seen += usize::from(!line.is_extra);
    }

    /// How many lines must be read.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// How many of the required lines were drawn completely.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Whether a line was drawn completely.
    pub fn is_seen(&self, line: usize) -> bool {
        self.lines.get(line).is_some_and(|line| line.drawn == Drawn::Whole)
    }

    /// Whether a line was drawn only in part.
    pub fn is_cut(&self, line: usize) -> bool {
        self.lines.get(line).is_some_and(|line| matches!(line.drawn, Drawn::Part(_)))
    }

    /// Whether a line arrived while the text was open, and was not drawn completely since.
    pub fn is_late(&self, line: usize) -> bool {
        self.lines.get(line).is_some_and(|line| line.is_late)
    }

    /// The first required line from `from` on that was not drawn completely.
    pub fn next_unseen(&self, from: usize) -> Option<usize> {
        if self.seen == self.needed {
            return None;
        }
        let rest = self.lines.get(from..).unwrap_or_default();
        rest.iter().position(|line| !line.is_extra && line.drawn != Drawn::Whole).map(|at| from + at)
    }

    /// The lines that arrived late and were not drawn completely since.
    pub fn late(&self) -> impl Iterator<Item = usize> {
        self.lines.iter().enumerate().filter(|(_, line)| line.is_late).map(|(at, _)| at)
    }

    /// The first byte of a half of a line that was not drawn; `None` if all of its `len` bytes were drawn.
    pub fn gap(&self, line: usize, half: usize, len: usize) -> Option<usize> {
        match &self.lines.get(line)?.drawn {
            Drawn::Whole => None,
            Drawn::Nothing => Some(0),
            Drawn::Part(halves) => halves.get(half)?.gap(len),
        }
    }

    /// The seen parts, by the identity of the lines.
    pub fn recall(&self, lines: &[TextLine]) -> Recall {
        let mut halves = HashMap::new();
        each_half(lines, |at, number, piece, key, _| {
            let Some(line) = self.lines.get(at) else { return };
            let bytes = match &line.drawn {
                Drawn::Part(halves) => halves.get(number).cloned().unwrap_or_default(),
                Drawn::Nothing | Drawn::Whole => Bytes::default(),
            };
            let len = piece.text().len();
            let is_whole = line.drawn == Drawn::Whole || (len > 0 && bytes.gap(len).is_none());
            halves.insert(key, Half { bytes, is_whole, is_late: line.is_late });
        });
        Recall { halves }
    }

    /// Restores what was seen of lines that this text contains too.
    pub fn take_up(&mut self, recall: &Recall, lines: &[TextLine], why: Relaid) {
        each_half(lines, |at, number, piece, key, twin| {
            let half = recall.halves.get(&key).or_else(|| recall.halves.get(&twin?));
            let Some(half) = half else {
                self.lines[at].is_late |= why == Relaid::News && self.lines[at].drawn != Drawn::Whole;
                return;
            };
            self.lines[at].is_late |= half.is_late;
            let lens = lens(&lines[at]);
            if half.is_whole {
                self.draw(at, number, 0..piece.text().len(), lens);
            } else {
                half.bytes.0.iter().for_each(|range| self.draw(at, number, range.clone(), lens));
            }
        });
    }
}

/// The lengths of the halves of a line, in bytes.
pub(super) fn lens(line: &TextLine) -> [usize; 2] {
    let mut lens = [0; 2];
    line.pieces().zip(&mut lens).for_each(|(piece, len)| *len = piece.text().len());
    lens
}

/// Calls with the line, the number of the half, the half, its key, and the key of a half with the same meaning.
pub(super) fn each_half(lines: &[TextLine], mut call: impl FnMut(usize, usize, &Piece, Key, Option<Key>)) {
    let mut alike: HashMap<String, usize> = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        // An unchanged line is on both sides if there are two, and once if there is one.
        let twin = line.unchanged().map(|new| (new.known(), 0));
        let fills = |piece: &Piece| line.is_split() && piece.place().is_none();
        for (number, piece) in line.pieces().enumerate().filter(|(_, piece)| !fills(piece)) {
            let known = piece.known();
            let count = match &known {
                Known::Place(_) => 0,
                Known::Text(text) => {
                    let next = alike.entry(text.clone()).or_default();
                    *next += 1;
                    *next - 1
                }
            };
            call(at, number, piece, (known, count), twin.clone());
        }
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
