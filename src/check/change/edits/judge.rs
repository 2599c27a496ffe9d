//! Classifies a difference inside a statement: whether it affects what is computed, or only messages.

use super::align::Replaced;
use super::commands::{TELLING, TEXT_COMMANDS};
use super::normal::is_wider_by_words;
use crate::check::change::facts::lists;
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use crate::domain::Severity;
use std::collections::BTreeMap;

/// Named arguments that control timing, verbosity or formatting, not results.
const MANNER: &[&str] =
    &["timeout", "flush", "indent", "stacklevel", "exc_info", "help", "metavar", "description", "epilog"];

/// Calls and expansions that normalise a text before it is used.
const CLEANING: &[&str] = &[
    "strip",
    "trim",
    "lower",
    "casefold",
    "toLowerCase",
    "toLocaleLowerCase",
    "rstrip",
    "lstrip",
    "trimEnd",
    "trimStart",
    ",,",
];

/// Words in names that control access or destinations: an additional value there is significant.
const GUARDING: &[&str] = &[
    "allow",
    "trust",
    "safe",
    "permi",
    "admin",
    "auth",
    "role",
    "password",
    "passwd",
    "token",
    "secret",
    "host",
    "origin",
    "domain",
    "whitelist",
    "owner",
    "exclude",
    "bypass",
    "sudo",
];

/// Words in names of timeouts and retries.
const PATIENCE: &[&str] =
    &["timeout", "retries", "retry", "delay", "sleep", "interval", "wait", "backoff", "max-time", "connect-timeout"];

/// Kinds of changes that do not affect what a program computes.
pub(super) const HARMLESS: &[&str] = &["message", "entry", "manner", "option", "patience", "guard", "quotes"];

/// Functions that consume all values of a collection once, so that a list is equivalent. Lazy consumers, and loops that
/// change the collection, are not included.
const TAKERS: &[&str] = &["sorted", "set", "frozenset", "sum", "min", "max", "any", "all", "join", "tuple", "Counter"];

/// Classifies a difference inside a statement.
pub(super) fn judge(part: &Replaced<'_>, before: &Statement, now: &Statement) -> (&'static str, Severity) {
    let all = || part.old.iter().chain(part.new);
    let is = |test: fn(&Token) -> bool| all().all(test);
    let is_raised = || all().any(|token| is_sort_of_error(token, before) || is_sort_of_error(token, now));
    let is_said = is(|token| token.context.message) && !is_raised()
        || now.kind == StatementKind::Message && before.kind == now.kind;
    if is_said && !tells_secrets(part.new, Some(before)) {
        return ("message", Severity::Low);
    }
    if explains(part.old, before) && explains(part.new, now) && !tells_secrets(part.new, Some(before)) {
        return ("message", Severity::Low);
    }
    if is(|token| token.context.import) || now.kind == StatementKind::Import {
        return ("import", Severity::Low);
    }
    if is(|token| token.text == "quotes") {
        // One value instead of several, or a text instead of a pattern. `"$@"` is as many as `$@`.
        let next = part.new.last().and_then(|last| now.tokens.iter().position(|token| std::ptr::eq(token, last)));
        let is_all = next.and_then(|at| now.tokens.get(at + 1)).is_some_and(|next| next.text.ends_with('@'));
        let is_one = now.has("for") && now.kind == StatementKind::Head && !is_all
            || part.before.is_some_and(|token| token.text == "=~");
        return ("quotes", if part.new.is_empty() || is_one { Severity::Medium } else { Severity::Low });
    }
    if is_same_text(part) {
        return ("manner", Severity::Low);
    }
    if is_other_stream(part, before, now) {
        return ("message", Severity::Low);
    }
    if part.old.is_empty() {
        return inserted(part, now);
    }
    if let ([old], [new]) = (part.old, part.new)
        && old.kind == TokenKind::Text
        && new.kind == TokenKind::Text
        && is_wider_by_words(&old.text, &new.text)
        && !guards(now)
    {
        return ("entry", Severity::Low);
    }
    let is_searched = part.before.is_some_and(|token| matches!(token.text.as_str(), "in" | "not"));
    let is_set = |token: &Token| is_searched && matches!(token.text.as_str(), "set" | "frozenset");
    let is_taken = part.before.is_some_and(|token| TAKERS.contains(&token.text.as_str()));
    let is_looked_at = |token: &Token| is_searched || is_taken || token.context.condition || token.text == "keys";
    let is_converted = |token: &Token| converts(token) && is_looked_at(token) || is_set(token);
    if part.old.iter().all(is_converted) && part.new.is_empty() {
        return ("manner", Severity::Low);
    }
    if part.new.is_empty() {
        return (code_of(part.old), Severity::Medium);
    }
    let is_patient = || {
        let at = part.before.and_then(|before| now.tokens.iter().position(|token| std::ptr::eq(token, before)));
        let near = at.map_or(&now.tokens[..0], |at| &now.tokens[at.saturating_sub(2)..=at]);
        near.iter().any(|token| {
            let word = token.text.to_ascii_lowercase();
            PATIENCE.iter().any(|patience| word.ends_with(patience) || word.starts_with(patience) && word.len() < 20)
        })
    };
    if is(|token| token.kind == TokenKind::Number) && is_patient() {
        return ("patience", Severity::Low);
    }
    let bag = |tokens: &[Token]| {
        let mut bag: BTreeMap<String, usize> = BTreeMap::new();
        for token in tokens {
            *bag.entry(token.text.clone()).or_default() += 1;
        }
        bag
    };
    if bag(part.old) == bag(part.new) {
        let is_order_free = is(|token| token.context.list);
        return ("order", if is_order_free { Severity::Low } else { Severity::Medium });
    }
    (code_of(part.new), Severity::Medium)
}

