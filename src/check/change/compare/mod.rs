//! Compares the facts of two versions: added, removed and changed ones.
//!
//! An equal fact is unchanged, and so is one that differs slightly because it was moved. The others are reported in
//! plain words, with the line.

mod calls;
mod common;
mod conditions;
pub(super) mod data;
pub(super) mod hidden;

use super::facts::fact::{Fact, ProgramFacts, Sort};
use super::facts::{lists, texts};
use super::names::{Tokens, likeness};
use crate::domain::{Finding, Severity};
use common::{ALIKE, finding, jaccard};
use std::collections::{BTreeMap, HashSet};

/// How many findings of one kind are reported; the rest is only counted.
const MAX_OF_A_CODE: usize = 12;

/// All differences, in no particular order.
pub(super) fn compare(base: &ProgramFacts, new: &ProgramFacts, is_shell: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (sort, code, what) in [
        (Sort::Host, "host", "host"),
        (Sort::Address, "address", "e-mail address"),
        (Sort::Environment, "environment", "environment variable"),
    ] {
        findings.extend(named(base, new, sort, code, what));
    }
    findings.extend(paths(base, new));
    findings.extend(patterns(base, new));
    findings.extend(imports(base, new));
    findings.extend(defaults(base, new));
    findings.extend(numbers(base, new));
    findings.extend(handlers(base, new));
    findings.extend(math(base, new));
    findings.extend(fresh_ones(base, new));
    findings.extend(collections(base, new));
    findings.extend(conditions::compare(base, new));
    findings.extend(calls::compare(base, new, is_shell));
    findings
}

/// Limits the findings of a code, with the rest as a number; equal messages on the same line are reported once.
pub(super) fn bounded(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (&b.severity, &a.path, a.line).cmp(&(&a.severity, &b.path, b.line)));
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert((finding.path.clone(), finding.line, finding.message.clone())));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    let mut worst: BTreeMap<String, Severity> = BTreeMap::new();
    for finding in findings {
        let count = counts.entry(finding.code.clone()).or_default();
        *count += 1;
        if *count <= MAX_OF_A_CODE {
            kept.push(finding);
        } else {
            worst.entry(finding.code.clone()).or_insert(finding.severity);
        }
    }
    for (code, severity) in worst {
        let more = counts[&code] - MAX_OF_A_CODE;
        kept.push(Finding::new(&code, severity, format!("{more} more of this kind")));
    }
    kept
}

pub(super) fn of(facts: &ProgramFacts, sort: Sort) -> impl Iterator<Item = &Fact> {
    facts.plain.iter().filter(move |fact| fact.sort == sort)
}

fn details(facts: &ProgramFacts, sort: Sort) -> Tokens {
    of(facts, sort).map(|fact| fact.detail.clone()).collect()
}

/// Facts that are reported with one word.
fn named(base: &ProgramFacts, new: &ProgramFacts, sort: Sort, code: &str, what: &str) -> Vec<Finding> {
    let (old, now) = (details(base, sort), details(new, sort));
    let gone: Vec<&String> = old.difference(&now).collect();
    let mut told = HashSet::new();
    let mut findings = Vec::new();
    for fact in of(new, sort).filter(|fact| !old.contains(&fact.detail)) {
        if !told.insert(&fact.detail) {
            continue;
        }
        let message = match (gone.as_slice(), fact.detail.as_str()) {
            (_, "*") => format!("new: the whole environment is passed on: {}", fact.words),
            ([before], now) => format!("new {what}: {now} (before: {before})"),
            (_, now) => format!("new {what}: {now}"),
        };
        findings.push(finding(code, Severity::High, &fact.place, message));
    }
    for fact in of(base, sort).filter(|fact| !now.contains(&fact.detail)) {
        if told.insert(&fact.detail) {
            findings.push(Finding::new(code, Severity::Low, format!("gone: {what} {}", fact.detail)));
        }
    }
    findings
}

