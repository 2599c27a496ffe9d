//! Checks the output of the version against its output schema.

use super::{cannot_start, inputs, softened, unavailable};
use super::{case, crash};
use crate::check::{Batch, CheckContext};
use crate::domain::{CheckReport, Finding, Severity, count};
use crate::runner::Pace;
use std::collections::BTreeSet;

/// Compares the outputs of examples and tests with the output schema.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let manifest = &context.version.manifest;
    let demands_json = manifest.recipe.as_ref().is_some_and(|recipe| recipe.success.require_json);
    if manifest.output.is_none() && !demands_json {
        return CheckReport::skipped("output", "it has no output schema");
    }
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped("output", why);
    }
    let inputs = inputs(context.version);
    let batch = Batch::new(context.version, &inputs, Pace::Watched);
    let tried = match context.trials.start(&batch) {
        Ok(tried) => tried,
        Err(why) => return unavailable("output", why),
    };
    let mut findings = Vec::new();
    let mut told = BTreeSet::new();
    let mut judged = 0;
    for (input, tried) in inputs.iter().zip(&tried) {
        // A failed run may write anything.
        judged += usize::from(tried.end.outcome().has_started() && tried.end.exit_code().is_some());
        let Some(crash) = crash::of(tried).filter(|crash| matches!(crash.code, "not-json" | "output-schema")) else {
            continue;
        };
        if told.insert(crash.message.clone()) {
            let lacked = case::lacks_permissions(manifest);
            let message = format!("with {}: {}", super::expression::quote(input), crash.message);
            let (severity, message) = softened(Severity::High, lacked, message);
            findings.push(Finding::new(crash.code, severity, message));
        }
    }
    if judged == 0 && findings.is_empty() {
        return unavailable("output", "no trial finished".to_owned());
    }
    CheckReport::of("output", findings).noted(count(judged, "output"))
}
