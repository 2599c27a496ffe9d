//! Variations of known inputs, each with one value at an edge named in the code.
//!
//! A generated text is rarely one that a program compares with, and a generated number is rarely at a limit. The
//! numbers and texts in the code are such limits, so they are inserted into the inputs of examples, tests and runs.

use super::generate;
use crate::check::change::Literals;
use crate::domain::Checker;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeSet;

/// How many values of one property are tried.
const MAX_VALUES: usize = 40;

/// Texts in common formats: numbers of every kind, dates and times, addresses, names, data.
const SHAPES: &[&str] = &[
    "42",
    "it's \"quoted\" `x` $y \\ z",
    "4111111111111111",
    "2024-01-15",
    "a,b\n1,2\n3,4\n",
    "12:34:56",
    "{\"a\": {\"b\": [1, 2]}, \"c\": \"x\"}",
    "https://example.org/a/b.html?c=d#e",
    "user@example.org",
    "Hello, World! It is 5.",
    "a = b\nc = d\n",
    "camelCaseName",
    "snake_case_name",
    "/tmp/folder/file.txt",
    "3.75",
    "-7",
    "192.168.0.1",
    "#ff8800",
    "1h 30m",
    "# Title\n\nSome *text*.\n\n- one\n- two\n",
    "[1, 2, 3]",
    "00:01:02,345",
    "1 + 2 * (3 - 4)",
];

/// How an input is filled.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Only required parts.
    #[default]
    Simple,
    /// A value for every property, with the same word in all texts, so that look-ups across properties succeed.
    Words,
    /// The same with numeric texts from this number on, for programs that accept numbers as words.
    Numbers(i64),
}

/// Names of texts that contain JSON.
const JSON: &str = "json";

/// An input with this filling.
pub(super) fn filled(schema: &Value, fill: Fill) -> Value {
    match fill {
        Fill::Simple => generate::simplest(schema),
        Fill::Words | Fill::Numbers(_) => full(schema, fill, "", 0),
    }
}

fn full(schema: &Value, fill: Fill, name: &str, depth: u32) -> Value {
    let of = |key: &str| schema.get(key);
    if let Some(value) = of("default").or_else(|| of("const")).or_else(|| of("enum")?.get(0)) {
        return value.clone();
    }
    let has_bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
        .iter()
        .any(|key| of(key).is_some());
    match of("type").and_then(Value::as_str) {
        Some("object") if depth < 3 => {
            let properties = of("properties").and_then(Value::as_object).into_iter().flatten();
            let value = |(at, (name, schema)): (usize, (&String, &Value))| match full(schema, fill, name, depth + 1) {
                // Different numbers, the greatest first.
                Value::Number(number) if is_text(schema) => {
                    (name.clone(), json!((number.as_i64().unwrap_or(0) - at.min(5) as i64).to_string()))
                }
                value => (name.clone(), value),
            };
            Value::Object(properties.enumerate().map(value).collect())
        }
        Some("array") if depth < 3 => {
            let least = of("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 8) as usize;
            let item = of("items").map_or_else(|| json!("alpha"), |items| full(items, fill, name, depth + 1));
            Value::Array(vec![item; least])
        }
        Some("string") if of("format").is_none() && of("pattern").is_none() => match fill {
            _ if name.to_lowercase().contains(JSON) => json!("{}"),
            Fill::Numbers(first) if depth == 1 => json!(first),
            Fill::Numbers(first) => json!(first.to_string()),
            Fill::Simple | Fill::Words => json!("alpha"),
        },
        // A ratio is seldom 1.
        Some("number") if !has_bounds && fill == Fill::Words => json!(0.5),
        _ => generate::simplest(schema),
    }
}

fn is_text(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("string")
}

/// At most `count` inputs that match the schema: each a known one with one value replaced. First the nearest edges of
/// all properties, then the next ones.
pub(super) fn variants(schema: &Value, known: &[Value], literals: &Literals, count: usize) -> Vec<Value> {
    let Ok(checker) = Checker::new(schema) else { return Vec::new() };
    let mut seen: BTreeSet<String> = known.iter().map(Value::to_string).collect();
    let mut made = Vec::new();
    let columns: Vec<(&Map<String, Value>, &String, Vec<Value>)> = known
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|input| input.iter().map(move |(name, value)| (input, name, near(value, literals))))
        .collect();
    for at in 0..MAX_VALUES {
        for (input, name, values) in &columns {
            let Some(value) = values.get(at).filter(|_| made.len() < count) else { continue };
            let mut input = (*input).clone();
            input.insert((*name).clone(), value.clone());
            let input = Value::Object(input);
            if checker.violations(&input).is_empty() && seen.insert(input.to_string()) {
                made.push(input);
            }
        }
    }
    made
}

/// Variations of a known value, the nearest first.
fn near(value: &Value, literals: &Literals) -> Vec<Value> {
    let mut values = match value {
        Value::Bool(known) => vec![json!(!known)],
        Value::Number(number) => numbers(number, literals),
        Value::String(text) => texts(text, literals),
        Value::Array(items) => lists(items, literals),
        Value::Object(map) => {
            let inner = map.iter().flat_map(|(name, value)| {
                near(value, literals).into_iter().take(4).map(move |value| (name.clone(), value))
            });
            let with = |(name, value): (String, Value)| {
                let mut map = map.clone();
                map.insert(name, value);
                Value::Object(map)
            };
            inner.map(with).collect()
        }
        Value::Null => Vec::new(),
    };
    values.truncate(MAX_VALUES);
    values
}