fn paths(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let (old, now) = (details(base, Sort::Path), details(new, Sort::Path));
    let gone: Vec<&String> = old.difference(&now).collect();
    // Part of a path that is still composed somewhere: the path was only split.
    let kept: Vec<&String> = base.texts.intersection(&new.texts).collect();
    let mut told = HashSet::new();
    let mut findings = Vec::new();
    for fact in of(new, Sort::Path).filter(|fact| !old.contains(&fact.detail)) {
        let path = &fact.detail;
        let is_part = kept.iter().any(|text| text.len() > path.len() && text.contains(path.as_str()));
        if is_part || is_no_file(path) || !told.insert(path) {
            continue;
        }
        let wider = gone.iter().find(|before| texts::is_wider(path, before));
        // The same names in another composition.
        let names = |path: &str| {
            path.split(['/', '{', '}']).filter(|part| !part.is_empty()).map(str::to_owned).collect::<Tokens>()
        };
        let is_moved = gone.iter().any(|before| names(before) == names(path)) && wider.is_none();
        let nearest =
            gone.iter().max_by(|a, b| likeness(&names(a), &names(path)).total_cmp(&likeness(&names(b), &names(path))));
        let (severity, message) = match (wider, nearest) {
            (Some(before), _) => (Severity::High, format!("the path {before} was widened to {path}")),
            _ if is_moved => (Severity::Low, format!("the path {path} is built differently")),
            (None, Some(before)) => (Severity::Medium, format!("new path: {path} (before: {before})")),
            (None, None) => (Severity::Medium, format!("new path: {path}")),
        };
        findings.push(finding("path", severity, &fact.place, message));
    }
    findings
}

/// Whether a path is not a file: `/dev/null`, or the name and version of a program (`tool/1.2`).
fn is_no_file(path: &str) -> bool {
    let is_version = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    path == "/dev/null" || path.split_once('/').is_some_and(|(name, version)| is_name(name) && is_version(version))
}

fn patterns(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let (old, now) = (details(base, Sort::Pattern), details(new, Sort::Pattern));
    let gone: Vec<&String> = old.difference(&now).collect();
    let fresh = of(new, Sort::Pattern).filter(|fact| !old.contains(&fact.detail));
    fresh
        .map(|fact| {
            let message = match gone.as_slice() {
                [before] => format!("the pattern {before} changed to {}", fact.detail),
                _ => format!("new pattern: {}", fact.detail),
            };
            finding("pattern", Severity::Medium, &fact.place, message)
        })
        .collect()
}

fn imports(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let old = details(base, Sort::Import);
    let fresh = of(new, Sort::Import).filter(|fact| !fact.detail.is_empty() && !old.contains(&fact.detail));
    fresh
        .map(|fact| {
            let severity = if lists::is_power(&fact.detail) { Severity::Medium } else { Severity::Low };
            finding("import", severity, &fact.place, format!("new import: {}", fact.words))
        })
        .collect()
}

fn defaults(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let old: Vec<&Fact> = of(base, Sort::Default).collect();
    let now: Vec<&Fact> = of(new, Sort::Default).collect();
    let has =
        |list: &[&Fact], fact: &Fact| list.iter().any(|other| other.group == fact.group && other.detail == fact.detail);
    let mut findings = Vec::new();
    let mut gone: Vec<&Fact> = old.iter().copied().filter(|fact| !has(&now, fact)).collect();
    let mut fresh = Vec::new();
    for fact in now.iter().copied().filter(|fact| !has(&old, fact)) {
        match gone.iter().position(|before| before.group == fact.group) {
            Some(index) => {
                let before = gone.remove(index);
                findings.push(changed_default(before, fact));
            }
            None => fresh.push(fact),
        }
    }
    // A renamed constant has the same value.
    for fact in fresh {
        if let Some(index) = gone.iter().position(|before| before.detail == fact.detail) {
            gone.remove(index);
        } else if let Some(before) = gone.iter().position(|before| kind(&before.detail) == kind(&fact.detail)) {
            let before = gone.remove(before);
            findings.push(changed_default(before, fact));
        }
    }
    findings
}

