//! The content of texts in Python: prefixes, escapes, adjacent literals, inserted values.

use crate::code::TextPart;
use crate::code::escape::{EscapeRules, unescaped};
use crate::domain::source::{children, text};
use tree_sitter::Node;

/// The parts of a `string`, or of several adjacent ones (`concatenated_string`); empty for other nodes.
pub fn parts<'t, 's>(node: Node<'t>, source: &'s str) -> Vec<TextPart<'t, 's>> {
    match node.kind() {
        "concatenated_string" => children(node).into_iter().flat_map(|part| parts(part, source)).collect(),
        "string" => {
            let says = |written: &str| says(written, prefix(node, source));
            let parts = children(node).into_iter().filter_map(|part| match part.kind() {
                "string_content" => {
                    let written = text(part, source);
                    Some(TextPart::Fixed { written, says: says(written) })
                }
                "interpolation" => {
                    let value = part.child_by_field_name("expression").or_else(|| part.named_child(0));
                    value.map(TextPart::Hole)
                }
                _ => None,
            });
            parts.collect()
        }
        _ => Vec::new(),
    }
}

/// The content of a text without inserted values; `None` for other nodes.
pub fn fixed(node: Node<'_>, source: &str) -> Option<String> {
    if !matches!(node.kind(), "string" | "concatenated_string") {
        return None;
    }
    let parts = parts(node, source).into_iter().map(|part| match part {
        TextPart::Fixed { says, .. } => Some(says),
        TextPart::Hole(_) => None,
    });
    parts.collect()
}

/// All fixed parts of a text, without inserted values.
pub fn content(node: Node<'_>, source: &str) -> String {
    let parts = parts(node, source).into_iter().filter_map(|part| match part {
        TextPart::Fixed { says, .. } => Some(says),
        TextPart::Hole(_) => None,
    });
    parts.collect()
}

/// The letters before the quotes.
fn prefix<'s>(string: Node<'_>, source: &'s str) -> &'s str {
    text(string, source).split(['"', '\'']).next().unwrap_or_default()
}

fn says(written: &str, prefix: &str) -> String {
    let has = |letter: char| prefix.chars().any(|c| c.eq_ignore_ascii_case(&letter));
    let plain = match (has('r'), has('b')) {
        (true, _) => written.to_owned(),
        (false, true) => unescaped(written, EscapeRules::PythonBytes),
        (false, false) => unescaped(written, EscapeRules::Python),
    };
    // Braces are doubled only in texts that may contain inserted values.
    if has('f') || has('t') { plain.replace("{{", "{").replace("}}", "}") } else { plain }
}
