//! Shared parts of all comparisons.

use crate::check::change::facts::fact::{SourceLocation, Weight};
use crate::check::change::names::Tokens;
use crate::domain::{Finding, Severity};

/// The minimum similarity of two facts about the same thing.
pub(super) const ALIKE: f64 = 0.5;

/// Creates a finding at a place.
pub(super) fn finding(code: &str, severity: Severity, place: &SourceLocation, message: String) -> Finding {
    Finding::new(code, severity, message).at(&place.path, place.line)
}

/// The number of common words divided by the number of all words.
pub(super) fn jaccard(a: &Tokens, b: &Tokens) -> f64 {
    let common = a.intersection(b).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

/// A higher weight means a higher severity.
pub(super) fn by_weight(weight: Weight) -> Severity {
    match weight {
        Weight::Stop => Severity::High,
        Weight::Skip | Weight::Result => Severity::Medium,
        Weight::Loop | Weight::Plain => Severity::Low,
    }
}
