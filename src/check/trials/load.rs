//! How a version that is made for many calls bears them: 1, 4 and 16 side by side.
//!
//! Made for tools that say so: the tag or capability `high-throughput`.

use super::{abreast, cannot_start, inputs, unavailable};
use crate::check::{Batch, CheckContext};
use crate::domain::{CheckReport, Finding, Severity};
use crate::runner::{Pace, Tried};
use std::time::Instant;

/// The word in tags or capabilities.
const MARK: &str = "high-throughput";

/// Starts side by side.
const ROWS: [usize; 3] = [1, 4, 16];

/// Starts for each point of the curve.
const STARTS: usize = 32;

/// Draws the curve of starts in a second.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "load";
    let manifest = &context.version.manifest;
    if !manifest.tags.iter().chain(&manifest.capabilities).any(|word| word == MARK) {
        return CheckReport::skipped(name, format!("it does not have the tag {MARK}"));
    }
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let Some(input) = inputs(context.version).into_iter().next() else {
        return CheckReport::skipped(name, "no input is available");
    };
    let inputs = vec![input; STARTS];
    let mut findings = Vec::new();
    let mut curve = Vec::new();
    let mut first = None;
    for rows in ROWS {
        let begun = Instant::now();
        let batch = Batch::new(context.version, &inputs, Pace::Plain).abreast(abreast(rows));
        let tried = match context.trials.start(&batch) {
            Ok(tried) => tried,
            Err(why) => return unavailable(name, why),
        };
        let seconds = begun.elapsed().as_secs_f64();
        let ended: Vec<&Tried> = tried.iter().filter(|tried| tried.end.exit_code().is_some()).collect();
        let slowest = ended.iter().map(|tried| tried.took.as_millis()).max().unwrap_or_default();
        curve.push(format!("{rows} concurrent runs: {:.1}/s, slowest {slowest}ms", ended.len() as f64 / seconds));
        let alone = *first.get_or_insert(ended.len());
        if ended.len() < alone.min(STARTS) {
            let message = format!("{} of {STARTS} did not finish with {rows} concurrent runs", STARTS - ended.len());
            findings.push(Finding::new("fails-under-load", Severity::Medium, message));
        }
    }
    if first == Some(0) {
        return unavailable(name, "no trial finished".to_owned());
    }
    CheckReport::of(name, findings).noted(curve.join("; "))
}
