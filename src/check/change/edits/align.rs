//! Matches the statements of two versions, and finds the differences that remain apart from renaming and moving.

use super::{acts, order, variables};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The minimum similarity of two forms of one statement, 0 to 1.
const ALIKE: f64 = 0.4;

/// The largest gap in which statements are matched by trying all pairs.
const MAX_GAP: usize = 120;

/// The change of one statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step<'a> {
    Changed(&'a Statement, &'a Statement),
    /// It was moved, and changed its order with a statement that depends on it.
    Moved(&'a Statement, &'a Statement),
    Removed(&'a Statement),
    Added(&'a Statement),
}

impl<'a> Step<'a> {
    /// The old statement and the new one.
    pub(super) fn sides(&self) -> (Option<&'a Statement>, Option<&'a Statement>) {
        match self {
            Step::Changed(before, now) | Step::Moved(before, now) => (Some(*before), Some(*now)),
            Step::Removed(before) => (Some(*before), None),
            Step::Added(now) => (None, Some(*now)),
        }
    }
}

/// The old statements with the names of the new version.
pub(super) fn renamed(old: &[Statement], new: &[Statement], is_shell: bool) -> Vec<Statement> {
    let mut old = old.to_vec();
    let names = renames(old.iter(), new.iter());
    rename(old.iter_mut(), &names);
    for statement in old.iter_mut().filter(|statement| !statement.function.is_empty()) {
        let parts = statement.function.split('.');
        let parts: Vec<&str> = parts.map(|part| names.get(part).map_or(part, String::as_str)).collect();
        statement.function = parts.join(".");
    }
    // Then the variables of each function, whose names may have another meaning outside.
    let functions: BTreeSet<String> = old.iter().map(|statement| statement.function.clone()).collect();
    for function in functions.into_iter().filter(|function| !function.is_empty()) {
        let is_inside = |statement: &&Statement| statement.function == function;
        let mut names = renames(old.iter().filter(is_inside), new.iter().filter(is_inside));
        names.retain(|from, to| {
            let is_dynamic = is_shell && !variables::is_local(&old, &function, from);
            let variable = variables::Variable { function: &function, name: from, is_dynamic };
            binds(old.iter().filter(is_inside), from)
                && binds(new.iter().filter(is_inside), to)
                && !variables::is_still_read(new, variable, to)
        });
        rename(old.iter_mut().filter(|statement| statement.function == function), &names);
    }
    old
}

fn rename<'a>(statements: impl Iterator<Item = &'a mut Statement>, names: &HashMap<String, String>) {
    for token in statements.flat_map(|statement| &mut statement.tokens).filter(|token| is_free(token)) {
        if let Some(name) = names.get(&token.text) {
            token.text.clone_from(name);
        }
    }
}

/// Whether statements bind a name: an assignment, a loop, a parameter.
fn binds<'a>(mut statements: impl Iterator<Item = &'a Statement>, name: &str) -> bool {
    statements.any(|statement| {
        let first = statement.tokens.first().is_some_and(|token| token.text == name);
        let is_loop = statement.kind == StatementKind::Head && statement.has("for");
        statement.kind == StatementKind::Assign && first
            || (is_loop || statement.kind == StatementKind::Define) && statement.has(name)
    })
}

/// Names that were replaced everywhere: the old name is in no new statement, and the new one in no old statement.
fn renames<'a>(
    old: impl Iterator<Item = &'a Statement>,
    new: impl Iterator<Item = &'a Statement>,
) -> HashMap<String, String> {
    let (old, new): (Vec<&Statement>, Vec<&Statement>) = (old.collect(), new.collect());
    let names = |statements: &[&Statement]| -> BTreeSet<String> {
        let tokens = statements.iter().flat_map(|statement| &statement.tokens);
        tokens.filter(|token| is_free(token)).map(|token| token.text.clone()).collect()
    };
    let (before, after) = (names(&old), names(&new));
    let shape = |statement: &Statement| -> Vec<String> {
        statement
            .tokens
            .iter()
            .map(|token| if is_free(token) { "\u{1}".to_owned() } else { token.text.clone() })
            .collect()
    };
    let (left, right): (Vec<_>, Vec<_>) =
        (old.iter().map(|one| shape(one)).collect(), new.iter().map(|one| shape(one)).collect());
    let mut votes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for op in capture_diff_slices(Algorithm::Patience, &left, &right) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            for at in 0..len {
                let pair = old[old_index + at].tokens.iter().zip(&new[new_index + at].tokens);
                for (a, b) in pair.filter(|(a, b)| is_free(a) && a.text != b.text) {
                    *votes.entry((&a.text, &b.text)).or_default() += 1;
                }
            }
        }
    }
    let (imported_before, imported_after) = (imported(&old), imported(&new));
    let mut names = HashMap::new();
    let mut taken = BTreeSet::new();
    let mut by_count: Vec<_> = votes.into_iter().collect();
    by_count.sort_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair));
    for ((from, to), _) in by_count {
        // The name of an imported object comes from its module.
        if imported_before.contains(from) || imported_after.contains(to) {
            continue;
        }
        if !after.contains(from) && !before.contains(to) && !names.contains_key(from) && taken.insert(to) {
            names.insert(from.to_owned(), to.to_owned());
        }
    }
    names
}

