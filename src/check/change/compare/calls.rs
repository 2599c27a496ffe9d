//! Compares the calls of two versions, and their arguments.

use super::common::{ALIKE, finding, jaccard};
use crate::check::change::facts::fact::{CallArgument, CallFact, ProgramFacts, SourceLocation};
use crate::check::change::facts::lists::{self, CallEffect};
use crate::check::change::names::{Tokens, likeness};
use crate::code::shell::options::long_option;
use crate::domain::{Finding, Severity};
use std::collections::{BTreeMap, HashSet};

/// The differences in calls.
pub(in crate::check::change) fn compare(base: &ProgramFacts, new: &ProgramFacts, is_shell: bool) -> Vec<Finding> {
    let pairs = Pairs::of(base, new);
    let mut findings = effects(base, new, &pairs);
    findings.extend(safeguards(base, new, is_shell));
    findings.extend(arguments(&pairs, is_shell));
    findings.extend(waits(base, new));
    findings
}

/// Calls of the new version without an exact match, each with the old call that it replaces.
struct Pairs<'a> {
    pairs: Vec<(&'a CallFact, &'a CallFact)>,
    /// Calls without an old counterpart.
    fresh: Vec<&'a CallFact>,
}

impl<'a> Pairs<'a> {
    fn of(base: &'a ProgramFacts, new: &'a ProgramFacts) -> Pairs<'a> {
        let count = |calls: &[CallFact]| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for call in calls {
                *counts.entry(call.key()).or_default() += 1;
            }
            counts
        };
        let (old, now) = (count(&base.calls), count(&new.calls));
        let has = |counts: &BTreeMap<String, usize>, key: &str| counts.get(key).copied().unwrap_or_default();
        let mut left: Vec<&CallFact> =
            base.calls.iter().filter(|call| has(&now, &call.key()) < has(&old, &call.key())).collect();
        let (mut pairs, mut fresh) = (Vec::new(), Vec::new());
        let mut others: Vec<&CallFact> =
            new.calls.iter().filter(|call| has(&old, &call.key()) < has(&now, &call.key())).collect();
        // Calls with the same constants belong together, wherever they are.
        others.retain(|call| {
            let is_same = |before: &&CallFact| {
                before.name == call.name && before.is_own == call.is_own && constant(before) == constant(call)
            };
            let found = left.iter().position(is_same).filter(|_| constant(call).iter().any(Option::is_some));
            if let Some(index) = found {
                pairs.push((left.remove(index), *call));
            }
            found.is_none()
        });
        for call in others {
            let about = call.about();
            let nearest = left
                .iter()
                .enumerate()
                .filter(|(_, before)| before.name == call.name && before.is_own == call.is_own)
                .map(|(index, before)| (index, likeness(&before.about(), &about)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            match nearest {
                Some((index, _)) => pairs.push((left.remove(index), call)),
                None => fresh.push(call),
            }
        }
        Pairs { pairs, fresh }
    }
}

/// The constant arguments of a call, in order.
fn constant(call: &CallFact) -> Vec<Option<&str>> {
    call.given.iter().map(|given| given.constant.as_ref().map(|constant| constant.shown.as_str())).collect()
}

