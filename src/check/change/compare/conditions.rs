//! Compares the conditions of two versions.

use super::common::{ALIKE, by_weight, finding, jaccard};
use crate::check::change::facts::fact::{ProgramFacts, Test, Weight};
use crate::check::change::names::{Tokens, likeness};
use crate::domain::{Finding, Severity};
use std::collections::{BTreeSet, HashMap};

/// The differences in conditions. A condition that both versions test equally often, with the same consequences, is
/// unchanged. A long program has thousands of them, and each of the others is compared with all others.
pub(in crate::check::change) fn compare(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let (old, now) = (counted(base), counted(new));
    let changed = |facts| changed(facts, &old, &now);
    let (before, after) = (changed(base), changed(new));
    let mut findings = orders(base, new, &after);
    findings.extend(gone(&before, new));
    findings.extend(weakened(base, &before, new));
    findings.extend(fresh(base, new, &after));
    findings
}

/// How often each condition is tested.
fn counted(facts: &ProgramFacts) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for test in &facts.tests {
        *counts.entry(test.key()).or_default() += 1;
    }
    counts
}

fn changed<'f>(facts: &'f ProgramFacts, old: &HashMap<String, usize>, now: &HashMap<String, usize>) -> Vec<&'f Test> {
    let is_changed = |test: &&Test| {
        let key = test.key();
        old.get(&key) != now.get(&key)
    };
    facts.tests.iter().filter(is_changed).collect()
}

fn is_alike(a: &Test, b: &Test) -> bool {
    a.group == b.group && likeness(&a.about(), &b.about()) >= ALIKE
}

fn is_same(a: &Test, b: &Test) -> bool {
    is_alike(a, b) && (a.group != "order" || a.stands_as(b))
}

/// Comparisons that became stricter, looser or the opposite.
fn orders(base: &ProgramFacts, new: &ProgramFacts, after: &[&Test]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let same = |a: &Test, b: &Test| a.group == b.group && sides(a, b).0 >= ALIKE;
    let turned = |a: &Test, b: &Test| a.group == b.group && sides(a, b).1 >= ALIKE;
    let count = |facts: &ProgramFacts, test: &Test| facts.tests.iter().filter(|other| same(other, test)).count();
    for now in after.iter().filter(|test| test.group == "order" && can_tell(test)) {
        if count(new, now) <= count(base, now) {
            continue;
        }
        let before = base.tests.iter().find(|before| turned(before, now) && count(new, before) < count(base, before));
        if let Some(before) = before {
            let message = format!("the comparison `{}` became `{}`", before.words, now.words);
            findings.push(finding("comparison", Severity::Medium, &now.place, message));
        }
    }
    findings
}

/// The similarity of two comparisons: in the same direction, and in the opposite one.
fn sides(a: &Test, b: &Test) -> (f64, f64) {
    let of = |a0: &Tokens, b0: &Tokens, a1: &Tokens, b1: &Tokens| {
        let (first, second) = (likeness(a0, b0), likeness(a1, b1));
        // One side that is certainly the same identifies the other; a bare number does not.
        let is_sure = |alike: f64, side: &Tokens| alike >= 0.8 && side.iter().any(|word| word != "#");
        let is_vouched = is_sure(first, a0) || is_sure(second, a1);
        let least = first.min(second);
        if is_vouched && least >= 0.3 { least.max(ALIKE) } else { least }
    };
    let straight = of(&a.sides.0, &b.sides.0, &a.sides.1, &b.sides.1);
    let crossed = of(&a.sides.0, &b.sides.1, &a.sides.1, &b.sides.0);
    if straight >= crossed { (straight, 0.0) } else { (0.0, crossed) }
}

/// Whether the two sides of a comparison can be told apart.
fn can_tell(test: &Test) -> bool {
    likeness(&test.sides.0, &test.sides.1) < 0.9
}

