//! The names that a statement binds, and those that it uses.

use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use std::collections::HashSet;

/// The names of a program in a statement.
pub(super) fn names(statement: &Statement) -> impl DoubleEndedIterator<Item = &str> {
    statement.tokens.iter().filter(|token| token.kind == TokenKind::Name).map(|token| token.text.as_str())
}

/// The names that an import binds.
pub(super) fn imported(statement: &Statement) -> Vec<&str> {
    let tokens = statement.tokens.as_slice();
    let at = |word: &str| tokens.iter().position(|token| token.text == word);
    let is_name = |token: &&Token| token.kind == TokenKind::Name;
    let (from, to, most) = match tokens.first().map_or("", |first| first.text.as_str()) {
        "from" => (at("import").unwrap_or(0), tokens.len(), usize::MAX),
        // `import a.b` binds the first name; JavaScript has its names before `from`.
        "import" => (0, at("from").unwrap_or(tokens.len()), if at("from").is_some() { usize::MAX } else { 1 }),
        _ => (0, at("=").unwrap_or(tokens.len()), usize::MAX),
    };
    let known = tokens.get(from..to).unwrap_or_default().iter().filter(is_name);
    known.map(|token| token.text.as_str()).take(most).collect()
}

/// Whether a statement calls a function by this name.
pub(super) fn calls(statement: &Statement, name: &str) -> bool {
    let mut pairs = statement.tokens.iter().zip(statement.tokens.iter().skip(1).map(Some).chain([None]));
    pairs.any(|(token, next)| {
        let is_called = token.context.nesting.calls > 0 || next.is_some_and(|next| next.context.nesting.opened > 0);
        token.kind == TokenKind::Name && !token.context.fixed && token.text == name && is_called
    })
}

/// Whether an assignment sets a variable that only the program itself reads.
pub(super) fn is_own_variable(statement: &Statement) -> bool {
    let is_shouted = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    target(statement).is_some_and(|name| !is_shouted(name))
        && statement.tokens.get(1).is_some_and(|token| !token.context.fixed)
}

/// Whether a statement only adds to a collection that the program created, or sorts it.
pub(super) fn collects(statement: &Statement, old: &[Statement], new: &[Statement]) -> bool {
    const COLLECTING: &[&str] =
        &["append", "push", "add", "extend", "insert", "unshift", "update", "set", "sort", "reverse", "setdefault"];
    let Some((base, rest)) = statement.tokens.split_first() else { return false };
    let path = rest.iter().take_while(|token| token.context.fixed).count();
    let is_method = rest[..path].last().is_some_and(|method| COLLECTING.contains(&method.text.as_str()));
    let is_made = |one: &Statement| one.kind == StatementKind::Assign && target(one) == Some(base.text.as_str());
    is_method && (matches!(base.text.as_str(), "self" | "this") || old.iter().chain(new).any(is_made))
}

/// Shell variables that change how commands, or the shell itself, read and find things.
pub(super) fn is_given(name: &str) -> bool {
    const NAMES: &[&str] =
        &["IFS", "PATH", "HOME", "BASH_ENV", "ENV", "CDPATH", "GLOBIGNORE", "PS4", "SHELLOPTS", "TMPDIR"];
    NAMES.contains(&name) || name.starts_with("LD_") || name.starts_with("LC_ALL") || name.starts_with("GIT_")
}

/// The variable that an assignment sets.
pub(super) fn target(statement: &Statement) -> Option<&str> {
    let is_variable = |token: &&Token| token.kind == TokenKind::Name && token.text != "my";
    statement.tokens.iter().find(is_variable).map(|token| token.text.as_str())
}

/// The functions that contain statements.
pub(super) fn functions(statements: &[Statement]) -> HashSet<&str> {
    statements.iter().map(|statement| statement.function.as_str()).collect()
}

/// Whether it is one word, or one word with a value.
pub(super) fn is_short(statement: &Statement) -> bool {
    statement.tokens.len() <= 2
}

/// Whether the old function never read the variable that a statement assigns.
pub(super) fn is_dead(statement: &Statement, old: &[Statement]) -> bool {
    let Some(name) = target(statement).filter(|_| !statement.function.is_empty()) else {
        return false;
    };
    let is_outer = |one: &Statement| one.has("global") || one.has("nonlocal") || one.has("locals");
    let nested = format!("{}.", statement.function);
    let mut inside = old.iter().filter(|one| one.function == statement.function || one.function.starts_with(&nested));
    inside.all(|one| std::ptr::eq(one, statement) || !one.has(name) && !is_outer(one))
}

/// Whether the same value now has the same name for the whole program, and is never changed.
pub(super) fn is_shared(statement: &Statement, new: &[Statement]) -> bool {
    let Some(name) = target(statement) else { return false };
    let is_it = |one: &Statement| one.function.is_empty() && one.depth == 0 && one.key() == statement.key();
    let changes = |one: &Statement| {
        let begins = one.tokens.first().is_some_and(|first| first.text == name);
        begins && !is_it(one) || one.has("del") && one.has(name)
    };
    new.iter().any(is_it) && !new.iter().any(changes) && statement.tokens.iter().all(|token| token.text != "(")
}
