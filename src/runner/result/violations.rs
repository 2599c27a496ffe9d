//! Formats schema violations as one line for a human.

use crate::domain::Violation;
use std::fmt::Write;

/// How many violations a message lists.
const MAX_VIOLATIONS: usize = 3;

/// Violations as one line: the first few in order of place, and the number of others.
pub(in crate::runner) fn violations_line(whole: &str, violations: &[Violation]) -> String {
    let place = |path: &str| if path.is_empty() { whole.to_owned() } else { format!("{whole}{path}") };
    let listed = violations.iter().take(MAX_VIOLATIONS).map(|v| format!("{}: {}", place(&v.path), v.message));
    let mut line = listed.collect::<Vec<_>>().join("; ");
    if violations.len() > MAX_VIOLATIONS {
        let _ = write!(line, "; and {} more", violations.len() - MAX_VIOLATIONS);
    }
    line
}
