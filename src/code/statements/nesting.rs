//! Brackets that determine grouping. Tokens are compared without brackets, so only this shows a token that moved out of
//! a bracket.

use super::Token;
use super::syntax::is_joined;
use tree_sitter::Node;

/// The brackets at a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nesting {
    /// Number of brackets that begin before it.
    pub opened: u8,
    /// Number of brackets that end after it.
    pub closed: u8,
    /// Number of calls without arguments that follow: 1 for `f()`.
    pub calls: u8,
    /// Whether it is the name of a local variable of a shell function.
    pub is_local: bool,
    /// Whether `[` or `[[` of a shell tests it.
    pub is_tested: bool,
}

/// Records the brackets of a syntax node whose tokens start at `start`.
pub(super) fn mark(node: Node<'_>, text: &str, tokens: &mut [Token], start: usize) {
    if node.kind() == "declaration_command" {
        let words = text.get(node.byte_range()).unwrap_or_default();
        let is_local = ["local ", "declare ", "typeset "].iter().any(|word| words.starts_with(word));
        for token in tokens.iter_mut().skip(start) {
            token.context.nesting.is_local = is_local;
        }
    } else if node.kind() == "test_command" {
        for token in tokens.iter_mut().skip(start) {
            token.context.nesting.is_tested = !matches!(token.text.as_str(), "&&" | "||" | "!" | "(" | ")");
        }
    } else if is_text_of_parts(node) {
        if let [first, .., last] = &mut tokens[start..] {
            open(first);
            close(last);
        }
    } else if encloses(node, text) {
        let length = tokens.len();
        if start < length {
            open(&mut tokens[start]);
            close(&mut tokens[length - 1]);
        } else if let Some(before) = tokens.last_mut().filter(|_| is_call_that_matters(node)) {
            let calls = &mut before.context.nesting.calls;
            *calls = calls.saturating_add(1);
        }
    }
}

fn open(token: &mut Token) {
    let opened = &mut token.context.nesting.opened;
    *opened = opened.saturating_add(1);
}

fn close(token: &mut Token) {
    let closed = &mut token.context.nesting.closed;
    *closed = closed.saturating_add(1);
}

/// Whether a node is one text or one word with parts: a sum of texts, a text with holes, `"$dir"/file`.
fn is_text_of_parts(node: Node<'_>) -> bool {
    let is_text = |node: Node<'_>| match node.kind() {
        "concatenated_string" | "concatenation" | "template_string" => true,
        "string" => node.named_child_count() > 1,
        _ => is_joined(node),
    };
    // Each part of a sum is a sum, and a word may contain texts.
    is_text(node) && !node.parent().is_some_and(is_text)
}

/// Whether the brackets of a syntax node determine grouping.
fn encloses(node: Node<'_>, text: &str) -> bool {
    let parent = node.parent().map_or("", |parent| parent.kind());
    match node.kind() {
        // An anonymous value can be in two of them at once: `sum(x for x in y)`.
        "argument_list" | "arguments" => {
            let is_only_generator = node.named_child_count() == 1
                && node.named_child(0).is_some_and(|child| child.kind() == "generator_expression");
            parent != "class_definition" && !is_only_generator
        }
        "subscript"
        | "subscript_expression"
        | "list"
        | "set"
        | "dictionary"
        | "array"
        | "object"
        | "list_comprehension"
        | "set_comprehension"
        | "dictionary_comprehension"
        | "generator_expression"
        | "lambda"
        | "arrow_function"
        | "function_expression"
        | "command_substitution"
        | "process_substitution"
        | "arithmetic_expansion" => true,
        // The value of a statement is the same with and without its brackets.
        "tuple" => {
            let is_free = matches!(
                parent,
                "assignment"
                    | "augmented_assignment"
                    | "return_statement"
                    | "expression_statement"
                    | "for_statement"
                    | "for_in_clause"
                    | "subscript"
                    | "yield"
            );
            !is_free && text.get(node.byte_range()).is_some_and(|text| text.starts_with('('))
        }
        "compound_statement" => matches!(parent, "list" | "pipeline"),
        "parenthesized_expression" => {
            let inside = node.named_child(0).map_or("", |child| child.kind());
            let is_choice = |kind: &str| matches!(kind, "ternary_expression" | "conditional_expression");
            matches!(parent, "await" | "await_expression" | "call" | "call_expression" | "new_expression")
                || inside == "sequence_expression"
                || is_choice(inside) && is_choice(parent)
        }
        _ => false,
    }
}

/// Whether this empty pair of brackets changes the meaning of `f`. `raise E()` and `new E()` mean the same without it.
fn is_call_that_matters(arguments: Node<'_>) -> bool {
    let call = arguments.parent().filter(|call| matches!(call.kind(), "call" | "call_expression"));
    let Some(around) = call.and_then(|call| call.parent()) else { return false };
    !matches!(around.kind(), "raise_statement" | "decorator")
}
