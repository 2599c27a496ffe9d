//! Inputs that are secrets: their typed values are not shown.

use super::redact::{is_secret_variable, mark};
use serde_json::{Map, Value};

/// Shown instead of a secret value.
pub const MASK: &str = "•••";

/// Words that indicate a secret key.
const OF_SECRETS: &[&str] = &[
    "access",
    "api",
    "auth",
    "credential",
    "crypt",
    "license",
    "password",
    "private",
    "secret",
    "sign",
    "ssh",
    "token",
];

/// Whether an input is a secret, as stated by its schema (`format: password`, `writeOnly`), or indicated by its name,
/// as for variables. `holder` is the schema of the object that contains it.
pub fn is_secret_input(name: &str, holder: Option<&Value>) -> bool {
    let properties = holder.map_or(&Value::Null, |holder| &holder["properties"]);
    is_secret(name, &properties[name], properties.get("value").is_some())
}

/// A plain `key` is the key of an entry if there is a value next to it, or if its description does not mention secrets.
fn is_secret(name: &str, schema: &Value, has_value: bool) -> bool {
    let words = schema["description"].as_str().unwrap_or_default().to_ascii_lowercase();
    let says_secret = || OF_SECRETS.iter().any(|word| words.contains(word));
    let is_of_entry = name.eq_ignore_ascii_case("key") && (has_value || !words.is_empty()) && !says_secret();
    schema["format"] == "password" || schema["writeOnly"] == true || is_secret_variable(name) && !is_of_entry
}

/// An input for display: [`MASK`] for every text that is a secret, at any depth.
pub fn masked_input(schema: Option<&Value>, input: &Value) -> Value {
    hidden(schema, input, &|_| Value::from(MASK))
}

/// An input for storage: a mark with its name replaces each value that [`masked_input`] hides. A run with a mark in its
/// input cannot be repeated.
pub fn redacted_input(schema: Option<&Value>, input: &Value) -> Value {
    hidden(schema, input, &|name| Value::from(mark(name)))
}

fn hidden(schema: Option<&Value>, input: &Value, instead: &dyn Fn(&str) -> Value) -> Value {
    let Value::Object(fields) = input else { return input.clone() };
    let has_value =
        fields.contains_key("value") || schema.is_some_and(|schema| schema["properties"].get("value").is_some());
    let shown = fields.iter().map(|(name, value)| {
        let own = schema.and_then(|schema| schema["properties"].get(name)).unwrap_or(&Value::Null);
        let value = match value {
            Value::String(_) | Value::Number(_) | Value::Array(_) if is_secret(name, own, has_value) => instead(name),
            Value::Array(items) => items.iter().map(|item| hidden(own.get("items"), item, instead)).collect(),
            other => hidden(Some(own), other, instead),
        };
        (name.clone(), value)
    });
    Value::Object(shown.collect::<Map<String, Value>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::is_redacted;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_by_their_schema_and_by_their_name() {
        let schema = json!({"properties": {"pin": {"format": "password"}, "note": {"writeOnly": true},
            "deep": {"properties": {"x": {"format": "password"}}}}});
        let input = json!({"pin": "1", "note": "2", "api_key": "3", "path": "p", "deep": {"x": "4", "y": "5"},
            "list": [{"token": "6"}], "count": 7});
        let expected = json!({"pin": MASK, "note": MASK, "api_key": MASK, "path": "p", "deep": {"x": MASK, "y": "5"},
            "list": [{"token": MASK}], "count": 7});
        assert_eq!(masked_input(Some(&schema), &input), expected);
        assert_eq!(masked_input(None, &json!([1])), json!([1]));
        let kept = redacted_input(Some(&schema), &input);
        assert_eq!((&kept["pin"], &kept["path"]), (&json!("[redacted pin]"), &json!("p")));
        assert!(["pin", "note", "api_key", "deep", "list"].iter().all(|name| is_redacted(&kept[name].to_string())));
        assert!(is_redacted(&redacted_input(None, &json!({"a b_token": "x"})).to_string()));
    }

    #[test]
    fn a_key_of_an_entry_is_no_secret() {
        let of = |properties: Value| is_secret_input("key", Some(&json!({"properties": properties})));
        assert!(!of(json!({"key": {"type": "string"}, "value": {"type": "string"}})));
        assert!(!of(json!({"key": {"type": "string", "description": "The name of the option"}})));
        assert!(of(json!({"key": {"type": "string"}})), "nothing says what it is");
        assert!(of(json!({"key": {"type": "string", "description": "Your API key"}, "value": {}})));
        assert!(of(json!({"key": {"format": "password"}, "value": {}})));
        assert!(is_secret_input(
            "api_key",
            Some(&json!({"properties": {"api_key": {"description": "x"}, "value": {}}}))
        ));
        assert_eq!(masked_input(None, &json!({"key": "a", "value": "b"})), json!({"key": "a", "value": "b"}));
        assert_eq!(masked_input(None, &json!({"key": "a"})), json!({"key": MASK}));
    }
}