/// Whether texts describe a program or an option: `help="…"` of an argument parser.
fn explains(tokens: &[Token], statement: &Statement) -> bool {
    const CALLS: &[&str] = &[
        "ArgumentParser",
        "add_argument",
        "add_parser",
        "add_subparsers",
        "add_argument_group",
        // The decorators of click, and the functions of typer.
        "option",
        "argument",
        "command",
        "group",
        "Option",
        "Argument",
        "Typer",
    ];
    const NAMES: &[&str] = &["help", "description", "epilog", "metavar"];
    let Some(first) = tokens.first() else { return false };
    let at = statement.tokens.iter().position(|token| std::ptr::eq(token, first)).unwrap_or(0);
    let is_text = |token: &Token| token.kind == TokenKind::Text;
    let before = statement.tokens[..at].iter().rev().skip_while(|token| is_text(token)).take(2).collect::<Vec<_>>();
    let is_named = matches!(before.as_slice(), [sign, name] if sign.text == "=" && name.context.named && NAMES.contains(&name.text.as_str()));
    is_named && tokens.iter().all(is_text) && CALLS.iter().any(|call| statement.has(call))
}

/// Whether a text is composed differently with the same result.
fn is_same_text(part: &Replaced<'_>) -> bool {
    let is_constant = |token: &Token| matches!(token.kind, TokenKind::Text | TokenKind::Number);
    let is_plain = |token: &Token| is_constant(token) && !token.context.list;
    // A sentence: of other texts, two may be two arguments.
    let is_one =
        |tokens: &[Token]| matches!(tokens, [only] if only.kind == TokenKind::Text && only.text.trim().contains(' '));
    let whole = |tokens: &[Token]| tokens.iter().map(|token| token.text.as_str()).collect::<String>();
    (is_one(part.old) || is_one(part.new))
        && part.old.iter().chain(part.new).all(is_plain)
        && whole(part.old) == whole(part.new)
}

/// Whether a message for a reader now goes to standard error: a sentence, not a value.
fn is_other_stream(part: &Replaced<'_>, before: &Statement, now: &Statement) -> bool {
    let ([old], [new]) = (part.old, part.new) else { return false };
    let is_console = |statement: &Statement| statement.tokens.first().is_some_and(|first| first.text == "console");
    let is_prose = |token: &Token| {
        token.kind == TokenKind::Text
            && token.text.contains(' ')
            && token.text.chars().filter(|c| c.is_alphabetic()).count() > 3
    };
    matches!((old.text.as_str(), new.text.as_str()), ("log" | "info", "error" | "warn"))
        && [before, now].iter().all(|statement| is_console(statement) && statement.tokens.iter().any(is_prose))
}

