//! Finds code outside strings and comments, and matches brackets.
//!
//! Far less than a syntax tree, and a hundred times as fast: a scan reads thousands of scripts, and what it looks for
//! are signatures, calls and literals. Damaged code gives less, never an error.

use crate::domain::source::Language;

/// How many calls of one name in a file are examined.
const MAX_CALLS: usize = 1_000;

/// Bytes of a call, from its bracket on.
const CALL_BYTES: usize = 64 * 1024;

/// How often each byte of a file may be examined as part of a call: nested calls are read repeatedly.
const CALL_LOOKS: usize = 2;

/// A position in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    /// Offset in bytes.
    pub(super) at: usize,
    pub(super) byte: u8,
    /// How many brackets are open here; a bracket itself counts as outside.
    pub(super) depth: usize,
}

/// The bytes of a text that are code. A string counts as one `"` at its start.
pub(super) struct Signs<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    is_python: bool,
    /// The last byte that was no blank: decides whether a `/` begins a pattern.
    last: u8,
}

/// The signs of a text. Python has triple quotes and `#`; every other language is read as JavaScript.
pub(super) fn signs(text: &str, language: Language) -> Signs<'_> {
    Signs { text: text.as_bytes(), at: 0, depth: 0, is_python: language == Language::Python, last: b';' }
}

impl Signs<'_> {
    /// The remaining bytes. A skipped character may exceed the end of the text.
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn begins(&self, with: &[u8]) -> bool {
        self.rest().starts_with(with)
    }

    /// Moves after the next `end`, or to the end of the text.
    fn skip_past(&mut self, end: &[u8]) {
        let found = self.rest().windows(end.len()).position(|window| window == end);
        self.at = found.map_or(self.text.len(), |found| self.at + found + end.len());
    }

    /// Moves after a string that begins here. One with a single quote character ends with its line.
    fn skip_string(&mut self, quote: u8) {
        let triple = [quote; 3];
        let is_long = self.is_python && self.begins(&triple);
        let many_lines = is_long || quote == b'`';
        let end: &[u8] = if is_long { &triple } else { &triple[..1] };
        self.at += end.len();
        while self.at < self.text.len() {
            match self.text[self.at] {
                b'\\' => self.at += 2,
                b'\n' if !many_lines => return,
                _ if self.begins(end) => {
                    self.at += end.len();
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.text.len();
    }

    /// Moves after a pattern such as `/a[/]b/`.
    fn skip_pattern(&mut self) {
        let mut is_class = false;
        self.at += 1;
        while let Some(byte) = self.text.get(self.at).copied() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'[' => is_class = true,
                b']' => is_class = false,
                b'/' if !is_class => return,
                b'\n' => return,
                _ => {}
            }
        }
    }

    fn skip_comment(&mut self) -> bool {
        if self.is_python {
            let is_comment = self.begins(b"#");
            if is_comment {
                self.skip_line();
            }
            return is_comment;
        }
        if self.begins(b"//") {
            self.skip_line();
        } else if self.begins(b"/*") {
            self.at += 2;
            self.skip_past(b"*/");
        } else {
            return false;
        }
        true
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
}

impl Iterator for Signs<'_> {
    type Item = Sign;

    fn next(&mut self) -> Option<Sign> {
        while self.skip_comment() {}
        self.at = self.at.min(self.text.len());
        let (at, byte) = (self.at, *self.text.get(self.at)?);
        let mut sign = Sign { at, byte, depth: self.depth };
        match byte {
            b'"' | b'\'' => {
                self.skip_string(byte);
                sign.byte = b'"';
            }
            b'`' if !self.is_python => {
                self.skip_string(byte);
                sign.byte = b'"';
            }
            b'/' if !self.is_python && b"(,=:[!&|?{};".contains(&self.last) => self.skip_pattern(),
            b'(' | b'[' | b'{' => {
                self.depth += 1;
                self.at += 1;
            }
            b')' | b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                sign.depth = self.depth;
                self.at += 1;
            }
            b'\\' => self.at += 2,
            _ => self.at += 1,
        }
        if !byte.is_ascii_whitespace() {
            self.last = sign.byte;
        }
        Some(sign)
    }
}

