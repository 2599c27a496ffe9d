//! The examples and the tests of the manifest: each is tried and compared with what is expected.

use super::case::{self, TrialCase};
use super::{cannot_start, rehearse, softened, unavailable};
use crate::check::CheckContext;
use crate::domain::{CheckReport, Finding, RunEnd, Severity};

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
            _ => case.unmet(context, tried),
        };
        match unmet {
            Ok(None) => {}
            Ok(Some(why)) => {
                let lacked = case::lacks_permissions(&context.version.manifest);
                let (severity, message) = softened(Severity::High, lacked, format!("{}: {why}", case.name));
                findings.push(Finding::new("unmet", severity, message));
            }
            Err(why) => untried = Some(why),
        }
    }
    if let Some(why) = untried {
        if findings.is_empty() {
            return unavailable(name, why);
        }
        findings.push(Finding::new("not-tried", Severity::Medium, format!("not all were run: {why}")));
    }
    let failed = findings.iter().filter(|finding| finding.code == "unmet").count();
    let more = match context.version.manifest.tests.len().saturating_sub(cases.len()) {
        more @ 1.. if name == "tests" => format!(", {more} more not run"),
        _ => String::new(),
    };
    let note = format!("{} of {} passed{more}", cases.len() - failed, cases.len());
    CheckReport::of(name, findings).noted(note)
}