fn changed_default(before: &Fact, now: &Fact) -> Finding {
    let message = format!("default of `{}` changed from {} to {}", now.words, before.detail, now.detail);
    let is_risky = lists::is_dangerous(&now.group, &now.detail);
    finding("default", if is_risky { Severity::High } else { Severity::Medium }, &now.place, message)
}

/// Whether a constant is a number, a flag or a text.
fn kind(constant: &str) -> u8 {
    match constant {
        "true" | "false" => 0,
        _ if constant.parse::<f64>().is_ok() => 1,
        _ => 2,
    }
}

/// Numbers that are common in every program.
fn is_trivial(number: &str) -> bool {
    matches!(number, "0" | "1" | "-1" | "2")
}

fn numbers(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let (old, now) = (details(base, Sort::Number), details(new, Sort::Number));
    let same = |list: &ProgramFacts, fact: &Fact| {
        of(list, Sort::Number).any(|other| {
            other.detail == fact.detail && other.group == fact.group && likeness(&other.about, &fact.about) >= ALIKE
        })
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut told: HashSet<(String, String)> = HashSet::new();
    let mut gone: Vec<&Fact> = of(base, Sort::Number).filter(|fact| !same(new, fact)).collect();
    gone.sort_by_key(|fact| is_trivial(&fact.detail));
    for fact in of(new, Sort::Number).filter(|fact| !same(base, fact)) {
        let is_new = !old.contains(&fact.detail);
        // Another number in the same use; or a new number that replaces a removed one.
        let here = gone.iter().find(|before| {
            before.group == fact.group
                && before.detail != fact.detail
                && !fact.group.is_empty()
                && likeness(&before.about, &fact.about) >= ALIKE
        });
        let is_moved = old.contains(&fact.detail) && here.is_some_and(|before| now.contains(&before.detail));
        let anywhere = || {
            gone.iter()
                .filter(|before| {
                    is_new && !is_trivial(&before.detail) && !is_trivial(&fact.detail) && !now.contains(&before.detail)
                })
                .max_by(|a, b| likeness(&a.about, &fact.about).total_cmp(&likeness(&b.about, &fact.about)))
        };
        let before = here.filter(|_| !is_moved).or_else(anywhere);
        let from = before.map_or("", |before| before.detail.as_str());
        let is_said = (before.is_some() || (is_new && !is_trivial(&fact.detail)))
            && told.insert((from.to_owned(), fact.detail.clone()));
        if !is_said {
            continue;
        }
        let (severity, message) = match before {
            Some(_) => (Severity::Medium, constant_words(from, fact)),
            None => (Severity::Low, format!("new constant {}", fact.detail)),
        };
        findings.push(finding("constant", severity, &fact.place, message));
    }
    findings
}

/// The change of a number and its place; for a number alone on its line, there is no place.
fn constant_words(from: &str, fact: &Fact) -> String {
    let place = if fact.words.trim() == fact.detail { String::new() } else { format!(" in `{}`", fact.words) };
    format!("constant {from} changed to {}{place}", fact.detail)
}

fn handlers(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let old: Vec<&Fact> = of(base, Sort::Handler).collect();
    let mut findings = Vec::new();
    let count = |facts: &ProgramFacts, group: &str, detail: &str| {
        of(facts, Sort::Handler).filter(|fact| fact.group == group && fact.detail == detail).count()
    };
    for fact in of(new, Sort::Handler).filter(|fact| fact.group == "error") {
        let is_known =
            old.iter().any(|before| before.detail == fact.detail && likeness(&before.about, &fact.about) >= ALIKE);
        let is_more = count(new, "error", &fact.detail) > count(base, "error", &fact.detail);
        if is_known && !(is_more && fact.detail == "swallowed") {
            continue;
        }
        let is_alike = |before: &&&Fact| before.group == "error" && likeness(&before.about, &fact.about) >= ALIKE;
        let before = old
            .iter()
            .filter(is_alike)
            .find(|before| matches!(before.detail.as_str(), "passed on" | "returned" | "told"));
        // A fallback result is now set before the attempt.
        let was_replaced = || {
            let replaced = |facts: &ProgramFacts| count(facts, "error", "replaced");
            old.iter().filter(is_alike).any(|before| before.detail == "replaced") && replaced(new) < replaced(base)
        };
        match (fact.detail.as_str(), before) {
            ("swallowed", None) if was_replaced() => {
                let message = format!("{} was replaced with another result and is now ignored", fact.words);
                findings.push(finding("swallowed", Severity::Low, &fact.place, message));
            }
            ("swallowed", _) => {
                let message = format!("{} is now swallowed", fact.words);
                findings.push(finding("swallowed", Severity::High, &fact.place, message));
            }
            ("replaced", Some(before))
                if count(new, "error", &before.detail) < count(base, "error", &before.detail) =>
            {
                let message = format!("{} was {} and is now replaced with another result", fact.words, before.detail);
                findings.push(finding("swallowed", Severity::Medium, &fact.place, message));
            }
            ("told", Some(before))
                if before.detail == "passed on"
                    && count(new, "error", "passed on") < count(base, "error", "passed on") =>
            {
                let message = format!("{} was passed on and is now only reported", fact.words);
                findings.push(finding("swallowed", Severity::Medium, &fact.place, message));
            }
            ("replaced", None) if !old.iter().any(|before| before.group == "error") => {
                let message = format!("{} is now caught and replaced with another result", fact.words);
                findings.push(finding("swallowed", Severity::Medium, &fact.place, message));
            }
            _ => {}
        }
    }
    findings
}

fn math(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    // Sides are compared separately; sums and products are commutative.
    let alike = |a: &Fact, b: &Fact| {
        let straight = jaccard(&a.about, &b.about).min(jaccard(&a.beside, &b.beside));
        let crossed = jaccard(&a.about, &b.beside).min(jaccard(&a.beside, &b.about));
        if matches!(a.detail.as_str(), "+" | "*") { straight.max(crossed) } else { straight }
    };
    let count = |facts: &ProgramFacts, fact: &Fact| {
        of(facts, Sort::Math).filter(|other| other.detail == fact.detail && alike(fact, other) >= 0.6).count()
    };
    let nearest = |fact: &Fact, is_same: bool| {
        of(base, Sort::Math)
            .filter(|before| {
                (before.detail == fact.detail) == is_same && (is_same || count(new, before) < count(base, before))
            })
            .map(|before| (before, alike(before, fact)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let mut findings = Vec::new();
    for fact in of(new, Sort::Math) {
        let known = nearest(fact, true).map_or(0.0, |(_, alike)| alike);
        let Some((before, alike)) = nearest(fact, false) else { continue };
        let is_new = known < alike || count(new, fact) > count(base, fact);
        if alike >= 0.6 && is_new {
            let message =
                format!("`{}` changed to `{}`: {} is now {}", before.words, fact.words, before.detail, fact.detail);
            findings.push(finding("calculation", Severity::Medium, &fact.place, message));
        }
    }
    findings
}

/// Facts that are reported if new.
fn fresh_ones(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_known = |fact: &Fact| {
        of(base, fact.sort).any(|before| {
            before.group == fact.group && before.detail == fact.detail && likeness(&before.about, &fact.about) >= ALIKE
        })
    };
    let has_detail =
        |fact: &Fact| of(base, fact.sort).any(|before| before.group == fact.group && before.detail == fact.detail);
    for fact in &new.plain {
        let (severity, code, message) = match fact.sort {
            Sort::Slice if !has_detail(fact) && fact.detail.chars().any(|c| c.is_ascii_digit()) => {
                (Severity::Medium, "part", format!("only a part is now used: `{}`", fact.words))
            }
            Sort::Bound if !has_detail(fact) => {
                (Severity::Medium, "part", format!("a range limit changed: `{}`", fact.words))
            }
            Sort::Constant if !has_detail(fact) => (
                Severity::High,
                "constant-condition",
                format!("a condition is always {}: the rest of it has no effect", fact.detail),
            ),
            Sort::Bare if !is_known(fact) => (
                Severity::High,
                "unquoted",
                format!("{} is no longer quoted in `{}`: it is split and expanded", fact.words, fact.group),
            ),
            Sort::Secret if !is_known(fact) => {
                (Severity::High, "secret", format!("a secret may be printed: `{}`", fact.words))
            }
            Sort::Cut if of(new, Sort::Cut).count() > of(base, Sort::Cut).count() => {
                (Severity::Medium, "part", format!("{} ends in its first iteration", fact.words))
            }
            _ => continue,
        };
        findings.push(finding(code, severity, &fact.place, message));
    }
    let finals = |facts: &ProgramFacts| of(facts, Sort::Handler).filter(|fact| fact.group == "finally").count();
    if finals(new) < finals(base) {
        findings.push(Finding::new("cleanup", Severity::Low, "`finally` does less than before"));
    }
    findings
}

fn collections(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Named arguments are entries too: `{ timeout: 30 }` may be inside or outside the call.
    let (old, given) = (entries(base), entries(new));
    for now in &new.collections {
        for entry in now.entries.iter().filter(|entry| !old.contains(*entry)) {
            if let Some((key, value)) = entry.split_once(": ").filter(|(key, value)| lists::is_dangerous(key, value)) {
                findings.push(finding("argument", Severity::High, &now.place, format!("`{key}` is now {value}")));
            }
        }
    }
    for now in &new.collections {
        if base.collections.iter().any(|before| before.entries == now.entries) {
            continue;
        }
        let nearest = base
            .collections
            .iter()
            .filter(|before| !new.collections.iter().any(|other| other.entries == before.entries))
            .map(|before| (before, jaccard(&before.entries, &now.entries)))
            .filter(|(_, alike)| *alike >= 0.3)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((before, _)) = nearest else { continue };
        // An entry that moved between lists is unchanged.
        let list = |a: &Tokens, b: &Tokens, other: &Tokens| -> Vec<String> {
            a.difference(b).filter(|entry| !other.contains(*entry)).cloned().collect()
        };
        let (fresh, gone) = (list(&now.entries, &before.entries, &old), list(&before.entries, &now.entries, &given));
        let is_risky = fresh
            .iter()
            .any(|entry| entry.split_once(": ").is_some_and(|(key, value)| lists::is_dangerous(key, value)));
        let (fresh, gone) = (fresh.join(", "), gone.join(", "));
        let message = match (fresh.is_empty(), gone.is_empty()) {
            (true, true) => continue,
            (false, true) => format!("a list now also contains {fresh}"),
            (true, false) => format!("a list no longer contains {gone}"),
            (false, false) => format!("in a list, {gone} changed to {fresh}"),
        };
        let severity = if is_risky { Severity::High } else { Severity::Medium };
        findings.push(finding("list", severity, &now.place, message));
    }
    findings
}

/// Every constant in a list or in a named argument.
fn entries(facts: &ProgramFacts) -> Tokens {
    let given = facts
        .calls
        .iter()
        .flat_map(|call| &call.given)
        .filter_map(|given| Some(format!("{}: {}", given.name.as_ref()?, given.constant.as_ref()?.shown)));
    facts.collections.iter().flat_map(|list| list.entries.iter().cloned()).chain(given).collect()
}
