//! JSON Schema 2020-12: does a value fit, and where not.

use serde_json::Value;

/// Where and why a value does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the value; empty for the whole.
    pub path: String,
    /// One line.
    pub message: String,
}

/// Checks `value` against `schema` (2020-12 unless it names another draft). References to other
/// documents are never followed. A schema that is itself wrong is one violation with that message.
pub fn validate(schema: &Value, value: &Value) -> Vec<Violation> {
    match jsonschema::options().build(schema) {
        Err(error) => vec![Violation { path: String::new(), message: format!("the schema is not valid: {error}") }],
        Ok(validator) => validator
            .iter_errors(value)
            .map(|error| Violation { path: error.instance_path().to_string(), message: error.to_string() })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn violations_name_the_place() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        assert_eq!(validate(&schema, &json!({"n": 1})), vec![]);
        assert_eq!(validate(&schema, &json!({"n": "x"}))[0].path, "/n");
        assert_eq!(validate(&schema, &json!({})).len(), 1);
        assert_eq!(validate(&json!({"type": 7}), &json!({})).len(), 1);
    }
}
