//! Inputs similar to a known one: other letters, digits and numbers in the same places.
//!
//! A list also gets one more item, or its items in another order. Empty values and zeros stay unchanged, and so do
//! special characters, because they often cause failures.

use serde_json::{Map, Value, json};

/// At most `count` similar inputs, without the known one.
pub fn near(input: &Value, count: usize) -> Vec<Value> {
    let mut made: Vec<Value> = Vec::new();
    let mut add = |value: Value| {
        if value != *input && !made.contains(&value) && made.len() < count {
            made.push(value);
        }
    };
    for shift in 1..=2 {
        for way in [Way::Digits(shift), Way::Shift(shift), Way::Twice, Way::Longer] {
            let Some(map) = input.as_object() else { continue };
            // One field at a time, so that the cause of a failure may remain in another field.
            for (name, value) in map {
                let mut changed: Map<String, Value> = map.clone();
                changed.insert(name.clone(), other(value, way));
                add(Value::Object(changed));
            }
            add(other(input, way));
        }
    }
    made
}

#[derive(Clone, Copy)]
enum Way {
    /// Changes only digits, because letters may be units or other fixed text.
    Digits(u8),
    /// Changes letters and digits.
    Shift(u8),
    Twice,
    /// Adds an item to lists.
    Longer,
}

fn other(value: &Value, way: Way) -> Value {
    match (value, way) {
        (Value::String(text), Way::Digits(by)) => {
            let digit = |c: char| if c.is_ascii_digit() { shifted(c, by) } else { c };
            Value::String(text.chars().map(digit).collect())
        }
        (Value::String(text), Way::Shift(by)) => Value::String(text.chars().map(|c| shifted(c, by)).collect()),
        (Value::String(text), Way::Twice) if !text.trim().is_empty() => Value::String(format!("{text} {text}")),
        (Value::Number(number), way) => {
            let by = match way {
                Way::Digits(by) | Way::Shift(by) => f64::from(by),
                Way::Twice => 10.0,
                Way::Longer => 0.0,
            };
            match (number.as_i64(), number.as_f64()) {
                (Some(0), _) => value.clone(),
                (Some(whole), _) => json!(whole.saturating_add(whole.signum() * by as i64)),
                (None, Some(real)) if real != 0.0 => json!(real + real.signum() * by),
                _ => value.clone(),
            }
        }
        (Value::Array(items), Way::Twice) if items.len() > 1 => Value::Array(items.iter().rev().cloned().collect()),
        (Value::Array(items), Way::Longer) => Value::Array(items.iter().chain(items.first()).cloned().collect()),
        (Value::Array(items), way) => Value::Array(items.iter().map(|item| other(item, way)).collect()),
        (Value::Object(map), way) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), other(value, way))).collect())
        }
        (Value::Null | Value::Bool(_) | Value::String(_), _) => value.clone(),
    }
}

/// Another letter or digit of the same kind; a digit does not become zero.
fn shifted(c: char, by: u8) -> char {
    let turned = |first: u8, span: u8| char::from(first + (c as u8 - first + by) % span);
    match c {
        'a'..='z' => turned(b'a', 26),
        'A'..='Z' => turned(b'A', 26),
        '1'..='9' => turned(b'1', 9),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_input_may_fail_for_stays() {
        let made = near(&json!({"text": "a;1", "strict": true}), 10);
        assert_eq!(made[0], json!({"text": "a;2", "strict": true}));
        assert!(made.contains(&json!({"text": "b;2", "strict": true})), "{made:?}");
        assert!(made.contains(&json!({"text": "a;1 a;1", "strict": true})), "{made:?}");
        assert!(near(&json!({"text": "", "numbers": [], "n": 0}), 10).is_empty());
        let made = near(&json!({"a": 9, "b": 0}), 10);
        assert!(made.iter().all(|input| input["b"] == 0) && made.contains(&json!({"a": 10, "b": 0})), "{made:?}");
        let made = near(&json!({"value": 3, "unit": "stone"}), 10);
        assert!(made.contains(&json!({"value": 4, "unit": "stone"})), "{made:?}");
    }
}
