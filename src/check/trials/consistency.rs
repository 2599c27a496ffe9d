//! The version against the one approved before: the same inputs, the recorded answers of both.

use super::case::{Expect, TrialCase};
use super::expression::quote;
use super::written::Output;
use super::{cannot_start, cases, difference, rehearse, unavailable};
use crate::check::CheckContext;
use crate::domain::NO_BASE;
use crate::domain::{CheckReport, Finding, Severity, plural};
use crate::runner::Tried;

/// Most differences that are told one by one.
const MAX_TOLD: usize = 10;

/// Compares what both answer.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "consistency";
    let Some(base) = context.base else { return CheckReport::skipped(name, NO_BASE) };
    if let Some(why) = cannot_start(context.version).or_else(|| cannot_start(base)) {
        return CheckReport::skipped(name, why);
    }
    let mut both: Vec<TrialCase> = cases(base);
    let recorded = both.len();
    for case in cases(context.version) {
        if !both.iter().any(|known| known.input == case.input) {
            both.push(case);
        }
    }
    if both.is_empty() {
        return CheckReport::skipped(name, "neither version has examples or tests");
    }
    let (before, after) = match (rehearse(context, base, &both), rehearse(context, context.version, &both)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(why), _) | (_, Err(why)) => return unavailable(name, why),
    };
    let mut findings = Vec::new();
    let mut compared = 0;
    for (at, case) in both.iter().enumerate() {
        let (Some(before), Some(after)) = (before.get(at), after.get(at)) else { continue };
        if !before.end.outcome().has_started() {
            // The old one takes no such input.
            continue;
        }
        compared += 1;
        let Some(change) = change(before, after) else { continue };
        // What was recorded and kept so far, and is no longer.
        let is_recorded = at < recorded && keeps(case, before) && !keeps(case, after);
        let severity = if is_recorded { Severity::High } else { Severity::Medium };
        let code = if is_recorded { "recorded-answer" } else { "other-answer" };
        findings.push(Finding::new(code, severity, format!("{}: with {}: {change}", case.name, quote(&case.input))));
    }
    if compared == 0 {
        return CheckReport::skipped(name, "no input is valid for both versions");
    }
    let differing = findings.len();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.truncate(MAX_TOLD);
    let answers = plural(compared, "output is", "outputs are");
    let note = format!("{} of {answers} the same as in {}", compared - differing, base.tool.version);
    CheckReport::of(name, findings).noted(note)
}

/// Whether a trial gives the answer that is written down; `false` where none is.
fn keeps(case: &TrialCase, tried: &Tried) -> bool {
    let mut exact = case.expect.iter().filter_map(|expect| match expect {
        Expect::Exact(expected) => Some(expected),
        _ => None,
    });
    let output = Output::of(&tried.stdout);
    exact.next().is_some_and(|expected| output.differs(expected).is_none())
}

fn change(before: &Tried, after: &Tried) -> Option<String> {
    match (before.end.exit_code(), after.end.exit_code()) {
        (Some(left), Some(right)) if left == right => {
            difference::first(Output::of(&before.stdout).value(), Output::of(&after.stdout).value())
        }
        (Some(left), Some(right)) => Some(format!("exit code {right}, before {left}")),
        (None, None) => None,
        (Some(_), None) => Some(format!("{}, exited by itself before", after.end.message().unwrap_or_default())),
        (None, Some(_)) => Some(format!("exits by itself, before: {}", before.end.message().unwrap_or_default())),
    }
}
