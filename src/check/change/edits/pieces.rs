//! Pieces of statements.

use crate::code::statements::{Context, Statement, Token, TokenKind};
use std::collections::BTreeSet;

/// The number of tokens of the value that begins here: a name with its attributes, or a constant; in a shell with its
/// quotes.
pub(super) fn value_length(tokens: &[Token]) -> usize {
    let quotes = usize::from(tokens.first().is_some_and(|token| token.text == "quotes"));
    let Some(first) = tokens.get(quotes) else { return 0 };
    match first.kind {
        TokenKind::Name if !first.context.fixed => {
            quotes + 1 + tokens[quotes + 1..].iter().take_while(|token| token.context.fixed).count()
        }
        TokenKind::Number | TokenKind::Text => quotes + 1,
        TokenKind::Sign if matches!(first.text.as_str(), "this" | "self") => {
            1 + tokens[1..].iter().take_while(|token| token.context.fixed).count()
        }
        TokenKind::Sign if quotes == 1 || first.text.starts_with(|c: char| c.is_ascii_digit() || c == '#') => {
            quotes + 1
        }
        _ => 0,
    }
}

/// An operator token in place of another token.
pub(super) fn sign_like(token: &Token, text: &str) -> Token {
    Token {
        kind: TokenKind::Sign,
        text: text.to_owned(),
        context: Context { fixed: false, list: false, ..token.context },
        ..token.clone()
    }
}

/// A name token in place of another token.
pub(super) fn name_like(token: &Token, text: &str) -> Token {
    Token { kind: TokenKind::Name, text: text.to_owned(), context: Context::default(), line: token.line }
}

/// A method name token in place of another token.
pub(super) fn method_like(token: &Token, text: &str) -> Token {
    Token { context: Context { fixed: true, ..Context::default() }, ..name_like(token, text) }
}

/// The numbers and texts of a statement.
pub(super) fn constants(statement: &Statement) -> BTreeSet<&str> {
    let is_constant = |token: &&Token| matches!(token.kind, TokenKind::Number | TokenKind::Text);
    statement.tokens.iter().filter(is_constant).map(|token| token.text.as_str()).collect()
}

/// The tokens that do not depend on names chosen by the program.
pub(super) fn marks(tokens: &[Token]) -> Vec<&str> {
    let is_mark =
        |token: &&Token| token.kind != TokenKind::End && (token.kind != TokenKind::Name || token.context.fixed);
    tokens.iter().filter(is_mark).map(|token| token.text.as_str()).collect()
}
