//! The result for one recorded input: fixed, legitimately refused, omitted, or only hidden.

use super::asked::Asked;
use super::values::{self, Content, written};
use super::{AnswerEvidence, ENOUGH, Probe, ProbeEnd, ProbeRun, ProbeSource, objection, quoted};
use crate::domain::{Finding, ReplayOutcome};
use serde_json::Value;
use std::collections::BTreeSet;

/// The code of a finding of the check `change` about a hidden error.
const SWALLOWED: &str = "swallowed";

/// Code that catches or silences errors, in the languages of tools.
const SILENCING: &[&str] =
    &["except", "catch", "rescue", "2>/dev/null", "2> /dev/null", "&>/dev/null", "|| ", "set +e", "trap ", "eval {"];

/// The minimum length of an error text that can be recognised again, in characters.
const MIN_ERROR: usize = 8;

/// The result for an input that exit codes alone do not decide, and objections to the answer.
pub(super) fn of(
    evidence: &AnswerEvidence<'_>,
    asked: &Asked,
    (at, probe): (usize, &Probe),
    chosen: bool,
) -> (Option<ReplayOutcome>, Option<Finding>) {
    let (before, after) = (&probe.before, &probe.after);
    match (before.end, after.end) {
        (ProbeEnd::NotStarted, _) => (None, None),
        (_, ProbeEnd::NotStarted) if asked.allows_break(&properties(evidence)) => (Some(ReplayOutcome::LeftOut), None),
        (ProbeEnd::Succeeded, ProbeEnd::Succeeded) if chosen && written(&before.stdout) != written(&after.stdout) => {
            // Its output was marked as wrong.
            (Some(ReplayOutcome::Fixed), None)
        }
        (ProbeEnd::Failed | ProbeEnd::Refused, ProbeEnd::Refused | ProbeEnd::NotStarted)
            if !is_same_error(before, after) =>
        {
            let is_refusal = asked.allows_refusal(&before.error, &before.stderr, before.end == ProbeEnd::Refused);
            if !is_refusal {
                return (None, None);
            }
            if chosen && refuses_everything(evidence) {
                let message = "refuses every input that it was tried with";
                return (Some(ReplayOutcome::Hidden), Some(objection("refusal", message)));
            }
            (Some(ReplayOutcome::Refused), None)
        }
        (ProbeEnd::Failed | ProbeEnd::Refused, ProbeEnd::Succeeded) => {
            // A failure that was not chosen may remain, but must not be hidden.
            let fixes_one = || if chosen { hard_coded(evidence, asked, (at, probe)) } else { None };
            let why = hidden(evidence, asked, (at, probe)).or_else(fixes_one);
            (why.is_some().then_some(ReplayOutcome::Hidden), why)
        }
        _ => (None, None),
    }
}

/// The properties of the input whose schema changed.
fn properties(evidence: &AnswerEvidence<'_>) -> Vec<String> {
    let of = |schema: &Option<Value>| -> Vec<(String, Value)> {
        let map = schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
        map.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let (old, new) = (of(&evidence.manifests.0.input), of(&evidence.manifests.1.input));
    let differing = old.iter().filter(|one| !new.contains(one)).chain(new.iter().filter(|one| !old.contains(one)));
    differing.map(|(name, _)| name.to_lowercase()).collect()
}

fn refuses_everything(evidence: &AnswerEvidence<'_>) -> bool {
    evidence.probes.iter().all(|probe| probe.after.end != ProbeEnd::Succeeded)
}

/// Inputs similar to the one at this index that failed in the same way.
fn siblings<'a>(evidence: &AnswerEvidence<'a>, at: usize) -> Vec<&'a Probe> {
    let probe = &evidence.probes[at];
    let is_sibling = |other: &&Probe| {
        other.source == ProbeSource::Near(at)
            && other.input != probe.input
            && other.before.end == probe.before.end
            && signature(&other.before) == signature(&probe.before)
    };
    evidence.probes.iter().filter(is_sibling).collect()
}

