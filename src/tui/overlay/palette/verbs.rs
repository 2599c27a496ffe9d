//! Verbs in the palette: matching the typed text, and drawing their rows.

use super::PaletteRow;
use crate::action::Spec;
use crate::tui::ink::Span;
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{pad, safe, wrap};
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use unicode_width::UnicodeWidthStr;

/// Lines about the selected verb.
pub(super) const VERB_LINES: usize = 2;

/// The full text about a verb; empty if its row shows it.
pub(super) fn told_whole(row: &PaletteRow, width: usize) -> Vec<String> {
    let about = about_verb(row);
    let room = width.saturating_sub(1 + NAME_WIDTH + 1 + KEY_WIDTH);
    if about.width() <= room { Vec::new() } else { wrap(&about, width).into_iter().take(VERB_LINES).collect() }
}

/// The reason why it is unavailable replaces its sentence.
fn about_verb(row: &PaletteRow) -> String {
    match &row.reason {
        Some(reason) if row.is_blocked() => safe(reason),
        _ => row.spec.doc.to_owned(),
    }
}

/// Columns of the keys of verbs.
const KEY_WIDTH: usize = 10;

/// The width of verb names; a longer one moves its sentence to the right.
const NAME_WIDTH: usize = 16;

/// The width from which names have a separate column.
const ALIGNED_FROM: usize = 48;

/// A verb matches by its name, fuzzily, or by complete parts of its sentence; names take precedence.
pub(super) fn verb_match(matcher: &SkimMatcherV2, spec: &Spec, text: &str) -> Option<(i64, Vec<usize>)> {
    if let Some((score, matches)) = matcher.fuzzy_indices(spec.name, text) {
        let head = if spec.name.starts_with(text) { 1_000 } else { 0 };
        return Some((1_000 + head + score, matches));
    }
    let words = text.to_lowercase();
    let doc = spec.doc.to_lowercase();
    // Documentation is ASCII (a test of the table checks that), so bytes are characters.
    let marks = |at: usize, length: usize| {
        let start = spec.name.len() + 2 + at;
        start..start + length
    };
    if let Some(at) = doc.find(&words) {
        return Some((0, marks(at, words.len()).collect()));
    }
    words_match(spec, &doc, &words)
        .map(|(score, found)| (score, found.into_iter().flat_map(|(at, length)| marks(at, length)).collect()))
}

/// Words that say nothing about a verb: people put them around the word that they look for.
const LITTLE_WORDS: [&str; 36] = [
    "a", "all", "an", "and", "are", "can", "do", "does", "find", "for", "get", "give", "go", "how", "i", "in", "is",
    "it", "list", "look", "me", "my", "of", "on", "or", "see", "show", "that", "the", "them", "this", "to", "want",
    "what", "where", "with",
];

/// Letters that two words must have in common at their beginning, unless one is shorter.
const LEAST_STEM: usize = 4;

/// A sentence of words matches if each of them, little words aside, is in the sentence of the verb, in its name or about
/// one of its arguments. Words of one stem are the same.
fn words_match(spec: &Spec, doc: &str, text: &str) -> Option<(i64, Vec<(usize, usize)>)> {
    let asked: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).collect();
    let asked: Vec<&str> = asked.into_iter().filter(|word| !LITTLE_WORDS.contains(word)).collect();
    if asked.is_empty() {
        return None;
    }
    let (mut score, mut found) = (-1_000, Vec::new());
    for word in asked {
        let in_doc = words_of(doc).find(|(_, other)| has_stem(word, other));
        let in_name = || words_of(spec.name).any(|(_, other)| has_stem(word, other));
        let in_args =
            || spec.args.iter().any(|arg| words_of(arg.doc).any(|(_, other)| has_stem(word, &other.to_lowercase())));
        match in_doc {
            Some((at, other)) => found.push((at, other.len())),
            None if in_name() => {}
            // What only an argument does is less likely to be meant.
            None if in_args() => score -= 100,
            None => return None,
        }
    }
    Some((score, found))
}

/// The words of a text, each with its position.
fn words_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive(|c: char| !c.is_alphanumeric()).scan(0, |at, part| {
        let start = *at;
        *at += part.len();
        Some((start, part.trim_end_matches(|c: char| !c.is_alphanumeric())))
    })
}

/// Whether two words begin alike and differ only in a short ending: `duplicate` and `duplicates`.
fn has_stem(one: &str, other: &str) -> bool {
    let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
    one == other || (common >= LEAST_STEM && common + 2 >= short && common + 3 >= long)
}

pub(super) fn verb_row(row: &PaletteRow, matches: &[usize], width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let blocked = row.is_blocked();
    let about = about_verb(row);
    let name = row.spec.name.len();
    let begins = if width < ALIGNED_FROM { name + 2 } else { NAME_WIDTH.max(name + 1) + 1 };
    let text = format!("{}{}{about}", row.spec.name, " ".repeat(begins - name));
    let shown = pad(&text, width.saturating_sub(KEY_WIDTH));
    // Positions after the name are in the sentence, two columns from the name.
    let found = |at: usize| match at.checked_sub(begins) {
        None => at < name && matches.contains(&at),
        Some(at) => !blocked && matches.contains(&(name + 2 + at)),
    };
    let style = |at: usize| {
        let base = if at < name && !blocked { theme.title } else { theme.dim };
        if found(at) { base.patch(theme.match_) } else { base }
    };
    let mut spans: Vec<Span> =
        shown.chars().enumerate().map(|(at, c)| Span::styled(c.to_string(), style(at))).collect();
    spans.push(Span::styled(format!(" {:<9}", row.key), theme.accent));
    spans
}
