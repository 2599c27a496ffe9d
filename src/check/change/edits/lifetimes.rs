//! Values that moved between a function and the program: one that was created by each call is now created once, and
//! keeps what calls do to it, or it is the other way round.

use super::Edited;
use super::bindings::functions;
use super::classify::quoted;
use super::moved::{holds, last_name};
use super::order::looks;
use super::pieces::marks;
use super::variables::{binds, is_variable, mentions};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use crate::domain::{Finding, Severity};
use std::collections::HashSet;

/// Calls whose result is the same at any time, and is never changed.
const CONSTANT_CALLS: &[&str] = &[
    "compile",
    "frozenset",
    "tuple",
    "Path",
    "PurePath",
    "join",
    "dirname",
    "abspath",
    "resolve",
    "int",
    "float",
    "str",
    "bytes",
    "len",
    "max",
    "min",
    "sum",
    "range",
    "round",
    "abs",
    "Decimal",
    "Fraction",
    "timedelta",
    "freeze",
    "RegExp",
    "Number",
    "String",
    "encode",
    "decode",
    "lower",
    "upper",
    "strip",
    "format",
    "expanduser",
    "fileURLToPath",
    "BigInt",
    "namedtuple",
    "strptime",
    "fromisoformat",
    "timezone",
    "ZoneInfo",
    "getLogger",
    "Symbol",
    "fromkeys",
    "dict",
    "list",
    "set",
    "sorted",
    "Set",
    "Map",
    "Array",
    "from",
    "split",
    "keys",
    "values",
    "items",
    "entries",
    "assign",
];

/// Methods that change the object, and words before it that do.
const CHANGING: &[&str] = &[
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "popleft",
    "popitem",
    "clear",
    "update",
    "add",
    "discard",
    "sort",
    "reverse",
    "setdefault",
    "push",
    "unshift",
    "shift",
    "splice",
    "delete",
    "set",
    "fill",
    "appendleft",
    "write",
    "assign",
];

/// The values that moved from a function to the program, or from the program to a function, where that matters.
pub(super) fn edits(old: &[Statement], new: &[Statement], path: &str) -> Vec<Edited> {
    let into_program = moves(old, new).into_iter().map(|(value, function)| {
        let words = format!(
            "{} is now evaluated once, when the program starts, and not by each call of `{}`",
            quoted(value, &[]),
            last_name(function)
        );
        (Some(value), value.line(), words)
    });
    let out_of_program = moves(new, old).into_iter().map(|(value, function)| {
        let words = format!(
            "{} (line {} of the previous version) is now evaluated by each call of `{}`, and not once",
            quoted(value, &[]),
            value.line(),
            last_name(function)
        );
        let line = new.iter().find(|one| one.function == function).map_or(1, Statement::line);
        (None, line, words)
    });
    let edit = |(value, line, words): (Option<&Statement>, u64, String)| {
        let finding = Finding::new("lifetime", Severity::Medium, words).at(path, line);
        Edited::unsettled(finding, None, value.map(Statement::lines))
    };
    into_program.chain(out_of_program).map(edit).collect()
}

/// The assignments outside of all functions that only `there` has, whose value is part of a function `here`, and that
/// this function uses `there`.
fn moves<'s>(here: &'s [Statement], there: &'s [Statement]) -> Vec<(&'s Statement, &'s str)> {
    let (of_program, of_functions): (Vec<&Statement>, Vec<&Statement>) =
        here.iter().partition(|one| one.function.is_empty());
    if of_functions.is_empty() {
        return Vec::new();
    }
    // Sets, because a file may have thousands of statements.
    let old_keys: HashSet<String> = of_program.iter().map(|one| one.key()).collect();
    let old_names: HashSet<&str> = of_program
        .iter()
        .flat_map(|one| &one.tokens)
        .filter(|token| is_variable(token, &token.text))
        .map(|token| token.text.as_str())
        .collect();
    let shared = functions(there);
    let values = there.iter().filter(|one| one.function.is_empty() && one.kind == StatementKind::Assign);
    let values = values.filter(|one| !old_keys.contains(&one.key()));
    let moved = values.filter_map(|assign| {
        let (name, value) = named(assign)?;
        if old_names.contains(name) || is_constant(value, name, there) {
            return None;
        }
        let words = words(value);
        let has_it = |one: &Statement| match value {
            [] => one.kind == StatementKind::Assign && one.tokens.len() == 2,
            _ => holds(&self::words(&one.tokens), &words),
        };
        let is_from = |one: &&&Statement| shared.contains(one.function.as_str()) && has_it(one);
        // A function with its own variable of that name does not use the value, and one that the value calls is not
        // where it came from.
        let uses = |function: &str| {
            let any = |test: fn(&Statement, &str) -> bool| {
                there.iter().any(|one| one.function == function && test(one, name))
            };
            any(mentions) && !any(binds) && !value.iter().any(|token| is_variable(token, last_name(function)))
        };
        let from = of_functions.iter().filter(is_from).find(|one| uses(&one.function))?;
        Some((assign, from.function.as_str()))
    });
    moved.collect()
}

