//! The search text: plain, and case-insensitive unless it contains an upper-case letter.

use memchr::memmem;
use std::ops::Range;

/// A search text, prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    /// As typed if `exact`, otherwise in lower case.
    text: String,
    exact: bool,
}

impl Needle {
    /// Prepares `text`; `None` when it is empty.
    pub(super) fn new(text: &str) -> Option<Needle> {
        if text.is_empty() {
            return None;
        }
        let exact = text.chars().any(char::is_uppercase);
        Some(Needle { text: if exact { text.to_owned() } else { fold(text).0 }, exact })
    }

    /// Its occurrences in `line`, in bytes, without overlaps.
    pub(super) fn find_in(&self, line: &str) -> Vec<Range<usize>> {
        let length = self.text.len();
        if self.exact {
            return memmem::find_iter(line.as_bytes(), &self.text).map(|at| at..at + length).collect();
        }
        if line.is_ascii() {
            if line.len() < length {
                return Vec::new();
            }
            let folded = line.to_ascii_lowercase();
            return memmem::find_iter(folded.as_bytes(), &self.text).map(|at| at..at + length).collect();
        }
        let (folded, origins) = fold(line);
        let origin = |at: usize| origins.get(at).copied().unwrap_or(line.len());
        memmem::find_iter(folded.as_bytes(), &self.text)
            .map(|at| origin(at)..end_of_char(line, origin(at + length), origin(at + length - 1)))
            .filter(|range| !range.is_empty())
            .collect()
    }
}

/// The text in lower case, and for each of its bytes the beginning of the original character.
fn fold(text: &str) -> (String, Vec<usize>) {
    let mut folded = String::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        folded.extend(c.to_lowercase());
        origins.resize(folded.len(), at);
    }
    (folded, origins)
}

/// The end of a match: the beginning of the next character, even if the match ends within the several lower-case
/// characters of one upper-case character.
fn end_of_char(line: &str, next: usize, last: usize) -> usize {
    if next > last { next } else { line[last..].chars().next().map_or(last, |c| last + c.len_utf8()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(needle: &str, line: &str) -> Vec<Range<usize>> {
        Needle::new(needle).unwrap().find_in(line)
    }

    #[test]
    fn case_counts_only_when_an_upper_case_letter_was_typed() {
        assert_eq!(find("error", "Error ERROR error"), vec![0..5, 6..11, 12..17]);
        assert_eq!(find("Error", "Error ERROR error"), vec![0..5]);
        assert_eq!(find("größe", "Eine GRÖSSE, eine GRÖßE"), vec![19..26]);
        assert_eq!(find("x", ""), Vec::<Range<usize>>::new());
        assert_eq!(Needle::new(""), None);
    }

    #[test]
    fn ranges_lie_on_characters_whatever_folding_does() {
        for (needle, line) in [("i", "İstanbul İ"), ("ss", "ẞ"), ("\u{307}", "İ"), ("k", "K K")] {
            for range in find(needle, line) {
                assert!(line.get(range).is_some());
            }
        }
    }
}
