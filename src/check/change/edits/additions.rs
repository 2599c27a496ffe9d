//! Added statements that do not affect existing behaviour: a check that refuses, a handler that reports and refuses, an
//! optional option, help, a function that only reports.

use super::align::{Replaced, Step};
use super::bindings::{functions, is_short};
use super::judge::is_refusal;
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Arguments that request help or the version.
const HELP: &[&str] = &["-h", "--help", "help", "-help", "-?", "-V", "--version", "version"];

/// Calls that declare a command-line option.
const DECLARING: &[&str] = &["add_argument", "add_option", "option", "addOption"];

/// Functions of a program that only report something, and those that then end the program with an error.
#[derive(Default)]
pub(super) struct Speakers {
    tellers: HashSet<String>,
    refusers: HashSet<String>,
    /// Those that write to standard error only.
    warners: HashSet<String>,
}

impl Speakers {
    /// Finds these functions in a version.
    pub(super) fn of(all: &[Statement]) -> Speakers {
        let mut found = Speakers::default();
        for name in functions(all).into_iter().filter(|name| !name.is_empty()) {
            let is_inside = |one: &&Statement| {
                one.function == name && !matches!(one.kind, StatementKind::End | StatementKind::Define)
            };
            let inside: Vec<&Statement> = all.iter().filter(is_inside).collect();
            let Some((last, rest)) = inside.split_last() else { continue };
            let tells = |all: &[&Statement]| all.iter().all(|one| only_tells(one));
            let warns = |all: &[&Statement]| all.iter().all(|one| only_warns(one));
            if warns(&inside) || warns(rest) && ends_with_error(last) {
                found.warners.insert(name.to_owned());
            }
            if tells(&inside) {
                found.tellers.insert(name.to_owned());
            } else if tells(rest) && ends_with_error(last) {
                found.refusers.insert(name.to_owned());
            }
        }
        found
    }

    /// Whether a function of the program only writes to standard error, and perhaps ends the program with an error.
    pub(super) fn warns(&self, function: &str) -> bool {
        self.warners.contains(function)
    }

    /// Whether a statement only reports something, directly or through a function of the program.
    pub(super) fn tells(&self, statement: &Statement) -> bool {
        only_tells(statement) || is_call_of(statement, &self.tellers)
    }

    /// Whether a statement ends the program with an error, directly or through a function of the program.
    pub(super) fn refuses(&self, statement: &Statement) -> bool {
        ends_with_error(statement) || is_call_of(statement, &self.refusers)
    }
}

fn is_call_of(statement: &Statement, names: &HashSet<String>) -> bool {
    let calls = |token: &Token| matches!(token.text.as_str(), "$(" | "|" | ">" | "&&" | "||" | ";");
    statement.kind == StatementKind::Other
        && statement.tokens.first().is_some_and(|first| names.contains(&first.text))
        && !statement.tokens.iter().any(calls)
}

/// Whether a statement only writes for a reader.
fn only_tells(statement: &Statement) -> bool {
    let word = |at: usize| statement.tokens.get(at).map_or("", |token| token.text.as_str());
    let writes = match word(0) {
        "echo" | "printf" | "print" => true,
        "console" => matches!(word(1), "log" | "error" | "warn" | "info"),
        "cat" => word(1) == "<<",
        _ => false,
    };
    let is_more = |token: &Token| matches!(token.text.as_str(), "$(" | "|" | ">" | ">>" | "&&" | "||" | ";");
    // `>&2` is not a file.
    let is_plain = !statement.tokens.iter().any(|token| token.kind == TokenKind::Sign && is_more(token));
    statement.kind == StatementKind::Message || statement.kind == StatementKind::Other && writes && is_plain
}

/// Whether a statement only writes to standard error: to no file, and for no other command.
fn only_warns(statement: &Statement) -> bool {
    let takes = |token: &Token| matches!(token.text.as_str(), ">" | ">>" | "&>" | "|" | "|&" | "eval" | "tee");
    let is_sign = |token: &Token| token.kind != TokenKind::Text || token.text == "eval";
    statement.kind == StatementKind::Message
        && !statement.tokens.iter().any(|token| is_sign(token) && takes(token))
        && (!statement.has("$(") || statement.has("date"))
}

