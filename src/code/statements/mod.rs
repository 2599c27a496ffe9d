//! A program as a list of statements, each a list of tokens, without layout, comments, docstrings and type annotations.

mod closures;
mod grammar;
mod messages;
mod nesting;
mod syntax;

pub use messages::logged_secrets;

use crate::domain::budget;
use crate::domain::source::Language;
use grammar::{BLOCKS, COMPOUND, PUNCTUATION, SILENT, WHOLE};
use messages::{is_message_call, last_words};
pub use nesting::Nesting;
use std::cell::Cell;
use syntax::{
    child_context, first_word, head_context, inner, is_content, is_docstring, is_group, is_joined, is_one_value,
    is_pattern, is_shell_part, kind_of, letters, prefix, qualified_else, typed_value,
};
use tree_sitter::Node;

/// The maximum number of tokens that are compared in one file.
const MAX_TOKENS: usize = 60_000;

/// The maximum nesting of syntax that is read.
const MAX_DEPTH: usize = 200;

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenKind {
    /// A variable, a function, an attribute.
    Name,
    /// A number.
    Number,
    /// A text, or a part of one.
    Text,
    /// An operator or a keyword.
    Sign,
    /// The end of a block.
    End,
}

/// The context of a token; several may apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// In text for a reader: a log line, the message of an error, help.
    pub message: bool,
    /// In a condition.
    pub condition: bool,
    /// In an entry of a list, a set, a dictionary or a pattern of a `case`.
    pub list: bool,
    /// In the default of a parameter.
    pub default: bool,
    /// In an import.
    pub import: bool,
    /// In a named argument of a call.
    pub named: bool,
    /// An attribute, a key or the name of an argument: changing it is not renaming a variable.
    pub fixed: bool,
    /// The brackets that begin before the token and end after it.
    pub nesting: Nesting,
}

/// A token of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// The compared form: a text without its quotes, a number in a canonical form.
    pub text: String,
    /// Counted from 1.
    pub line: u64,
    /// Its context.
    pub context: Context,
}

impl Token {
    /// The key for a comparison: texts, names and numbers differ.
    pub fn key(&self) -> String {
        if self.kind == TokenKind::Text { format!("\"{}", self.text) } else { self.text.clone() }
    }
}

/// The kinds of statements that a comparison distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// The head of an `if`, a loop or a `try`.
    Head,
    /// Leaves a function, a loop or the program.
    Exit,
    /// Raises an error.
    Raise,
    /// Imports names of another module.
    Import,
    /// The head of a function or class.
    Define,
    /// Assigns a value to a name.
    Assign,
    /// Writes a message for a reader.
    Message,
    /// The end of a block.
    End,
    /// Anything else: a call, an expression, a command.
    Other,
}

/// A statement: its tokens and its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its effect.
    pub kind: StatementKind,
    /// Its tokens in order.
    pub tokens: Vec<Token>,
    /// The function it belongs to; empty outside of functions.
    pub function: String,
    /// The number of blocks around it inside its function.
    pub depth: usize,
}

impl Statement {
    /// The line where it begins, counted from 1.
    pub fn line(&self) -> u64 {
        self.tokens.first().map_or(0, |token| token.line)
    }

    /// Its first and its last line.
    pub fn lines(&self) -> (u64, u64) {
        let last = self.tokens.iter().map(|token| token.line).max().unwrap_or(0);
        (self.line(), last)
    }

    /// Its tokens as one key, for comparing whole statements.
    pub fn key(&self) -> String {
        let words: Vec<String> = self.tokens.iter().map(Token::key).collect();
        words.join("\u{1}")
    }

    /// Whether one of its tokens has this text.
    pub fn has(&self, text: &str) -> bool {
        self.tokens.iter().any(|token| token.text == text)
    }
}

/// Reads a file; `None` if it cannot be parsed, or is too long or too deeply nested to be compared as a whole.
pub fn read(text: &str, language: Language) -> Option<Vec<Statement>> {
    let tree = language.parse(text)?;
    let mut reader = Reader {
        text,
        statements: Vec::new(),
        count: 0,
        function: String::new(),
        depth: 0,
        language,
        is_cut: Cell::new(false),
    };
    reader.shebang();
    reader.block(tree.root_node(), 0);
    if reader.is_cut.get() {
        return None;
    }
    reader.statements.retain(|statement| !statement.tokens.is_empty());
    last_words(&mut reader.statements);
    Some(reader.statements)
}

struct Reader<'t> {
    text: &'t str,
    statements: Vec<Statement>,
    count: usize,
    function: String,
    /// The number of blocks around the current position.
    depth: usize,
    language: Language,
    /// Whether a part was left out because of a limit.
    is_cut: Cell<bool>,
}