fn imported<'a>(statements: &[&'a Statement]) -> BTreeSet<&'a str> {
    let imports = statements.iter().filter(|statement| statement.kind == StatementKind::Import);
    imports.flat_map(|statement| &statement.tokens).map(|token| token.text.as_str()).collect()
}

/// Names of built-in functions and values.
const GIVEN: &[&str] = &[
    // Python.
    "abs",
    "all",
    "any",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "compile",
    "delattr",
    "dict",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "filter",
    "float",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "sorted",
    "str",
    "sum",
    "tuple",
    "type",
    "zip",
    // JavaScript.
    "Array",
    "BigInt",
    "Boolean",
    "Buffer",
    "Infinity",
    "NaN",
    "Uint8Array",
    "Int8Array",
    "WeakMap",
    "WeakSet",
    "atob",
    "btoa",
    "globalThis",
    "queueMicrotask",
    "setImmediate",
    "structuredClone",
    "Date",
    "JSON",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "RegExp",
    "Set",
    "String",
    "clearTimeout",
    "console",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "fetch",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "process",
    "require",
    "setInterval",
    "setTimeout",
    "unescape",
];

/// Whether a name can be chosen freely by the program.
fn is_free(token: &Token) -> bool {
    token.kind == TokenKind::Name
        && !token.context.fixed
        && !token.context.import
        && !GIVEN.contains(&token.text.as_str())
        && !token.text.starts_with("__")
        && !is_exception(&token.text)
}

/// Whether a name is that of an error class of a language or library: which one is caught or raised matters.
fn is_exception(name: &str) -> bool {
    let is_class = name.starts_with(|c: char| c.is_ascii_uppercase());
    is_class
        && ["Error", "Exception", "Warning", "Exit", "Interrupt", "Iteration"].iter().any(|end| name.ends_with(end))
}

/// The limits for inlining a variable: tokens of its value, and uses.
const MAX_INLINED: (usize, usize) = (40, 10);

/// The most statements of both versions for inlining, because each value is searched in all of them.
const MAX_SEARCHED: usize = 1_000;

/// The limits for inlining calls in one version: number of calls, and tokens of a statement; code may be recursive.
const MAX_CALLS: (usize, usize) = (200, 400);

/// Inlines each variable that only this version has, because naming a value changes nothing.
pub(super) fn inlined(statements: &[Statement], other: &[Statement], is_shell: bool) -> Vec<Statement> {
    if statements.len() + other.len() > MAX_SEARCHED {
        return statements.to_vec();
    }
    let mut result = without_small_functions(statements.to_vec(), other);
    let mut at = 0;
    while at < result.len() {
        match named_value(&result, at, other, is_shell) {
            Some((name, function, value)) => {
                result.remove(at);
                for statement in result.iter_mut().filter(|one| is_within(one, &function, is_shell)) {
                    let is_use = |token: &Token| is_free(token) && token.text == name;
                    if statement.tokens.iter().any(is_use) {
                        statement.tokens = with_value(&statement.tokens, &is_use, &value);
                    }
                }
            }
            None => at += 1,
        }
    }
    result
}

/// Replaces a name by a value. A calculation inside another one is put in brackets.
fn with_value(tokens: &[Token], is_use: &dyn Fn(&Token) -> bool, value: &[Token]) -> Vec<Token> {
    const CALCULATING: &[&str] = &["+", "-", "*", "/", "//", "%", "**", "and", "or", "&&", "||", "??", "&", "|"];
    let calculates = |token: Option<&Token>| token.is_some_and(|token| CALCULATING.contains(&token.text.as_str()));
    let is_calculation = value.iter().any(|token| calculates(Some(token)));
    let mut result = Vec::with_capacity(tokens.len() + value.len());
    for (at, token) in tokens.iter().enumerate() {
        if !is_use(token) {
            result.push(token.clone());
            continue;
        }
        let is_inside = calculates(at.checked_sub(1).and_then(|at| tokens.get(at))) || calculates(tokens.get(at + 1));
        let group = value.first().filter(|first| is_calculation && is_inside && first.text != "(");
        let mark =
            |text: &str| group.map(|first| Token { kind: TokenKind::Sign, text: text.to_owned(), ..first.clone() });
        // A text with placeholders inside another one is one text.
        let is_quoted = result.iter().any(|token| token.text == "quotes");
        result.extend(mark("("));
        let inside = |value: &Token| {
            let (mut context, at) = (value.context, token.context);
            context.named |= at.named;
            context.message |= at.message;
            context.condition |= at.condition;
            Token { context, ..value.clone() }
        };
        result.extend(value.iter().filter(|token| !is_quoted || token.text != "quotes").map(inside));
        result.extend(mark(")"));
    }
    result
}