/// External effects of the new version that the old one does not have.
fn effects(base: &ProgramFacts, new: &ProgramFacts, pairs: &Pairs<'_>) -> Vec<Finding> {
    let of = |facts: &ProgramFacts| -> BTreeMap<CallEffect, usize> {
        let mut counts = BTreeMap::new();
        for effect in facts.calls.iter().filter_map(effect) {
            *counts.entry(effect).or_default() += 1;
        }
        counts
    };
    let (old, now) = (of(base), of(new));
    let mut findings = Vec::new();
    let mut told = HashSet::new();
    for (effect, call) in new.calls.iter().filter_map(|call| Some((effect(call)?, call))) {
        if !old.contains_key(&effect) && told.insert((effect, call.name.clone())) {
            let message = format!("new: it now {}: `{}`", effect.words(), call.words);
            findings.push(finding("effect", Severity::High, &call.place, message));
        }
    }
    for call in &pairs.fresh {
        let Some(effect) = effect(call) else { continue };
        let is_known = base
            .calls
            .iter()
            .any(|before| self::effect(before) == Some(effect) && likeness(&before.about(), &call.about()) >= ALIKE);
        let is_more = now.get(&effect) > old.get(&effect);
        if old.contains_key(&effect) && (is_more && !is_known || effect == CallEffect::Weak) {
            let message = format!("it {} in one more place: `{}`", effect.words(), call.words);
            findings.push(finding("effect", Severity::Medium, &call.place, message));
        }
    }
    for (effect, count) in &old {
        if matches!(effect, CallEffect::Delete | CallEffect::Mode)
            && now.get(effect).copied().unwrap_or_default() == 0
            && *count > 0
        {
            let before = base.calls.iter().find(|call| self::effect(call) == Some(*effect));
            let words = before.map_or("", |call| call.words.as_str());
            let message = format!("`{words}` was removed: nothing {} any longer", effect.words());
            findings.push(Finding::new("effect-gone", Severity::Medium, message));
        }
    }
    findings
}

/// The external effect of a call. Opening a file is a write if its mode says so.
fn effect(call: &CallFact) -> Option<CallEffect> {
    if call.is_own {
        return None;
    }
    if matches!(call.name.as_str(), "open") {
        let mode = call
            .given
            .iter()
            .find(|given| given.name.as_deref() == Some("mode"))
            .or_else(|| call.given.get(usize::from(call.full == "open")));
        let mode =
            mode.and_then(|given| given.constant.as_ref()).map(|constant| constant.shown.trim_matches('"').to_owned());
        return mode.filter(|mode| mode.len() <= 3 && mode.contains(['w', 'a', 'x', '+'])).map(|_| CallEffect::Write);
    }
    lists::effect(&call.full)
}

/// Safeguards that are no longer called.
fn safeguards(base: &ProgramFacts, new: &ProgramFacts, is_shell: bool) -> Vec<Finding> {
    let counts = |facts: &ProgramFacts| {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for family in
            facts.calls.iter().filter(|call| !call.is_own).filter_map(|call| lists::safeguard(&call.name, is_shell))
        {
            *counts.entry(family).or_default() += 1;
        }
        counts
    };
    let now = counts(new);
    let mut findings = Vec::new();
    let mut told = HashSet::new();
    for call in base.calls.iter().filter(|call| !call.is_own) {
        let Some(family) = lists::safeguard(&call.name, is_shell) else { continue };
        let is_there = new.calls.iter().any(|other| {
            let (about, now) = (call.about(), other.about());
            // It may protect from more than before: `set -e` and `set -euo pipefail`.
            let is_like = likeness(&now, &about) >= 0.3 || !about.is_empty() && about.is_subset(&now);
            lists::safeguard(&other.name, is_shell) == Some(family) && is_like
        });
        let is_fewer = !now.contains_key(&family);
        let by_member =
            lists::as_member(family).iter().any(|name| new.members.contains(*name) && !base.members.contains(*name));
        if (is_fewer || !is_there) && !by_member && told.insert(family) {
            let message = format!(
                "the safeguard `{}` was removed (line {} of the previous version)",
                call.words, call.place.line
            );
            let severity = if is_fewer { Severity::High } else { Severity::Medium };
            findings.push(Finding {
                path: Some(call.place.path.clone()),
                ..Finding::new("safeguard-gone", severity, message)
            });
        }
    }
    findings
}

