//! New functions whose name is given to something else: `def clean` twice, or `clean = str` below it. What was extracted
//! into the first is then not what is called.

use super::Edited;
use super::bindings::functions;
use super::moved::last_name;
use super::variables::{binds, is_variable};
use crate::code::statements::{Statement, StatementKind};
use crate::domain::{Finding, Severity};

/// The statements that give the name of a new function to something else.
pub(super) fn edits(old: &[Statement], new: &[Statement], path: &str, is_shell: bool) -> Vec<Edited> {
    let known = functions(old);
    let defines = |one: &Statement| one.kind == StatementKind::Define && !known.contains(one.function.as_str());
    let found = new.iter().enumerate().filter(|(_, one)| defines(one)).filter_map(|(at, first)| {
        let name = last_name(&first.function);
        let is_again = |(place, one): &(usize, &Statement)| match one.kind {
            StatementKind::Define => one.function == first.function && is_plain(new, *place),
            _ => !is_shell && one.function == outer(&first.function) && is_other_value(one, name),
        };
        let again = new.iter().enumerate().skip(at + 1).find(is_again)?.1;
        is_plain(new, at).then_some((first, again))
    });
    let edit = |(first, again): (&Statement, &Statement)| {
        let name = last_name(&first.function);
        let words =
            format!("`{name}` is defined again: calls of it do not reach the function in line {}", first.line());
        let finding = Finding::new("defined-again", Severity::Medium, words).at(path, again.line());
        Edited::unsettled(finding, None, Some(again.lines()))
    };
    found.map(edit).collect()
}

/// Whether a statement gives a name a value that does not come from what it stood for, as in `f = cached(f)`.
fn is_other_value(statement: &Statement, name: &str) -> bool {
    binds(statement, name) && statement.tokens.iter().filter(|token| is_variable(token, name)).count() == 1
}

/// Whether a definition always takes place: it has no decorator, which may combine several definitions of one name, and
/// is not the first in the branch of a condition or a `try`.
fn is_plain(all: &[Statement], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| all.get(before)).is_none_or(|before| before.kind != StatementKind::Head)
}

/// The function around a function.
fn outer(function: &str) -> &str {
    function.rsplit_once('.').map_or("", |(outer, _)| outer)
}
