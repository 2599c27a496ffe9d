//! Determines whether moving a statement past others of its function has an effect.

use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use std::collections::HashSet;

/// The effect of a statement in addition to setting variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Nothing,
    /// Writes to the output.
    Prints,
    /// May have any effect.
    Acts,
    /// Exits the function or the program.
    Leaves,
}

/// Whether a moved statement changed its order with one that depends on it; `same` are the positions of the statements
/// that both lists have, old and new.
pub(super) fn is_other(
    old: &[Statement],
    moved: &Statement,
    (from, to): (usize, usize),
    same: &[(usize, usize)],
) -> bool {
    let passed = |(was, is): &&(usize, usize)| *was > from && *is < to || *was < from && *is > to;
    let is_inside = |one: &Statement| one.function == moved.function;
    same.iter().filter(passed).map(|(was, _)| &old[*was]).any(|other| is_inside(other) && depend(moved, other))
}

/// Whether a statement between the naming and the use of a value changes something that the value depends on.
pub(super) fn is_between(all: &[Statement], named: &Statement, user: &Statement) -> bool {
    if named.kind != StatementKind::Assign || named.function != user.function || !looks(&named.tokens) {
        return false;
    }
    let place = |one: &Statement| all.iter().position(|other| std::ptr::eq(other, one));
    let (Some(from), Some(to)) = (place(named), place(user)) else { return false };
    let between = all.get(from + 1..to).unwrap_or_default();
    between.iter().any(|one| one.function == user.function && depend(named, one))
}

/// Whether the order of two statements matters.
pub(super) fn depend(one: &Statement, other: &Statement) -> bool {
    let (first, second) = (effect(one), effect(other));
    let is_plain = |statement: &Statement| {
        matches!(
            statement.kind,
            StatementKind::Import | StatementKind::Define | StatementKind::Message | StatementKind::End
        )
    };
    if is_plain(one) || is_plain(other) {
        return false;
    }
    let other_part = other_part(one, other);
    let meets = |a: &Statement, b: &Statement| {
        let used: HashSet<&str> = variables(&b.tokens).collect();
        sets(a).any(|name| used.contains(name) && other_part != Some(name))
    };
    let both = |a: Effect, b: Effect| (first, second) == (a, b) || (second, first) == (a, b);
    shifts(one, other)
        || shifts(other, one)
        || meets(one, other)
        || meets(other, one)
        || both(Effect::Acts, Effect::Acts)
        || both(Effect::Prints, Effect::Prints)
        || both(Effect::Acts, Effect::Leaves)
        || both(Effect::Prints, Effect::Leaves)
        || first == Effect::Acts && calls(other)
        || second == Effect::Acts && calls(one)
}

/// The variable of which two statements set different parts, `d["a"] = x` and `d["b"] = y`, without other uses.
fn other_part<'s>(one: &'s Statement, other: &Statement) -> Option<&'s str> {
    let ((base, key), (same, other_key)) = (part(one)?, part(other)?);
    (base == same && key != other_key).then_some(base)
}

/// The variable and the part of it that an assignment sets.
fn part(statement: &Statement) -> Option<(&str, &str)> {
    let (base, key) = match statement.tokens.as_slice() {
        [base, bracket, key, sign, ..] if bracket.text == "[" && key.kind == TokenKind::Text && sign.text == "=" => {
            (base, key)
        }
        [base, key, sign, ..] if key.context.fixed && sign.text == "=" => (base, key),
        _ => return None,
    };
    let is_once = variables(&statement.tokens).filter(|name| *name == base.text).count() == 1;
    (statement.kind == StatementKind::Assign && is_once).then_some((&base.text, &key.text))
}

/// Whether one is a shell `shift` and the other uses what it shifts.
fn shifts(one: &Statement, other: &Statement) -> bool {
    let is_positional = |token: &Token| {
        token.kind == TokenKind::Sign
            && token.text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '@' | '*' | '#'))
    };
    one.tokens.first().is_some_and(|first| first.text == "shift") && other.tokens.iter().any(is_positional)
}

fn effect(statement: &Statement) -> Effect {
    let first = statement.tokens.first().map_or("", |token| token.text.as_str());
    match statement.kind {
        StatementKind::Exit | StatementKind::Raise => Effect::Leaves,
        StatementKind::Other if matches!(first, "print" | "console" | "echo" | "printf") => Effect::Prints,
        StatementKind::Other => Effect::Acts,
        StatementKind::Assign if consumes(&statement.tokens) => Effect::Acts,
        _ => Effect::Nothing,
    }
}

/// Whether a value is removed from its source, or is created by starting something.
pub(super) fn consumes(tokens: &[Token]) -> bool {
    const TAKING: &[&str] = &[
        "pop",
        "popleft",
        "popitem",
        "shift",
        "readline",
        "readlines",
        "read",
        "next",
        "recv",
        "input",
        "splice",
        "run",
        "popen",
        "Popen",
        "check_output",
        "check_call",
        "execSync",
        "spawnSync",
        "execFileSync",
        "urlopen",
        "getline",
    ];
    let is_called = |(at, token): (usize, &Token)| {
        let next = tokens.get(at + 1).is_some_and(|next| next.context.nesting.opened > 0);
        TAKING.contains(&token.text.as_str()) && (token.context.nesting.calls > 0 || next)
    };
    tokens.iter().enumerate().any(is_called)
}

/// The conditions and loops around a statement, outermost last.
pub(super) fn conditions(all: &[Statement], at: usize) -> Vec<String> {
    let (mut depth, mut found) = (all[at].depth, Vec::new());
    for one in all[..at].iter().rev().take_while(|one| one.function == all[at].function) {
        if one.kind == StatementKind::Head && one.depth < depth {
            depth = one.depth;
            // These are not decisions.
            if !one.has("with") && !one.has("try") {
                found.push(one.key());
            }
        }
    }
    found
}

/// The variables that a statement sets, or whose objects it changes with a method.
fn sets(statement: &Statement) -> impl Iterator<Item = &str> {
    let tokens = statement.tokens.as_slice();
    let end = match statement.kind {
        StatementKind::Assign => tokens.iter().position(|token| token.text.ends_with('=')).unwrap_or(0),
        StatementKind::Head if statement.has("for") => {
            tokens.iter().position(|token| matches!(token.text.as_str(), "in" | "of")).unwrap_or(2.min(tokens.len()))
        }
        StatementKind::Other if tokens.get(1).is_some_and(|token| token.context.fixed) => 1,
        _ => 0,
    };
    variables(&tokens[..end])
}

fn variables(tokens: &[Token]) -> impl Iterator<Item = &str> {
    let is_one = |token: &&Token| token.kind == TokenKind::Name && !token.context.fixed;
    tokens.iter().filter(is_one).map(|token| token.text.as_str())
}

/// Whether a statement calls something, or reads something that a call may change.
pub(super) fn calls(statement: &Statement) -> bool {
    looks(&statement.tokens)
}

/// The same for a value.
pub(super) fn looks(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| {
        let nesting = token.context.nesting;
        nesting.opened > 0 || nesting.calls > 0 || token.context.fixed || token.text == "$("
    })
}
