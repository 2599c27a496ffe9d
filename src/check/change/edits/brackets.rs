//! Statements with the same words but different brackets: `max(a, min(b, c))` and `max(a, min(b), c)`, `ok()` and `ok`.

use super::Edited;
use super::classify::quoted;
use super::variables::mentions;
use crate::code::statements::{Nesting, Statement, Token, TokenKind};
use crate::domain::{Finding, Severity};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The statements whose brackets alone changed. The input is the parsed statements, with the names of the new version.
pub(super) fn edits(old: &[Statement], new: &[Statement], path: &str) -> Vec<Edited> {
    let keys = |statements: &[Statement]| -> Vec<String> { statements.iter().map(Statement::key).collect() };
    let (left, right) = (keys(old), keys(new));
    let mut edits = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &left, &right) {
        let DiffOp::Equal { old_index, new_index, len } = op else { continue };
        let pairs = old[old_index..old_index + len].iter().zip(&new[new_index..new_index + len]);
        edits.extend(pairs.filter_map(|(before, now)| {
            let words = difference(before, now, new)?;
            let finding = Finding::new("brackets", Severity::Medium, words).at(path, now.line());
            Some(Edited::unsettled(finding, Some(before.lines()), Some(now.lines())))
        }));
    }
    edits
}

/// A description of the different brackets.
fn difference(before: &Statement, now: &Statement, new: &[Statement]) -> Option<String> {
    let shape = |token: &Token| Nesting { is_local: false, is_tested: false, ..token.context.nesting };
    let mut pairs = before.tokens.iter().zip(&now.tokens);
    if let Some((was, is)) = pairs.find(|(was, is)| shape(was) != shape(is)) {
        let name = &is.text;
        return Some(match (was.context.nesting.calls, is.context.nesting.calls) {
            (0, 1..) => format!("`{name}` is now called in {}", quoted(now, &[])),
            (1.., 0) => format!("`{name}` is no longer called in {}", quoted(now, &[])),
            _ => format!("brackets moved in {}", quoted(now, &[])),
        });
    }
    let is_tested = |token: &Token| token.context.nesting.is_tested;
    if before.tokens.iter().zip(&now.tokens).any(|(was, is)| is_tested(was) != is_tested(is)) {
        return Some(format!("what `[` tests changed in {}", quoted(now, &[])));
    }
    let is_local = |statement: &Statement| statement.tokens.iter().any(|token| token.context.nesting.is_local);
    let name = now.tokens.iter().find(|token| token.kind == TokenKind::Name)?;
    let is_shared = |other: &Statement| other.function != now.function && mentions(other, &name.text);
    (is_local(before) != is_local(now) && new.iter().any(is_shared)).then(|| {
        let word = if is_local(now) { "now local" } else { "no longer local" };
        format!("`{}` is {word} to `{}`, and is used elsewhere too", name.text, now.function)
    })
}
