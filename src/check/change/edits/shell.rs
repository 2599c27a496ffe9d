//! Normalises equivalent shell statements.

use super::pieces::{sign_like, value_length};
use crate::code::shell::options::{kept_command, options_of};
use crate::code::statements::{Context, Statement, StatementKind, Token, TokenKind};
use std::collections::HashSet;

/// The normalised statements.
pub(super) fn formed(all: Vec<Statement>) -> Vec<Statement> {
    with_status_in_condition(all).into_iter().flat_map(apart).collect()
}

/// `command` before `if [ $? -ne 0 ]` becomes `if ! command`.
fn with_status_in_condition(all: Vec<Statement>) -> Vec<Statement> {
    let mut result: Vec<Statement> = Vec::new();
    for mut statement in all {
        let words: Vec<&str> =
            statement.tokens.iter().map(|token| token.text.as_str()).filter(|word| *word != "quotes").collect();
        let fails = match words.as_slice() {
            ["if", "?", "-ne" | "!=" | "-gt", "0"] => Some(true),
            ["if", "?", "-eq" | "==" | "=", "0"] => Some(false),
            _ => None,
        };
        // `!` negates the first of several commands, and a background command has not ended.
        let is_one =
            |last: &Statement| !last.tokens.iter().any(|token| matches!(token.text.as_str(), "&&" | "||" | "&"));
        let command = result.last().filter(|last| last.kind == StatementKind::Other && last.depth == statement.depth);
        let command = command.filter(|last| is_one(last));
        if let Some((fails, command)) = fails.filter(|_| statement.kind == StatementKind::Head).zip(command) {
            let first = statement.tokens[0].clone();
            let not = fails.then(|| sign_like(&first, "!"));
            statement.tokens =
                std::iter::once(first.clone()).chain(not).chain(command.tokens.iter().map(conditional)).collect();
            result.pop();
        }
        result.push(statement);
    }
    result
}

fn conditional(token: &Token) -> Token {
    Token { context: Context { condition: true, ..token.context }, ..token.clone() }
}

/// `a && b` becomes `if a; then b; fi`, and `a || b` becomes `if ! a; then b; fi`.
fn apart(statement: Statement) -> Vec<Statement> {
    let is_joint = |token: &Token| token.kind == TokenKind::Sign && matches!(token.text.as_str(), "&&" | "||");
    let joints: Vec<usize> = (0..statement.tokens.len()).filter(|at| is_joint(&statement.tokens[*at])).collect();
    let is_list = matches!(statement.kind, StatementKind::Other | StatementKind::Exit | StatementKind::Message);
    let holds_block = statement.tokens.iter().any(|token| token.kind == TokenKind::End || token.text == "$(");
    let Some(last) = joints.last().copied().filter(|_| is_list && !holds_block) else { return vec![statement] };
    let is_and = statement.tokens[last].text == "&&";
    let is_mixed =
        joints.iter().any(|at| (statement.tokens[*at].text == "&&") != is_and) || !is_and && joints.len() > 1;
    let (condition, rest) = statement.tokens.split_at(last);
    let action = &rest[1..];
    if is_mixed || condition.is_empty() || action.is_empty() {
        return vec![statement];
    }
    let first = &condition[0];
    let condition: Vec<Token> = condition.iter().map(conditional).collect();
    let condition = match condition.split_first() {
        Some((not, rest)) if !is_and && not.text == "!" => rest.to_vec(),
        _ if is_and => condition,
        _ => std::iter::once(sign_like(first, "!")).chain(condition).collect(),
    };
    let action: Vec<Token> = action
        .iter()
        .map(|token| Token { context: Context { condition: false, ..token.context }, ..token.clone() })
        .collect();
    let kind = match action[0].text.as_str() {
        "exit" | "return" | "break" | "continue" => StatementKind::Exit,
        _ if action.iter().all(|token| token.context.message) => StatementKind::Message,
        _ if action.get(1).is_some_and(|sign| sign.text == "=") => StatementKind::Assign,
        _ => StatementKind::Other,
    };
    let head = std::iter::once(sign_like(first, "if")).chain(condition).collect();
    let end = Token { kind: TokenKind::End, text: "end".to_owned(), line: first.line, context: Context::default() };
    let inside = statement.depth + 1;
    let of = |kind, tokens, depth| Statement { kind, tokens, function: statement.function.clone(), depth };
    vec![
        of(StatementKind::Head, head, statement.depth),
        of(kind, action, inside),
        of(StatementKind::End, vec![end], inside),
    ]
}

