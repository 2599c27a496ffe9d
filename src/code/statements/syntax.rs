//! Classification of syntax nodes, independent of their statement.

use super::{Context, StatementKind, Token, TokenKind};
use tree_sitter::Node;

/// The word that begins the head of a block and is missing in the syntax.
pub(super) fn first_word(node: Node<'_>) -> Option<&'static str> {
    match node.kind() {
        "subshell" => Some("("),
        "do_statement" => Some("do"),
        _ => None,
    }
}

/// The name for the `else` of a loop or a `try`, which differs from that of a condition.
pub(super) fn qualified_else(node: Node<'_>) -> Option<&'static str> {
    match node.parent().filter(|_| node.kind() == "else_clause")?.kind() {
        "for_statement" | "while_statement" => Some("for else"),
        "try_statement" => Some("try else"),
        _ => None,
    }
}

/// The value of an expression that only states a type: `x as T`, `x!`.
pub(super) fn typed_value(node: Node<'_>) -> Option<Node<'_>> {
    let is_typed = matches!(node.kind(), "as_expression" | "satisfies_expression" | "non_null_expression");
    node.named_child(0).filter(|_| is_typed)
}

/// The meaning of the prefix of a Python text: bytes, or literal backslashes.
pub(super) fn prefix(node: Node<'_>, text: &str) -> Option<&'static str> {
    let letters = text.split(['"', '\'']).next().filter(|_| node.kind() == "string")?.to_ascii_lowercase();
    let is_escape =
        |(at, _): (usize, &str)| text[at + 1..].starts_with(['a', 'b', 'f', 'n', 'r', 't', 'v', 'x', 'u', 'N', '\\']);
    match letters.as_str() {
        "b" | "rb" | "br" => Some("bytes"),
        "r" | "rf" | "fr" if text.match_indices('\\').any(is_escape) => Some("raw"),
        _ => None,
    }
}

/// Whether a shell word is a file name pattern.
pub(super) fn is_pattern(word: &str) -> bool {
    let is_sign = |(at, sign): (usize, char)| {
        let is_one = matches!(sign, '*' | '?') || sign == '[' && word.len() > 1;
        is_one && !word[..at].ends_with('\\')
    };
    word.char_indices().any(is_sign)
}

/// Whether brackets determine the order of evaluation, or where a command runs.
pub(super) fn is_group(node: Node<'_>) -> bool {
    let is_part = |parent: Node<'_>| {
        matches!(
            parent.kind(),
            "binary_operator"
                | "boolean_operator"
                | "not_operator"
                | "unary_operator"
                | "binary_expression"
                | "unary_expression"
                | "comparison_operator"
                | "attribute"
                | "member_expression"
        )
    };
    node.kind() == "subshell" || node.kind() == "parenthesized_expression" && node.parent().is_some_and(is_part)
}

pub(super) fn is_content(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "string_content"
            | "string_fragment"
            | "interpolation"
            | "template_substitution"
            | "escape_sequence"
            | "simple_expansion"
            | "expansion"
            | "command_substitution"
            | "arithmetic_expansion"
    )
}

pub(super) fn head_context(node: Node<'_>, field: Option<&str>) -> Context {
    let condition = matches!(field, Some("condition" | "guard" | "value"))
        || matches!(node.kind(), "if_statement" | "elif_clause" | "while_statement");
    let is_case = matches!(node.kind(), "case_item" | "switch_case" | "case_clause");
    Context { condition, list: is_case, ..Context::default() }
}

/// Whether a variable in `[[ … ]]` is one value without quotes, too: an operand that is not a pattern.
pub(super) fn is_one_value(node: Node<'_>) -> bool {
    let Some(parent) = node.parent().filter(|_| matches!(node.kind(), "simple_expansion" | "expansion")) else {
        return false;
    };
    let is_operand = match parent.kind() {
        "unary_expression" | "test_command" => true,
        // The right side of `==` and `=~` is a pattern.
        "binary_expression" => {
            let is_left = parent.child_by_field_name("left").is_some_and(|left| left.id() == node.id());
            let sign = parent.child_by_field_name("operator").map_or("", |sign| sign.kind());
            is_left || sign == "test_operator"
        }
        _ => false,
    };
    let mut above = Some(parent);
    while let Some(node) = above.filter(|node| node.kind() != "test_command") {
        above = node.parent();
    }
    is_operand && above.and_then(|test| test.child(0)).is_some_and(|sign| sign.kind() == "[[")
}

/// Whether the key of a pair says that its value is a text for a reader.
pub(super) fn is_told(pair: Node<'_>, text: &str) -> bool {
    let key = pair.child_by_field_name("key").and_then(|key| text.get(key.byte_range())).unwrap_or_default();
    let key = key.trim_matches(['"', '\'']).to_ascii_lowercase();
    let is_text = pair.child_by_field_name("value").is_some_and(|value| {
        matches!(value.kind(), "string" | "template_string" | "concatenated_string") || is_joined(value)
    });
    is_text && matches!(key.as_str(), "error" | "message" | "msg" | "detail" | "details" | "hint" | "warning" | "help")
}

pub(super) fn child_context(
    node: Node<'_>,
    field: Option<&str>,
    child: Node<'_>,
    outer: Context,
    text: &str,
) -> Context {
    let mut context = outer;
    match node.kind() {
        // In a shell, a list is `a && b`.
        "list" if child.kind() == "&&" || node.child(1).is_some_and(|sign| matches!(sign.kind(), "&&" | "||")) => {}
        "list" | "set" | "tuple" | "array" | "dictionary" | "object" => context.list = true,
        "import_statement" | "import_from_statement" | "import_clause" => context.import = true,
        "default_parameter" | "typed_default_parameter" if field == Some("value") => context.default = true,
        "keyword_argument" => {
            context.named = true;
            context.fixed = field == Some("name");
            let is_help = node.child_by_field_name("name").is_some_and(|name| name.end_byte() - name.start_byte() == 4);
            context.message |= is_help && field == Some("value") && child.kind() == "string" && is_argument_help(node);
        }
        "pair" if field == Some("value") && is_told(node, text) => context.message = true,
        "attribute" => context.fixed = field == Some("attribute"),
        "member_expression" => context.fixed = field == Some("property"),
        "conditional_expression" | "ternary_expression" if field == Some("condition") => context.condition = true,
        "assert_statement" | "test_command" => context.condition = true,
        _ => {}
    }
    if matches!(child.kind(), "property_identifier" | "shorthand_property_identifier") {
        context.fixed = true;
    }
    context
}

/// Whether a named argument belongs to `add_argument` or a similar call.
pub(super) fn is_argument_help(node: Node<'_>) -> bool {
    node.parent().and_then(|list| list.parent()).is_some_and(|call| matches!(call.kind(), "call" | "call_expression"))
}

/// The parts of a compound shell command that are separate statements.
pub(super) fn is_shell_part(node: Node<'_>, child: Node<'_>, field: Option<&str>) -> bool {
    if !child.is_named() {
        return false;
    }
    match node.kind() {
        "if_statement" | "elif_clause" | "while_statement" => field != Some("condition"),
        "else_clause" | "subshell" | "compound_statement" => true,
        "case_item" => field != Some("value"),
        _ => false,
    }
}

pub(super) fn kind_of(node: Node<'_>, tokens: &[Token]) -> StatementKind {
    let first = tokens.first().map_or("", |token| token.text.as_str());
    match node.kind() {
        "import_statement" | "import_from_statement" | "future_import_statement" => StatementKind::Import,
        "return_statement" | "break_statement" | "continue_statement" => StatementKind::Exit,
        "raise_statement" | "throw_statement" => StatementKind::Raise,
        _ if matches!(first, "return" | "exit" | "break" | "continue") => StatementKind::Exit,
        _ if matches!(first, "sys" | "process") && tokens.get(1).is_some_and(|token| token.text == "exit") => {
            StatementKind::Exit
        }
        _ if tokens.iter().all(|token| token.context.message) && !tokens.is_empty() => StatementKind::Message,
        "lexical_declaration" | "variable_declaration" if is_require(tokens) => StatementKind::Import,
        "lexical_declaration" | "variable_declaration" | "variable_assignment" | "declaration_command" => {
            StatementKind::Assign
        }
        "expression_statement" if node.named_child(0).is_some_and(|child| child.kind().contains("assignment")) => {
            StatementKind::Assign
        }
        _ => StatementKind::Other,
    }
}

/// `fs = require("fs")`: the import of a script.
pub(super) fn is_require(tokens: &[Token]) -> bool {
    matches!(tokens, [.., sign, require, module]
        if sign.text == "=" && require.text == "require" && module.kind == TokenKind::Text)
}

pub(super) fn is_docstring(node: Node<'_>) -> bool {
    node.kind() == "expression_statement"
        && node.named_child_count() == 1
        && node.named_child(0).is_some_and(|child| matches!(child.kind(), "string" | "concatenated_string"))
}

/// The negated expression, without its brackets.
pub(super) fn inner(node: Node<'_>) -> Option<Node<'_>> {
    let mut inner = node.child_by_field_name("argument")?;
    while inner.kind() == "parenthesized_expression" {
        inner = inner.named_child(0)?;
    }
    Some(inner)
}

/// Whether it is a sum of texts.
pub(super) fn is_joined(node: Node<'_>) -> bool {
    let is_sum = matches!(node.kind(), "binary_operator" | "binary_expression")
        && node.child_by_field_name("operator").is_some_and(|sign| sign.kind() == "+");
    let is_text = |field| {
        node.child_by_field_name(field).is_some_and(|side| {
            matches!(side.kind(), "string" | "template_string" | "concatenated_string") || is_joined(side)
        })
    };
    is_sum && (is_text("left") || is_text("right"))
}

/// Splits the options of `set -euo`.
pub(super) fn letters(token: Token) -> Vec<Token> {
    match token.text.strip_prefix('-').filter(|letters| letters.chars().all(|c| c.is_ascii_lowercase())) {
        Some(letters) => letters.chars().map(|letter| Token { text: format!("-{letter}"), ..token.clone() }).collect(),
        None => vec![token],
    }
}
