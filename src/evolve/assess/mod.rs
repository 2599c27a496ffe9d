//! Whether an answer does what was requested, beyond the checks of a review.
//!
//! An answer can pass every check and every recorded input and still fix nothing: it hides the failure, handles only
//! the one failing input, always prints the same, changes only files that nothing loads, or accesses more than before.
//! Everything here compares values: the inputs that both versions were started with, and their answers. The engine
//! starts the versions.

mod asked;
mod kept;
mod loading;
mod names;
mod near;
mod outcome;
mod reach;
#[cfg(test)]
mod tests;
mod values;

pub use loading::VersionTexts;
pub use names::with_missing_imports;
pub use near::near;

use super::bundle::Bundle;
use crate::domain::{Capability, CheckReport, Finding, Manifest, ReplayOutcome, RunId, Severity, Verdict, count};
use asked::Asked;
use serde_json::Value;
use std::collections::BTreeSet;

/// The name of the report of an assessment among the reports of the checks.
pub const REPORT: &str = "answer";

/// The finding about a file that nothing loads.
const NOT_LOADED: &str = "not-loaded";

/// The finding about an answer that ignores its input.
const CONSTANT: &str = "constant";

/// How many failing inputs of the same kind must still fail to conclude that only the known one was fixed.
const ENOUGH: usize = 3;

/// The maximum length of quoted text, in characters.
const MAX_QUOTED: usize = 80;

/// How a start of a version ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeEnd {
    /// The input does not fit the schema, or nothing was started.
    NotStarted,
    /// Exit code and output indicate success.
    Succeeded,
    /// It ended by itself with a message and without a stack trace.
    Refused,
    /// Anything else.
    Failed,
}

/// One start of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRun {
    /// How it ended.
    pub end: ProbeEnd,
    /// Its standard output.
    pub stdout: String,
    /// Its error, in one line; empty if it succeeded.
    pub error: String,
    /// The end of its standard error.
    pub stderr: String,
}

/// The source of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeSource {
    /// A recorded run.
    Recorded {
        /// The run.
        run: RunId,
        /// Whether its failure is to be fixed.
        chosen: bool,
    },
    /// An example or a test of the previous version.
    Example,
    /// It is similar to the input of the probe with this index.
    Near(usize),
}

/// One input, run on both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The input.
    pub input: Value,
    /// The source of the input.
    pub source: ProbeSource,
    /// The result of the old version.
    pub before: ProbeRun,
    /// The output of a second start of the old version; `None` if it was not started again.
    pub again: Option<String>,
    /// The result of the new version.
    pub after: ProbeRun,
}

/// The evidence about an answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerEvidence<'a> {
    /// The request.
    pub bundle: &'a Bundle,
    /// Whether a breaking version was requested.
    pub is_major: bool,
    /// Whether a new tool is written from a specification.
    pub is_new: bool,
    /// Files of both versions.
    pub texts: VersionTexts<'a>,
    /// Manifests of both versions.
    pub manifests: (&'a Manifest, &'a Manifest),
    /// The capabilities of the code of both versions.
    pub capabilities: (&'a [Capability], &'a [Capability]),
    /// New attempts observed with the same inputs, in words.
    pub observed: &'a [String],
    /// The findings of the check `change`.
    pub changes: &'a [Finding],
    /// Inputs that both versions were started with.
    pub probes: &'a [Probe],
    /// Faults of the code that the previous version also has, observed when both were started; one line each.
    pub still: &'a [String],
    /// Two different answers of the new version to an input that failed before.
    pub unsteady: Option<&'a [String; 2]>,
}

/// The findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// A report next to those of the checks.
    pub report: CheckReport,
    /// The results for recorded inputs that differ from what their ends suggest.
    pub outcomes: Vec<(RunId, ReplayOutcome)>,
}

