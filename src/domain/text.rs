//! Makes untrusted text safe to draw.
//!
//! Names, descriptions, output, paths, errors and diffs come from tools and agents. They must never reach a screen, a
//! title or a log raw: characters that move the cursor, reorder, hide or vanish are written as visible escapes, never
//! dropped, so that "hidden\rshown" is never displayed incompletely.

use super::hidden::is_hidden;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use unicode_width::UnicodeWidthChar;

/// One line of text in which every control, bidi, zero-width, tag and variation character is a visible escape. It can
/// only be created by escaping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SafeText(String);

/// A longer run of combining marks is escaped: it would paint over neighbouring lines.
const MAX_COMBINING_RUN: usize = 3;

impl SafeText {
    /// Escapes `raw`, including line breaks and tabs: split into lines or expand tabs first if they are meaningful.
    pub fn new(raw: &str) -> SafeText {
        SafeText(escape(raw).into_owned())
    }

    /// Escapes `raw`, without copying if nothing needs escaping; the text is the same as in [`SafeText::new`]. Escaping
    /// safe text again changes nothing.
    pub fn visible(raw: &str) -> Cow<'_, str> {
        escape(raw)
    }

    /// Escapes one line of a file for a viewer: tabs become four blanks, the rest as in [`SafeText::new`].
    pub fn source_line(raw: &str) -> SafeText {
        SafeText(escape(&raw.replace('\t', "    ")).into_owned())
    }

    /// Escapes a text of several lines, line by line; `\n` and `\r\n` end a line.
    pub fn lines(raw: &str) -> Vec<SafeText> {
        raw.lines().map(SafeText::source_line).collect()
    }

    /// The text, safe to print in a terminal.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of hidden characters in `raw` that a viewer should warn about: those of
    /// [`hidden_in`](super::hidden_in) in each of its lines.
    pub fn count_hidden(raw: &str) -> usize {
        // Nearly all files are plain, so that is tested first.
        if raw.split('\n').all(is_plain) {
            return 0;
        }
        // A byte order mark at the very beginning is legitimate.
        let raw = raw.strip_prefix('\u{feff}').unwrap_or(raw);
        raw.lines().map(|line| super::hidden::hidden_in(line).len()).sum()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<SafeText> for String {
    fn from(text: SafeText) -> String {
        text.0
    }
}

impl Serialize for SafeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The trimmed text of a human; `None` if nothing in it is visible.
pub fn visible_words(text: &str) -> Option<&str> {
    let words = text.trim();
    words.chars().any(|c| !c.is_whitespace() && !is_hidden(c)).then_some(words)
}

/// The visible escape of a character: `\n`, `\r`, `\t`, `\x1b`, `\u{202e}`.
pub fn escape_char(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if (c as u32) < 0x100 => format!("\\x{:02x}", c as u32),
        c => format!("\\u{{{:x}}}", c as u32),
    }
}

/// Whether a character is drawn onto the one before it: a zero-width mark of any script.
fn is_combining(c: char) -> bool {
    !c.is_ascii() && c.width() == Some(0)
}

/// Counts marks, so that those which would leave their cell are escaped.
#[derive(Default)]
pub struct Marks {
    run: usize,
    begun: bool,
}

impl Marks {
    /// Whether `c`, the next character of a line, must be escaped: it is hidden, exceeds the number of marks, or is a
    /// mark without a base character in its line.
    pub fn escapes(&mut self, c: char) -> bool {
        let combining = is_combining(c);
        self.run = if combining { self.run + 1 } else { 0 };
        let lone = combining && !self.begun;
        self.begun = true;
        is_hidden(c) || self.run > MAX_COMBINING_RUN || lone
    }
}

/// Whether a text consists only of ASCII characters with a width of one column. Tests eight bytes at a time, because
/// all printed text is tested.
pub(super) fn is_plain(text: &str) -> bool {
    /// Eight times the same byte.
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let is_odd = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        let delete = word ^ all(0x7f);
        let is_control = word.wrapping_sub(all(0x20)) & !word;
        let is_delete = delete.wrapping_sub(all(1)) & !delete;
        (word | is_control | is_delete) & all(0x80) != 0
    };
    !words.iter().any(is_odd) && rest.iter().all(|byte| (0x20..0x7f).contains(byte))
}

