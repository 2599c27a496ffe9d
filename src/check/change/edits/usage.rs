//! Words for the user of a program: how to use it, and what its own functions report on standard error.
//!
//! A usage text is printed to the terminal and nothing else is done with it. A change of its words is no warning; a
//! change of what is computed for it is one. A usage text that is executed, written to a file or handed to another
//! command is a text like any other.

use super::additions::Speakers;
use super::align::Replaced;
use super::bindings::target;
use super::moved::last_name;
use crate::code::statements::{Context, Statement, StatementKind, Token, TokenKind};

/// Words after which the output of a shell function goes somewhere else.
const TAKING: &[&str] =
    &["$(", "`", "|", "|&", ">", ">>", "&>", "&>>", "<(", "<<<", "eval", "tee", "exec", "source", "."];

/// One version of a file, and its functions that only report.
pub(super) struct Readers<'a> {
    all: &'a [Statement],
    speakers: Speakers,
    is_shell: bool,
}

impl<'a> Readers<'a> {
    /// Finds them in a version.
    pub(super) fn of(all: &'a [Statement], is_shell: bool) -> Readers<'a> {
        Readers { all, speakers: Speakers::of(all), is_shell }
    }

    /// Whether a part of a statement is only words for the user.
    pub(super) fn is_words(&self, part: &[Token], statement: &Statement) -> bool {
        let is_text = |token: &Token| token.kind == TokenKind::Text && self.is_plain(&token.text);
        part.iter().all(is_text) && (self.tells_usage(statement) || self.keeps_usage(statement))
            || part.iter().all(|token| is_word(token) && (token.kind != TokenKind::Text || self.is_plain(&token.text)))
                && self.reports(part, statement)
    }

    /// Whether a whole statement only prints a usage text, or one more line of it.
    pub(super) fn is_usage(&self, statement: &Statement) -> bool {
        const PRINTING: &[&str] =
            &["log", "info", "error", "warn", "stdout", "stderr", "write", "file", "sys", "flush"];
        let is_text = |token: &Token| token.kind != TokenKind::Text || self.is_plain(&token.text);
        let is_fixed = |token: &Token| token.kind != TokenKind::Name || PRINTING.contains(&token.text.as_str());
        // The name behind `<<` is the end of the text.
        let is_here = self.is_shell && statement.has("<<");
        (is_here || statement.tokens.iter().skip(1).all(is_fixed))
            && statement.tokens.iter().all(is_text)
            && self.tells_usage(statement)
    }

    /// Whether a statement prints to the terminal and belongs to a usage text: the text begins with "usage", or it
    /// follows such a text, or it is in a function with the name of one.
    fn tells_usage(&self, statement: &Statement) -> bool {
        if !self.prints(statement) || self.is_taken(last_name(&statement.function)) {
            return false;
        }
        if begins_usage(statement) || is_usage_name(last_name(&statement.function)) {
            return true;
        }
        let at = self.all.iter().position(|one| std::ptr::eq(one, statement)).unwrap_or(0);
        let is_near =
            |one: &&Statement| one.function == statement.function && one.depth == statement.depth && self.prints(one);
        self.all[..at].iter().rev().take_while(is_near).any(begins_usage)
    }

    /// Whether a statement sets a variable with the name of a usage text that is only printed.
    fn keeps_usage(&self, statement: &Statement) -> bool {
        let Some(name) = target(statement).filter(|name| is_usage_name(name)) else { return false };
        let uses = |one: &Statement| one.tokens.iter().any(|token| token.text == name && token.kind == TokenKind::Name);
        let mut others = self.all.iter().filter(|one| !std::ptr::eq(*one, statement) && uses(one));
        let only_ends = |one: &Statement| {
            let words: Vec<&str> = one.tokens.iter().map(|token| token.text.as_str()).collect();
            matches!(words.as_slice(), ["sys", "exit", only] if *only == name)
        };
        let is_told = |one: &Statement| {
            one.kind == StatementKind::Message
                || self.prints(one) && !self.is_taken(last_name(&one.function))
                || only_ends(one)
        };
        statement.kind == StatementKind::Assign
            && statement
                .tokens
                .iter()
                .skip(2)
                .all(|token| matches!(token.kind, TokenKind::Text) || token.text == "quotes")
            && others.all(is_told)
    }

    /// Whether a part of a statement is given to a function of the program that only reports on standard error.
    fn reports(&self, part: &[Token], statement: &Statement) -> bool {
        let joins = |token: &Token| {
            token.kind == TokenKind::Sign
                && matches!(token.text.as_str(), "||" | "&&" | ";" | "$(" | "|" | ">" | ">>" | "<<<")
        };
        let at = part.first().and_then(|first| statement.tokens.iter().position(|token| std::ptr::eq(token, first)));
        let Some(at) = at.filter(|at| *at > 0) else { return false };
        let begin = statement.tokens[..at].iter().rposition(joins).map_or(0, |joint| joint + 1);
        let is_after_output = begin > 0 && !matches!(statement.tokens[begin - 1].text.as_str(), "||" | "&&" | ";");
        let goes_on = statement.tokens[at..].iter().any(joins);
        let is_whole = begin == 0 && statement.kind == StatementKind::Other || self.is_shell && begin > 0;
        let called = statement.tokens.get(begin).filter(|called| called.kind != TokenKind::Sign && begin < at);
        is_whole && !is_after_output && !goes_on && called.is_some_and(|called| self.speakers.warns(&called.text))
    }

    /// Whether a statement only prints to the terminal.
    fn prints(&self, statement: &Statement) -> bool {
        let words: Vec<&str> = statement.tokens.iter().map(|token| token.text.as_str()).collect();
        if self.is_shell {
            // `>& 2` is not a file.
            let mut signs = statement.tokens.iter().zip(statement.tokens.iter().skip(1).map(Some).chain([None]));
            let is_plain = signs.all(|(token, next)| {
                let is_error = token.text == ">&" && next.is_some_and(|next| next.text == "2");
                token.kind != TokenKind::Sign
                    || is_error
                    || !TAKING.contains(&token.text.as_str()) && !token.text.contains(['>', '|', '&', ';', '('])
            });
            // Words of a shell are texts: another one is a file that is printed.
            let is_text = |token: &&Token| token.kind == TokenKind::Text;
            let has_text = statement.tokens.iter().skip(1).filter(is_text).count() <= 1;
            return is_plain
                && match words.first() {
                    Some(&"echo" | &"printf") => !words.contains(&"-v"),
                    Some(&"cat") => has_text && words.iter().any(|word| word.starts_with("<<")),
                    _ => false,
                };
        }
        match words.as_slice() {
            ["print", ..] => !words.contains(&"file") || words.contains(&"stderr") || words.contains(&"stdout"),
            ["console", "log" | "info" | "error" | "warn", ..]
            | ["sys" | "process", "stdout" | "stderr", "write", ..] => true,
            _ => false,
        }
    }

    /// Whether the output of a function of a shell goes somewhere else than to the terminal.
    fn is_taken(&self, function: &str) -> bool {
        let is_redirected = |one: &Statement| {
            let first = one.tokens.first().map_or("", |first| first.text.as_str());
            first == "exec" && one.tokens.iter().any(|token| token.text.contains('>'))
        };
        let takes = |one: &Statement| {
            let calls = !function.is_empty()
                && one.kind != StatementKind::Define
                && one.tokens.iter().any(|token| token.text == function);
            calls && one.tokens.iter().any(|token| TAKING.contains(&token.text.as_str()))
        };
        if self.is_shell {
            self.all.iter().any(|one| is_redirected(one) || takes(one))
        } else {
            self.all.iter().any(|one| one.has("redirect_stdout"))
        }
    }

    /// Whether a text has no commands in it, and no variable that could be a secret: a here-document of a shell is one
    /// text with its variables.
    fn is_plain(&self, text: &str) -> bool {
        if !self.is_shell {
            return true;
        }
        let mut rest = text;
        while let Some(at) = rest.find(['$', '`', '\\']) {
            let sign = &rest[at..=at];
            rest = &rest[at + 1..];
            if sign == "\\" {
                rest = rest.char_indices().nth(1).map_or("", |(next, _)| &rest[next..]);
                continue;
            }
            if sign == "`" {
                return false;
            }
            let own = ["(basename \"$0\")", "(basename $0)", "(basename -- \"$0\")", "{0##*/}"];
            if let Some(own) = own.iter().find(|own| rest.starts_with(**own)) {
                rest = &rest[own.len()..];
                continue;
            }
            let inner = rest.strip_prefix('{').unwrap_or(rest);
            let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
            let is_closed = rest.len() == inner.len() || inner[end..].starts_with('}');
            if rest.starts_with('(') || !is_closed || is_secret(&inner[..end]) {
                return false;
            }
            rest = &inner[end..];
        }
        true
    }
}

/// Whether a part that was replaced is only words for the user in both versions.
pub(super) fn are_words(
    part: &Replaced<'_>,
    (before, now): (&Statement, &Statement),
    [old, new]: &[Readers<'_>; 2],
) -> bool {
    old.is_words_at(part.old, before, part) && new.is_words_at(part.new, now, part)
}

impl Readers<'_> {
    fn is_words_at(&self, tokens: &[Token], statement: &Statement, part: &Replaced<'_>) -> bool {
        if !tokens.is_empty() {
            return self.is_words(tokens, statement);
        }
        // Nothing stands here; what is around must be words, too.
        let is_text = |token: &&Token| token.kind == TokenKind::Text;
        let other = if part.old.is_empty() { part.new } else { part.old };
        let all_text = other.iter().all(|token| token.kind == TokenKind::Text);
        all_text
            && statement
                .tokens
                .iter()
                .rfind(is_text)
                .is_some_and(|text| self.is_words(std::slice::from_ref(text), statement))
    }
}

fn is_secret(name: &str) -> bool {
    Token { kind: TokenKind::Name, text: name.to_owned(), line: 0, context: Context::default() }.is_secret()
}

/// Whether a token is a word of a message: a text, or a variable that is no secret.
fn is_word(token: &Token) -> bool {
    match token.kind {
        TokenKind::Text | TokenKind::Number => true,
        TokenKind::Name => token.context.nesting.opened == 0 && !token.is_secret(),
        TokenKind::Sign => token.text == "quotes",
        TokenKind::End => false,
    }
}

/// Whether a line of the text of a statement begins with "usage".
fn begins_usage(statement: &Statement) -> bool {
    let begins = |line: &str| line.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("usage"));
    let texts = statement.tokens.iter().filter(|token| token.kind == TokenKind::Text);
    texts.flat_map(|token| token.text.lines().flat_map(|line| line.split("\\n"))).any(begins)
}

/// Whether a name is that of a usage text: `usage`, `print_help`, `showUsage`, `HELP_TEXT`.
fn is_usage_name(name: &str) -> bool {
    let is_it = |word: &str| matches!(word.to_ascii_lowercase().as_str(), "usage" | "help");
    name.split(['_', '-']).any(is_it) || name.ends_with("Usage") || name.ends_with("Help")
}