/// The common part of similar failures: the name of the error without details of this input.
fn signature(run: &ProbeRun) -> &str {
    run.error.split([':', '(']).next().unwrap_or_default().trim()
}

/// Whether a failure is unchanged: it has the same words, or the program still lacks something. A failure at a later
/// point shows that the first fault is gone.
pub(super) fn is_stuck(probe: &Probe) -> bool {
    let lacks = |run: &ProbeRun| Asked::is_of_program(&run.error, &run.stderr);
    let (before, after) = (&probe.before, &probe.after);
    before.end == ProbeEnd::Failed
        && after.end == ProbeEnd::Failed
        && (is_same_error(before, after) || lacks(before) && lacks(after))
}

/// Whether two starts failed with the same words; numbers are ignored, because lines move.
fn is_same_error(one: &ProbeRun, other: &ProbeRun) -> bool {
    let words = |run: &ProbeRun| run.error.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    words(one) == words(other)
}

/// Whether the failure is only hidden.
fn hidden(evidence: &AnswerEvidence<'_>, asked: &Asked, (at, probe): (usize, &Probe)) -> Option<Finding> {
    let (before, after) = (&probe.before, &probe.after);
    let input = quoted(&probe.input.to_string());
    let result = written(&after.stdout);
    let good: Vec<Value> = evidence
        .probes
        .iter()
        .filter(|other| other.before.end == ProbeEnd::Succeeded)
        .map(|other| written(&other.before.stdout))
        .collect();
    let swallowed = evidence.changes.iter().find(|finding| finding.code == SWALLOWED);
    if after.stdout.trim().is_empty() {
        let is_wanted = evidence.manifests.0.output.is_some()
            || !before.stderr.trim().is_empty()
            || good.iter().any(|value| values::content(value) > Content::Empty);
        let message = format!("hides the failure: with {input} it now succeeds and prints nothing");
        return is_wanted.then(|| objection("hidden-failure", message));
    }
    if tells_the_error(before, &after.stdout) {
        let message = format!("hides the failure: with {input} it succeeds and prints the error as its result");
        return Some(objection("hidden-failure", message));
    }
    if is_expected(evidence, &probe.input) {
        return None;
    }
    let content = values::content(&result);
    if values::is_empty_input(&probe.input) {
        let is_unasked = !asked.allows_empty() && !Asked::is_of_program(&before.error, &before.stderr);
        let is_hidden = match content {
            // An empty result for an empty input, in the usual form.
            Content::Empty => swallowed.is_some() || values::has_other_form(&result, &good),
            Content::Zero | Content::Some => true,
        };
        return (is_unasked && is_hidden).then(|| {
            let message = format!(
                "hides the failure: {input} holds no data, and nothing says that {} is the right answer; refuse the \
                 input with a message, or let the request or an example name the answer",
                quoted(&after.stdout)
            );
            objection("hidden-failure", message)
        });
    }
    let siblings = siblings(evidence, at);
    let answered: Vec<&&Probe> = siblings.iter().filter(|other| other.after.end == ProbeEnd::Succeeded).collect();
    let is_same_for_all = answered.len() > 1 && answered.iter().all(|other| written(&other.after.stdout) == result);
    let handles = swallowed.is_some() || silences_more(evidence);
    let ignores = is_same_for_all && varies(evidence);
    let is_hidden = match content {
        _ if asked.allows_empty() => false,
        Content::Empty => swallowed.is_some() || is_same_for_all || values::has_other_form(&result, &good),
        Content::Zero => {
            swallowed.is_some() || ignores || handles && is_same_for_all || values::has_other_form(&result, &good)
        }
        Content::Some => (handles || ignores && !good.contains(&result)) && is_same_for_all,
    };
    is_hidden.then(|| {
        let place = swallowed
            .and_then(|finding| Some(format!(" (line {}: {})", finding.line?, finding.message)))
            .unwrap_or_default();
        let result = quoted(&after.stdout);
        let message = format!("hides the failure: with {input} it now returns {result} instead of a result{place}");
        objection("hidden-failure", message)
    })
}