fn escape(raw: &str) -> Cow<'_, str> {
    // Nearly all text is plain, so that is tested before copying.
    if is_plain(raw) {
        return Cow::Borrowed(raw);
    }
    let mut marks = Marks::default();
    if !raw.chars().any(|c| marks.escapes(c)) {
        return Cow::Borrowed(raw);
    }
    let mut marks = Marks::default();
    let mut safe = String::with_capacity(raw.len() + 16);
    for c in raw.chars() {
        if marks.escapes(c) {
            safe.push_str(&escape_char(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn nothing_that_moves_or_hides_survives() {
        let raw = "a\u{1b}[2Jb\u{202e}c\u{200b}d\u{9b}e\u{e0041}f\u{fe0f}g\rh\u{2028}i";
        let safe = SafeText::new(raw);
        assert_eq!(safe.as_str(), "a\\x1b[2Jb\\u{202e}c\\u{200b}d\\x9be\\u{e0041}f\\u{fe0f}g\\rh\\u{2028}i");
        assert!(!safe.as_str().chars().any(is_hidden));
        assert_eq!(SafeText::count_hidden(raw), 8);
    }

    #[test]
    fn plain_text_is_known_at_every_place() {
        for length in [1, 7, 8, 9, 17] {
            for at in 0..length {
                for byte in 0..=0x7f_u8 {
                    let mut bytes = vec![b'a'; length];
                    bytes[at] = byte;
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(is_plain(&text), (0x20..0x7f).contains(&byte), "{text:?}");
                }
            }
        }
        assert!(is_plain("") && !is_plain("seven, é") && !is_plain("é"));
    }

    #[test]
    fn ordinary_text_of_any_script_is_kept() {
        for text in ["plain", "Größe", "日本語", "naïve café", "→ ✓"] {
            assert_eq!(SafeText::new(text).as_str(), text);
        }
        assert_eq!(SafeText::count_hidden("a\r\nb\tc\n"), 0);
        assert_eq!(SafeText::count_hidden("\u{feff}print(1)\n"), 0, "a mark of the byte order");
        assert_eq!(SafeText::count_hidden("print(\u{feff}1)\n"), 1);
    }

    #[test]
    fn stacked_marks_of_any_script_are_cut() {
        for mark in ['\u{301}', '\u{e47}', '\u{64b}', '\u{20dd}', '\u{1ab0}'] {
            let stacked = format!("e{}", mark.to_string().repeat(20));
            assert_eq!(SafeText::new(&stacked).as_str().matches(&escape_char(mark)).count(), 17, "{mark:?}");
        }
    }

    #[test]
    fn a_mark_without_a_letter_of_its_own_is_an_escape() {
        assert_eq!(SafeText::new("\u{301}a\u{301}").as_str(), "\\u{301}a\u{301}");
        assert_eq!(SafeText::source_line("\u{301}a"), SafeText::new("\u{301}a"));
    }

    #[test]
    fn the_parts_of_a_joined_or_varied_sign_are_seen() {
        assert_eq!(SafeText::new("\u{1f469}\u{200d}\u{1f4bb}").as_str(), "\u{1f469}\\u{200d}\u{1f4bb}");
        assert_eq!(SafeText::new("\u{2602}\u{fe0f}\u{1f1e9}\u{1f1ea}").as_str(), "\u{2602}\\u{fe0f}\u{1f1e9}\u{1f1ea}");
        // Visible, so no warning is needed.
        assert_eq!(SafeText::count_hidden("\u{1f469}\u{200d}\u{1f4bb}\u{2602}\u{fe0f}"), 0);
    }

    #[test]
    fn no_character_of_unicode_vanishes_and_escaping_twice_is_escaping_once() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let text = SafeText::new(&c.to_string());
            assert!(text.as_str().width() > 0, "{c:?} takes no column");
            assert_eq!(SafeText::visible(text.as_str()), text.as_str());
        }
    }
}
