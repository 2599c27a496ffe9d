//! Exits that were moved into a new function: `return` ends that function only, so its caller continues.

use super::Edited;
use super::bindings::functions;
use super::moved::last_name;
use crate::code::statements::{Statement, StatementKind};
use crate::domain::{Finding, Severity};

/// The conditional exits of new functions whose callers ignore the result, where those callers had such an exit before.
pub(super) fn edits(old: &[Statement], new: &[Statement], path: &str) -> Vec<Edited> {
    let known = functions(old);
    let mut extracted: Vec<&str> = functions(new).into_iter().filter(|name| !known.contains(name)).collect();
    extracted.sort_unstable();
    let exits = extracted.into_iter().filter_map(|function| {
        let exit = new.iter().find(|one| one.function == function && is_conditional(one))?;
        let caller = known.iter().find(|caller| is_ignored(function, caller, new) && has_lost(caller, old, new))?;
        Some((exit, last_name(function), *caller))
    });
    let edit = |(exit, function, caller): (&Statement, &str, &str)| {
        let left = if caller.is_empty() { "the program".to_owned() } else { format!("`{}`", last_name(caller)) };
        let words = format!("the check in `{function}` no longer ends {left}: nothing uses the result of `{function}`");
        let finding = Finding::new("exit", Severity::Medium, words).at(path, exit.line());
        Edited::unsettled(finding, None, Some(exit.lines()))
    };
    exits.map(edit).collect()
}

/// Whether a statement leaves only its function, and stands in a condition or a loop.
fn is_conditional(statement: &Statement) -> bool {
    returns(statement) && statement.depth > 1
}

fn returns(statement: &Statement) -> bool {
    statement.kind == StatementKind::Exit && statement.tokens.first().is_some_and(|first| first.text == "return")
}

/// Whether a function has fewer exits than before.
fn has_lost(function: &str, old: &[Statement], new: &[Statement]) -> bool {
    let count = |all: &[Statement]| all.iter().filter(|one| one.function == function && returns(one)).count();
    count(new) < count(old)
}

/// Whether a function calls another one as a statement of its own, and does something afterwards.
fn is_ignored(function: &str, caller: &str, all: &[Statement]) -> bool {
    let inside: Vec<&Statement> = all.iter().filter(|one| one.function == caller).collect();
    let name = last_name(function);
    let calls = |one: &Statement| {
        let path = one.tokens.iter().take_while(|token| token.text == "await" || token.text != name).count();
        let is_first = one.tokens[..path].iter().all(|token| matches!(token.text.as_str(), "await" | "self" | "this"));
        one.kind == StatementKind::Other && path < one.tokens.len() && is_first
    };
    let does = |one: &&Statement| {
        let is_empty_exit = one.kind == StatementKind::Exit && one.tokens.len() == 1;
        one.kind != StatementKind::End && !is_empty_exit
    };
    inside.iter().enumerate().any(|(at, one)| calls(one) && inside[at + 1..].iter().any(does))
}