/// The parts of a text between signs `by` that are in no bracket, without comments and blanks at their ends; an empty last part
/// is left out.
pub(super) fn split(text: &str, by: u8, language: Language) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut part: Option<(usize, usize)> = None;
    let of = |part: Option<(usize, usize)>| part.and_then(|(from, to)| text.get(from..to)).unwrap_or_default().trim();
    let mut all = signs(text, language);
    while let Some(sign) = all.next() {
        if sign.depth == 0 && sign.byte == by {
            parts.push(of(part.take()));
        } else if !sign.byte.is_ascii_whitespace() {
            part = Some((part.map_or(sign.at, |(from, _)| from), all.at.min(text.len())));
        }
    }
    if part.is_some() {
        parts.push(of(part));
    }
    parts
}

/// A text without comments and blanks at its ends.
pub(super) fn code(text: &str, language: Language) -> &str {
    // No sign of code is zero, so that the whole is one part.
    split(text, 0, language).first().copied().unwrap_or_default()
}

/// The two parts of a text around the first sign `by` that is in no bracket.
pub(super) fn split_once(text: &str, by: u8, language: Language) -> Option<(&str, &str)> {
    let sign = signs(text, language).find(|sign| {
        // `=>`, `==`, `:=` and the like are other signs.
        let next = text.as_bytes().get(sign.at + 1).copied().unwrap_or_default();
        let before = sign.at.checked_sub(1).map(|at| text.as_bytes()[at]).unwrap_or_default();
        let is_pair = by == b'=' && (matches!(next, b'=' | b'>') || matches!(before, b'=' | b'!' | b'<' | b'>'));
        sign.depth == 0 && sign.byte == by && !is_pair
    })?;
    Some((text[..sign.at].trim(), text[sign.at + 1..].trim()))
}

/// The content of the bracket that opens at `open`, without the brackets. `None` if it is not closed.
pub(super) fn inside(text: &str, open: usize, language: Language) -> Option<&str> {
    let rest = text.get(open..)?;
    let end = signs(rest, language).find(|sign| sign.depth == 0 && matches!(sign.byte, b')' | b']' | b'}'))?;
    rest.get(1..end.at)
}

/// One argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallArgument<'t> {
    /// Its name, if it is a named argument.
    pub(super) name: Option<&'t str>,
    pub(super) value: &'t str,
}

/// The arguments of a call, written between its brackets.
pub(super) fn arguments(text: &str, language: Language) -> Vec<CallArgument<'_>> {
    let parts = split(text, b',', language).into_iter().filter(|part| !part.is_empty());
    parts
        .map(|part| match split_once(part, b'=', language).filter(|(name, _)| is_word(name)) {
            Some((name, value)) => CallArgument { name: Some(name), value },
            None => CallArgument { name: None, value: part },
        })
        .collect()
}

/// The calls of a function or method by name: the offset of the name, and the content of the brackets.
pub(super) fn calls<'t>(
    text: &'t str,
    name: &'t str,
    language: Language,
) -> impl Iterator<Item = (usize, &'t str)> + 't {
    let mut left = text.len() * CALL_LOOKS + CALL_BYTES;
    text.match_indices(name).take(MAX_CALLS).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + name.len()..];
        let open = at + name.len() + rest.find(|c: char| !c.is_whitespace())?;
        let is_call = !before.is_some_and(is_word_char) && text.as_bytes()[open] == b'(';
        let piece = Some(window(text, open)).filter(|_| is_call && left > 0)?;
        let found = inside(piece, 0, language);
        left = left.saturating_sub(found.map_or(piece.len(), str::len));
        found.map(|inside| (at, inside))
    })
}

/// Those of some places of a text that are code, not in a string or a comment.
pub(super) fn in_code(text: &str, mut places: Vec<usize>, language: Language) -> Vec<usize> {
    places.sort_unstable();
    let mut left = places.into_iter().peekable();
    let mut found = Vec::new();
    for sign in signs(text, language) {
        while left.next_if(|at| *at < sign.at).is_some() {}
        if left.peek().is_none() {
            break;
        }
        found.extend(left.next_if_eq(&sign.at));
    }
    found
}