/// Whether a statement raises an error or ends the program with an error code.
pub(super) fn ends_with_error(statement: &Statement) -> bool {
    let has_zero = statement.tokens.iter().any(|token| token.kind == TokenKind::Number && token.text == "0");
    let has_code = statement.tokens.iter().any(|token| token.kind == TokenKind::Number);
    let words: Vec<&str> = statement.tokens.iter().map(|token| token.text.as_str()).collect();
    let says = statement.tokens.get(2).is_some_and(|token| token.kind == TokenKind::Text && !token.text.is_empty());
    match statement.kind {
        StatementKind::Raise => !has_zero,
        StatementKind::Exit | StatementKind::Other | StatementKind::Message => match words.as_slice() {
            ["exit" | "return", _] | ["process", "exit", ..] => has_code && !has_zero,
            ["sys", "exit", ..] => (has_code || says) && !has_zero,
            _ => false,
        },
        _ => false,
    }
}

/// The added steps that do not affect existing behaviour, each with its kind of change.
pub(super) fn spared(
    steps: &[Step<'_>],
    old: &[Statement],
    new: &[Statement],
    speakers: &Speakers,
) -> BTreeMap<usize, &'static str> {
    let places: BTreeMap<usize, usize> = steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| if let Step::Added(one) = step { Some((at, *one)) } else { None })
        .filter_map(|(at, one)| Some((new.iter().position(|other| std::ptr::eq(other, one))?, at)))
        .collect();
    let added = |place: usize| places.get(&place).copied();
    let options = options(steps, old);
    let mut found = BTreeMap::new();
    for (place, at) in &places {
        let statement = &new[*place];
        if declared(statement, old).is_some() {
            found.insert(*at, "entry");
        } else if is_call_of(statement, &speakers.tellers) || is_declared(statement) {
            found.insert(*at, "message");
        } else if sets_patience(statement) {
            found.insert(*at, "patience");
        } else if refuses_else(statement)
            || statement.depth > 0 && statement.kind == StatementKind::Other && speakers.refuses(statement)
        {
            found.insert(*at, "guard");
        }
        if statement.kind != StatementKind::Head {
            continue;
        }
        let body: Vec<usize> = (*place + 1..new.len())
            .take_while(|inside| new[*inside].depth > statement.depth && new[*inside].function == statement.function)
            .collect();
        let own: Option<Vec<usize>> = body
            .iter()
            .filter(|inside| new[**inside].kind != StatementKind::End)
            .map(|inside| added(*inside))
            .collect();
        // The block contains old statements, which no longer always run.
        let Some(own) = own.filter(|own| !own.is_empty()) else { continue };
        let inside = || body.iter().map(|at| &new[*at]).filter(|one| one.kind != StatementKind::End);
        let refuses = || is_handler(statement) && refuses_only(inside(), speakers) && !is_handled(statement, old);
        let ends = |one: &Statement| speakers.tells(one) || one.kind == StatementKind::Exit;
        let is_end_by_key =
            || ends_by_key(statement, old) && inside().all(|one| ends(one) || closes(one) || speakers.refuses(one));
        let code = if refuses() || is_end_by_key() || asks_for_help(statement) && inside().all(ends) {
            Some("guard")
        } else if is_for_option(statement, &options) || inside().all(|one| speakers.tells(one)) && is_quiet(statement) {
            Some("entry")
        } else {
            None
        };
        if let Some(code) = code {
            found.insert(*at, code);
            found.extend(own.into_iter().map(|at| (at, code)));
        }
    }
    found
}

/// Whether a statement only declares a variable without a value.
fn is_declared(statement: &Statement) -> bool {
    let is_name = |token: &Token| token.kind == TokenKind::Name && token.context.nesting.opened == 0;
    let is_it = matches!(statement.kind, StatementKind::Assign | StatementKind::Other);
    is_it && matches!(statement.tokens.as_slice(), [only] if is_name(only))
}

/// Whether a call only sets the number of retries of a request.
fn sets_patience(statement: &Statement) -> bool {
    let is_scheme = |token: &Token| token.kind != TokenKind::Text || token.text.starts_with("http");
    statement.has("mount") && statement.has("HTTPAdapter") && statement.tokens.iter().all(is_scheme)
}

