//! Checks that start the version: its examples and tests, its reaction to generated inputs, its duration, its observed
//! attempts.
//!
//! Every start is a trial: sandboxed like an experimental tool, without the declared permissions, and not recorded as a
//! run. Output of a trial comes from the tool: it is limited when read, and quoted and shortened in reports. If nothing
//! can be started (no command, a missing program, too weak isolation), each check says so, and never passes.

mod absent_file;
pub(super) mod behaviour;
pub(super) mod benchmark;
mod case;
mod condition;
pub(super) mod consistency;
pub(super) mod coverage;
pub(super) mod crash;
mod difference;
pub(super) mod examples;
mod executed;
mod expression;
pub(super) mod generate;
pub(super) mod load;
pub(super) mod output;
pub(super) mod property;
mod relation;
pub(super) mod replay;
mod samples;
pub(super) mod sanity;
mod sensitivity;
pub(super) mod settled;
mod shrink;
pub(super) mod start;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod untyped;
mod variants;
mod weight;
mod written;

pub use condition::Condition;

use super::{Batch, CheckContext};
use crate::domain::{CheckReport, InputMode, Kind, Severity, ToolDetail};
use crate::runner::{Pace, Tried};
use case::TrialCase;
use serde_json::{Map, Value};
use std::num::NonZeroUsize;

/// The maximum parallelism of one check; setting up each sandbox takes time too.
const SIDE_BY_SIDE: usize = 4;

/// The parallelism for this many rows, at least one.
fn abreast(rows: usize) -> NonZeroUsize {
    NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN)
}

/// The parallelism for one of two checks that run at the same time: a share of this machine's cores.
pub(super) fn side_by_side() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    abreast((cores / 2).min(SIDE_BY_SIDE))
}

/// Why this version cannot be started at all.
fn cannot_start(version: &ToolDetail) -> Option<String> {
    if !version.tool.runnable {
        let why = version.tool.reason.clone().unwrap_or_else(|| "reason unknown".to_owned());
        return Some(format!("it cannot be started: {why}"));
    }
    match version.manifest.kind {
        Kind::Service => return Some("it is a service and does not end by itself".to_owned()),
        Kind::Mcp => return Some("it is a tool of an MCP server, which is not called to try it".to_owned()),
        Kind::Command | Kind::Http | Kind::Prompt | Kind::Composite => {}
    }
    let why = match version.manifest.kind {
        Kind::Http => "it sends a request, which is not sent to try it",
        Kind::Prompt => "it asks a generator, which is not asked to try it",
        Kind::Command | Kind::Service | Kind::Mcp | Kind::Composite => "it does not start a process",
    };
    version.manifest.recipe.is_none().then(|| why.to_owned())
}

/// Observed trials of these cases. Several checks use the same ones, and a sandbox takes longer to set up than a trial
/// runs: the first check also starts those of the others.
fn rehearse(context: &CheckContext<'_>, version: &ToolDetail, wanted: &[TrialCase]) -> Result<Vec<Tried>, String> {
    let mut inputs: Vec<Value> = wanted.iter().map(|case| case.input.clone()).collect();
    for case in cases(version) {
        if !inputs.contains(&case.input) {
            inputs.push(case.input);
        }
    }
    let batch = Batch::new(version, &inputs, Pace::Watched);
    let mut tried = context.trials.start(&batch)?;
    tried.truncate(wanted.len());
    Ok(tried)
}

/// An input in the form that a reader types: `a = 9, b = 4`; `none` is used for an empty one.
fn in_words(input: &Value, none: &str) -> String {
    match input.as_object() {
        Some(map) if map.is_empty() => none.to_owned(),
        Some(map) => {
            let value = |(name, value): (&String, &Value)| format!("{name} = {}", expression::quote(value));
            map.iter().map(value).collect::<Vec<_>>().join(", ")
        }
        None => expression::quote(input),
    }
}

/// Whether a version accepts input at all.
fn takes_input(version: &ToolDetail) -> bool {
    version.manifest.recipe.as_ref().is_some_and(|recipe| {
        recipe.input != InputMode::None || recipe.command.iter().any(|word| word.contains("{input."))
    })
}

/// All examples and tests of a version.
fn cases(version: &ToolDetail) -> Vec<TrialCase> {
    let manifest = &version.manifest;
    case::examples(manifest).into_iter().chain(case::tests(manifest)).collect()
}

/// Typical inputs of a version: those of its examples and tests, otherwise the simplest valid one.
fn inputs(version: &ToolDetail) -> Vec<Value> {
    let cases = cases(version);
    if !cases.is_empty() {
        return cases.into_iter().map(|case| case.input).collect();
    }
    let none = Value::Object(Map::new());
    vec![version.manifest.input.as_ref().map_or(none, generate::simplest)]
}

/// The severity and message of a finding about a version that lacked its declared permissions.
fn softened(severity: Severity, lacked: bool, message: String) -> (Severity, String) {
    if lacked {
        return (severity.min(Severity::Medium), format!("{message} (it ran without its declared permissions)"));
    }
    (severity, message)
}

/// The report if the version could not be started.
fn unavailable(name: &str, why: String) -> CheckReport {
    CheckReport::unavailable(name, why)
}