/// Judges an answer.
pub fn assess(evidence: &AnswerEvidence<'_>) -> Assessment {
    let asked = Asked::of(evidence.bundle, evidence.is_major);
    let mut findings = files(evidence, &asked);
    findings.extend(promises(evidence, &asked));
    let mut outcomes = Vec::new();
    if !evidence.is_new {
        findings.extend(reach(evidence, &asked));
        findings.extend(constant(evidence));
        findings.extend(unsteady(evidence));
        findings.extend(echo(evidence));
        if !findings.iter().any(|finding| finding.code == CONSTANT) {
            findings.extend(kept::of(evidence, &asked));
        }
        for (at, probe) in evidence.probes.iter().enumerate() {
            let ProbeSource::Recorded { run, chosen } = probe.source else { continue };
            let (outcome, finding) = outcome::of(evidence, &asked, (at, probe), chosen);
            outcomes.extend(outcome.map(|outcome| (run, outcome)));
            findings.extend(finding);
        }
        // Any other objection is more informative.
        if findings.is_empty() {
            findings.extend(fixes_nothing(evidence, &asked, &outcomes));
        }
    }
    let mut told = BTreeSet::new();
    findings.retain(|finding| told.insert(finding.message.clone()));
    let note = note(evidence, &outcomes);
    Assessment { report: CheckReport::of(REPORT, findings).noted(note), outcomes }
}

/// Additional notes: the output for each fixed failure.
fn note(evidence: &AnswerEvidence<'_>, outcomes: &[(RunId, ReplayOutcome)]) -> String {
    let fixed = evidence.probes.iter().filter_map(|probe| {
        let ProbeSource::Recorded { run, chosen: true } = probe.source else { return None };
        let outcome = outcomes.iter().find(|(of, _)| *of == run).map(|(_, outcome)| *outcome);
        match outcome {
            Some(ReplayOutcome::Refused) => Some(format!("run {run} is refused: {}", quoted(&probe.after.error))),
            None | Some(ReplayOutcome::Fixed)
                if probe.before.end != ProbeEnd::Succeeded && probe.after.end == ProbeEnd::Succeeded =>
            {
                Some(format!("run {run} now returns {}", quoted(&probe.after.stdout)))
            }
            _ => None,
        }
    });
    let mut parts: Vec<String> = fixed.collect();
    parts.push(format!("both versions tried with {}", count(evidence.probes.len(), "input")));
    parts.join("; ")
}

/// The files of an answer that nothing loads, by the report in its verdict.
pub fn unloaded(verdict: &Verdict) -> Vec<&str> {
    let reports = verdict.checks.iter().filter(|check| check.name == REPORT);
    let findings = reports.flat_map(|report| &report.findings).filter(|finding| finding.code == NOT_LOADED);
    findings.filter_map(|finding| finding.path.as_deref()).collect()
}

/// An objection to an answer.
fn objection(code: &str, message: impl Into<String>) -> Finding {
    Finding::new(code, Severity::High, message)
}

/// Checks that the answer changes something that runs, and adds only files that are loaded.
fn files(evidence: &AnswerEvidence<'_>, asked: &Asked) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (old, new) = evidence.manifests;
    // The recipe holds the interpreter, the arguments and the environment.
    let is_same_interface = (&old.recipe, &old.dependencies) == (&new.recipe, &new.dependencies)
        && (&old.input, &old.output, &old.limits) == (&new.input, &new.output, &new.limits)
        && (&old.permissions, &old.state) == (&new.permissions, &new.state)
        && (&old.service, &old.http, &old.prompt) == (&new.service, &new.http, &new.prompt)
        && (&old.mcp, &old.composite) == (&new.mcp, &new.composite);
    if asked.is_about_documents() && !asked.is_wordless() {
        return findings;
    }
    if is_same_interface && !evidence.texts.changes_code() {
        let entry = evidence.texts.entry.unwrap_or("the code");
        let message = format!("{entry} and everything that it loads are unchanged; change the code that runs");
        findings.push(objection("unchanged", message));
    }
    for path in evidence.texts.unloaded() {
        let message = format!("nothing loads the new file {path}; leave it out, or load it from the code");
        findings.push(objection(NOT_LOADED, message).at(path, 1));
    }
    findings
}

