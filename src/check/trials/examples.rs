//! Runs the examples and tests of the manifest, and compares the results with the expectations.

use super::case::{self, Expect, TrialCase};
use super::{cannot_start, rehearse, softened, start, unavailable};
use crate::check::before::failed_before;
use crate::check::{Batch, CheckContext};
use crate::domain::{Answer, CheckReport, Dialect, Finding, RunEnd, Severity, Touch};
use crate::runner::{Pace, Tried};

pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let told = context.version.manifest.examples.len();
    let cases = case::examples(&context.version.manifest);
    let without = match told {
        0 => "it has no examples",
        _ => "its examples have no input",
    };
    try_cases(context, "examples", &cases, without)
}

pub(in crate::check) fn examine_tests(context: &CheckContext<'_>) -> CheckReport {
    try_cases(context, "tests", &case::tests(&context.version.manifest), "it has no tests")
}

fn try_cases(context: &CheckContext<'_>, name: &str, cases: &[TrialCase], without: &str) -> CheckReport {
    if cases.is_empty() {
        return CheckReport::skipped(name, without);
    }
    if let Some(why) = cannot_start(context.version) {
        return CheckReport::skipped(name, why);
    }
    let tried = match rehearse(context, context.version, cases) {
        Ok(tried) => tried,
        Err(why) => return unavailable(name, why),
    };
    let mut findings = Vec::new();
    let mut untried = None;
    for (case, tried) in cases.iter().zip(&tried) {
        let unmet = match &tried.end {
            RunEnd::Refused { message } => Err(message.clone()),
            RunEnd::Cancelled => Err("the time limit for all trials was reached".to_owned()),
            _ => match case.unmet(context, tried) {
                Ok(Some(why)) => unless_untriable(context, case, tried).map(|()| Some(why)),
                other => other,
            },
        };
        match unmet {
            Ok(None) => {}
            Ok(Some(why)) => {
                let lacked = case::lacks_permissions(&context.version.manifest);
                // Definitions of other programs show examples to readers; native examples must hold.
                let is_ours = context.version.manifest.dialect == Dialect::Native;
                let severity = if is_ours { Severity::High } else { Severity::Medium };
                let (severity, message) = softened(severity, lacked, format!("{}: {why}", case.name));
                findings.push(Finding::new("unmet", severity, message));
            }
            Err(why) => untried = Some(why),
        }
    }
    if let Some(why) = untried {
        if findings.is_empty() {
            return unavailable(name, format!("could not be tried here: {why}"));
        }
        findings.push(Finding::new("not-tried", Severity::Low, format!("not all could be tried here: {why}")));
    }
    let failed = findings.iter().filter(|finding| finding.code == "unmet").count();
    let more = match context.version.manifest.tests.len().saturating_sub(cases.len()) {
        more @ 1.. if name == "tests" => format!(", {more} more not run"),
        _ => String::new(),
    };
    let note = format!("{} of {} passed{more}", cases.len() - failed, cases.len());
    let report = CheckReport::of(name, findings).noted(note);
    let before = if failed > 0 { made_before(context, name, cases) } else { None };
    match before {
        Some(before) => failed_before(report, &before),
        None => report,
    }
}

/// The results of the previously approved version for the shared cases; `None` if there are none.
fn made_before(context: &CheckContext<'_>, name: &str, cases: &[TrialCase]) -> Option<CheckReport> {
    let base = context.base?;
    let theirs = super::cases(base);
    let is_known =
        |case: &&TrialCase| theirs.iter().any(|other| other.input == case.input && other.expect == case.expect);
    let known: Vec<TrialCase> = cases.iter().filter(is_known).cloned().collect();
    let before = CheckContext { version: base, base: None, ..*context };
    (!known.is_empty()).then(|| try_cases(&before, name, &known, ""))
}

/// Whether a failed case says something about the version.
///
/// # Errors
/// What it needs but lacks here: a package, a program, the network, or a reproducible output.
fn unless_untriable(context: &CheckContext<'_>, case: &TrialCase, tried: &Tried) -> Result<(), String> {
    if let Some(what) = start::lacks(context, tried) {
        return Err(what);
    }
    let is_network = |touch: Touch| matches!(touch, Touch::Connect | Touch::Resolve);
    let mut attempts = tried.observation.attempts.iter();
    if attempts.any(|attempt| is_network(attempt.touch) && attempt.answer == Answer::Denied) {
        return Err(format!("{} needs the network", case.name));
    }
    // Outputs that vary cannot meet a relation between two outputs.
    if case.expect.iter().any(|expect| matches!(expect, Expect::Metamorphic(_))) {
        return Ok(());
    }
    let inputs = [case.input.clone()];
    let batch = Batch::new(context.version, &inputs, Pace::Plain);
    let again = context.trials.start(&batch)?;
    match again.first() {
        Some(again) if again.stdout != tried.stdout => Err(format!("the output of {} differs each time", case.name)),
        _ => Ok(()),
    }
}