/// Whether a statement tests something and ends the program with an error on failure: `[ -f "$1" ] || exit 1`.
fn refuses_else(statement: &Statement) -> bool {
    let joint = statement.tokens.iter().position(|token| token.kind == TokenKind::Sign && token.text == "||");
    joint.is_some_and(|at| at > 0 && is_refusal(&statement.tokens[at..]))
}

/// Whether a command of the old version is now tested, and is otherwise unchanged.
pub(super) fn is_guarded(statement: &Statement, new: &[Statement], heads: &HashSet<u64>) -> bool {
    let key = |tokens: &[Token]| tokens.iter().map(Token::key).collect::<Vec<_>>();
    let is_joint = |token: &&Token| matches!(token.text.as_str(), "if" | "!" | "not");
    statement.kind == StatementKind::Other
        && new.iter().filter(|head| heads.contains(&head.line())).any(|head| {
            let begin = head.tokens.iter().take_while(is_joint).count();
            key(&head.tokens[begin..]) == key(&statement.tokens)
        })
}

/// Whether the new version ends with an error in as many places as the old one.
pub(super) fn refuse_as_often(old: &[Statement], new: &[Statement]) -> bool {
    let count = |all: &[Statement]| {
        let speakers = Speakers::of(all);
        let is_own = |one: &&Statement| !speakers.refusers.contains(&one.function);
        all.iter().filter(is_own).filter(|one| speakers.refuses(one)).count()
    };
    count(new) >= count(old)
}

/// Whether a statement begins an error handler.
fn is_handler(statement: &Statement) -> bool {
    statement.tokens.first().is_some_and(|first| matches!(first.text.as_str(), "except" | "catch"))
}

/// Whether a handler is for a keyboard interrupt, which the old version left to the interpreter.
fn ends_by_key(handler: &Statement, old: &[Statement]) -> bool {
    let words: Vec<&str> = handler.tokens.iter().map(|token| token.text.as_str()).collect();
    matches!(words.as_slice(), ["except", "KeyboardInterrupt"])
        && !old.iter().any(|one| one.has("KeyboardInterrupt") || is_handler(one) && one.tokens.len() == 1)
}

/// Whether a statement only closes something.
fn closes(statement: &Statement) -> bool {
    let last = statement.tokens.last().filter(|last| last.context.fixed).map_or("", |last| last.text.as_str());
    statement.kind == StatementKind::Other
        && matches!(last, "close" | "server_close")
        && statement.tokens.iter().all(|token| token.kind == TokenKind::Name)
}

/// Whether the old version handled errors in the same function: it may have caught this one.
fn is_handled(handler: &Statement, old: &[Statement]) -> bool {
    old.iter().any(|one| one.function == handler.function && is_handler(one))
}

/// Whether statements only report something and then end the program with an error.
fn refuses_only<'s>(inside: impl Iterator<Item = &'s Statement>, speakers: &Speakers) -> bool {
    let inside: Vec<&Statement> = inside.collect();
    let Some((last, rest)) = inside.split_last() else { return false };
    speakers.refuses(last) && rest.iter().all(|one| speakers.tells(one) || speakers.refuses(one))
}

/// Whether a condition only tests whether help or the version is requested.
fn asks_for_help(head: &Statement) -> bool {
    let texts = || head.tokens.iter().filter(|token| token.kind == TokenKind::Text);
    let is_it = |token: &Token| HELP.contains(&token.text.as_str());
    let compares = |token: &Token| {
        token.kind == TokenKind::Sign
            && !token.text.chars().all(|c| c.is_ascii_digit())
            && !matches!(
                token.text.as_str(),
                "if" | "elif" | "=" | "==" | "===" | "||" | "or" | "in" | "[" | "quotes" | "(" | ")" | ":-"
            )
    };
    texts().count() > 0 && texts().all(is_it) && !head.tokens.iter().any(compares)
}

/// Whether a condition neither calls nor assigns anything.
fn is_quiet(head: &Statement) -> bool {
    let acts =
        |token: &Token| token.context.nesting.opened > 0 || matches!(token.text.as_str(), ":=" | "$(" | "=" | "++");
    let is_if = head.tokens.first().is_some_and(|first| first.text == "if");
    is_if && !head.tokens.iter().skip(1).any(acts)
}