/// Calls with changed arguments.
fn arguments(pairs: &Pairs<'_>, is_shell: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (before, now) in &pairs.pairs {
        if let Some((i, j)) = swapped(&before.given, &now.given) {
            // Swapped parameters are reported at the call that passes them in.
            let (place, words) = match (&now.given[i].from, &now.given[j].from) {
                (Some((a, words)), Some((b, _))) if a == b => (SourceLocation { line: *a, ..now.place.clone() }, words),
                _ => (now.place.clone(), &now.words),
            };
            let message =
                format!("arguments {} and {} of `{words}` are swapped (before: `{}`)", i + 1, j + 1, before.words);
            findings.push(finding("swapped", Severity::Medium, &place, message));
            continue;
        }
        if is_shell {
            findings.extend(options(before, now));
        } else {
            findings.extend(constants(before, now));
        }
    }
    for call in &pairs.fresh {
        for given in call.given.iter().filter(|_| !is_shell) {
            if let (Some(name), Some(constant)) = (&given.name, &given.constant)
                && lists::is_dangerous(name, &constant.shown)
                && !makes_folders(&call.name, name)
            {
                let message = format!("`{name}` is {} in `{}`", constant.shown, call.words);
                findings.push(finding("argument", Severity::High, &call.place, message));
            }
        }
    }
    findings
}

/// Whether it only creates the parents of a folder, too.
fn makes_folders(call: &str, argument: &str) -> bool {
    call.to_ascii_lowercase().contains("mkdir") && argument == "recursive"
}

/// Two swapped arguments.
fn swapped(before: &[CallArgument], now: &[CallArgument]) -> Option<(usize, usize)> {
    if before.len() != now.len() || now.len() < 2 {
        return None;
    }
    let alike = |a: &CallArgument, b: &CallArgument| match (&a.constant, &b.constant) {
        (Some(a), Some(b)) => f64::from(u8::from(a.shown == b.shown)),
        (None, None) => jaccard(&a.about, &b.about),
        _ => 0.0,
    };
    for i in 0..now.len() {
        for j in i + 1..now.len() {
            let crossed = alike(&now[i], &before[j]) + alike(&now[j], &before[i]);
            let straight = alike(&now[i], &before[i]) + alike(&now[j], &before[j]);
            let is_clear =
                (crossed >= 1.6 && crossed - straight >= 0.3) || (crossed >= 1.95 && crossed - straight >= 0.1);
            if is_clear && now[i].name == before[i].name && now[j].name == before[j].name {
                return Some((i, j));
            }
        }
    }
    None
}

fn constants(before: &CallFact, now: &CallFact) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |severity, message: String| findings.push(finding("argument", severity, &now.place, message));
    let by_name = |call: &CallFact, name: &str| call.given.iter().position(|given| given.name.as_deref() == Some(name));
    for (index, given) in now.given.iter().enumerate() {
        let other = match &given.name {
            Some(name) => by_name(before, name),
            None => (before.given.get(index).is_some_and(|other| other.name.is_none())).then_some(index),
        };
        let name = given.name.clone().unwrap_or_else(|| format!("argument {}", index + 1));
        match (other.map(|index| &before.given[index]), &given.constant) {
            (Some(other), Some(constant)) => match &other.constant {
                Some(old) if old.shown != constant.shown && is_telling(&old.shown, &constant.shown) => {
                    let severity =
                        if lists::is_dangerous(&name, &constant.shown) { Severity::High } else { Severity::Medium };
                    say(
                        severity,
                        format!("`{name}` of `{}` changed from {} to {}", now.name, old.shown, constant.shown),
                    );
                }
                _ => {}
            },
            (None, Some(constant))
                if lists::is_dangerous(&name, &constant.shown) && !makes_folders(&now.name, &name) =>
            {
                say(Severity::High, format!("`{name}` of `{}` is now {}", now.name, constant.shown));
            }
            _ => {}
        }
    }
    for given in
        before.given.iter().filter(|given| given.name.as_ref().is_some_and(|name| by_name(now, name).is_none()))
    {
        let name = given.name.clone().unwrap_or_default();
        let has_more = now.given.iter().any(|given| {
            given.name.is_none() && given.constant.is_none() && !before.given.iter().any(|old| old.about == given.about)
        });
        if let (Some(constant), false) = (&given.constant, has_more)
            && kind_matters(&constant.shown)
            && lists::is_guarding(&name)
        {
            say(Severity::Medium, format!("`{name}` of `{}` was {} and is no longer passed", now.name, constant.shown));
        }
    }
    findings
}

