//! Code that is elsewhere in the other version: extracted into a function or a variable, or inlined.

use super::align::{Replaced, Step, replaced};
use super::bindings::{functions, is_short, target};
use super::order;
use super::pieces::marks;
use super::variables::{Variable, binds, is_local, is_still_read};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use crate::domain::source::Language;
use std::collections::{BTreeMap, BTreeSet, HashSet};

pub(super) fn last_name(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

/// The functions of a version that contain only moved statements and possibly return their result.
pub(super) fn taken_out<'s>(here: &'s [Statement], there: &[Statement]) -> impl Iterator<Item = String> + use<'s> {
    let counted = |all: &[Statement]| -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for one in all {
            *counts.entry(one.key()).or_default() += 1;
        }
        counts
    };
    // Statements that are more frequent here than there.
    let (mut known, most) = (counted(here), counted(there));
    known.retain(|key, count| most.get(key).is_some_and(|most| *count <= *most));
    let elsewhere = functions(there);
    let mut own: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in here.iter().filter(|one| !elsewhere.contains(one.function.as_str())) {
        own.entry(&statement.function).or_default().push(statement);
    }
    let is_taken = move |all: &[&Statement]| {
        let inside: Vec<&&Statement> =
            all.iter().filter(|one| !matches!(one.kind, StatementKind::Define | StatementKind::End)).collect();
        let returns = |one: &Statement| one.kind == StatementKind::Exit && one.has("return") && is_short(one);
        let body = match inside.split_last() {
            Some((last, rest)) if returns(last) => rest,
            _ => inside.as_slice(),
        };
        !body.is_empty() && body.iter().all(|one| known.contains_key(&one.key()))
    };
    own.into_iter().filter(move |(_, all)| is_taken(all)).map(|(name, _)| last_name(name).to_owned())
}