/// The name of a new option that a statement declares, and whether it is off by default.
fn declared(statement: &Statement, old: &[Statement]) -> Option<(String, bool)> {
    let tokens = &statement.tokens;
    let call = tokens.iter().position(|token| token.context.fixed && DECLARING.contains(&token.text.as_str()))?;
    let texts: Vec<&Token> = tokens[call + 1..].iter().take_while(|token| token.kind == TokenKind::Text).collect();
    let first = texts.iter().find(|token| token.text.starts_with("--")).or(texts.first())?;
    let name = first.text.trim_start_matches('-').split([' ', '=']).next()?.replace('-', "_");
    let has = |word: &str| tokens.iter().any(|token| token.text == word);
    let default = tokens.iter().position(|token| token.text == "default").and_then(|at| tokens.get(at + 2));
    let is_off = default.is_none_or(|value| matches!(value.text.as_str(), "None" | "False" | "false" | "null"));
    let is_new = first.text.starts_with('-') && !has("dest") && !has("required");
    let is_known = old.iter().any(|one| one.has(&name) || one.has(&first.text));
    (is_new && !is_known && !name.is_empty()).then_some((name, is_off))
}

/// The new options that are off by default.
fn options(steps: &[Step<'_>], old: &[Statement]) -> BTreeSet<String> {
    let added = steps.iter().filter_map(|step| if let Step::Added(one) = step { Some(*one) } else { None });
    added.filter_map(|one| declared(one, old)).filter(|(_, is_off)| *is_off).map(|(name, _)| name).collect()
}

/// Whether a condition only tests that such an option is set.
fn is_for_option(head: &Statement, options: &BTreeSet<String>) -> bool {
    let words: Vec<&str> = head.tokens.iter().map(|token| token.text.as_str()).collect();
    match words.as_slice() {
        ["if", _, name] | ["if", _, name, "is not", "None"] | ["if", _, name, "is", "not", "None"] => {
            options.contains(*name)
        }
        _ => false,
    }
}

/// Whether a shell constant became the default of a new argument.
pub(super) fn became_argument(part: &Replaced<'_>, now: &Statement, old: &[Statement]) -> bool {
    let words: Vec<&Token> = part.new.iter().filter(|token| token.text != "quotes").collect();
    let [argument, default] = words.as_slice() else { return false };
    let is_argument = argument.text.len() == 1 && argument.text.chars().all(|c| c.is_ascii_digit());
    let next = now.tokens.iter().position(|token| std::ptr::eq(token, *default)).and_then(|at| now.tokens.get(at + 1));
    let is_constant = next.is_some_and(|next| matches!(next.kind, TokenKind::Number | TokenKind::Text));
    let takes = |token: &Token| {
        token.kind != TokenKind::Text && token.text == argument.text
            || matches!(token.text.as_str(), "@" | "*" | "shift" | "getopts")
    };
    part.old.is_empty()
        && default.text == ":-"
        && is_argument
        && is_constant
        && !old.iter().any(|one| one.tokens.iter().any(takes))
}

/// The added conditions after which the program ends with an error.
pub(super) fn heads(steps: &[Step<'_>], speakers: &Speakers) -> HashSet<u64> {
    let mut heads = HashSet::new();
    let added: Vec<&Statement> = steps
        .iter()
        .filter_map(|step| if let Step::Added(statement) = step { Some(*statement) } else { None })
        .collect();
    for (at, head) in added.iter().enumerate() {
        if head.kind != StatementKind::Head || !head.has("if") {
            continue;
        }
        let body: Vec<&&Statement> =
            added[at + 1..].iter().take_while(|other| other.kind != StatementKind::End).collect();
        let refuses = |statement: &Statement| {
            let is_error = statement.tokens.iter().any(|token| token.kind == TokenKind::Number && token.text != "0");
            match statement.kind {
                StatementKind::Raise => true,
                StatementKind::Exit => {
                    is_error && !statement.has("return") || statement.has("return") && is_error && is_short(statement)
                }
                _ => false,
            }
        };
        let refuses = |statement: &Statement| refuses(statement) || speakers.refuses(statement);
        let is_quiet = |statement: &Statement| speakers.tells(statement) || refuses(statement);
        if !body.is_empty() && body.iter().all(|one| is_quiet(one)) && body.iter().any(|one| refuses(one)) {
            heads.insert(head.line());
        }
    }
    heads
}
