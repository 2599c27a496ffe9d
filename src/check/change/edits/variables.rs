//! Which statements read a variable after it was bound: whether renaming a binding changes what other statements read.

use crate::code::statements::{Statement, StatementKind, Token, TokenKind};

/// A variable of one function, or of the module if `function` is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable<'a> {
    /// The function that binds it.
    pub(super) function: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// Whether functions that are called see it, too, as in a shell.
    pub(super) is_dynamic: bool,
}

/// Whether a token is a use or a binding of a variable.
pub(super) fn is_variable(token: &Token, name: &str) -> bool {
    token.kind == TokenKind::Name && !token.context.fixed && token.text == name
}

/// Whether a statement mentions a variable.
pub(super) fn mentions(statement: &Statement, name: &str) -> bool {
    statement.tokens.iter().any(|token| is_variable(token, name))
}

/// Whether a statement gives a variable a new value: an assignment, a loop, a parameter, a caught error, an import.
pub(super) fn binds(statement: &Statement, name: &str) -> bool {
    let at = statement.tokens.iter().position(|token| is_variable(token, name));
    let Some(at) = at else { return false };
    let begins = |words: &[&str]| statement.tokens.iter().take(2).any(|token| words.contains(&token.text.as_str()));
    match statement.kind {
        StatementKind::Assign => {
            let sign = statement.tokens.iter().position(|token| token.kind == TokenKind::Sign && token.text == "=");
            // Setting an attribute or an entry changes the object, and not what the name stands for.
            let is_part = |next: &Token| next.context.fixed || next.text == "[";
            sign.is_none_or(|sign| at < sign) && !statement.tokens.get(at + 1).is_some_and(is_part)
        }
        StatementKind::Define | StatementKind::Import => true,
        StatementKind::Head if begins(&["for"]) => {
            let of = statement.tokens.iter().position(|token| matches!(token.text.as_str(), "in" | "of"));
            // Python has no token for `in`: a second name is bound if a value follows, as in `for i, x in pairs`.
            let is_second =
                at == 2 && statement.tokens.get(3).is_some_and(|next| !next.context.fixed && next.text != "[");
            of.map_or(at == 1 || is_second, |of| at < of)
        }
        // `except E as name`, `catch (name)`, `with open(path) as name`: the name comes last.
        StatementKind::Head if begins(&["except", "catch", "with", "case"]) => at + 1 == statement.tokens.len(),
        StatementKind::Other => begins(&["read", "mapfile", "readarray", "getopts", "printf", "global", "nonlocal"]),
        _ => statement.tokens.get(at + 1).is_some_and(|next| next.text == ":="),
    }
}

/// Whether a statement reads a variable; one that only binds it does not.
fn reads(statement: &Statement, name: &str) -> bool {
    let count = statement.tokens.iter().filter(|token| is_variable(token, name)).count();
    let changes = statement.tokens.get(1).is_some_and(|sign| sign.text.ends_with('=') && sign.text.len() > 1);
    count > 1 || count == 1 && (!binds(statement, name) || changes)
}

/// Whether a statement sees the variable: it is in its function or in one inside, which does not have its own.
fn sees(all: &[Statement], statement: &Statement, variable: Variable<'_>) -> bool {
    if statement.function == variable.function {
        return true;
    }
    let is_below = variable.function.is_empty()
        || variable.is_dynamic
        || statement.function.strip_prefix(variable.function).is_some_and(|rest| rest.starts_with('.'));
    let is_own = |one: &&Statement| one.function == statement.function && binds(one, variable.name);
    is_below && !all.iter().any(|one| is_own(&one))
}

/// Whether a statement still reads `old` although the binding that it came from now binds `new`: `new` is bound, and
/// `old` is read before it is bound again, or nowhere bound.
pub(super) fn is_still_read(all: &[Statement], old: Variable<'_>, new: &str) -> bool {
    let mut inside = all.iter().filter(|one| sees(all, one, old));
    let is_bound = all.iter().any(|one| one.function == old.function && binds(one, old.name));
    let mut is_open = !is_bound;
    inside.any(|one| {
        if is_open && reads(one, old.name) {
            return true;
        }
        if binds(one, new) && one.function == old.function {
            is_open = true;
        } else if binds(one, old.name) && one.function == old.function {
            is_open = !is_bound;
        }
        false
    })
}

/// Whether a shell keeps a variable inside the function that binds it.
pub(super) fn is_local(all: &[Statement], function: &str, name: &str) -> bool {
    let is_declared = |token: &Token| is_variable(token, name) && token.context.nesting.is_local;
    all.iter().any(|one| one.function == function && one.tokens.iter().any(is_declared))
}