/// Whether two constants differ in more than text for a reader.
fn is_telling(before: &str, now: &str) -> bool {
    let is_prose = |text: &str| text.starts_with('"') && text.contains(' ');
    !(is_prose(before) || is_prose(now))
}

fn kind_matters(constant: &str) -> bool {
    matches!(constant, "true" | "false") || constant.parse::<f64>().is_ok()
}

/// Commands with changed options and redirections.
fn options(before: &CallFact, now: &CallFact) -> Vec<Finding> {
    let words = |call: &CallFact| -> Tokens {
        let given = call.given.iter().filter_map(|given| {
            let constant = given.constant.as_ref()?.shown.trim_matches('"').to_owned();
            Some(match &given.name {
                Some(sign) => format!("{sign}{constant}"),
                None => constant,
            })
        });
        given.collect()
    };
    let (old, new) = (words(before), words(now));
    // The file may contain either form, so the message names both.
    let shown = |word: &str| match long_option(&now.name, word) {
        Some(long) => format!("{word} ({long})"),
        None => word.to_owned(),
    };
    let is_option = |word: &&String| word.starts_with('-') || word.starts_with('+') || word.contains(['>', '=']);
    let mut findings = Vec::new();
    for word in new.difference(&old).filter(is_option) {
        let is_hiding = word.starts_with("2>") && word.ends_with("/dev/null") || word.starts_with("&>/dev/null");
        let severity = match () {
            () if lists::is_dangerous_option(&now.name, word) || is_hiding => Severity::High,
            () if lists::is_careful_option(&now.name, word) => Severity::Low,
            () => Severity::Medium,
        };
        let message = if is_hiding {
            format!("errors of `{}` are now hidden", now.name)
        } else {
            format!("new option {} of `{}`", shown(word), now.name)
        };
        findings.push(finding("option", severity, &now.place, message));
    }
    for word in old.difference(&new).filter(is_option) {
        findings.push(finding(
            "option",
            Severity::Medium,
            &now.place,
            format!("`{}` no longer has the option {}", now.name, shown(word)),
        ));
    }
    // Additional targets of a command.
    let things = |set: &Tokens| {
        set.iter()
            .filter(|word| !is_option(word) && (word.as_str() == "/" || word.starts_with("/*") || word.as_str() == "*"))
            .count()
    };
    if things(&new) > things(&old) {
        findings.push(finding(
            "option",
            Severity::High,
            &now.place,
            format!("`{}` now works on more: `{}`", now.name, now.words),
        ));
    }
    findings
}

/// Calls that are no longer awaited.
fn waits(base: &ProgramFacts, new: &ProgramFacts) -> Vec<Finding> {
    let waited: HashSet<&str> =
        base.calls.iter().filter(|call| call.is_awaited == Some(true)).map(|call| call.name.as_str()).collect();
    let loose = |facts: &ProgramFacts, name: &str| {
        facts.calls.iter().filter(|call| call.is_awaited == Some(false) && call.name == name).count()
    };
    let mut findings = Vec::new();
    for call in new.calls.iter().filter(|call| call.is_awaited == Some(false) && waited.contains(call.name.as_str())) {
        let is_other = |other: &&crate::check::change::facts::fact::CallFact| {
            other.name == call.name && other.is_awaited == Some(true)
        };
        let fewer = new.calls.iter().filter(is_other).count() < base.calls.iter().filter(is_other).count();
        if fewer && loose(new, &call.name) > loose(base, &call.name) {
            let message = format!("`{}` is no longer awaited", call.words);
            findings.push(finding("await", Severity::Medium, &call.place, message));
        }
    }
    findings
}
