//! Simplifies an input that crashes a version, as long as it crashes in the same way.

use serde_json::{Map, Number, Value};

/// How many simpler inputs are tried in one round.
pub(super) const MAX_STEPS: usize = 24;

/// Simpler inputs, largest reduction first.
pub(super) fn simpler(input: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    if let Value::Object(map) = input {
        for name in map.keys() {
            let mut less = map.clone();
            less.shift_remove(name);
            found.push(Value::Object(less));
        }
        let columns: Vec<Vec<Value>> = map
            .iter()
            .map(|(name, value)| values(value, 0).into_iter().map(|value| with(map, name, value)).collect())
            .collect();
        // The largest reduction of every property comes before the second of the first property.
        let most = columns.iter().map(Vec::len).max().unwrap_or(0);
        found.extend((0..most).flat_map(|at| columns.iter().filter_map(move |column| column.get(at).cloned())));
    }
    found.truncate(MAX_STEPS);
    found
}

fn with(map: &Map<String, Value>, name: &str, value: Value) -> Value {
    let mut map = map.clone();
    map.insert(name.to_owned(), value);
    Value::Object(map)
}

fn values(value: &Value, depth: usize) -> Vec<Value> {
    if depth > 4 {
        return Vec::new();
    }
    match value {
        Value::Null | Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![Value::Bool(false)],
        Value::Number(number) => numbers(number),
        Value::String(text) => texts(text),
        Value::Array(list) => {
            let mut found = vec![Value::Array(Vec::new())];
            if list.len() > 1 {
                found.push(Value::Array(list[..list.len() / 2].to_vec()));
                found.push(Value::Array(list[list.len() / 2..].to_vec()));
            }
            for (at, item) in list.iter().enumerate().take(8) {
                for simple in values(item, depth + 1).into_iter().take(3) {
                    let mut other = list.clone();
                    other[at] = simple;
                    found.push(Value::Array(other));
                }
            }
            found.retain(|other| other != value);
            found
        }
        Value::Object(_) => {
            let mut found = vec![Value::Object(Map::new())];
            found.extend(simpler(value));
            found.retain(|other| other != value);
            found
        }
    }
}

fn numbers(number: &Number) -> Vec<Value> {
    let Some(value) = number.as_f64() else { return Vec::new() };
    let mut found = Vec::new();
    // Reduced by a half, a quarter, …: this finds the crashing boundary in few rounds.
    let closer = (1..=10).map(|step| (value - value / f64::from(1 << step)).trunc());
    for simple in [0.0, 1.0, value.trunc(), value.abs()].into_iter().chain(closer).chain([value - value.signum()]) {
        let is_simpler = (simple.fract() == 0.0 && value.fract() != 0.0)
            || simple.abs() < value.abs()
            || (value < 0.0 && (simple + value).abs() < f64::EPSILON);
        if is_simpler && simple.abs() < 9e15 && simple.fract() == 0.0 {
            let simple = Value::from(simple as i64);
            if !found.contains(&simple) {
                found.push(simple);
            }
        }
    }
    found
}

fn texts(text: &str) -> Vec<Value> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut add = |simple: String| {
        let simple = Value::from(simple);
        if simple != *text && !found.contains(&simple) {
            found.push(simple);
        }
    };
    if chars.is_empty() {
        return Vec::new();
    }
    add(String::new());
    if chars.len() > 1 {
        let half = chars.len() / 2;
        add(chars[..half].iter().collect());
        add(chars[half..].iter().collect());
        add(chars[1..].iter().collect());
        add(chars[..chars.len() - 1].iter().collect());
    } else if chars[0] != 'a' {
        add("a".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Shrinks as long as `fails` returns true.
    fn shrunk(mut input: Value, fails: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1000 {
            match simpler(&input).into_iter().find(&fails) {
                Some(simple) => input = simple,
                None => return input,
            }
        }
        panic!("it does not end: {input}");
    }

    #[test]
    fn what_is_left_is_what_it_takes() {
        let has = |name: &'static str| move |input: &Value| input.get(name).is_some_and(|value| *value == json!(0));
        assert_eq!(shrunk(json!({"a": 7.5, "b": 0, "c": "x"}), has("b")), json!({"b": 0}));
        let both = |input: &Value| input["b"] == 0 && input["a"].is_number();
        assert_eq!(shrunk(json!({"a": -1e9, "b": 0}), both), json!({"a": 0, "b": 0}));
        let newline = |input: &Value| input["t"].as_str().is_some_and(|text| text.contains('\n'));
        assert_eq!(shrunk(json!({"t": "some text\nwith lines"}), newline), json!({"t": "\n"}));
        let large = |input: &Value| input["n"].as_f64().is_some_and(|n| n >= 10.0);
        assert_eq!(shrunk(json!({"n": 1234.5}), large), json!({"n": 10}));
        let deep = |input: &Value| input["l"].as_array().is_some_and(|l| l.iter().any(|x| x["k"] == json!(true)));
        assert_eq!(shrunk(json!({"l": [{"k": false}, {"k": true, "z": 1}, {}]}), deep), json!({"l": [{"k": true}]}));
    }
}
