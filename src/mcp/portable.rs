//! Makes schemas acceptable for strict clients. A validator in strict mode refuses a schema with an unknown keyword or
//! format, although the specification allows it to ignore both. They are removed from schemas that are sent; a run is
//! validated with the original schema.

use serde_json::{Map, Value};

/// Keywords of JSON Schema, draft 7 and 2020-12.
const KEYWORDS: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
];

/// Formats of JSON Schema that validators know. Common validators lack those for international names and addresses.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Keywords whose value maps names to schemas.
const TABLES: &[&str] =
    &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Keywords whose value is a schema, or a list of schemas.
const PARTS: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// The schema without keywords and formats outside JSON Schema.
pub(super) fn portable(schema: Value) -> Value {
    match schema {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(is_known).map(without_others).collect()),
        other => other,
    }
}

fn is_known((keyword, value): &(String, Value)) -> bool {
    match keyword.as_str() {
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        keyword => KEYWORDS.contains(&keyword),
    }
}

/// A keyword with portable schemas.
fn without_others((keyword, value): (String, Value)) -> (String, Value) {
    let value = match value {
        Value::Object(named) if TABLES.contains(&keyword.as_str()) => {
            let named: Map<String, Value> = named.into_iter().map(|(name, part)| (name, portable(part))).collect();
            Value::Object(named)
        }
        Value::Array(parts) if PARTS.contains(&keyword.as_str()) => parts.into_iter().map(portable).collect(),
        part if PARTS.contains(&keyword.as_str()) => portable(part),
        other => other,
    };
    (keyword, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_of_json_schema_is_left_out_and_names_and_values_stay() {
        let schema = json!({
            "type": "object", "x-order": 1, "required": ["min"],
            "properties": {
                "min": {"type": "integer", "min": 1, "maximum": 9},
                "when": {"type": "string", "format": "iso8601", "examples": [{"min": 1}]},
                "day": {"type": "string", "format": "date", "enum": ["format"]},
                "list": {"type": "array", "items": {"anyOf": [{"type": "string", "hint": "x"}, true]}},
            },
            "$defs": {"hint": {"not": {"sensitive": true}}},
            "default": {"min": 2, "format": "x"},
        });
        let wanted = json!({
            "type": "object", "required": ["min"],
            "properties": {
                "min": {"type": "integer", "maximum": 9},
                "when": {"type": "string", "examples": [{"min": 1}]},
                "day": {"type": "string", "format": "date", "enum": ["format"]},
                "list": {"type": "array", "items": {"anyOf": [{"type": "string"}, true]}},
            },
            "$defs": {"hint": {"not": {}}},
            "default": {"min": 2, "format": "x"},
        });
        assert_eq!(portable(schema), wanted);
    }
}