fn numbers(number: &Number, literals: &Literals) -> Vec<Value> {
    let known = number.as_f64().unwrap_or_default();
    let is_whole = number.is_i64() || number.is_u64();
    let steps = if is_whole { vec![1.0, -1.0] } else { vec![0.1, -0.1, 0.005] };
    let mut wanted: Vec<f64> = steps.iter().map(|step| known + step).collect();
    wanted.push(0.0);
    wanted.extend(literals.numbers.iter().flat_map(|edge| [*edge, edge + 1.0, edge - 1.0]));
    wanted.extend([-known, known * 2.0, known * 10.0, known / 2.0, 7.0, 100.0]);
    wanted.into_iter().map(|value| if is_whole { json!(value.round() as i64) } else { json!(value) }).collect()
}

fn texts(text: &str, literals: &Literals) -> Vec<Value> {
    let chars: Vec<char> = text.chars().collect();
    let without_last: String = chars.iter().take(chars.len().saturating_sub(1)).collect();
    let half: String = chars.iter().take(chars.len() / 2).collect();
    // A numeric text has the edges of a number.
    let number = text.trim().parse::<f64>().ok().map(|value| json!(value));
    let whole = text.trim().parse::<i64>().ok().map(|value| json!(value));
    let edges = whole.or(number).and_then(|value| value.as_number().map(|number| numbers(number, literals)));
    let mut wanted: Vec<String> = edges.unwrap_or_default().iter().map(Value::to_string).take(MAX_VALUES / 2).collect();
    wanted.extend([without_last, format!("{text} {text}"), text.to_uppercase()]);
    let mut edges = literals.texts.iter().flat_map(|edge| [edge.clone(), format!("{text}{edge}{text}")]);
    // Alternating: values in the code, and common ones.
    for shape in SHAPES {
        wanted.extend(edges.by_ref().take(2));
        wanted.push((*shape).to_owned());
    }
    wanted.extend(edges);
    wanted.extend([
        String::new(),
        half,
        text.to_lowercase(),
        format!(" {text} "),
        format!("{text}\n{text}"),
        format!("x{text}"),
    ]);
    wanted.extend(literals.numbers.iter().filter(|edge| **edge > 0.0 && **edge <= 300.0).flat_map(|edge| {
        // A number in the code may be a length.
        let length = *edge as usize;
        [length, length + 1].map(|length| text.chars().chain(std::iter::repeat('x')).take(length).collect::<String>())
    }));
    wanted.into_iter().map(Value::from).collect()
}

fn lists(items: &[Value], literals: &Literals) -> Vec<Value> {
    let mut wanted = vec![json!([])];
    if let Some((first, rest)) = items.split_first() {
        wanted.push(json!(rest));
        wanted.push(json!([first]));
        wanted.push(Value::Array(items.iter().rev().cloned().collect()));
        wanted.push(Value::Array(items.iter().chain([first]).cloned().collect()));
        let changed = near(first, literals).into_iter().take(30);
        wanted.extend(changed.map(|value| Value::Array(std::iter::once(value).chain(rest.iter().cloned()).collect())));
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_code_is_reached_from_both_sides() {
        let schema = json!({"type": "object", "required": ["age"], "properties": {
            "age": {"type": "integer"}, "unit": {"type": "string"}}});
        let literals = Literals { numbers: vec![18.0], texts: vec!["days".to_owned()] };
        let made = variants(&schema, &[json!({"age": 40, "unit": "years"})], &literals, 60);
        for age in [17, 18, 19, 39, 41, 0] {
            assert!(made.contains(&json!({"age": age, "unit": "years"})), "{age}: {made:?}");
        }
        assert!(made.contains(&json!({"age": 40, "unit": "days"})), "{made:?}");
        assert!(made.len() <= 60 && !made.contains(&json!({"age": 40, "unit": "years"})));
    }

    #[test]
    fn a_word_that_is_looked_for_is_in_the_text() {
        let schema = json!({"type": "object", "required": ["terms"], "properties": {
            "terms": {"type": "array", "items": {"type": "string"}}, "text": {"type": "string"},
            "context": {"type": "integer", "default": 30}}});
        let known = filled(&schema, Fill::Words);
        assert_eq!(known, json!({"terms": ["alpha"], "text": "alpha", "context": 30}));
        let made = variants(&schema, &[known], &Literals::default(), 60);
        assert!(made.contains(&json!({"terms": ["alpha"], "text": "alpha alpha", "context": 30})), "{made:?}");
        assert!(made.contains(&json!({"terms": ["42"], "text": "alpha", "context": 30})), "{made:?}");
    }

    #[test]
    fn numbers_as_words_differ() {
        let schema = json!({"type": "object", "properties": {
            "n": {"type": "string"}, "r": {"type": "string"}, "options_json": {"type": "string"}, "p": {"type": "number"}}});
        assert_eq!(filled(&schema, Fill::Numbers(7)), json!({"n": "7", "r": "6", "options_json": "{}", "p": 1}));
        assert_eq!(filled(&schema, Fill::Words), json!({"n": "alpha", "r": "alpha", "options_json": "{}", "p": 0.5}));
    }

    #[test]
    fn what_does_not_fit_the_schema_is_not_made() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 3}}});
        let mut made = variants(&schema, &[json!({"n": 2})], &Literals::default(), 60);
        made.sort_by_key(|input| input["n"].as_i64());
        assert_eq!(made, [json!({"n": 1}), json!({"n": 3})]);
    }
}