/// Whether the addition to a command or an expression only refuses on failure: `|| exit 1`, `or die "…"`.
pub(super) fn is_refusal(tokens: &[Token]) -> bool {
    let [joint, first, rest @ ..] = tokens else { return false };
    let number = |text: &str| text.parse::<i64>().is_ok_and(|code| code != 0);
    let is_end = |word: &Token, code: &Token| matches!(word.text.as_str(), "exit" | "return") && number(&code.text);
    let whole: Vec<&Token> = std::iter::once(first).chain(rest).filter(|token| token.kind != TokenKind::End).collect();
    let ends = matches!(whole.as_slice(), [.., word, code] if is_end(word, code));
    let acts = |token: &Token| matches!(token.text.as_str(), "$(" | "|" | ">" | ">>" | "&&" | "||");
    let is_plain = !tokens[1..].iter().any(|token| token.kind == TokenKind::Sign && acts(token));
    let dies = matches!(first.text.as_str(), "die" | "abort");
    let tells = matches!(first.text.as_str(), "echo" | "printf" | "exit" | "return" | "{");
    matches!(joint.text.as_str(), "||" | "or") && is_plain && (dies || ends && tells)
}

/// Whether `args[1]` became `args[1] if len(args) > 1 else value`: a word that was required has a default.
fn is_default_for_absent(part: &Replaced<'_>, now: &Statement) -> bool {
    let Some(end) = part.before.and_then(|last| now.tokens.iter().position(|token| std::ptr::eq(token, last))) else {
        return false;
    };
    let words = |tokens: &[Token]| tokens.iter().map(|token| token.text.clone()).collect::<Vec<_>>();
    let Some(at) = part.new.iter().position(|token| token.kind == TokenKind::Sign && token.text == "else") else {
        return false;
    };
    let (condition, instead) = (words(&part.new[..at]), &part.new[at + 1..]);
    let [asked, length, list @ .., sign, index] = condition.as_slice() else { return false };
    let value = words(&now.tokens[..=end]);
    let wanted: Vec<String> = list.iter().cloned().chain(["[".to_owned(), index.clone()]).collect();
    let is_constant = |token: &Token| matches!(token.kind, TokenKind::Number | TokenKind::Text) || token.text == "None";
    (asked.as_str(), length.as_str(), sign.as_str()) == ("if", "len", ">")
        && !list.is_empty()
        && value.ends_with(&wanted)
        && matches!(instead, [only] if is_constant(only))
}

/// Whether the added parameters are optional: names with constants.
fn are_optional(tokens: &[Token], now: &Statement) -> bool {
    let is_constant = |token: &Token| {
        matches!(token.kind, TokenKind::Number | TokenKind::Text)
            || matches!(token.text.as_str(), "None" | "null" | "undefined" | "True" | "False" | "true" | "false")
    };
    let is_one = |three: &[Token]| matches!(three, [name, sign, value] if name.kind == TokenKind::Name && sign.text == "=" && is_constant(value));
    now.kind == StatementKind::Define && !tokens.is_empty() && tokens.chunks(3).all(is_one)
}