/// New access that was not requested.
fn reach(evidence: &AnswerEvidence<'_>, asked: &Asked) -> Vec<Finding> {
    let (old, new) = evidence.manifests;
    let mut findings = reach::further(evidence.capabilities.0, evidence.capabilities.1, asked);
    findings.extend(reach::permissions(&old.permissions, &new.permissions, asked));
    let is_asked = reach::Reach::Network.is_asked(asked, None);
    if !is_asked {
        findings.extend(evidence.observed.iter().map(|what| reach::reaches(what)));
    }
    findings
}

/// Promises of the old version that the new one breaks without a request: successful exit codes, examples and tests.
fn promises(evidence: &AnswerEvidence<'_>, asked: &Asked) -> Vec<Finding> {
    let (old, new) = evidence.manifests;
    let mut findings = Vec::new();
    if let (Some(before), Some(after)) = (&old.recipe, &new.recipe) {
        let (was, now) = (&before.success, &after.success);
        if (was.check_json && !now.check_json || was.require_json && !now.require_json) && !asked.allows_output() {
            findings.push(objection("success", "an output that was a failure before now counts as a success"));
        }
        let wider = after.success.exit_codes.iter().find(|code| !before.success.exit_codes.contains(code));
        if let Some(code) = wider.filter(|_| !asked.names("exit")) {
            findings.push(objection("success", format!("exit code {code} now counts as a success")));
        }
    }
    if asked.is_wordless() {
        let is_kept = |example: &crate::domain::Example| {
            new.examples.iter().any(|other| other.input == example.input && other.output == example.output)
        };
        for (at, _) in (1..).zip(&old.examples).filter(|(_, example)| !is_kept(example)) {
            let message = format!("example {at} was removed or changed; keep the examples as they are");
            findings.push(objection("example", message));
        }
        let is_kept = |test: &crate::domain::TestCase| {
            new.tests.iter().any(|other| other.input == test.input && other.expect == test.expect)
        };
        for (at, _) in (1..).zip(&old.tests).filter(|(_, test)| !is_kept(test)) {
            findings.push(objection("test", format!("test {at} was removed or changed; keep the tests as they are")));
        }
    }
    findings
}

fn is_well(run: &ProbeRun) -> bool {
    run.end == ProbeEnd::Succeeded
}

/// Whether a repair fixes nothing: the old faults are still there, and no failing input has another result.
fn fixes_nothing(evidence: &AnswerEvidence<'_>, asked: &Asked, outcomes: &[(RunId, ReplayOutcome)]) -> Option<Finding> {
    let is_fixed = |probe: &Probe| match probe.source {
        ProbeSource::Recorded { run, .. } => {
            let outcome = outcomes.iter().find(|(of, _)| *of == run).map(|(_, outcome)| *outcome);
            match outcome {
                Some(outcome) => matches!(outcome, ReplayOutcome::Fixed | ReplayOutcome::Refused),
                None => !is_well(&probe.before) && is_well(&probe.after),
            }
        }
        ProbeSource::Example | ProbeSource::Near(_) => !is_well(&probe.before) && is_well(&probe.after),
    };
    if !asked.is_about_failures(evidence) || evidence.probes.iter().any(is_fixed) {
        return None;
    }
    // A working input shows that a name is not needed, or comes from elsewhere.
    let has_worked = evidence.probes.iter().any(|probe| is_well(&probe.before));
    let names = if has_worked { Vec::new() } else { names::still_undefined(&evidence.texts) };
    let crash = || {
        let mut started = evidence.probes.iter().filter(|probe| probe.after.end != ProbeEnd::NotStarted).peekable();
        started.peek()?;
        let failing = started.all(outcome::is_stuck);
        failing.then(|| evidence.probes.iter().find(|probe| probe.after.end == ProbeEnd::Failed))?
    };
    let what = if let Some(fault) = evidence.still.first() {
        fault.clone()
    } else if let Some(probe) = crash() {
        format!("with {} it still fails: {}", quoted(&probe.input.to_string()), quoted(&probe.after.error))
    } else if names.is_empty() {
        return None;
    } else {
        format!("nothing defines {}", names.join(", "))
    };
    Some(objection("fixes-nothing", format!("no failure is fixed: {what}")))
}

