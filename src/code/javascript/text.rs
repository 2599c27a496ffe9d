//! The content of texts in JavaScript and TypeScript: quotes, templates, escapes, inserted values.

use crate::code::TextPart;
use crate::code::escape::{EscapeRules, unescaped};
use crate::domain::source::{children, text};
use tree_sitter::Node;

/// The parts of a `string` or a `template_string`; empty for other nodes.
pub fn parts<'t, 's>(node: Node<'t>, source: &'s str) -> Vec<TextPart<'t, 's>> {
    if !matches!(node.kind(), "string" | "template_string") {
        return Vec::new();
    }
    let parts = children(node).into_iter().map(|part| {
        if part.kind() == "template_substitution" {
            return TextPart::Hole(children(part).into_iter().next().unwrap_or(part));
        }
        let written = text(part, source);
        TextPart::Fixed { written, says: unescaped(written, EscapeRules::JavaScript) }
    });
    parts.collect()
}

/// The content of a text without inserted values; `None` for other nodes.
pub fn fixed(node: Node<'_>, source: &str) -> Option<String> {
    if !matches!(node.kind(), "string" | "template_string") {
        return None;
    }
    if children(node).iter().any(|part| part.kind() == "template_substitution") {
        return None;
    }
    // Two escapes may form one character, so they are read together.
    Some(content(node, source))
}

/// The content of a text between its quotes, with inserted values as written.
pub fn content(node: Node<'_>, source: &str) -> String {
    let text = text(node, source);
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    unescaped(inner, EscapeRules::JavaScript)
}