/// Conditions that are no longer tested.
fn gone(before: &[&Test], new: &ProgramFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for before in before {
        let is_there = new.tests.iter().any(|now| {
            is_alike(before, now) || (before.group != now.group && likeness(&before.about(), &now.about()) >= 0.8)
        });
        let is_empty = before.about().iter().all(|word| word == "#");
        if is_there || is_empty || before.weight <= Weight::Plain {
            continue;
        }
        let what = if before.weight == Weight::Skip { "condition" } else { "check" };
        let message =
            format!("the {what} `{}` was removed (line {} of the previous version)", before.words, before.place.line);
        // A loop condition can be written in many ways.
        let is_round = before.weight == Weight::Skip && before.group == "truth" && !before.is_asked;
        let severity = if is_round { Severity::Low } else { by_weight(before.weight) };
        findings
            .push(Finding { path: Some(before.place.path.clone()), ..Finding::new("check-gone", severity, message) });
    }
    findings
}

/// Conditions that are tested with no consequence or the opposite one.
fn weakened(base: &ProgramFacts, before: &[&Test], new: &ProgramFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for before in before.iter().filter(|test| test.stops.is_some() && !test.about().is_empty()) {
        let now: Vec<&Test> = new.tests.iter().filter(|now| is_same(before, now)).collect();
        let Some(first) = now.iter().max_by(|a, b| {
            let score = |test: &Test| likeness(&test.about(), &before.about());
            score(a).total_cmp(&score(b)).then(a.weight.cmp(&b.weight))
        }) else {
            continue;
        };
        let stops = |list: &[&Test], answer| list.iter().any(|test| test.stops == Some(answer));
        let Some(answer) = before.stops else { continue };
        if stops(&now, answer) || now.iter().any(|test| test.leaves == Some(answer)) {
            continue;
        }
        let same: Vec<&Test> = base.tests.iter().filter(|other| is_same(before, other)).collect();
        if stops(&now, !answer) && !stops(&same, !answer) {
            let message = format!("the check `{}` was inverted: `{}`", before.words, first.words);
            findings.push(finding("check-turned", Severity::High, &first.place, message));
        } else if !stops(&now, !answer) && !now.iter().any(|test| test.weight == Weight::Result && !test.is_any) {
            let message = format!("the check `{}` no longer stops the work", first.words);
            findings.push(finding("check-weakened", Severity::High, &first.place, message));
        }
    }
    findings
}

/// New conditions.
fn fresh(base: &ProgramFacts, new: &ProgramFacts, after: &[&Test]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for now in after {
        let about = now.about();
        let is_known = base.tests.iter().any(|before| {
            is_alike(before, now) || (before.group != now.group && likeness(&before.about(), &about) >= 0.8)
        });
        let is_same_constant = now
            .constant
            .as_ref()
            .is_none_or(|constant| base.texts.contains(constant.trim_matches('"')) || constant.parse::<f64>().is_ok());
        if (is_known && is_same_constant && !is_new_exit(base, new, now))
            || about.is_empty()
            || now.weight == Weight::Loop
        {
            continue;
        }
        let severity = match now.weight {
            _ if is_known && is_same_constant => Severity::Medium,
            _ if !is_same_constant => Severity::Medium,
            _ if now.is_joined && now.weight >= Weight::Result => Severity::Medium,
            Weight::Stop | Weight::Skip if now.group != "truth" => Severity::Medium,
            _ => Severity::Low,
        };
        findings.push(finding("condition", severity, &now.place, format!("new condition: `{}`", now.words)));
    }
    findings
}

/// Whether an old condition is now also used to exit.
fn is_new_exit(base: &ProgramFacts, new: &ProgramFacts, now: &Test) -> bool {
    let is_exit = |test: &Test| test.weight >= Weight::Skip && (test.stops.is_some() || test.leaves.is_some());
    let close = |facts: &ProgramFacts| -> Vec<Test> {
        let is_close = |test: &&Test| test.group == now.group && jaccard(&test.about(), &now.about()) >= ALIKE;
        facts.tests.iter().filter(is_close).cloned().collect()
    };
    let lines = |tests: &[Test]| tests.iter().map(|test| test.place.line).collect::<BTreeSet<_>>().len();
    let (before, after) = (close(base), close(new));
    is_exit(now)
        && now.group != "truth"
        && !before.is_empty()
        && !before.iter().any(is_exit)
        && lines(&after) > lines(&before)
}
