//! The first place where two outputs differ, in words.

use super::expression::{equal, quote};
use serde_json::Value;

/// Where `got` first differs from `expected`: `at /items/2: expected 3, got 4`; `None` when they are equal.
pub(super) fn first(expected: &Value, got: &Value) -> Option<String> {
    let (place, expected, got) = find(expected, got, String::new())?;
    let place = if place.is_empty() { String::new() } else { format!("at {place}: ") };
    let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), quote);
    Some(format!("{place}expected {}, got {}", show(expected), show(got)))
}

type Mismatch<'a> = (String, Option<&'a Value>, Option<&'a Value>);

fn find<'a>(expected: &'a Value, got: &'a Value, place: String) -> Option<Mismatch<'a>> {
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => {
            let step = |key: &str| format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
            for (key, value) in left {
                match right.get(key) {
                    None => return Some((step(key), Some(value), None)),
                    Some(other) => {
                        if let Some(found) = find(value, other, step(key)) {
                            return Some(found);
                        }
                    }
                }
            }
            let added = right.iter().find(|(key, _)| !left.contains_key(*key));
            added.map(|(key, value)| (step(key), None, Some(value)))
        }
        (Value::Array(left), Value::Array(right)) => {
            let length = left.len().max(right.len());
            (0..length).find_map(|at| match (left.get(at), right.get(at)) {
                (Some(value), Some(other)) => find(value, other, format!("{place}/{at}")),
                (value, other) => Some((format!("{place}/{at}"), value, other)),
            })
        }
        _ => (!equal(expected, got)).then_some((place, Some(expected), Some(got))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_names_its_place() {
        let told = |expected, got| first(&expected, &got);
        assert_eq!(told(json!({"a": [1, 2]}), json!({"a": [1, 2.0]})), None);
        assert_eq!(told(json!(1), json!("1")).unwrap(), "expected 1, got \"1\"");
        let deep = told(json!({"a": {"b/c": [1, 2]}}), json!({"a": {"b/c": [1, 3]}}));
        assert_eq!(deep.unwrap(), "at /a/b~1c/1: expected 2, got 3");
        assert_eq!(told(json!([1]), json!([1, 2])).unwrap(), "at /1: expected nothing, got 2");
        assert_eq!(told(json!({"x": 1}), json!({})).unwrap(), "at /x: expected 1, got nothing");
        assert_eq!(told(json!({}), json!({"x": 1})).unwrap(), "at /x: expected nothing, got 1");
    }
}
