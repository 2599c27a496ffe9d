//! JSON with a canonical form: equal values have the same bytes, and so the same digest.

use serde_json::Value;

/// A value as JSON without spaces, its keys in order of their bytes.
pub fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut order: Vec<(&String, &Value)> = fields.iter().collect();
            order.sort_by_key(|(name, _)| *name);
            Value::Object(order.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