/// The piece of the text that is read for one call: no more, so that a file of open brackets takes no
/// time.
pub(super) fn window(text: &str, from: usize) -> &str {
    let mut end = text.len().min(from.saturating_add(CALL_BYTES));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(from..end).unwrap_or_default()
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Whether a text is one name.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_word_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_patterns_are_no_code() {
        let of = |text: &str, language| signs(text, language).map(|sign| sign.byte as char).collect::<String>();
        assert_eq!(of("a('x)', \"\"\"y\n'\"\"\") # (", Language::Python), "a(\", \") ");
        assert_eq!(of("a(`x)`, /[/)]/g) // (\n/* { */b", Language::JavaScript), "a(\", /g) \nb");
        assert_eq!(of("a / b / c", Language::JavaScript), "a / b / c");
        assert_eq!(of("'open\nb", Language::Python), "\"\nb");
    }

    #[test]
    fn a_text_may_end_anywhere() {
        let text = "f('a\\'b', \"\"\"c\"\"\") # d\n/* e */ /x\\/[y]/ `z\\``, \\";
        for end in 0..=text.len() {
            for language in [Language::Python, Language::JavaScript] {
                let text = &text[..end];
                assert!(signs(text, language).count() <= end);
                assert!(split(text, b',', language).len() <= end);
                assert!(calls(text, "f", language).count() <= 1);
            }
        }
    }

    #[test]
    fn parts_are_split_outside_of_brackets() {
        let text = "a, b: Dict[str, int] = {'x': 1}, c=',',";
        assert_eq!(split(text, b',', Language::Python), ["a", "b: Dict[str, int] = {'x': 1}", "c=','"]);
        assert_eq!(split("# one\n a,  # of a\n # two\n b, # end", b',', Language::Python), ["a", "b"]);
        assert_eq!(split("/* a */ x, y // z", b',', Language::TypeScript), ["x", "y"]);
        assert_eq!(code("# é\n 'é' # x", Language::Python), "'é'");
        assert_eq!(split_once("a == b", b'=', Language::Python), None);
        assert_eq!(split_once("f: (a) => b = c", b'=', Language::TypeScript), Some(("f: (a) => b", "c")));
    }

    #[test]
    fn calls_are_found_with_their_arguments() {
        let text = "p.add_argument('--n', type=int, help='a (b')\nreadd_argument(1)\nadd_argument";
        let found: Vec<_> = calls(text, "add_argument", Language::Python).collect();
        let [(_, inner)] = found[..] else { panic!("{found:?}") };
        let names: Vec<_> = arguments(inner, Language::Python).iter().map(|one| (one.name, one.value)).collect();
        assert_eq!(names, [(None, "'--n'"), (Some("type"), "int"), (Some("help"), "'a (b'")]);
        assert_eq!(inside("(a", 0, Language::Python), None);
        assert_eq!(calls(&"add_argument(".repeat(80_000), "add_argument", Language::Python).count(), 0);
    }

    #[test]
    fn calls_in_calls_are_read_a_bounded_number_of_times() {
        let nested = |times: usize| format!("{}{}", "server.tool(\"x\", ".repeat(times), ")".repeat(times));
        let read = |times: usize| -> usize {
            calls(&nested(times), "tool", Language::JavaScript).map(|(_, inner)| inner.len()).sum()
        };
        // The control: a few are all found.
        assert_eq!(calls(&nested(3), "tool", Language::JavaScript).count(), 3);
        for times in [500, 1_000, 2_000] {
            assert!(read(times) <= nested(times).len() * CALL_LOOKS + 2 * CALL_BYTES, "{times}: {}", read(times));
        }
        // The number of calls next to each other is not limited by this.
        assert_eq!(calls(&"server.tool('x', f);\n".repeat(900), "tool", Language::JavaScript).count(), 900);
    }
}
