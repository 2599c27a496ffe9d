//! Text to value and back, by kind of field.

use super::field::{FieldKind, Scalar, State};
use serde_json::{Map, Number, Value};

/// The value of `text` in a field of this kind; an empty text has none.
pub(super) fn parse(kind: &FieldKind, text: &str) -> State {
    if text.is_empty() || (text.trim().is_empty() && !matches!(kind, FieldKind::Text { .. })) {
        return State::typed(text, None);
    }
    let parsed = match kind {
        FieldKind::Text { .. } => Ok(Value::String(text.to_owned())),
        FieldKind::Integer => scalar(Scalar::Integer, text),
        FieldKind::Number => scalar(Scalar::Number, text),
        FieldKind::Switch => scalar(Scalar::Switch, text),
        FieldKind::Choice(values) => choice(values, text),
        FieldKind::List(item) => list(*item, text),
        FieldKind::Json | FieldKind::Group | FieldKind::Variant(_) => json(text),
        FieldKind::Any => Ok(json_or_text(text)),
    };
    match parsed {
        Ok(value) => State::typed(text, Some(value)),
        Err(error) => State::wrong(text, error),
    }
}

/// The text for `value` in a field of this kind.
pub(super) fn text_of(kind: &FieldKind, value: &Value) -> String {
    match (kind, value) {
        (FieldKind::List(item), Value::Array(items)) => list_text(*item, items),
        (FieldKind::Any, Value::String(text)) if json(text).is_err() && !text.is_empty() => text.clone(),
        (FieldKind::Any | FieldKind::Json | FieldKind::Group | FieldKind::Variant(_), _) => pretty(value),
        _ => plain(value),
    }
}

/// Text unchanged, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))
}

/// JSON if it is JSON, text otherwise.
pub(super) fn json_or_text(text: &str) -> Value {
    json(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Sets a value at a path of keys, and creates the objects on the way. `None` sets an empty object if nothing is there.
pub(super) fn insert(root: &mut Value, path: &[String], value: Option<Value>) {
    let mut place = root;
    for key in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(object) = place else { return };
        place = object.entry(key.clone()).or_insert(Value::Null);
    }
    match value {
        Some(value) => *place = value,
        None if place.is_null() => *place = Value::Object(Map::new()),
        None => {}
    }
}

/// Adds properties to the object at a path, if there is one. Existing properties stay.
pub(super) fn extend(root: &mut Value, path: &[String], extra: &Map<String, Value>) {
    let mut place = Some(root);
    for key in path {
        place = place.and_then(|place| place.get_mut(key));
    }
    if let Some(Value::Object(object)) = place {
        for (key, value) in extra {
            object.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// The object in a value; empty for anything else.
pub(super) fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn pretty(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        scalar => scalar.to_string(),
    }
}

fn scalar(kind: Scalar, text: &str) -> Result<Value, String> {
    let word = text.trim();
    match kind {
        Scalar::Text => Ok(Value::String(text.to_owned())),
        Scalar::Integer => integer(word).ok_or_else(|| "enter a whole number".to_owned()),
        Scalar::Number => number(word).ok_or_else(|| "enter a number".to_owned()),
        Scalar::Switch => match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(Value::Bool(true)),
            "false" | "no" | "off" | "0" => Ok(Value::Bool(false)),
            _ => Err("enter true or false".to_owned()),
        },
    }
}

fn integer(word: &str) -> Option<Value> {
    if let Ok(value) = word.parse::<i64>() {
        return Some(value.into());
    }
    if let Ok(value) = word.parse::<u64>() {
        return Some(value.into());
    }
    let value = word.parse::<f64>().ok().filter(|value| value.is_finite() && value.fract() == 0.0)?;
    Number::from_f64(value).map(Value::Number)
}

fn number(word: &str) -> Option<Value> {
    if let Ok(Value::Number(number)) = serde_json::from_str(word) {
        return Some(Value::Number(number));
    }
    word.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
}

fn choice(values: &[Value], text: &str) -> Result<Value, String> {
    let same = |value: &&Value| plain(value) == text;
    let alike = |value: &&Value| plain(value).eq_ignore_ascii_case(text.trim());
    let found = values.iter().find(same).or_else(|| values.iter().find(alike));
    found.cloned().ok_or_else(|| {
        let all: Vec<String> = values.iter().take(12).map(plain).collect();
        let more = if values.len() > 12 { ", …" } else { "" };
        format!("choose one of {}{more}", all.join(", "))
    })
}

fn list(item: Scalar, text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[') {
        return json(text);
    }
    let lines = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).filter(|line| !line.is_empty());
    let parts: Vec<&str> = match item {
        Scalar::Text => lines.collect(),
        // A comma cannot be part of these.
        Scalar::Integer | Scalar::Number | Scalar::Switch => {
            lines.flat_map(|line| line.split(',')).filter(|part| !part.trim().is_empty()).collect()
        }
    };
    let parsed: Result<Vec<Value>, String> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| scalar(item, part).map_err(|error| format!("item {}: {error}", at + 1)))
        .collect();
    parsed.map(Value::Array)
}

/// One item per line if that is read back as the same value, JSON otherwise.
fn list_text(item: Scalar, items: &[Value]) -> String {
    let lines = items.iter().map(plain).collect::<Vec<_>>().join("\n");
    let whole = Value::Array(items.to_vec());
    if !items.is_empty() && list(item, &lines).as_ref() == Ok(&whole) { lines } else { pretty(&whole) }
}
