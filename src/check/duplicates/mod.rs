//! Tools that do what another tool does: copies byte by byte, and the same thing written once more.
//!
//! Agents write a tool again because they did not find the first one. Two are near when their descriptions say
//! the same with the words that matter (what all tools say, as "fast" or "data", counts for nothing; "fetch" and
//! "download" are one word), and their names, parameters and code do not speak against it. The rows of the
//! catalog are compared by description first; only the few best are read.

mod likeness;
#[cfg(test)]
mod tests;
mod words;

use super::{Desk, Library};
use crate::domain::{CheckReport, Finding, Severity, Tool, ToolDetail};
use likeness::Sketch;
pub use likeness::Written;
use std::sync::Arc;
use words::Bag;

/// From here on two tools are said to do the same; measured on a labelled set of 40 pairs in the tests.
const NEAR: f64 = 0.60;

/// Rows with less in common by their descriptions are not read.
const WORTH_READING: f64 = 0.30;

/// How many rows are read and compared in full.
const MAX_READ: usize = 8;

/// How many similar tools are told.
const MAX_TOLD: usize = 5;

/// A tool that resembles another.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The row of it.
    pub tool: Arc<Tool>,
    /// How much, 0 to 1; 1 is a copy.
    pub likeness: f64,
    /// Whether all files are the same.
    pub is_copy: bool,
    /// What it shares, for a reader: `the same description, 3 of 4 parameters`.
    pub why: String,
}

/// The tools that resemble a version, the nearest first; at most `limit`, none below `least`.
pub fn similar(version: &ToolDetail, library: &dyn Library, least: f64, limit: usize) -> Vec<Similar> {
    let own = &version.tool;
    let bag = Bag::of(&own.name, &own.description);
    let finder = bag.finder();
    let others = library.rows().iter().filter(|row| row.path != own.path);
    let mut found = Vec::new();
    let mut candidates: Vec<(f64, &Arc<Tool>)> = Vec::new();
    for row in others {
        if row.digest == own.digest {
            found.push(Similar {
                tool: Arc::clone(row),
                likeness: 1.0,
                is_copy: true,
                why: "all files are identical".to_owned(),
            });
        } else if row.name != own.name
            && finder.as_ref().is_none_or(|finder| finder.may_be_like(&row.name, &row.description))
        {
            // Tools of one name are versions of one another: their difference is what a review shows.
            let likeness = bag.glance(&row.name, &row.description);
            if likeness >= WORTH_READING {
                candidates.push((likeness, row));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    candidates.truncate(limit.max(MAX_READ));
    let sketch = Sketch::of(version);
    for (_, row) in candidates {
        let Some(other) = library.read(row) else { continue };
        let (likeness, why) = sketch.likeness(&Sketch::of(&other));
        if likeness >= least {
            found.push(Similar { tool: Arc::clone(row), likeness, is_copy: false, why });
        }
    }
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then_with(|| a.tool.path.cmp(&b.tool.path)));
    found.truncate(limit);
    found
}

/// Examines whether another tool does the same.
pub fn examine(desk: &Desk<'_>) -> CheckReport {
    let all = similar(desk.version, desk.library, NEAR, MAX_TOLD);
    let findings = all.into_iter().map(|similar| {
        let place = format!("{} ({}, {})", similar.tool.name, similar.tool.stage, similar.tool.path);
        if similar.is_copy {
            Finding::new("copy", Severity::Medium, format!("it is a copy of {place}: {}", similar.why))
        } else {
            let percent = (similar.likeness * 100.0).round();
            Finding::new(
                "near-duplicate",
                Severity::Medium,
                format!("{place} seems to do the same thing ({percent} % similar): {}", similar.why),
            )
        }
    });
    CheckReport::of("duplicates", findings.collect())
}
