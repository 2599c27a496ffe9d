//! Detects omitted parts of files: `# ... rest of the code stays the same ...`.

use crate::evolve::cut::{Keep, cut};

/// Words next to the dots of an omitted part.
const WORDS: &[&str] = &[
    "existing",
    "rest of",
    "remaining",
    "remainder",
    "unchanged",
    "same as",
    "the same",
    "previous code",
    "your code",
    "your implementation",
    "omitted",
    "as before",
    "keep the",
    "other functions",
    "other methods",
    "continues",
];

/// The first comment that marks an omitted part, at most 80 bytes of it; existing comments do not count.
pub(super) fn line(text: &str, before: &str) -> Option<String> {
    let found = text.lines().find(|line| is_elision(line) && !before.lines().any(|old| old.trim() == line.trim()))?;
    Some(cut(found.trim(), 80, Keep::Head).0)
}

fn is_elision(line: &str) -> bool {
    let line = line.trim();
    let openings = ["#", "//", "/*", "--", "<!--"];
    let Some(comment) = openings.iter().find_map(|opening| line.strip_prefix(opening)) else { return false };
    let comment = comment.trim().to_lowercase();
    let has_dots = comment.starts_with("...") || comment.starts_with('…') || {
        let end = comment.trim_end_matches(['/', '*', '-', '>', ' ', ')', ']', '}']);
        end.ends_with("...") || end.ends_with('…')
    };
    has_dots && WORDS.iter().any(|word| comment.contains(word))
}