pub(super) fn filled(steps: &[Step<'_>], explained: &BTreeSet<usize>, functions: &HashSet<&str>) -> HashSet<String> {
    let of = |at: &usize| match &steps[*at] {
        Step::Added(statement) if !functions.contains(statement.function.as_str()) => {
            statement.function.rsplit('.').next().map(str::to_owned)
        }
        _ => None,
    };
    explained.iter().filter_map(of).collect()
}

/// Whether words stand together in others.
pub(super) fn holds(whole: &[&str], part: &[&str]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
}

/// The steps whose code is elsewhere in the other version: extracted into a function or a variable, or inlined.
pub(super) fn explained(
    steps: &[Step<'_>],
    old: &[Statement],
    new: &[Statement],
    language: Option<Language>,
) -> BTreeSet<usize> {
    let mut explained = BTreeSet::new();
    let words = |statement: &Statement| {
        // Only how a value is computed matters here, not its use.
        let kept = marks(&statement.tokens)
            .into_iter()
            .filter(|word| !matches!(*word, "if" | "elif" | "while" | "return" | "="));
        kept.map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |step: &Step<'_>, want_added: bool| match step {
        Step::Added(statement) if want_added => Some(words(statement)),
        Step::Removed(statement) if !want_added => Some(words(statement)),
        _ => None,
    };
    // Statements that are equal except for names.
    for (at, step) in steps.iter().enumerate() {
        let is_long = |step: &Step<'_>| matches!(step, Step::Removed(statement) if marks(&statement.tokens).len() > 1);
        let Some(words) = of(step, false).filter(|words| !words.is_empty() && is_long(step)) else { continue };
        let same = steps.iter().enumerate().find(|(other, step)| {
            !explained.contains(other)
                && of(step, true).is_some_and(|added| added == words)
                && may_stand_for(&steps[at], step, (old, new), language)
        });
        if let Some((other, _)) = same {
            explained.extend([at, other]);
        }
    }
    // A line in an extracted function, with other names.
    let known = functions(old);
    let shape = |statement: &Statement| -> Vec<String> {
        let token = |token: &Token| {
            if token.kind == TokenKind::Name && !token.context.fixed { String::new() } else { token.text.clone() }
        };
        statement.tokens.iter().map(token).collect()
    };
    for (at, step) in steps.iter().enumerate() {
        let Step::Removed(statement) = step else { continue };
        let is_long = statement.tokens.len() > 2 && !marks(&statement.tokens).is_empty();
        if explained.contains(&at) || !is_long {
            continue;
        }
        let is_it = |(other, step): &(usize, &Step<'_>)| {
            matches!(step, Step::Added(one) if !known.contains(one.function.as_str()) && shape(one) == shape(statement))
                && !explained.contains(other)
        };
        if let Some((other, _)) = steps.iter().enumerate().find(is_it) {
            explained.extend([at, other]);
        }
    }
    for step in steps {
        let Step::Changed(before, now) = step else { continue };
        for part in replaced(before, now) {
            for (tokens, want_added) in [(part.old, true), (part.new, false)] {
                let words = marks(tokens);
                let holder = steps.iter().enumerate().find(|(_, step)| {
                    of(step, want_added)
                        .is_some_and(|whole| holds(&whole.iter().map(String::as_str).collect::<Vec<_>>(), &words))
                });
                explained.extend(holder.map(|(at, _)| at));
            }
        }
    }
    explained
}

/// Whether a replaced part is now a separate statement, or was one before.
pub(super) fn is_moved(
    part: &Replaced<'_>,
    (before, now): (&Statement, &Statement),
    (all_old, all_new): (&[Statement], &[Statement]),
    is_shell: bool,
) -> bool {
    let (old, new) = (marks(part.old), marks(part.new));
    // The condition of a command is more than its place.
    if is_shell && old.first().is_some_and(|sign| matches!(*sign, "&&" | "||")) {
        return false;
    }
    if part.new.is_empty() && old.len() > 1 {
        // The removed part is a separate statement now.
        let added = all_new.iter().filter(|statement| !all_old.iter().any(|other| other.key() == statement.key()));
        return added.into_iter().any(|statement| holds(&marks(&statement.tokens), &old));
    }
    // `10` became `limit`, and `limit = 10` is elsewhere; a call of a new function replaces its body.
    let is_named = |tokens: &[Token], known: &[Statement]| {
        let is_new = |token: &Token| !known.iter().any(|other| other.has(&token.text));
        tokens.iter().any(|token| token.kind == TokenKind::Name && !token.context.fixed && is_new(token))
    };
    // Its value may depend on the statements between both places.
    let stands = |all: &[Statement], words: &[&str], user: &Statement, names: &[Token]| {
        let holds_it = |one: &&Statement| holds(&marks(&one.tokens), words);
        // Inside another function, `this` is something else.
        let is_fixed = !words.contains(&"this");
        let is_it =
            |one: &Statement| is_for(one, names, user) && !order::is_between(all, one, user) && !is_rebound(all, one);
        is_fixed && all.iter().filter(holds_it).any(is_it)
    };
    !old.is_empty() && new.len() < old.len() && is_named(part.new, all_old) && stands(all_new, &old, now, part.new)
        || !new.is_empty()
            && old.len() < new.len()
            && is_named(part.old, all_new)
            && stands(all_old, &new, before, part.old)
}

/// Whether an assignment sets one of these names, is in a function of one of these names, or passes a value to the
/// function of the statement that uses it.
fn is_for(assign: &Statement, names: &[Token], user: &Statement) -> bool {
    let has = |name: &str| names.iter().any(|token| token.text == name);
    assign.kind != StatementKind::Assign
        || target(assign).is_none_or(has)
        || has(last_name(&assign.function))
        || !user.function.is_empty() && assign.has(last_name(&user.function))
}

/// Whether the variable that a statement assigns is given another value, too.
fn is_rebound(all: &[Statement], assign: &Statement) -> bool {
    let Some(name) = target(assign).filter(|_| assign.kind == StatementKind::Assign) else { return false };
    let inside = all.iter().filter(|one| one.function == assign.function);
    inside.filter(|one| binds(one, name)).count() > 1
}

/// Whether an added statement may be the removed one with other names. A condition does not match a command, and in a
/// function that both versions have, a name can replace another only if the old one was removed.
fn may_stand_for(
    gone: &Step<'_>,
    come: &Step<'_>,
    (old, new): (&[Statement], &[Statement]),
    language: Option<Language>,
) -> bool {
    let (Step::Removed(gone), Step::Added(come)) = (gone, come) else { return false };
    if gone.kind == StatementKind::Head && come.kind == StatementKind::Other {
        return false;
    }
    let known = functions(old);
    if gone.function != come.function && !known.contains(come.function.as_str()) {
        return true;
    }
    let names = |statement: &Statement| -> Vec<String> {
        let free = statement.tokens.iter().filter(|token| token.kind == TokenKind::Name && !token.context.fixed);
        free.map(|token| token.text.clone()).collect()
    };
    let is_renamed = |from: &str, to: &str| {
        let is_dynamic = language == Some(Language::Bash) && !is_local(old, &gone.function, from);
        let variable = Variable { function: &come.function, name: from, is_dynamic };
        let is_bound = gone.kind == StatementKind::Assign && language.is_some();
        let is_left = is_bound && is_still_read(new, variable, to)
            || new.iter().any(|one| one.function == come.function && one.has(from))
            || old.iter().any(|one| one.function == gone.function && one.has(to));
        !is_left
    };
    let (from, to) = (names(gone), names(come));
    from.len() != to.len() || from.iter().zip(&to).all(|(from, to)| from == to || is_renamed(from, to))
}