/// Inlines each call of a function that only this version has and that only returns a value. Calls with arguments other
/// than names or constants are unchanged.
fn without_small_functions(mut statements: Vec<Statement>, other: &[Statement]) -> Vec<Statement> {
    let (mut at, mut calls) = (0, 0);
    while at + 2 < statements.len() {
        let taken = statements[at].tokens.clone();
        let Some((name, parameters, value)) = small_function(&statements[at..at + 3], other) else {
            at += 1;
            continue;
        };
        let mut result = statements.clone();
        result.drain(at..at + 3);
        let mut is_left = false;
        for statement in &mut result {
            while let Some(place) = statement.tokens.iter().position(|token| is_free(token) && token.text == name) {
                let end = place + 1 + parameters.len();
                // Passed as a value: written with its parameters and result, like an anonymous function.
                if place + 1 == statement.tokens.len() && !parameters.is_empty() && place > 0 {
                    let line = statement.tokens[place].line;
                    statement.tokens.pop();
                    statement.tokens.extend(head_of(&taken).chain(&value).map(|token| Token { line, ..token.clone() }));
                    continue;
                }
                let arguments = statement.tokens.get(place + 1..end).map(<[Token]>::to_vec);
                let is_plain = |token: &Token| token.kind != TokenKind::Sign && !token.context.fixed;
                let follows = statement.tokens.get(end).is_some_and(|token| token.context.fixed);
                calls += 1;
                let is_endless = calls > MAX_CALLS.0 || statement.tokens.len() > MAX_CALLS.1;
                let is_fit = |list: &Vec<Token>| list.iter().all(is_plain) && !follows && !is_endless;
                let Some(arguments) = arguments.filter(is_fit) else {
                    is_left = true;
                    break;
                };
                let given = |token: &Token| {
                    let number = parameters.iter().position(|parameter| is_free(token) && *parameter == token.text);
                    number.map_or_else(|| token.clone(), |number| arguments[number].clone())
                };
                let replaced: Vec<Token> = value.iter().map(given).collect();
                statement.tokens.splice(place..end, replaced);
            }
        }
        if is_left { at += 1 } else { statements = result }
    }
    statements
}

/// The parameters in the head of a function.
fn head_of(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    tokens.iter().skip_while(|token| token.text == "def").skip(1)
}

/// Name, parameters and value of a function of the form `def name(a, b): return value`; JavaScript has no keyword
/// before the name at this point.
fn small_function(three: &[Statement], other: &[Statement]) -> Option<(String, Vec<String>, Vec<Token>)> {
    let [head, body, end] = three else { return None };
    let (StatementKind::Define, StatementKind::Exit, StatementKind::End) = (head.kind, body.kind, end.kind) else {
        return None;
    };
    let words = head.tokens.as_slice();
    let [name, parameters @ ..] = words.strip_prefix(&words[..usize::from(words.first()?.text == "def")])? else {
        return None;
    };
    let [first, value @ ..] = body.tokens.as_slice() else { return None };
    let is_sign = |token: &Token, text: &str| token.kind == TokenKind::Sign && token.text == text;
    let value = match value {
        [open, inner @ .., close]
            if is_sign(open, "(") && is_sign(close, ")") && !inner.iter().any(|one| is_sign(one, "(")) =>
        {
            inner
        }
        _ => value,
    };
    let is_it = is_free(name)
        && first.text == "return"
        && (1..=MAX_INLINED.0).contains(&value.len())
        && parameters.iter().all(is_free)
        && !value.iter().any(|token| token.text == name.text)
        && !other.iter().any(|one| one.has(&name.text));
    is_it.then(|| (name.text.clone(), parameters.iter().map(|token| token.text.clone()).collect(), value.to_vec()))
}

