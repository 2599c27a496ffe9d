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

/// A schema made ready to check many values: a form asks again with every key.
#[derive(Debug)]
pub struct Checker(jsonschema::Validator);

/// Longer messages quote a whole value; they are told without it.
const MAX_MESSAGE: usize = 160;

impl Checker {
    /// Prepares a schema.
    ///
    /// # Errors
    /// A schema that is itself wrong, with what is wrong.
    pub fn new(schema: &Value) -> Result<Checker, String> {
        jsonschema::options().build(schema).map(Checker).map_err(|error| error.to_string())
    }

    /// Where `value` does not fit. A missing property is reported at its own place.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        self.0.iter_errors(value).map(|error| violation_at_place(&error)).collect()
    }
}

fn violation_at_place(error: &jsonschema::ValidationError<'_>) -> Violation {
    let place = error.instance_path().to_string();
    if let jsonschema::error::ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        let token = name.replace('~', "~0").replace('/', "~1");
        return Violation { path: format!("{place}/{token}"), message: "is required".to_owned() };
    }
    let mut message = error.to_string();
    if message.len() > MAX_MESSAGE {
        message = error.masked().to_string();
    }
    Violation { path: place, message }
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
