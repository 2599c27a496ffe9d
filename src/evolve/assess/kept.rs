//! What worked before must still work: correct answers stay, and inputs similar to working ones are accepted.

use super::asked::Asked;
use super::{AnswerEvidence, Probe, ProbeEnd, ProbeSource, is_well, objection, quoted, values};
use crate::domain::Finding;
use serde_json::Value;

/// How many generated inputs must be answered differently to conclude that the answers changed. A single old answer to
/// a generated input may have been wrong.
const ENOUGH: usize = 2;

/// Objections to an answer that changes or refuses something correct without a request.
pub(super) fn of(evidence: &AnswerEvidence<'_>, asked: &Asked) -> Vec<Finding> {
    changed(evidence, asked).into_iter().chain(refused(evidence, asked)).collect()
}

/// Whether the new version gives different answers to inputs for which the old answers are steady.
fn changed(evidence: &AnswerEvidence<'_>, asked: &Asked) -> Option<Finding> {
    let is_wrong_before = |probe: &Probe| matches!(probe.source, ProbeSource::Recorded { chosen: true, .. });
    let was_marked = evidence.probes.iter().any(|probe| is_wrong_before(probe) && is_well(&probe.before));
    if was_marked || asked.wants_other_answers(evidence) {
        return None;
    }
    let answered: Vec<&Probe> =
        evidence.probes.iter().filter(|probe| is_well(&probe.before) && is_well(&probe.after)).collect();
    let is_other = |probe: &&Probe| is_declared(evidence, &probe.before.stdout) && differs(probe);
    let (near, known): (Vec<&Probe>, Vec<&Probe>) =
        answered.into_iter().partition(|probe| matches!(probe.source, ProbeSource::Near(_)));
    let others: Vec<&Probe> = known.iter().copied().filter(is_other).collect();
    let (others, of) = if others.is_empty() {
        let others: Vec<&Probe> = near.iter().copied().filter(is_other).collect();
        if others.len() < ENOUGH || 2 * others.len() < near.len() {
            return None;
        }
        (others, near.len())
    } else {
        (others, known.len())
    };
    let first = others.first()?;
    let message = format!(
        "changes answers that were right, and the request does not ask for that: {} of {of}, for example with {} it \
         returned {} and now returns {}",
        others.len(),
        quoted(&first.input.to_string()),
        quoted(&first.before.stdout),
        quoted(&first.after.stdout)
    );
    Some(objection("changed-answer", message))
}

/// Whether the manifest allows an output: text instead of declared JSON is not a correct answer.
fn is_declared(evidence: &AnswerEvidence<'_>, stdout: &str) -> bool {
    let wants_json =
        evidence.manifests.0.output.as_ref().is_some_and(|schema| {
            schema.get("type").is_some_and(|kind| matches!(kind.as_str(), Some("object" | "array")))
        });
    !wants_json || values::written(stdout).is_object() || values::written(stdout).is_array()
}

/// Whether the answers differ in a place where the old version always answers the same.
fn differs(probe: &Probe) -> bool {
    let (before, after) = (values::written(&probe.before.stdout), values::written(&probe.after.stdout));
    match &probe.again {
        Some(again) => values::differs(&before, &values::written(again), &after),
        None => values::differs(&before, &before, &after),
    }
}

/// Whether the new version refuses inputs that the old one answered.
fn refused(evidence: &AnswerEvidence<'_>, asked: &Asked) -> Option<Finding> {
    let near: Vec<&Probe> = evidence
        .probes
        .iter()
        .filter(|probe| is_well(&probe.before) && matches!(probe.source, ProbeSource::Near(of) if worked(evidence, of)))
        .collect();
    let refused: Vec<&&Probe> =
        near.iter().filter(|probe| matches!(probe.after.end, ProbeEnd::Refused | ProbeEnd::Failed)).collect();
    let is_most = 2 * refused.len() >= near.len();
    // Other texts may be invalid inputs that the old version did not detect. Other numbers are inputs of the same kind.
    let numbers = refused.iter().find(|probe| {
        matches!(probe.source, ProbeSource::Near(of) if has_same_texts(&evidence.probes[of].input, &probe.input))
    });
    let is_unasked = numbers.is_some() || is_most;
    let is_objected = if asked.asks_for_refusal() { refused.len() == near.len() } else { is_unasked };
    let first = numbers.or(refused.first()).filter(|_| is_objected)?;
    let message = format!(
        "refuses inputs like those that it accepts, and that worked before: {} of {}, for example {}: {}",
        refused.len(),
        near.len(),
        quoted(&first.input.to_string()),
        quoted(&first.after.error)
    );
    Some(objection("refuses-more", message))
}

/// Whether both versions answer the input with this number.
fn worked(evidence: &AnswerEvidence<'_>, at: usize) -> bool {
    evidence.probes.get(at).is_some_and(|probe| is_well(&probe.before) && is_well(&probe.after))
}

/// Whether two inputs differ only in numbers and in the number of items.
fn has_same_texts(one: &Value, other: &Value) -> bool {
    fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::String(text) => found.push(text),
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Object(map) => map.values().for_each(|value| texts(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let of = |value| {
        let mut found = Vec::new();
        texts(value, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    };
    of(one) == of(other)
}
