//! Names and titles of a schema with hidden characters: they are the labels of a form.

use super::hidden::is_hidden;
use serde_json::Value;

/// The maximum nesting that is examined.
const MAX_DEPTH: usize = 32;

/// The first name of a property, or title, with characters that are invisible or reorder visible ones.
pub fn hidden_label(schema: &Value) -> Option<&str> {
    look(schema, 0)
}

fn look(schema: &Value, depth: usize) -> Option<&str> {
    if depth > MAX_DEPTH {
        return None;
    }
    match schema {
        Value::Object(table) => table.iter().find_map(|(key, value)| match (key.as_str(), value) {
            ("title", Value::String(text)) => hides(text).then_some(text.as_str()),
            ("properties" | "$defs" | "definitions", Value::Object(named)) => named
                .iter()
                .find_map(|(name, part)| hides(name).then_some(name.as_str()).or_else(|| look(part, depth + 1))),
            // A value is not a schema.
            ("default" | "const" | "enum" | "examples", _) => None,
            _ => look(value, depth + 1),
        }),
        Value::Array(parts) => parts.iter().find_map(|part| look(part, depth + 1)),
        _ => None,
    }
}

fn hides(text: &str) -> bool {
    text.chars().any(is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_with_hidden_characters_are_found_wherever_they_are() {
        for schema in [
            json!({"title": "a\u{202e}b"}),
            json!({"properties": {"a\u{202e}b": {"type": "string"}}}),
            json!({"properties": {"list": {"items": {"title": "a\u{202e}b"}}}}),
            json!({"anyOf": [{"type": "null"}, {"title": "a\u{202e}b"}]}),
            json!({"$defs": {"x": {"title": "a\u{202e}b"}}}),
        ] {
            assert_eq!(hidden_label(&schema), Some("a\u{202e}b"), "{schema}");
        }
        for schema in
            [json!({"title": "Größe"}), json!({"properties": {"title": {"default": "a\u{202e}b"}}}), json!(true)]
        {
            assert_eq!(hidden_label(&schema), None, "{schema}");
        }
    }
}