/// Whether the new version always gives the same answer, although the answers of the old version differed.
fn constant(evidence: &AnswerEvidence<'_>) -> Option<Finding> {
    let both: Vec<&Probe> =
        evidence.probes.iter().filter(|probe| is_well(&probe.before) && is_well(&probe.after)).collect();
    let distinct = |of: fn(&Probe) -> &ProbeRun, probes: &[&Probe]| {
        probes.iter().map(|probe| values::written(&of(probe).stdout).to_string()).collect::<BTreeSet<_>>().len()
    };
    if both.len() > 1 && distinct(|probe| &probe.before, &both) > 1 && distinct(|probe| &probe.after, &both) == 1 {
        let message = format!(
            "ignores its input: returns {} for {} different inputs, whose outputs differed before",
            quoted(&both[0].after.stdout),
            both.len()
        );
        return Some(objection(CONSTANT, message));
    }
    let now: Vec<&Probe> = evidence.probes.iter().filter(|probe| is_well(&probe.after)).collect();
    let was_always_failing = evidence.probes.iter().all(|probe| !is_well(&probe.before));
    if !was_always_failing || now.len() <= ENOUGH || distinct(|probe| &probe.after, &now) != 1 {
        return None;
    }
    // Without old answers to compare with, an empty answer counts, or an input that is no longer read.
    let is_empty = values::content(&values::written(&now[0].after.stdout)) < values::Content::Some;
    let is_unread = reads_less(evidence);
    (is_empty || is_unread).then(|| {
        let message = format!("ignores its input: returns {} for {} inputs", quoted(&now[0].after.stdout), now.len());
        objection(CONSTANT, message)
    })
}

/// Whether the new version invents its answer: two starts with an input that failed before give two answers, although
/// the tool is steady for other inputs.
fn unsteady(evidence: &AnswerEvidence<'_>) -> Option<Finding> {
    let [one, other] = evidence.unsteady?;
    let is_steady = |probe: &Probe| {
        let is_well = |run: &ProbeRun| run.end == ProbeEnd::Succeeded && !run.stdout.trim().is_empty();
        is_well(&probe.before) && is_well(&probe.after) && probe.before.stdout == probe.after.stdout
    };
    evidence.probes.iter().any(is_steady).then(|| {
        let message = format!("answers the same input differently each time: {}, then {}", quoted(one), quoted(other));
        objection("unsteady", message)
    })
}

/// Whether the new version returns its input, although answers never contained inputs before.
fn echo(evidence: &AnswerEvidence<'_>) -> Option<Finding> {
    let holds = |probe: &Probe, run: &ProbeRun| {
        let answer = values::written(&run.stdout);
        let given = values::texts(&probe.input);
        let told = values::texts(&answer);
        given.into_iter().find(|text| told.iter().any(|told| told.contains(text.as_str())))
    };
    let mut worked = evidence.probes.iter().filter(|probe| is_well(&probe.before)).peekable();
    worked.peek()?;
    if worked.any(|probe| holds(probe, &probe.before).is_some()) {
        return None;
    }
    let chosen =
        evidence.probes.iter().filter(|probe| matches!(probe.source, ProbeSource::Recorded { chosen: true, .. }));
    let echoed = chosen.filter(|probe| is_well(&probe.after)).find_map(|probe| holds(probe, &probe.after))?;
    Some(objection("echo", format!("returns its input: {}", quoted(&echoed))))
}

/// Whether the code used properties of its input before, and uses none now.
fn reads_less(evidence: &AnswerEvidence<'_>) -> bool {
    let (old, new) = (evidence.texts.code(evidence.texts.before), evidence.texts.code(evidence.texts.after));
    let properties = evidence.manifests.0.input.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    let named: Vec<&String> =
        properties.into_iter().flatten().map(|(name, _)| name).filter(|name| old.contains(name.as_str())).collect();
    !named.is_empty() && named.iter().all(|name| !new.contains(name.as_str()))
}

/// A text of a tool in one line, cut.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(MAX_QUOTED).collect();
    match (short.is_empty(), short.len() < line.len()) {
        (true, _) => "nothing".to_owned(),
        (false, true) => format!("{short}…"),
        (false, false) => short,
    }
}
