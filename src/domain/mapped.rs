//! One line of a file, escaped for a viewer, with a mapping back to its bytes.

use super::text::{Marks, escape_char};
use std::ops::Range;

/// An escaped line that maps each byte of the raw line and knows which parts are escapes. Tabs become four blanks;
/// hidden characters become visible escapes, as in [`super::SafeText::source_line`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MappedLine {
    text: String,
    /// For each character whose length changed: its end in the raw line, and its end in the text.
    shifts: Vec<(usize, usize)>,
    hidden: Vec<Range<usize>>,
}

impl MappedLine {
    /// Escapes `raw`, which is one line without its line break.
    pub fn new(raw: &str) -> MappedLine {
        let mut line = MappedLine { text: String::with_capacity(raw.len()), ..MappedLine::default() };
        let mut marks = Marks::default();
        for (at, c) in raw.char_indices() {
            let escaped = marks.escapes(c);
            let start = line.text.len();
            if c == '\t' {
                line.text.push_str("    ");
            } else if escaped {
                line.text.push_str(&escape_char(c));
                line.hidden.push(start..line.text.len());
            } else {
                line.text.push(c);
                continue;
            }
            line.shifts.push((at + c.len_utf8(), line.text.len()));
        }
        line
    }

    /// The line with control characters escaped.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The escapes, as ranges of the escaped text.
    pub fn hidden(&self) -> &[Range<usize>] {
        &self.hidden
    }

    /// The start in the escaped text of the character at byte `raw` of the raw line; the end for anything after the
    /// line. `raw` is a character boundary.
    pub fn position(&self, raw: usize) -> usize {
        let passed = self.shifts.partition_point(|(end, _)| *end <= raw);
        let (raw_end, safe_end) = if passed == 0 { (0, 0) } else { self.shifts[passed - 1] };
        let mut at = (safe_end + (raw - raw_end)).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The range of the escaped text for the bytes `raw` of the raw line.
    pub fn range(&self, raw: &Range<usize>) -> Range<usize> {
        let start = self.position(raw.start);
        start..self.position(raw.end).max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SafeText;
    use super::*;

    #[test]
    fn bytes_are_found_again_behind_tabs_and_escapes() {
        let raw = "\tif a\u{202e}b: \u{e9}x";
        let line = MappedLine::new(raw);
        assert_eq!(line.text(), "    if a\\u{202e}b: éx");
        assert_eq!(line.text(), SafeText::source_line(raw).as_str());
        assert_eq!(&line.text()[line.range(&(1..3))], "if");
        assert_eq!(line.hidden().iter().map(|range| &line.text()[range.clone()]).collect::<Vec<_>>(), ["\\u{202e}"]);
        let b = raw.find("b:").unwrap();
        assert_eq!(&line.text()[line.range(&(b..b + 1))], "b");
        assert_eq!(line.range(&(0..1)), 0..4);
        assert_eq!(line.position(1000), line.text().len());
    }
}
