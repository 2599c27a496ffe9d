//! Recognises statements that only output messages for a reader, and messages that reveal a secret.

use super::{Statement, StatementKind, Token, TokenKind, read};
use crate::domain::source::Language;

/// Output just before the program or function ends with an error is a message. So is output that begins with a word
/// such as "error".
pub(super) fn last_words(statements: &mut [Statement]) {
    for at in (1..statements.len()).rev() {
        let (before, after) = statements.split_at_mut(at);
        let (Some(words), Some(end)) = (before.last_mut(), after.first()) else { continue };
        let code = end.tokens.last().filter(|last| last.kind == TokenKind::Number && last.text != "0");
        let fails = end.kind == StatementKind::Exit && !end.has("break") && end.tokens.len() <= 3 && code.is_some();
        let prints = match words.tokens.first().map(|token| token.text.as_str()) {
            Some("echo" | "printf" | "print") => true,
            Some("console") => words.tokens.get(1).is_some_and(|name| name.text == "log"),
            _ => false,
        };
        let is_plain = !words.tokens.iter().any(|token| matches!(token.text.as_str(), "$(" | "|" | ">" | ">>"));
        let is_trouble = words.tokens.iter().find(|token| token.kind == TokenKind::Text).is_some_and(|text| {
            let text = text.text.trim_start().to_ascii_lowercase();
            ["error", "usage", "warning", "fatal", "failed"].iter().any(|word| text.starts_with(word))
        });
        if (fails || is_trouble || end.kind == StatementKind::Message) && prints && is_plain && words.depth == end.depth
        {
            words.kind = StatementKind::Message;
            words.tokens.iter_mut().for_each(|token| token.context.message = true);
        }
    }
}

/// The messages of a program that contain a value with the name of a secret: the line, and that name. Raised errors are
/// left out.
pub fn logged_secrets(text: &str, language: Language) -> Vec<(u64, String)> {
    let statements = read(text, language).unwrap_or_default();
    let is_shell = language == Language::Bash;
    let is_told =
        |statement: &&Statement| statement.kind == StatementKind::Message || is_shell && is_printed(statement);
    let messages = statements.iter().filter(is_told);
    let logged = messages.filter(|statement| !statement.has("raise") && !statement.has("throw"));
    let secret = |statement: &Statement| {
        let found = statement.tokens.iter().find(|token| token.is_secret())?;
        Some((found.line, found.text.clone()))
    };
    let mut found: Vec<(u64, String)> = logged.filter_map(secret).collect();
    if is_shell {
        found.extend(traced_secret(&statements));
    }
    found
}

/// Whether a shell command prints its words, and no other command reads them.
fn is_printed(statement: &Statement) -> bool {
    let is_taken = |token: &Token| {
        matches!(token.text.as_str(), "|" | ">" | ">>" | "$(" | "<<<" | "&&" | "||") && token.kind == TokenKind::Sign
    };
    let first = statement.tokens.first().map_or("", |first| first.text.as_str());
    matches!(first, "echo" | "printf") && !statement.tokens.iter().any(is_taken)
}

/// The secret that `set -x` writes to standard error: a command after `set -x` uses it, with no `set +x` in between.
fn traced_secret(statements: &[Statement]) -> Option<(u64, String)> {
    let sets = |statement: &Statement, sign: char| {
        let is_trace = |token: &Token| token.text.starts_with(sign) && token.text.contains('x');
        let first = statement.tokens.first().is_some_and(|first| first.text == "set");
        first
            && (statement.tokens.iter().any(is_trace) || sign == '-' && statement.has("xtrace") && statement.has("-o"))
    };
    let begin = statements.iter().position(|statement| sets(statement, '-'))?;
    let traced = statements[begin + 1..].iter().take_while(|statement| !sets(statement, '+'));
    let mut secrets = traced.flat_map(|statement| &statement.tokens).filter(|token| token.is_secret());
    secrets.next().map(|token| (statements[begin].line(), token.text.clone()))
}

impl Token {
    /// Whether it is a variable with the name of a secret.
    pub fn is_secret(&self) -> bool {
        const WORDS: &[&str] = &[
            "password",
            "passwd",
            "secret",
            "apikey",
            "api_key",
            "credential",
            "private_key",
            "environ",
            "api_token",
            "access_token",
            "auth_token",
            "bearer",
            "refresh_token",
            "accesstoken",
            "authtoken",
            "apitoken",
        ];
        // Words about a secret that do not denote the secret itself.
        const ABOUT: &[&str] = &[
            "file", "path", "name", "length", "len", "count", "valid", "has_", "is_", "url", "error", "env", "check",
            "manager",
        ];
        let name = self.text.to_ascii_lowercase();
        self.kind == TokenKind::Name
            && (name == "environ" || WORDS.iter().any(|word| name.contains(word)))
            && (name == "environ" || !ABOUT.iter().any(|word| name.contains(word)))
    }
}

/// Whether an object has the name of a logger: `logger`, `app_log`, but not `catalog`.
fn is_logger(object: &str) -> bool {
    let is_word = |word: &str| matches!(word, "log" | "logs" | "logging" | "logger");
    object.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word) || object.ends_with("logger")
}

/// Calls that only write for a reader.
pub(super) fn is_message_call(called: &str, whole: &str) -> bool {
    let (object, name) = called.rsplit_once('.').unwrap_or(("", called));
    let object = object.rsplit('.').next().unwrap_or(object).to_ascii_lowercase();
    let is_log =
        matches!(name, "debug" | "info" | "warning" | "warn" | "error" | "critical" | "exception" | "log" | "trace");
    match name {
        // `console.log` is the output of a script; warnings and errors are not.
        "log" | "info" if object == "console" => false,
        _ if is_log && (is_logger(&object) || object == "console" || object == "warnings") => true,
        "write" if object == "stderr" => true,
        "print" | "echo" => whole.contains("stderr"),
        // The `help=` of an argument parser is a message too, but a default next to it is not.
        _ => called.ends_with("Error") || called.ends_with("Exception"),
    }
}