/// The kind of an insertion into a statement.
fn inserted(part: &Replaced<'_>, now: &Statement) -> (&'static str, Severity) {
    let tokens = part.new;
    let is_entry = tokens.iter().all(|token| {
        let is_constant = matches!(token.kind, TokenKind::Text | TokenKind::Number);
        let is_prefix = token.kind == TokenKind::Sign && matches!(token.text.as_str(), "bytes" | "raw");
        token.context.list && (is_constant || is_prefix) || token.text == "|"
    });
    // A row of names was added to a table.
    let is_row = now.kind == StatementKind::Assign
        && tokens.len() > 1
        && tokens.iter().all(|token| token.context.list && !matches!(token.kind, TokenKind::Sign | TokenKind::End));
    if tokens.iter().all(|token| token.context.message) && !tells_secrets(tokens, None) {
        return ("message", Severity::Low);
    }
    if (is_entry || is_row) && !guards(now) || is_entry && tokens.iter().all(is_harmless_ending) {
        return ("entry", Severity::Low);
    }
    if tokens.iter().all(converts) {
        return ("manner", Severity::Low);
    }
    if are_optional(tokens, now) {
        return ("entry", Severity::Low);
    }
    if is_refusal(tokens) {
        return ("guard", Severity::Low);
    }
    if is_default_for_absent(part, now) {
        return ("entry", Severity::Low);
    }
    if tokens.iter().all(|token| CLEANING.contains(&token.text.as_str())) {
        return ("manner", Severity::Low);
    }
    // `${1:-}` is `$1` if nothing is set, `IFS=` before `read` keeps the spaces of a line, and `|| [ -n "$line" ]`
    // after it keeps a last line without a line end.
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let keeps_last_line = || words.starts_with(&["||", "-n"]) && words.len() <= 5 && now.has("read");
    if matches!(words.as_slice(), [":-"] | ["IFS", "="]) || keeps_last_line() {
        return ("manner", Severity::Low);
    }
    let first = tokens.first().map_or("", |token| token.text.as_str());
    let is_named = tokens.iter().all(|token| token.context.named);
    if is_named && MANNER.contains(&first) {
        return ("manner", Severity::Low);
    }
    let options = || tokens.iter().filter(|token| token.text.starts_with('-'));
    let is_command = now.kind != StatementKind::Head
        && first.starts_with('-')
        && tokens.iter().all(|token| matches!(token.kind, TokenKind::Text | TokenKind::Number));
    let command = command_at(now, tokens);
    // The output shows what a read-only command does; for other commands, only some options are harmless.
    let is_harmless = |token: &Token| {
        lists::is_careful_option(command, &token.text)
            || changes_nothing(command, &token.text) && !lists::is_dangerous_option(command, &token.text)
    };
    if is_command && options().all(is_harmless) {
        return ("option", Severity::Low);
    }
    (code_of(tokens), Severity::Medium)
}

/// The kind of a change, by its tokens.
fn code_of(tokens: &[Token]) -> &'static str {
    let has = |kind| tokens.iter().any(|token| token.kind == kind);
    let in_condition = tokens.iter().any(|token| token.context.condition);
    match () {
        () if tokens.iter().any(|token| token.context.default) => "default",
        () if in_condition => "condition",
        () if has(TokenKind::Sign) => "operator",
        () if has(TokenKind::Number) => "number",
        () if has(TokenKind::Text) => "text",
        () => "name",
    }
}

/// Whether one operator or constant became another, which a refactoring does not do; or whether an entry of a table, or
/// a condition inside a statement, changed. Running the statement does not show that these were used.
pub(super) fn is_flip(part: &Replaced<'_>) -> bool {
    let is_constant = |kind| matches!(kind, TokenKind::Sign | TokenKind::Number | TokenKind::Text);
    if let ([old], [new]) = (part.old, part.new)
        && is_constant(old.kind)
        && is_constant(new.kind)
        && !new.context.message
    {
        return true;
    }
    // Creating a table does not show that the entry is used.
    let is_entry = |token: &Token| token.context.list && token.kind != TokenKind::Sign;
    if part.old.iter().chain(part.new).any(is_entry) {
        return true;
    }
    // One method became another, as in `strip` and `rstrip`.
    if let ([old], [new]) = (part.old, part.new)
        && [old, new].iter().all(|token| token.kind == TokenKind::Name && token.context.fixed)
    {
        return true;
    }
    let count = |tokens: &[Token], test: fn(&Token) -> bool| tokens.iter().filter(|token| test(token)).count();
    let of = |tokens: &[Token]| {
        (count(tokens, |token| is_condition(token) && !is_choice(token)), count(tokens, is_choice) > 0)
    };
    of(part.old) != of(part.new)
}

/// Whether a choice between values changed: there are more choices in it, or fewer.
pub(super) fn chooses(part: &Replaced<'_>) -> bool {
    let choices = |tokens: &[Token]| tokens.iter().filter(|token| is_choice(token)).count();
    choices(part.old) != choices(part.new)
}

/// Whether another value of the function replaced one that it still has.
pub(super) fn is_other_value(part: &Replaced<'_>, now: &Statement, old: &[Statement], new: &[Statement]) -> bool {
    let is_value = |token: &&Token| token.kind == TokenKind::Name && !token.context.fixed && !token.context.message;
    let has = |all: &[Statement], name: &str| {
        let mut inside = all.iter().filter(|one| one.function == now.function);
        inside.any(|one| one.tokens.iter().any(|token| token.text == name))
    };
    let lacks = |tokens: &[Token], name: &Token| !tokens.iter().any(|token| token.text == name.text);
    let came = part.new.iter().filter(is_value).any(|name| lacks(part.old, name) && has(old, &name.text));
    let went = part.old.iter().filter(is_value).any(|name| lacks(part.new, name) && has(new, &name.text));
    came && went
}