/// The variable and the value of an assignment.
fn named(assign: &Statement) -> Option<(&str, &[Token])> {
    let [name, sign, value @ ..] = assign.tokens.as_slice() else { return None };
    // An empty dictionary has no tokens.
    let is_it = name.kind == TokenKind::Name && sign.text == "=";
    is_it.then_some((name.text.as_str(), value))
}

/// What is compared of a value: everything but the names that the program chose, and then at least one token.
fn words(tokens: &[Token]) -> Vec<&str> {
    let marks = marks(tokens);
    if marks.is_empty() { tokens.iter().map(|token| token.text.as_str()).collect() } else { marks }
}

/// Whether it does not matter when a value is evaluated: it is the same each time, and nothing changes it.
fn is_constant(value: &[Token], name: &str, all: &[Statement]) -> bool {
    let is_object = value.first().is_none_or(|first| first.context.nesting.opened > 0 || first.context.list)
        || value.iter().any(|token| token.text == "[" && token.kind == TokenKind::Sign || token.text == "new");
    is_timeless(value) && !is_stateful_pattern(value) && (!is_object || is_only_read(name, all))
}

/// A regular expression that remembers where it last matched: `/x/g`.
fn is_stateful_pattern(value: &[Token]) -> bool {
    value.iter().any(|token| {
        let flags = token.text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')).map(|(_, flags)| flags);
        flags.is_some_and(|flags| flags.chars().all(|c| c.is_ascii_lowercase()) && flags.contains(['g', 'y']))
    })
}

/// Whether each call in a value gives the same result at any time.
fn is_timeless(value: &[Token]) -> bool {
    if !looks(value) && !value.iter().any(|token| matches!(token.text.as_str(), "await" | "new")) {
        return true;
    }
    let called = value.iter().enumerate().filter(|(at, token)| {
        let opens = value.get(at + 1).is_some_and(|next| next.context.nesting.opened > 0);
        token.kind == TokenKind::Name && (token.context.nesting.calls > 0 || opens)
    });
    let is_read_at_start =
        value.iter().any(|token| matches!(token.text.as_str(), "environ" | "env" | "argv" | "$(" | "await"));
    !is_read_at_start && called.into_iter().all(|(_, token)| CONSTANT_CALLS.contains(&token.text.as_str()))
}

/// Whether no statement changes an object, or gives it another name.
fn is_only_read(name: &str, all: &[Statement]) -> bool {
    let own = functions(all);
    let is_read = |statement: &Statement| {
        let tokens = statement.tokens.as_slice();
        let places = (0..tokens.len()).filter(|at| is_variable(&tokens[*at], name));
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        places.into_iter().all(|at| {
            let before = at.checked_sub(1).map_or("", text);
            let is_alone = at + 1 == tokens.len() && matches!(before, "=" | "return");
            let is_given = own.contains(before) || own.iter().any(|own| last_name(own) == before && !before.is_empty());
            let is_changed = CHANGING.contains(&text(at + 1)) || before == "del" || before == "delete";
            let is_target = at == 0 && statement.kind == StatementKind::Assign;
            !(is_alone || is_given || is_changed || is_target)
        })
    };
    all.iter().filter(|one| !(one.function.is_empty() && named(one).is_some_and(|(own, _)| own == name))).all(is_read)
}
