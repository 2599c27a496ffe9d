//! Changes to byte ranges of a text; all other bytes stay the same.

use std::ops::Range;

/// A byte range, and its replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

impl Edit {
    /// Inserts a text at a position.
    pub fn insert(at: usize, text: impl Into<String>) -> Edit {
        Edit { range: at..at, text: text.into() }
    }
}

/// The text after the changes; `None` when two changes overlap or one is out of range.
pub(super) fn apply(text: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort_by_key(|edit| edit.range.start);
    let mut changed = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        changed.push_str(text.get(at..edit.range.start)?);
        changed.push_str(&edit.text);
        at = edit.range.end;
    }
    changed.push_str(text.get(at..)?);
    Some(changed)
}

/// The line ending of a text.
pub(super) fn line_end(text: &str) -> &'static str {
    let first = text.find('\n');
    if first.is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}