/// Commands that read a file argument in the same way as piped input.
const READERS: &[&str] = &["grep", "egrep", "fgrep", "awk", "sed", "head", "tail", "sort", "uniq", "cut", "jq"];

/// The statements of the new version without the `--` words that the old version lacks: `rm -- "$x"` does what `rm "$x"`
/// does, except for a name that begins with a dash. Removing a `--` stays a change, because a name can then be an option.
pub(super) fn without_new_ends(old: &[Statement], mut now: Vec<Statement>) -> Vec<Statement> {
    let known: HashSet<[&str; 2]> = old.iter().flat_map(|one| ends(&one.tokens)).map(|(_, about)| about).collect();
    for statement in &mut now {
        let of_now = ends(&statement.tokens).into_iter().filter(|(_, about)| !known.contains(about));
        let places: Vec<usize> = of_now.map(|(at, _)| at).collect();
        for at in places.into_iter().rev() {
            statement.tokens.remove(at);
        }
    }
    now
}

/// The positions of `--`, each with its command and the word after it.
fn ends(tokens: &[Token]) -> Vec<(usize, [&str; 2])> {
    let (mut ends, mut command, mut is_command) = (Vec::new(), "", true);
    for (at, token) in tokens.iter().enumerate() {
        if is_command {
            command = &token.text;
        }
        is_command = begins_command(token);
        let behind = tokens[at + 1..].iter().map(|token| token.text.as_str()).find(|word| *word != "quotes");
        if let Some(behind) = behind.filter(|_| token.text == "--" && ENDING_OPTIONS.contains(&command)) {
            ends.push((at, [command, behind]));
        }
    }
    ends
}

/// Commands for which `--` only ends the options. For others, such as `git checkout`, it means more.
const ENDING_OPTIONS: &[&str] = &[
    "basename", "cat", "cd", "chmod", "chown", "cp", "dirname", "grep", "head", "ln", "ls", "mkdir", "mv", "rm",
    "rmdir", "sort", "tail", "touch", "wc",
];

