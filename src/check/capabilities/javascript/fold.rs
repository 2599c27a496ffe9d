//! Texts that JavaScript puts together out of fixed ones: what comes out is read as if it stood there.
//!
//! Only what always comes to the same text is worked out: sums, templates, lists that are joined, codes of characters,
//! encodings. What is not known here is not a fixed text.

use super::{JavaScriptScanner, argument};
use crate::check::capabilities::finder::MAX_DEPTH;
use crate::check::capabilities::literals;
use crate::check::source::children;
use crate::code::TextPart;
use crate::code::javascript::text;
use tree_sitter::Node;

/// Longer texts are not put together, in bytes.
const MAX_TEXT: usize = 4096;

impl<'a> JavaScriptScanner<'_, 'a, '_> {
    /// The text that an expression certainly is.
    pub(super) fn whole(&self, node: Node<'_>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "string" => Some(self.content(node)),
            "template_string" => self.template(node, depth),
            "parenthesized_expression" | "as_expression" | "satisfies_expression" | "non_null_expression" => {
                self.whole(node.named_child(0)?, depth + 1)
            }
            "binary_expression" if self.operator(node) == "+" => {
                let left = self.whole(field("left")?, depth + 1)?;
                let right = self.whole(field("right")?, depth + 1)?;
                (left.len() + right.len() < MAX_TEXT).then(|| left + &right)
            }
            "subscript_expression" => {
                let text = self.whole(field("object")?, depth + 1)?;
                text.chars().nth(self.finder.text_of(field("index")?).parse().ok()?).map(String::from)
            }
            "call_expression" => self.called(node, depth),
            "identifier" => self.constant(node, depth),
            _ => None,
        }
    }

    /// The text that a name certainly stands for: everything that binds it gives it this text.
    fn constant(&self, node: Node<'_>, depth: usize) -> Option<String> {
        let name = self.finder.text_of(node);
        let Some(scope) = self.names.scope(node, name).filter(|_| !self.names.is_partial) else {
            return self.finder.constant(name).map(str::to_owned);
        };
        let value = |by: Node<'_>| self.whole(self.names.value_of(by, name)?, depth + 1);
        self.constants.text(scope, name, self.names.bindings(node), value)
    }

    pub(super) fn operator(&self, node: Node<'_>) -> &'a str {
        node.child_by_field_name("operator").map(|node| self.finder.text_of(node)).unwrap_or_default()
    }

    pub(super) fn content(&self, string: Node<'_>) -> String {
        text::content(string, self.finder.text)
    }

    fn template(&self, node: Node<'_>, depth: usize) -> Option<String> {
        if let Some(fixed) = text::fixed(node, self.finder.text) {
            return Some(fixed);
        }
        let text = text::parts(node, self.finder.text).into_iter().map(|part| match part {
            TextPart::Hole(held) => self.whole(held, depth + 1),
            TextPart::Fixed { says, .. } => Some(says),
        });
        text.collect::<Option<Vec<_>>>().map(|parts| parts.concat()).filter(|text| text.len() < MAX_TEXT)
    }

    /// A call that always gives the same text.
    fn called(&self, node: Node<'_>, depth: usize) -> Option<String> {
        let function = node.child_by_field_name("function")?;
        let text = |at: usize| self.whole(argument(node, at)?, depth + 1);
        let name = match function.kind() {
            "identifier" => self.finder.text_of(function),
            "member_expression" => self.finder.text_of(function.child_by_field_name("property")?),
            _ => return None,
        };
        let path = self.paths(function, depth + 1).into_iter().next().unwrap_or_default();
        match path.as_str() {
            "String" | "decodeURIComponent" | "unescape" => {
                let given = text(0)?;
                return if path == "String" { Some(given) } else { literals::unpercented(&given) };
            }
            "atob" => return literals::unbased(&text(0)?),
            "Buffer.from" => return literals::decoded(&text(0)?, text(1).as_deref().unwrap_or("utf8")),
            "String.fromCharCode" | "String.fromCodePoint" => {
                let codes = children(node.child_by_field_name("arguments")?).into_iter();
                return codes.map(|code| char::from_u32(self.number(code)?)).collect();
            }
            _ => {}
        }
        let object = function.child_by_field_name("object")?;
        if name == "join" {
            let separator = if argument(node, 0).is_some() { text(0)? } else { ",".to_owned() };
            return self.list(object, depth + 1).map(|list| list.join(&separator));
        }
        let held = self.whole(object, depth + 1)?;
        match name {
            "toString" | "valueOf" | "normalize" => Some(held),
            "trim" => Some(held.trim().to_owned()),
            "toLowerCase" => Some(held.to_lowercase()),
            "toUpperCase" => Some(held.to_uppercase()),
            "concat" => {
                let count = children(node.child_by_field_name("arguments")?).len();
                let rest = (0..count).map(text).collect::<Option<Vec<_>>>()?.concat();
                (held.len() + rest.len() < MAX_TEXT).then(|| held + &rest)
            }
            "replace" => Some(held.replacen(&text(0)?, &text(1)?, 1)),
            "replaceAll" => Some(held.replace(&text(0)?, &text(1)?)).filter(|text| text.len() < MAX_TEXT),
            "charAt" => held.chars().nth(self.number(argument(node, 0)?)? as usize).map(String::from),
            "slice" | "substring" | "substr" => {
                let from = self.number(argument(node, 0)?)? as usize;
                let to = match argument(node, 1) {
                    Some(end) => self.number(end)? as usize,
                    None => usize::MAX,
                };
                let count = if name == "substr" { to } else { to.saturating_sub(from) };
                Some(held.chars().skip(from).take(count).collect())
            }
            _ => None,
        }
    }

    /// The texts that a list certainly holds.
    fn list(&self, node: Node<'_>, depth: usize) -> Option<Vec<String>> {
        if depth > MAX_DEPTH {
            return None;
        }
        match node.kind() {
            "array" => children(node).into_iter().map(|part| self.whole(part, depth + 1)).collect(),
            "parenthesized_expression" => self.list(node.named_child(0)?, depth + 1),
            "call_expression" => {
                let function = node.child_by_field_name("function")?;
                let object = function.child_by_field_name("object")?;
                match self.finder.text_of(function.child_by_field_name("property")?) {
                    "split" => {
                        let text = self.whole(object, depth + 1)?;
                        let separator = self.whole(argument(node, 0)?, depth + 1)?;
                        Some(match separator.as_str() {
                            "" => text.chars().map(String::from).collect(),
                            separator => text.split(separator).map(str::to_owned).collect(),
                        })
                    }
                    "reverse" => {
                        let mut list = self.list(object, depth + 1)?;
                        list.reverse();
                        Some(list)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn number(&self, node: Node<'_>) -> Option<u32> {
        let text = self.finder.text_of(node).replace('_', "");
        match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }
}
