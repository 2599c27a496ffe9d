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
    let at = spec.doc.to_lowercase().find(&words)?;
    // Documentation is ASCII (a test of the table checks that), so bytes are characters.
    let start = spec.name.len() + 2 + at;
    Some((0, (start..start + words.len()).collect()))
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