/// Whether a statement chooses one of two values: which value belongs to which answer matters.
pub(super) fn chooses_value(statement: &Statement) -> bool {
    let has = |sign: &str| statement.tokens.iter().any(|token| token.kind == TokenKind::Sign && token.text == sign);
    has("?") || has("if") && has("else")
}

/// The operators of a statement's tests, in either direction: inputs must distinguish the kinds of tests.
pub(super) fn tests(statement: &Statement) -> BTreeMap<&str, usize> {
    const NAMES: &[&str] = &[
        "includes",
        "indexOf",
        "startsWith",
        "endsWith",
        "has",
        "some",
        "every",
        "match",
        "test",
        "search",
        "startswith",
        "endswith",
        "any",
        "all",
        "fullmatch",
    ];
    let mut found = BTreeMap::new();
    for token in &statement.tokens {
        let test = match token.text.as_str() {
            "==" | "!=" | "===" | "!==" if token.kind == TokenKind::Sign => "==",
            "<" | ">=" | ">" | "<=" if token.kind == TokenKind::Sign => "<",
            name if token.kind == TokenKind::Name && NAMES.contains(&name) => name,
            _ => continue,
        };
        *found.entry(test).or_default() += 1;
    }
    found
}

/// Whether a token is a parameter of a block: `|name, count|`.
pub(super) fn is_parameter(statement: &Statement, token: &Token) -> bool {
    let Some(at) = statement.tokens.iter().position(|other| std::ptr::eq(other, token)) else { return false };
    let is_name = |token: &&Token| token.kind == TokenKind::Name;
    let is_bar = |token: Option<&Token>| token.is_some_and(|token| token.kind == TokenKind::Sign && token.text == "|");
    let (before, behind) = (&statement.tokens[..at], &statement.tokens[at + 1..]);
    is_bar(before.iter().rev().find(|token| !is_name(token))) && is_bar(behind.iter().find(|token| !is_name(token)))
}

/// Whether a statement contains a choice and is not the head of a block.
pub(super) fn has_choice(statement: &Statement) -> bool {
    let is_one = |token: &Token| is_condition(token) || matches!(token.text.as_str(), "unless" | "||=" | "//=");
    statement.kind != StatementKind::Head && statement.tokens.iter().any(is_one)
}

/// Whether a token chooses one of two values.
fn is_choice(token: &Token) -> bool {
    matches!(token.text.as_str(), "?" | "??" | "if" | "else") && token.kind != TokenKind::Text
}

/// Whether one operator became another one.
pub(super) fn is_other_operator(part: &Replaced<'_>) -> bool {
    const SIGNS: &[&str] = &[
        "<", "<=", ">", ">=", "==", "!=", "===", "!==", "and", "or", "&&", "||", "+", "-", "*", "/", "//", "%", "**",
        "-lt", "-le", "-gt", "-ge", "-eq", "-ne",
    ];
    let is_sign = |tokens: &[Token]| matches!(tokens, [only] if SIGNS.contains(&only.text.as_str()));
    is_sign(part.old) && is_sign(part.new)
}

/// Whether a token decides what is computed.
pub(super) fn is_condition(token: &Token) -> bool {
    const SIGNS: &[&str] = &["and", "or", "&&", "||", "??", "not", "!", "?", "if", "else"];
    SIGNS.contains(&token.text.as_str()) && token.kind != TokenKind::Text
}

/// Whether a token of an error determines its class or the exit code.
fn is_sort_of_error(token: &Token, statement: &Statement) -> bool {
    let is_word = |token: &Token| matches!(token.text.as_str(), "raise" | "throw" | "new");
    let sort = statement.tokens.iter().find(|token| !is_word(token));
    let is_code = token.kind == TokenKind::Number && statement.tokens.len() <= 4;
    statement.kind == StatementKind::Raise && (is_code || sort.is_some_and(|sort| std::ptr::eq(sort, token)))
}