/// Whether a statement is inside a function and sees its variables. In a shell, they belong to the script.
fn is_within(statement: &Statement, function: &str, is_shell: bool) -> bool {
    let nested = || statement.function.strip_prefix(function).is_some_and(|rest| rest.starts_with('.'));
    is_shell || function.is_empty() || statement.function == function || nested()
}

/// The variable that a statement assigns, its function, and its value; `None` if the value may change.
fn named_value(
    statements: &[Statement],
    at: usize,
    other: &[Statement],
    is_shell: bool,
) -> Option<(String, String, Vec<Token>)> {
    let statement = &statements[at];
    let [name, sign, value @ ..] = statement.tokens.as_slice() else { return None };
    let is_plain = statement.kind == StatementKind::Assign && is_free(name) && sign.text == "=";
    // An empty list is filled later.
    let is_empty_list = matches!(value, [only] if only.text == "[");
    let is_known = || {
        let inside =
            other.iter().filter(|one| one.function == statement.function || statement.function.is_empty() || is_shell);
        inside.flat_map(|one| &one.tokens).any(|token| is_free(token) && token.text == name.text)
    };
    if !is_plain || value.is_empty() || is_empty_list || value.len() > MAX_INLINED.0 || is_known() {
        return None;
    }
    let is_name = |token: &&Token| is_free(token) && token.text == name.text;
    let (mut uses, mut is_set) = (0, value.iter().any(|token| !token.context.fixed && token.text == name.text));
    let last_use = statements.iter().rposition(|one| one.tokens.iter().any(|token| is_name(&token)));
    let between = statements.get(at + 1..last_use.unwrap_or(0)).unwrap_or_default();
    let is_between = |one: &Statement| one.function == statement.function && order::depend(statement, one);
    is_set |= order::looks(value)
        && between.iter().filter(|one| !one.tokens.iter().any(|token| is_name(&token))).any(is_between);
    let others = statements.iter().enumerate().filter(|(place, _)| *place != at);
    for (place, one) in others.filter(|(_, one)| is_within(one, &statement.function, is_shell)) {
        uses += one.tokens.iter().filter(is_name).count();
        is_set |= one.kind == StatementKind::Assign && one.tokens.first().as_ref().is_some_and(is_name);
        // A loop or an error handler may assign it, and earlier statements cannot use the value.
        is_set |= variables::binds(one, &name.text);
        // Another function has another `this`.
        is_set |= value.iter().any(|token| token.text == "this") && one.tokens.iter().any(|token| is_name(&token));
        is_set |=
            place < at && one.function == statement.function && one.tokens.iter().any(|token| token.text == name.text);
    }
    let calls = value.iter().any(|token| token.text == "$(")
        || value.iter().filter(|token| token.kind == TokenKind::Name).count() > 1;
    let most = if calls { 1 } else { MAX_INLINED.1 };
    (!is_set && (1..=most).contains(&uses)).then(|| (name.text.clone(), statement.function.clone(), value.to_vec()))
}

/// The steps from one version to the other, in the order of the new one, without pure moves.
pub(super) fn steps<'a>(old: &'a [Statement], new: &'a [Statement], is_shell: bool) -> Vec<Step<'a>> {
    let keys = |statements: &[Statement]| -> Vec<String> { statements.iter().map(Statement::key).collect() };
    let (left, right) = (keys(old), keys(new));
    let (mut steps, mut same) = (Vec::new(), Vec::new());
    for op in capture_diff_slices(Algorithm::Patience, &left, &right) {
        let (from, to) = (op.old_range(), op.new_range());
        if matches!(op, DiffOp::Equal { .. }) {
            same.extend(from.zip(to));
        } else {
            steps.extend(paired(&old[from], &new[to]));
        }
    }
    without_moves(steps, old, new, &same, is_shell)
}

/// Matches the statements of a gap: each old one with the most similar new one, in order.
fn paired<'a>(old: &'a [Statement], new: &'a [Statement]) -> Vec<Step<'a>> {
    if old.len() > MAX_GAP || new.len() > MAX_GAP {
        return old.iter().map(Step::Removed).chain(new.iter().map(Step::Added)).collect();
    }
    // The best ordered matching, by dynamic programming over the similarity.
    let mut best = vec![vec![0.0_f64; new.len() + 1]; old.len() + 1];
    let alike: Vec<Vec<f64>> = old.iter().map(|a| new.iter().map(|b| likeness(a, b)).collect()).collect();
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let skip = best[i + 1][j].max(best[i][j + 1]);
            let pair = if alike[i][j] >= ALIKE { alike[i][j] + best[i + 1][j + 1] } else { 0.0 };
            best[i][j] = skip.max(pair);
        }
    }
    let (mut i, mut j, mut steps) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        if alike[i][j] >= ALIKE && best[i][j] <= alike[i][j] + best[i + 1][j + 1] + 1e-9 {
            steps.push(Step::Changed(&old[i], &new[j]));
            (i, j) = (i + 1, j + 1);
        } else if best[i + 1][j] >= best[i][j + 1] {
            steps.push(Step::Removed(&old[i]));
            i += 1;
        } else {
            steps.push(Step::Added(&new[j]));
            j += 1;
        }
    }
    steps.extend(old[i..].iter().map(Step::Removed));
    steps.extend(new[j..].iter().map(Step::Added));
    steps
}