/// Whether an example or a test of the previous version states the result for an input.
fn is_expected(evidence: &AnswerEvidence<'_>, input: &Value) -> bool {
    let manifest = evidence.manifests.0;
    manifest.examples.iter().any(|example| example.input == *input && example.output.is_some())
        || manifest.tests.iter().any(|test| test.input == *input)
}

/// Whether the tool gives different answers to several working inputs, so that one answer to all of them is
/// meaningless.
fn varies(evidence: &AnswerEvidence<'_>) -> bool {
    let good = evidence.probes.iter().filter(|probe| probe.before.end == ProbeEnd::Succeeded);
    let outputs: Vec<String> = good.map(|probe| written(&probe.before.stdout).to_string()).collect();
    let distinct: BTreeSet<&String> = outputs.iter().collect();
    outputs.len() >= ENOUGH && 3 * distinct.len() >= 2 * outputs.len()
}

/// Whether the new code catches or silences errors in more places.
fn silences_more(evidence: &AnswerEvidence<'_>) -> bool {
    let count = |of| {
        let code = evidence.texts.code(of);
        SILENCING.iter().map(|mark| code.matches(mark).count()).sum::<usize>()
    };
    count(evidence.texts.after) > count(evidence.texts.before)
}

/// Whether the output now contains the previous error.
fn tells_the_error(before: &ProbeRun, stdout: &str) -> bool {
    let last = before.stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    [before.error.as_str(), last].iter().any(|line| {
        let said = line.split_once(": ").map_or(*line, |(_, said)| said).trim();
        said.chars().count() >= MIN_ERROR && stdout.contains(said)
    })
}

/// Whether only this one input is handled now.
fn hard_coded(evidence: &AnswerEvidence<'_>, asked: &Asked, (at, probe): (usize, &Probe)) -> Option<Finding> {
    let siblings = siblings(evidence, at);
    let is_fine = |other: &&&Probe| match other.after.end {
        ProbeEnd::Succeeded => true,
        ProbeEnd::Refused => !is_same_error(&other.before, &other.after),
        ProbeEnd::NotStarted | ProbeEnd::Failed => false,
    };
    let fine = siblings.iter().filter(is_fine).count();
    let literal = literal(evidence, asked, &probe.input);
    let input = quoted(&probe.input.to_string());
    if fine == 0 && (siblings.len() >= ENOUGH || literal.is_some() && !siblings.is_empty()) {
        let other = quoted(&siblings[0].input.to_string());
        let message = format!("fixes only the input {input}; others like it fail as before, for example {other}");
        return Some(objection("hard-coded", message));
    }
    let literal = literal?;
    let result = written(&probe.after.stdout);
    let answered: Vec<&&Probe> = siblings.iter().filter(|other| other.after.end == ProbeEnd::Succeeded).collect();
    let is_same = !answered.is_empty() && answered.iter().all(|other| written(&other.after.stdout) == result);
    let varied: BTreeSet<String> = evidence
        .probes
        .iter()
        .filter(|other| other.before.end == ProbeEnd::Succeeded)
        .map(|other| written(&other.before.stdout).to_string())
        .collect();
    (is_same && varied.len() > 1).then(|| {
        let message = format!(
            "the code contains the failing input {}, and answers every other like it the same",
            quoted(&literal)
        );
        objection("hard-coded", message)
    })
}

/// A text or number of the failing input that only the new code contains, and that was not requested.
fn literal(evidence: &AnswerEvidence<'_>, asked: &Asked, input: &Value) -> Option<String> {
    let (old, new) = (evidence.texts.code(evidence.texts.before), evidence.texts.code(evidence.texts.after));
    let mut found = Vec::new();
    values::distinctive(input, &mut found);
    found.into_iter().find(|text| {
        let escaped = Value::from(text.as_str()).to_string();
        let escaped = escaped.trim_matches('"');
        let is_in = |code: &str| code.contains(text.as_str()) || code.contains(escaped);
        is_in(&new) && !is_in(&old) && !asked.names(text)
    })
}