/// The command of a pipe or list that contains tokens; after `xargs` and similar commands, the one that is started.
fn command_at<'s>(statement: &'s Statement, part: &[Token]) -> &'s str {
    const STARTERS: &[&str] = &["xargs", "sudo", "env", "nohup", "time", "exec", "nice", "timeout", "command"];
    let at = part.first().and_then(|first| statement.tokens.iter().position(|token| std::ptr::eq(token, first)));
    let before = &statement.tokens[..at.unwrap_or(0)];
    let joins = |token: &Token| matches!(token.text.as_str(), "|" | "|&" | "&&" | "||" | ";" | "$(" | "&");
    let begin = before.iter().rposition(joins).map_or(0, |at| at + 1);
    let is_word =
        |token: &&Token| token.text != "quotes" && !token.text.starts_with('-') && token.kind != TokenKind::Number;
    let mut words = before[begin..].iter().filter(is_word).map(|token| token.text.as_str());
    words
        .find(|word| !STARTERS.contains(word))
        .or_else(|| before.get(begin).map(|token| token.text.as_str()))
        .unwrap_or("")
}

/// Whether a command with this option only reads and prints.
fn changes_nothing(command: &str, option: &str) -> bool {
    let name = command.rsplit('/').next().unwrap_or(command);
    let changes = match name {
        "grep" | "egrep" | "fgrep" | "zgrep" | "pgrep" => option == "-v" || option == "--invert-match",
        "sed" => option.starts_with("-i") || option.starts_with("--in-place"),
        "sort" => option.starts_with("-o") || option.starts_with("--output"),
        "awk" | "gawk" => option.starts_with("-i"),
        "date" => option.starts_with("-s") || option.starts_with("--set"),
        // These change the further course of the script, or what they start.
        "env" | "command" | "builtin" | "export" | "wait" | "read" | "tee" | "trap" | "set" | "exit" => true,
        _ => false,
    };
    !changes && (TEXT_COMMANDS.contains(&name) || TELLING.contains(&name))
}

/// Whether a shell statement calls only functions of the script and text commands: then the output, and the files of a
/// run, show what it does.
pub(super) fn is_calculation(statement: &Statement, is_own: impl Fn(&str) -> bool) -> bool {
    let mut is_command = true;
    statement.tokens.iter().filter(|token| token.text != "quotes").all(|token| {
        let is_it = std::mem::replace(&mut is_command, matches!(token.text.as_str(), "|" | "||" | "&&" | ";" | "!"));
        !is_it || is_command || TEXT_COMMANDS.contains(&token.text.as_str()) || is_own(&token.text)
    })
}

/// Whether the names in a statement indicate access control.
pub(super) fn guards(statement: &Statement) -> bool {
    let names = statement.tokens.iter().filter(|token| token.kind == TokenKind::Name);
    names.map(|token| token.text.to_ascii_lowercase()).any(|name| GUARDING.iter().any(|word| name.contains(word)))
}

/// Whether a token only converts a collection to another type: for a condition, the content stays the same.
fn converts(token: &Token) -> bool {
    match token.text.as_str() {
        "list" | "tuple" | "keys" | "iter" => token.kind == TokenKind::Name,
        "set" | "frozenset" => token.kind == TokenKind::Name && token.context.condition,
        _ => false,
    }
}

/// Whether a text is the file extension of data, not code.
fn is_harmless_ending(token: &Token) -> bool {
    const CODE: &[&str] = &[
        "exe", "dll", "so", "dylib", "sh", "bash", "zsh", "bat", "cmd", "ps1", "py", "pyc", "js", "mjs", "cjs", "php",
        "rb", "pl", "jar", "class", "com", "scr", "vbs", "msi", "html", "htm", "service", "desktop", "conf", "env",
    ];
    let ending = token.text.strip_prefix('.').unwrap_or_default();
    (1..=5).contains(&ending.len())
        && ending.chars().all(|c| c.is_ascii_alphanumeric())
        && !CODE.contains(&ending.to_ascii_lowercase().as_str())
}

/// Whether a message newly contains a value with the name of a secret.
pub(super) fn tells_secrets(tokens: &[Token], before: Option<&Statement>) -> bool {
    tokens.iter().any(|token| token.is_secret() && !before.is_some_and(|before| before.has(&token.text)))
}
