//! Unrolls loops over a few constants, because one version may write out each turn.

use super::variables::is_variable;
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};

/// The limits for unrolling: constants of the loop, and statements in it.
const MAX_TURNS: usize = 12;
const MAX_INSIDE: usize = 8;

/// The statements, with unrolled loops over constants that the other version does not have.
pub(super) fn unrolled(all: &[Statement], other: &[Statement], is_python: bool) -> Vec<Statement> {
    let mut result = all.to_vec();
    let mut at = 0;
    while at < result.len() {
        if let Some((end, written)) = written_out(&result, at, other, is_python) {
            result.splice(at..=end, written);
        }
        at += 1;
    }
    result
}

/// The end of a loop, and its replacement.
fn written_out(all: &[Statement], at: usize, other: &[Statement], is_python: bool) -> Option<(usize, Vec<Statement>)> {
    let head = &all[at];
    let (name, values) = variable(head, all)?;
    let is_end = |one: &Statement| {
        one.kind == StatementKind::End && one.depth == head.depth + 1 && one.function == head.function
    };
    let end = at + all.get(at..)?.iter().position(is_end)?;
    let (inside, behind) = (&all[at + 1..end], &all[end + 1..]);
    let is_it = |token: &Token| is_variable(token, name);
    let is_plain = |one: &Statement| {
        let first = one.tokens.first().map_or("", |first| first.text.as_str());
        let is_set = one.kind == StatementKind::Assign && one.tokens.first().is_some_and(is_it);
        one.kind != StatementKind::Define && !matches!(first, "break" | "continue") && !is_set
    };
    let has = |one: &Statement, value: &Token| one.tokens.iter().any(|token| token.text == value.text);
    // The other version does it one by one, without such a loop.
    let is_alone = |one: &Statement, value: &Token| {
        has(one, value) && !values.iter().any(|other| other.text != value.text && has(one, other))
    };
    let is_written =
        values.iter().all(|value| other.iter().any(|one| one.kind != StatementKind::Head && is_alone(one, value)));
    let is_loop = |one: &Statement| {
        variable(one, other).is_some_and(|(_, others)| others.iter().any(|it| it.text == values[0].text))
    };
    let fits = (1..=MAX_INSIDE).contains(&inside.len())
        && inside.iter().all(is_plain)
        && inside.iter().any(|one| one.tokens.iter().any(is_it))
        && !behind.iter().any(|one| one.function == head.function && one.tokens.iter().any(is_it))
        && is_written
        && !other.iter().any(is_loop);
    let turn = |value| inside.iter().map(move |one| with(one, name, value, is_python));
    fits.then(|| (end, values.iter().flat_map(turn).collect()))
}

/// The variable of a loop over constants, and the constants, which may be named.
fn variable<'s>(head: &'s Statement, all: &'s [Statement]) -> Option<(&'s str, &'s [Token])> {
    let [first, name, rest @ ..] = head.tokens.as_slice() else { return None };
    let rest = match rest {
        [of, rest @ ..] if of.text == "of" => rest,
        rest => rest,
    };
    let rest = match rest {
        [list] if list.kind == TokenKind::Name => named_list(&list.text, all)?,
        rest => rest,
    };
    let values = match rest {
        [open, rest @ ..] if open.kind == TokenKind::Sign && open.text == "[" => rest,
        rest => rest,
    };
    let is_it = head.kind == StatementKind::Head
        && first.text == "for"
        && name.kind == TokenKind::Name
        && (2..=MAX_TURNS).contains(&values.len())
        && values.iter().all(|value| matches!(value.kind, TokenKind::Text | TokenKind::Number));
    is_it.then_some((name.text.as_str(), values))
}

/// The value of a name that is assigned once and never changed.
fn named_list<'s>(name: &str, all: &'s [Statement]) -> Option<&'s [Token]> {
    let begins = |one: &&Statement| one.tokens.first().is_some_and(|first| first.text == name);
    let mut set = all.iter().filter(begins);
    let (only, None) = (set.next()?, set.next()) else { return None };
    match only.tokens.as_slice() {
        [_, sign, value @ ..]
            if only.kind == StatementKind::Assign
                && sign.text == "="
                && value.first().is_some_and(|open| open.kind == TokenKind::Sign && open.text == "[") =>
        {
            Some(value)
        }
        _ => None,
    }
}

/// A statement with a value in place of the variable; in JavaScript, an entry with a constant name is an attribute.
fn with(one: &Statement, name: &str, value: &Token, is_python: bool) -> Statement {
    let mut tokens: Vec<Token> = Vec::with_capacity(one.tokens.len());
    for token in &one.tokens {
        if !is_variable(token, name) {
            tokens.push(token.clone());
            continue;
        }
        let is_word = value.kind == TokenKind::Text
            && value.text.chars().all(|c| c.is_alphanumeric() || c == '_')
            && value.text.starts_with(|c: char| !c.is_ascii_digit());
        let is_entry = tokens.last().is_some_and(|last| last.kind == TokenKind::Sign && last.text == "[");
        let mut token = Token { kind: value.kind, text: value.text.clone(), ..token.clone() };
        if is_entry && is_word && !is_python {
            tokens.pop();
            (token.kind, token.context.fixed) = (TokenKind::Name, true);
        }
        tokens.push(token);
    }
    Statement { tokens, depth: one.depth.saturating_sub(1), ..one.clone() }
}