/// Normalises the commands of one statement: `test -f x` becomes `[ -f x ]`, `[ a -a b ]` becomes `[ a ] && [ b ]`,
/// `cat x | grep y` becomes `grep y x`, `echo "$x" | grep y` becomes `grep y <<< "$x"`, and options have their short
/// names.
pub(super) fn as_commands(statement: &mut Statement) {
    let mut is_command = true;
    statement.tokens.retain(|token| {
        let is_test = is_command && token.text == "test";
        is_command = begins_command(token);
        !is_test
    });
    if statement.kind == StatementKind::Assign
        && let [.., sign, value] = statement.tokens.as_mut_slice()
        && sign.text == "="
        && value.kind == TokenKind::Text
        && let Some(formed) = kept_command(&value.text)
    {
        value.text = formed;
    }
    take_clusters_apart(&mut statement.tokens);
    join_conditions(&mut statement.tokens);
    let text = |token: &Token| token.text.clone();
    let words: Vec<String> = statement.tokens.iter().map(text).collect();
    let tokens = &mut statement.tokens;
    let length = value_length(tokens.get(1..).unwrap_or_default());
    let pipe = 1 + length;
    let is_piped = length > 0 && tokens.get(pipe).is_some_and(|token| token.text == "|");
    let rest = tokens.get(pipe + 1..).unwrap_or_default();
    let end = rest.iter().position(|token| matches!(token.text.as_str(), "|" | "&&" | "||" | ">" | ">>" | ";"));
    let (called, behind) = rest.split_at(end.unwrap_or(rest.len()));
    match words.first().map_or("", String::as_str) {
        // With `-i`, sed changes its file argument.
        "cat"
            if is_piped
                && !called.iter().any(|word| word.text.starts_with("-i") || word.text == "--in-place")
                && called.first().is_some_and(|first| READERS.contains(&first.text.as_str())) =>
        {
            *tokens = called.iter().chain(&tokens[1..pipe]).chain(behind).cloned().collect();
        }
        "echo" if is_piped && !called.is_empty() && tokens[1].kind != TokenKind::Text => {
            let from = sign_like(&tokens[pipe], "<<<");
            *tokens = called.iter().chain([&from]).chain(&tokens[1..pipe]).chain(behind).cloned().collect();
        }
        "printf" if words.get(1).is_some_and(|form| form == "%s\\n") => {
            "echo".clone_into(&mut tokens[0].text);
            tokens.remove(1);
        }
        "printf" if words.get(1).is_some_and(|form| form == "%s") => {
            "echo".clone_into(&mut tokens[0].text);
            "-n".clone_into(&mut tokens[1].text);
        }
        _ => {}
    }
    // `> f 2>&1` becomes `&> f`.
    let ends =
        |tokens: &[Token], words: [&str; 3]| tokens.iter().rev().map(|token| token.text.as_str()).take(3).eq(words);
    if ends(tokens, ["1", ">&", "2"])
        && let Some(at) = tokens.iter().rposition(|token| token.text == ">")
    {
        tokens.truncate(tokens.len() - 3);
        "&>".clone_into(&mut tokens[at].text);
    }
    if matches!(tokens.as_slice(), [name, sign] if name.kind == TokenKind::Name && sign.text == "++") {
        "+=".clone_into(&mut tokens[1].text);
        tokens.push(Token { kind: TokenKind::Number, text: "1".to_owned(), ..tokens[0].clone() });
        statement.kind = StatementKind::Assign;
    }
}

/// `rm -rf x` becomes `rm -r -f x`, and `grep --quiet x` becomes `grep -q x`.
fn take_clusters_apart(tokens: &mut Vec<Token>) {
    let (mut result, mut command, mut is_command) = (Vec::with_capacity(tokens.len()), String::new(), true);
    for token in tokens.drain(..) {
        if is_command {
            command.clone_from(&token.text);
        }
        is_command = begins_command(&token);
        match options_of(&command, &token.text) {
            Some(options) => result.extend(options.into_iter().map(|text| {
                let kind = if text.parse::<f64>().is_ok() { TokenKind::Number } else { TokenKind::Text };
                Token { kind, text, ..token.clone() }
            })),
            None => result.push(token),
        }
    }
    *tokens = result;
}

/// Whether a command begins after this token.
fn begins_command(token: &Token) -> bool {
    matches!(token.text.as_str(), "if" | "then" | "while" | "elif" | "!" | "&&" | "||" | "|" | ";" | "$(")
}

/// `-a` and `-o` between two tests become `&&` and `||`.
fn join_conditions(tokens: &mut [Token]) {
    // `-a` takes precedence over `-o`, but `&&` does not over `||`.
    let has = |word: &str| tokens.iter().any(|token| token.context.condition && token.text == word);
    if has("-a") && (has("-o") || has("||")) || has("-o") && has("&&") {
        return;
    }
    let mut is_value = false;
    for token in tokens.iter_mut().filter(|token| token.context.condition) {
        let joint = match token.text.as_str() {
            "-a" if is_value => Some("&&"),
            "-o" if is_value => Some("||"),
            _ => None,
        };
        let is_word = matches!(token.text.as_str(), "if" | "while" | "elif" | "!" | "&&" | "||");
        is_value = joint.is_none() && !is_word && !token.text.starts_with('-');
        if let Some(joint) = joint {
            (token.kind, token.text) = (TokenKind::Sign, joint.to_owned());
        }
    }
}
