//! Fills bodies and queries with values.

use super::template::{Scope, only_input, value_text};
use super::url::VALUE;
use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

/// A JSON value filled with input values, encoded as JSON. A text that is a single placeholder becomes the value
/// itself; `None` if that input has no value.
pub(super) fn json(template: &Value, scope: Scope<'_>) -> Result<Option<Value>, String> {
    Ok(Some(match template {
        Value::String(text) => match only_input(text, scope.schema) {
            Some(name) => return Ok(scope.value(name).cloned()),
            None => Value::String(scope.text(text)?),
        },
        Value::Array(items) => {
            let items = items.iter().map(|item| Ok(json(item, scope)?.unwrap_or(Value::Null)));
            Value::Array(items.collect::<Result<_, String>>()?)
        }
        Value::Object(fields) => {
            let mut made = Map::new();
            for (name, field) in fields {
                if let Some(value) = json(field, scope)? {
                    made.insert(name.clone(), value);
                }
            }
            Value::Object(made)
        }
        other => other.clone(),
    }))
}

/// Pairs of a query or a form, percent-encoded: `a=1&b=2`. A list repeats its name; a name without a value is left out.
pub(super) fn pairs(template: &Value, scope: Scope<'_>) -> Result<String, String> {
    let fields = match json(template, scope)? {
        None => return Ok(String::new()),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err("input: the query needs an object of names and values".to_owned()),
    };
    let mut pairs = Vec::new();
    for (name, value) in &fields {
        let values = match value {
            Value::Null => continue,
            Value::Array(items) => items.iter().collect(),
            one => vec![one],
        };
        let name = utf8_percent_encode(name, VALUE).to_string();
        pairs.extend(
            values.into_iter().map(|value| format!("{name}={}", utf8_percent_encode(&value_text(value), VALUE))),
        );
    }
    Ok(pairs.join("&"))
}