/// The share of common tokens; 0 for statements of different kinds.
fn likeness(a: &Statement, b: &Statement) -> f64 {
    let is_head = |statement: &Statement| {
        matches!(statement.kind, StatementKind::Head | StatementKind::Define | StatementKind::End)
    };
    if (is_head(a) || is_head(b)) && a.kind != b.kind {
        return 0.0;
    }
    let words = |statement: &Statement| -> BTreeMap<String, usize> {
        let mut words = BTreeMap::new();
        for token in &statement.tokens {
            *words.entry(token.text.clone()).or_default() += 1;
        }
        words
    };
    let (left, right) = (words(a), words(b));
    let common: usize = left.iter().map(|(word, count)| right.get(word).copied().unwrap_or(0).min(*count)).sum();
    // One common word is enough for `return x` and `return y`.
    2.0 * common as f64 / (a.tokens.len() + b.tokens.len()).max(1) as f64
}

/// Removes pairs of a removed and an added statement that are the same, or that moved into or out of a function. If the
/// order matters, a move remains as a step.
fn without_moves<'a>(
    steps: Vec<Step<'a>>,
    old: &'a [Statement],
    new: &'a [Statement],
    same: &[(usize, usize)],
    is_shell: bool,
) -> Vec<Step<'a>> {
    let mut removed: HashMap<String, Vec<&'a Statement>> = HashMap::new();
    for step in steps.iter().rev() {
        if let Step::Removed(statement) = step {
            removed.entry(statement.key()).or_default().push(statement);
        }
    }
    let mut moved: Vec<(&'a Statement, &'a Statement)> = Vec::new();
    for step in &steps {
        if let Step::Added(statement) = step
            && let Some(before) = removed.get_mut(&statement.key()).and_then(Vec::pop)
        {
            moved.push((before, statement));
        }
    }
    let place = |all: &[Statement], one: &Statement| all.iter().position(|other| std::ptr::eq(other, one));
    let both = |function: &str| [old, new].iter().all(|all| all.iter().any(|one| one.function == function));
    let is_reordered = |before: &Statement, now: &Statement| {
        let Some((from, to)) = place(old, before).zip(place(new, now)) else { return false };
        if before.function == now.function && before.depth == now.depth {
            order::is_other(old, before, (from, to), same)
        } else if acts::acts(now, &HashSet::new(), is_shell).is_empty() {
            false
        } else if before.function == now.function {
            order::conditions(old, from) != order::conditions(new, to)
        } else {
            both(&before.function) && both(&now.function)
        }
    };
    let step = |step: Step<'a>| match step {
        Step::Removed(gone) if moved.iter().any(|(before, _)| std::ptr::eq(*before, gone)) => None,
        Step::Added(come) => match moved.iter().find(|(_, now)| std::ptr::eq(*now, come)) {
            Some((before, now)) => is_reordered(before, now).then_some(Step::Moved(before, now)),
            None => Some(Step::Added(come)),
        },
        other => Some(other),
    };
    steps.into_iter().filter_map(step).collect()
}

/// A difference inside a statement: these tokens were replaced by those.
#[derive(Debug, Clone)]
pub(super) struct Replaced<'a> {
    pub(super) old: &'a [Token],
    pub(super) new: &'a [Token],
    /// The token before, in the new version.
    pub(super) before: Option<&'a Token>,
}

/// What differs between two forms of a statement.
pub(super) fn replaced<'a>(old: &'a Statement, new: &'a Statement) -> Vec<Replaced<'a>> {
    let keys = |statement: &Statement| -> Vec<String> { statement.tokens.iter().map(Token::key).collect() };
    let (left, right) = (keys(old), keys(new));
    let ops = capture_diff_slices(Algorithm::Myers, &left, &right);
    let mut found: Vec<Replaced<'a>> = Vec::new();
    for op in ops.into_iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let (from, to) = (op.old_range(), op.new_range());
        let before = to.start.checked_sub(1).and_then(|at| new.tokens.get(at));
        found.push(Replaced { old: &old.tokens[from], new: &new.tokens[to], before });
    }
    found
}
