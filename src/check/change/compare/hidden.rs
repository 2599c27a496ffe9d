//! New characters that a reader does not see or mistakes for others.

use crate::domain::{Finding, Severity, ToolDetail, escape_char, hidden_in};
use std::collections::BTreeSet;

/// The first letter beyond ASCII and accented Latin.
const FIRST_OTHER: char = '\u{0250}';

/// Finds hidden characters and words of mixed scripts that the old version did not contain.
pub(in crate::check::change) fn compare(base: &ToolDetail, new: &ToolDetail) -> Vec<Finding> {
    let known: BTreeSet<String> =
        base.files.iter().flat_map(|file| odd(&file.bytes)).map(|(word, _, _)| word).collect();
    let mut findings = Vec::new();
    for file in &new.files {
        for (word, line, is_mixed) in odd(&file.bytes) {
            if known.contains(&word) {
                continue;
            }
            let (code, message) = if is_mixed {
                let strange: String = word.chars().filter(|c| !c.is_ascii()).map(escape_char).collect();
                ("homoglyph", format!("the word {word} mixes letters of two scripts: {strange}"))
            } else {
                ("hidden-character", format!("a hidden character was added: {word}"))
            };
            findings.push(Finding::new(code, Severity::High, message).at(&file.path, line));
        }
    }
    findings
}

/// Hidden characters (as escapes) and words of mixed scripts, each with its line and whether it is such a word.
fn odd(bytes: &[u8]) -> Vec<(String, u64, bool)> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    if text.is_ascii() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index as u64 + 1;
        found.extend(hidden_in(line).into_iter().map(|c| (escape_char(c), number, false)));
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let is_mixed = |word: &&str| {
            word.chars().any(|c| c.is_ascii_alphabetic()) && word.chars().any(|c| c >= FIRST_OTHER && c.is_alphabetic())
        };
        found.extend(words.filter(is_mixed).map(|word| (word.to_owned(), number, true)));
    }
    found
}
