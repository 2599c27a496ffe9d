//! Meaningful and meaningless values.

use serde_json::Value;

/// Words for an absent result.
const NO_RESULT: &[&str] = &["", "n/a", "na", "none", "null", "nil", "unknown", "error", "nan", "undefined", "-"];

/// Fields that report a failure instead of a result.
const REPORTS: &[&str] = &["error", "errors", "message", "reason", "warning", "warnings", "note", "detail", "details"];

/// The output: JSON, otherwise text.
pub(super) fn written(stdout: &str) -> Value {
    let text = stdout.trim();
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// How meaningful a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    /// Empty: null, empty texts, empty lists.
    Empty,
    /// Only zeros or words for an absent result.
    Zero,
    /// Something.
    Some,
}

/// How meaningful a result is. A single flag is a result; next to empty fields it is not.
pub(super) fn content(value: &Value) -> Content {
    match value {
        Value::Object(map) => {
            let results = map.iter().filter(|(key, _)| !REPORTS.contains(&key.to_lowercase().as_str()));
            let all: Vec<Content> =
                results.filter(|(_, value)| !value.is_boolean()).map(|(_, value)| content(value)).collect();
            let has_flags = map.values().any(Value::is_boolean);
            match all.iter().max() {
                Some(most) => *most,
                None if has_flags => Content::Some,
                None => Content::Empty,
            }
        }
        Value::Array(items) => items.iter().map(content).max().unwrap_or(Content::Empty),
        Value::Null => Content::Empty,
        Value::Number(number) => match number.as_f64() {
            Some(0.0 | -1.0) => Content::Zero,
            _ => Content::Some,
        },
        Value::String(text) if text.trim().is_empty() => Content::Empty,
        Value::String(text) if NO_RESULT.contains(&text.trim().to_lowercase().as_str()) => Content::Zero,
        Value::Bool(_) | Value::String(_) => Content::Some,
    }
}

/// Whether an input contains data for a result.
pub(super) fn has_content(input: &Value) -> bool {
    match input {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => items.iter().any(has_content),
        Value::Object(map) => map.values().any(has_content),
    }
}

/// Whether a value differs from another one in a place that is steady, that is, equal in `before` and `again`.
pub(super) fn differs(before: &Value, again: &Value, after: &Value) -> bool {
    match (before, again, after) {
        (Value::Object(left), Value::Object(second), Value::Object(right)) => left.iter().any(|(key, value)| {
            let steady = second.get(key).unwrap_or(&Value::Null);
            right.get(key).is_none_or(|other| differs(value, steady, other))
        }),
        (Value::Array(left), Value::Array(second), Value::Array(right)) if left.len() == second.len() => {
            left.len() != right.len()
                || left.iter().zip(second).zip(right).any(|((value, steady), other)| differs(value, steady, other))
        }
        (Value::String(left), Value::String(second), Value::String(right)) => {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let (left, second, right) = (words(left), words(second), words(right));
            let is_steady = |at: usize| left.get(at) == second.get(at);
            left.len() == second.len()
                && (left.len() != right.len()
                    || (0..left.len()).any(|at| is_steady(at) && !is_same_word(&left[at], &right[at])))
        }
        _ => is_same(before, again) && !is_same(before, after),
    }
}

/// Whether two values are equal; numbers may be written with or without a decimal point.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => is_close(one, other),
        _ => one == other,
    }
}

fn is_same_word(one: &str, other: &str) -> bool {
    one == other || matches!((one.parse(), other.parse()), (Ok(one), Ok(other)) if is_close(one, other))
}

fn is_close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0)
}

/// Whether an input has a place for data, but no data in it.
pub(super) fn is_empty_input(input: &Value) -> bool {
    fn has_place(value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(_) | Value::String(_) | Value::Array(_) => true,
            Value::Object(map) => map.values().any(has_place),
        }
    }
    has_place(input) && !has_content(input)
}

/// Whether a value has a different form than all of these: another type, or not their common fields.
pub(super) fn has_other_form(value: &Value, others: &[Value]) -> bool {
    let sort = |value: &Value| std::mem::discriminant(value);
    if others.len() < 2 {
        return false;
    }
    if others.iter().all(|other| sort(other) == sort(&others[0])) && sort(value) != sort(&others[0]) {
        return true;
    }
    let (Some(map), Some(first)) = (value.as_object(), others[0].as_object()) else { return false };
    let shared = first.keys().filter(|key| others.iter().all(|other| other.get(key.as_str()).is_some()));
    let shared: Vec<&String> = shared.collect();
    !shared.is_empty() && shared.iter().any(|key| !map.contains_key(key.as_str()))
}

/// The texts and numbers of an input that can be recognised in code: at least three characters long.
pub(super) fn distinctive(input: &Value, found: &mut Vec<String>) {
    match input {
        Value::String(text) if text.trim().chars().count() >= 3 => found.push(text.clone()),
        Value::Number(number) if number.to_string().trim_start_matches('-').len() >= 3 => {
            found.push(number.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| distinctive(item, found)),
        Value::Object(map) => map.values().for_each(|value| distinctive(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Texts in a value that are long enough to be recognised.
pub(super) fn texts(value: &Value) -> Vec<String> {
    const LONG: usize = 6;
    match value {
        Value::String(text) if text.trim().len() >= LONG => vec![text.trim().to_owned()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn empty_fields_say_nothing_whatever_flag_stands_beside_them() {
        for (value, expected) in [
            (json!([]), Content::Empty),
            (json!({"rows": [], "ok": true}), Content::Empty),
            (json!({"rows": [], "error": "bad line"}), Content::Empty),
            (json!({"total": 0}), Content::Zero),
            (json!("n/a"), Content::Zero),
            (json!({"valid": false}), Content::Some),
            (json!(true), Content::Some),
            (json!([{"a": 1}]), Content::Some),
        ] {
            assert_eq!(content(&value), expected, "{value}");
        }
        assert!(!has_content(&json!({"text": " ", "items": [], "strict": true})));
        assert!(has_content(&json!({"text": "a"})));
    }

    #[test]
    fn only_steady_places_differ_and_a_whole_number_is_the_same_with_a_point() {
        let differs = |before: Value, again: Value, after: Value| differs(&before, &again, &after);
        assert!(!differs(json!({"mean": 3, "at": 7}), json!({"mean": 3, "at": 8}), json!({"mean": 3.0, "at": 9})));
        assert!(differs(json!({"mean": 3}), json!({"mean": 3}), json!({"mean": 1.5})));
        assert!(differs(json!({"mean": 3}), json!({"mean": 3}), json!({})));
        assert!(!differs(json!({"mean": 3}), json!({"mean": 3}), json!({"mean": 3, "count": 1})), "nothing is lost");
        assert!(!differs(json!("3 rows at 12:00"), json!("3 rows at 12:01"), json!("3.0 rows at 12:02")));
        assert!(differs(json!("3 rows"), json!("3 rows"), json!("4 rows")));
        assert!(is_empty_input(&json!({"numbers": [], "strict": true})));
        assert!(!is_empty_input(&json!({})) && !is_empty_input(&json!({"numbers": [1]})));
    }

    #[test]
    fn another_form_is_told_by_type_and_by_shared_fields() {
        let known = [json!({"total": 1, "rows": 2}), json!({"total": 3})];
        assert!(has_other_form(&json!([]), &known));
        assert!(has_other_form(&json!({"rows": 0}), &known));
        assert!(!has_other_form(&json!({"total": 0}), &known));
        assert!(!has_other_form(&json!([]), &known[..1]), "one is too few to tell");
    }
}