impl Reader<'_> {
    fn of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn is_over(&self, level: usize, count: usize) -> bool {
        let is_over = count >= MAX_TOKENS || level > MAX_DEPTH || budget::is_over();
        self.is_cut.set(self.is_cut.get() || is_over);
        is_over
    }

    /// The options of a shell in the `#!` line, which are those of `set`.
    fn shebang(&mut self) {
        let first = self.text.lines().next().filter(|line| self.language == Language::Bash && line.starts_with("#!"));
        let words = first.into_iter().flat_map(str::split_whitespace);
        let put =
            |text: &str| Token { kind: TokenKind::Text, text: text.to_owned(), line: 1, context: Context::default() };
        let options: Vec<Token> = words.filter(|word| word.starts_with('-')).map(put).flat_map(letters).collect();
        if !options.is_empty() {
            self.push(StatementKind::Other, std::iter::once(put("set")).chain(options).collect());
        }
    }

    /// The statements of a block, in order.
    fn block(&mut self, node: Node<'_>, level: usize) {
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
        for child in children {
            self.statement(child, level + 1);
        }
    }

    fn statement(&mut self, node: Node<'_>, level: usize) {
        if SILENT.contains(&node.kind()) || is_docstring(node) || self.is_over(level, self.count) {
            return;
        }
        self.any_statement(node, level);
        // In shell syntax, the `&` of `command &` is its next sibling.
        if self.language == Language::Bash
            && let Some(next) = node.next_sibling().filter(|next| next.kind() == "&")
            && let Some(last) = self.statements.last_mut()
        {
            let line = next.start_position().row as u64 + 1;
            last.tokens.push(Token { kind: TokenKind::Sign, text: "&".to_owned(), line, context: Context::default() });
        }
    }

    fn any_statement(&mut self, node: Node<'_>, level: usize) {
        match node.kind() {
            "export_statement" => {
                let inner = node.child_by_field_name("declaration").or_else(|| node.child_by_field_name("value"));
                match inner {
                    Some(inner) => self.statement(inner, level + 1),
                    None => self.simple(node, level),
                }
            }
            // A list of commands joined with `&&` stays one statement; the parts of others are statements.
            "block" | "statement_block" | "do_group" | "program" | "module" | "class_body" | "switch_body" => {
                self.block(node, level);
            }
            kind if COMPOUND.contains(&kind) => self.compound(node, level),
            // A label matters where a statement refers to it.
            "labeled_statement" => {
                if let Some(body) = node.child_by_field_name("body") {
                    self.statement(body, level + 1);
                }
            }
            _ if self.function_value(node, level) || self.loop_by_call(node, level) => {}
            _ => self.simple(node, level),
        }
    }

    /// A statement with blocks: its head, the blocks, an end.
    fn compound(&mut self, node: Node<'_>, level: usize) {
        let (outer, depth) = (self.function.clone(), self.depth);
        let is_definition = matches!(
            node.kind(),
            "function_definition"
                | "function_declaration"
                | "generator_function_declaration"
                | "class_definition"
                | "class_declaration"
                | "method_definition"
        );
        if is_definition && let Some(name) = node.child_by_field_name("name") {
            let name = self.of(name).to_owned();
            self.function = if outer.is_empty() { name } else { format!("{outer}.{name}") };
            self.depth = 0;
        }
        let line = node.start_position().row as u64 + 1;
        let mut head: Vec<Token> = first_word(node)
            .map(|text| Token { kind: TokenKind::Sign, text: text.to_owned(), line, context: Context::default() })
            .into_iter()
            .collect();
        let mut inner = Vec::new();
        let mut cursor = node.walk();
        for (at, child) in node.children(&mut cursor).enumerate() {
            let field = node.field_name_for_child(u32::try_from(at).unwrap_or(u32::MAX));
            let is_block = BLOCKS.contains(&child.kind())
                || matches!(
                    field,
                    Some("body" | "consequence" | "alternative" | "definition" | "finalizer" | "handler")
                )
                || COMPOUND.contains(&child.kind())
                || self.language == Language::Bash && is_shell_part(node, child, field);
            if is_block {
                inner.push(child);
            } else {
                self.tokens(child, head_context(node, field), &mut head, level + 1);
            }
        }
        if let (Some(word), Some(first)) = (qualified_else(node), head.first_mut()) {
            word.clone_into(&mut first.text);
        }
        let kind = if is_definition { StatementKind::Define } else { StatementKind::Head };
        if !head.is_empty() || !is_definition {
            self.push(kind, head);
        }
        self.depth += 1;
        for child in inner {
            self.statement(child, level + 1);
        }
        if node.kind() != "decorated_definition" {
            self.end(node);
        }
        (self.function, self.depth) = (outer, depth);
    }

    /// The end of a block, at the depth of its content.
    fn end(&mut self, block: Node<'_>) {
        let line = block.end_position().row as u64 + 1;
        let end = Token { kind: TokenKind::End, text: "end".to_owned(), line, context: Context::default() };
        self.push(StatementKind::End, vec![end]);
    }

    fn simple(&mut self, node: Node<'_>, level: usize) {
        let mut tokens = Vec::new();
        self.tokens(node, Context::default(), &mut tokens, level + 1);
        if self.language == Language::Bash && tokens.first().is_some_and(|token| token.text == "set") {
            tokens = tokens.into_iter().flat_map(letters).collect();
        }
        // The redirection of errors may be before or after the command.
        if self.language == Language::Bash
            && let [first, second, _, ..] = tokens.as_slice()
            && first.text == ">&"
            && second.text == "2"
        {
            tokens.rotate_left(2);
        }
        let kind = kind_of(node, &tokens);
        self.push(kind, tokens);
    }

    fn push(&mut self, kind: StatementKind, tokens: Vec<Token>) {
        self.count += tokens.len();
        self.statements.push(Statement { kind, tokens, function: self.function.clone(), depth: self.depth });
    }

    /// The tokens of a piece of syntax, in order, with the brackets around them.
    fn tokens(&self, node: Node<'_>, context: Context, found: &mut Vec<Token>, level: usize) {
        if SILENT.contains(&node.kind()) || node.is_extra() || self.is_over(level, found.len()) {
            return;
        }
        let start = found.len();
        self.pieces(node, context, found, level);
        nesting::mark(node, self.text, found, start);
    }

    fn pieces(&self, node: Node<'_>, context: Context, found: &mut Vec<Token>, level: usize) {
        let kind = node.kind();
        if let Some(value) = typed_value(node) {
            return self.tokens(value, context, found, level + 1);
        }
        let line = node.start_position().row as u64 + 1;
        let put = |kind, text: &str| Token { kind, text: text.to_owned(), line, context };
        found.extend(prefix(node, self.of(node)).map(|sign| put(TokenKind::Sign, sign)));
        if matches!(kind, "word" | "extglob_pattern") && self.language == Language::Bash && is_pattern(self.of(node)) {
            found.push(put(TokenKind::Sign, "glob"));
        }
        if node.child_count() == 0 || WHOLE.contains(&kind) {
            found.extend(self.leaf(node).map(|(kind, text)| put(kind, &text)));
            return;
        }
        let is_group = is_group(node);
        let is_quoted = kind == "string"
            && self.language == Language::Bash
            && node.named_child_count() > 0
            && node.named_children(&mut node.walk()).any(|child| child.kind() != "string_content");
        let is_quoted = is_quoted || self.language == Language::Bash && is_one_value(node);
        let mark = if is_group {
            Some("(")
        } else if is_quoted {
            Some("quotes")
        } else {
            None
        };
        if let Some(mark) = mark {
            found.push(put(TokenKind::Sign, mark));
        }
        if kind == "command_substitution" {
            found.push(put(TokenKind::Sign, "$("));
        }
        if self.is_negated_comparison(node) {
            return self.negated(node, context, found, level);
        }
        if let Some(value) = closures::named_as_its_value(node, self.text) {
            let context = Context { fixed: true, ..context };
            return self.tokens(value, context, found, level + 1);
        }
        let is_joined = is_joined(node);
        let is_empty_text = matches!(kind, "string" | "template_string") && node.named_child_count() == 0;
        if is_empty_text || kind == "string" && !node.named_children(&mut node.walk()).any(|child| is_content(child)) {
            let text = self.of(node).trim_matches(['"', '\'']);
            // A shell does not distinguish 3 and "3".
            let is_number = self.language == Language::Bash && text.parse::<f64>().is_ok();
            found.push(put(if is_number { TokenKind::Number } else { TokenKind::Text }, text));
            return;
        }
        let message = context.message || self.is_message(node);
        let mut cursor = node.walk();
        for (at, child) in node.children(&mut cursor).enumerate() {
            // Texts joined with operators equal texts with holes.
            if is_joined && child.kind() == "+" {
                continue;
            }
            let field = node.field_name_for_child(u32::try_from(at).unwrap_or(u32::MAX));
            let context = child_context(node, field, child, Context { message, ..context }, self.text);
            if let Some(value) = closures::only_value(node, child) {
                self.tokens(value, context, found, level + 1);
                continue;
            }
            // An anonymous function inside a value keeps the ends of its blocks.
            self.tokens(child, context, found, level + 1);
            if BLOCKS.contains(&child.kind()) {
                let line = child.end_position().row as u64 + 1;
                found.push(Token { kind: TokenKind::End, text: "end".to_owned(), line, context });
            }
        }
        if is_group {
            let line = node.end_position().row as u64 + 1;
            found.push(Token { kind: TokenKind::Sign, text: ")".to_owned(), line, context });
        }
    }

    /// Whether it is `not a == b` or `!(a === b)`.
    fn is_negated_comparison(&self, node: Node<'_>) -> bool {
        let is_not = node.kind() == "not_operator"
            || node.kind() == "unary_expression" && node.child(0).is_some_and(|sign| sign.kind() == "!");
        is_not && inner(node).is_some_and(|inner| self.inverted(inner).is_some())
    }

    /// The tokens of a negated comparison, as the opposite comparison.
    fn negated(&self, node: Node<'_>, context: Context, found: &mut Vec<Token>, level: usize) {
        let Some(inner) = inner(node) else { return };
        let Some((at, sign)) = self.inverted(inner) else { return };
        let mut cursor = inner.walk();
        for (place, child) in inner.children(&mut cursor).enumerate() {
            if place == at {
                let line = child.start_position().row as u64 + 1;
                found.push(Token { kind: TokenKind::Sign, text: sign.to_owned(), line, context });
            } else {
                self.tokens(child, context, found, level + 1);
            }
        }
    }

    /// The inverted operator of a comparison of two values, with its position.
    fn inverted(&self, node: Node<'_>) -> Option<(usize, &'static str)> {
        if !matches!(node.kind(), "comparison_operator" | "binary_expression") || node.child_count() != 3 {
            return None;
        }
        let sign = match self.of(node.child(1)?) {
            "==" => "!=",
            "!=" => "==",
            "===" => "!==",
            "!==" => "===",
            "in" => "not",
            "is" => "is not",
            _ => return None,
        };
        Some((1, sign))
    }

    /// The token of a syntax node without parts.
    fn leaf(&self, node: Node<'_>) -> Option<(TokenKind, String)> {
        let text = self.of(node);
        let token = |kind| Some((kind, text.to_owned()));
        match node.kind() {
            "string_start" | "string_end" => None,
            "integer" | "float" | "number" => Some((TokenKind::Number, crate::code::lowering::number(text))),
            "word" if text.parse::<f64>().is_ok() => token(TokenKind::Number),
            "raw_string" => Some((TokenKind::Text, text.trim_matches('\'').to_owned())),
            "word" | "escape_sequence" | "test_operator" | "extglob_pattern" => token(TokenKind::Text),
            "string_content" | "string_fragment" if text.eq_ignore_ascii_case("utf-8") => {
                Some((TokenKind::Text, "utf8".to_owned()))
            }
            kind if WHOLE.contains(&kind) => token(TokenKind::Text),
            // Values and keywords, not names.
            "true"
            | "false"
            | "none"
            | "null"
            | "undefined"
            | "this"
            | "self"
            | "super"
            | "ellipsis"
            | "special_variable_name"
            | "break_statement"
            | "continue_statement" => token(TokenKind::Sign),
            // `$1` and similar variables.
            "variable_name" if text.starts_with(|c: char| c.is_ascii_digit()) => token(TokenKind::Sign),
            // A `:` separates the start and the end of a slice.
            "?" if node.parent().is_some_and(|parent| parent.kind() == "optional_parameter") => None,
            ":" if node.parent().is_some_and(|parent| parent.kind() == "slice") => token(TokenKind::Sign),
            // A dollar sign before no name is a text: the end of a line in `"^$word$"`.
            "$" if self.language == Language::Bash
                && node.parent().is_some_and(|parent| !parent.kind().ends_with("expansion")) =>
            {
                token(TokenKind::Text)
            }
            // Determines which variables other programs see.
            "export" if self.language == Language::Bash => token(TokenKind::Sign),
            "[" if node.parent().is_some_and(|parent| parent.kind() != "test_command") => token(TokenKind::Sign),
            _ if node.is_named() && text.starts_with(|c: char| c.is_ascii_digit()) => token(TokenKind::Number),
            _ if node.is_named() && !text.is_empty() => token(TokenKind::Name),
            _ if text.trim().is_empty() || PUNCTUATION.contains(&text) || text == "[" => None,
            _ => token(TokenKind::Sign),
        }
    }

    /// Whether a call or a statement writes something for a reader.
    fn is_message(&self, node: Node<'_>) -> bool {
        let called = match node.kind() {
            "call" | "call_expression" => node.child_by_field_name("function"),
            "raise_statement" | "throw_statement" => return true,
            "redirected_statement" => {
                let text = self.of(node);
                let text = text.trim_start_matches("1>&2").trim_start_matches(">&2").trim_start();
                let is_echo = ["echo", "printf", "print"].iter().any(|word| text.starts_with(word));
                return is_echo && (self.of(node).contains(">&2") || text.contains("/dev/stderr"));
            }
            _ => None,
        };
        called.is_some_and(|called| is_message_call(self.of(called), self.of(node)))
    }
}
