//! How rules compare, count and display values.

use super::{ArithmeticOp, Compare, Function};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The longest value quoted in a message, in characters.
const MAX_QUOTE: usize = 80;

/// The size of a value, for counting steps.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::Array(list) => 1 + list.iter().map(weight).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(weight).sum::<usize>() + map.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// The result of a function.
///
/// # Errors
/// If it does not support these values.
pub(super) fn called(function: Function, values: &[Cow<'_, Value>]) -> Result<Value, String> {
    let value: &Value = &values[0];
    let cannot = || format!("{} does not accept {}", word(function), quote(value));
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(cannot);
    let list = || value.as_array().ok_or_else(cannot);
    match function {
        Function::Size => match value {
            Value::String(text) => Ok(text.chars().count().into()),
            Value::Array(list) => Ok(list.len().into()),
            Value::Object(map) => Ok(map.len().into()),
            _ => Err(cannot()),
        },
        Function::Sorted => {
            for pair in list()?.windows(2) {
                if order(&pair[0], &pair[1])? == Ordering::Greater {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        }
        Function::Unique => {
            let list = list()?;
            // Limited by the maximum size of an output.
            let mut seen: Vec<String> = list.iter().map(canonical).collect();
            seen.sort();
            Ok(Value::Bool(seen.windows(2).all(|pair| pair[0] != pair[1])))
        }
        Function::Abs => number(float(value)?.abs()),
        Function::Round => {
            let scale = 10_f64.powi(float(&values[1])?.clamp(0.0, 15.0) as i32);
            number((float(value)? * scale).round() / scale)
        }
        Function::Sum => {
            list()?.iter().try_fold(0.0, |sum, item| Ok::<f64, String>(sum + float(item)?)).and_then(number)
        }
        Function::Min | Function::Max => {
            let list = list()?;
            let mut best = list.first().ok_or_else(|| format!("{} of an empty list", word(function)))?;
            let wanted = if function == Function::Min { Ordering::Less } else { Ordering::Greater };
            for item in list {
                if order(item, best)? == wanted {
                    best = item;
                }
            }
            Ok(best.clone())
        }
        Function::Lower => Ok(text(value)?.to_lowercase().into()),
        Function::Upper => Ok(text(value)?.to_uppercase().into()),
        Function::Trim => Ok(text(value)?.trim().into()),
        Function::Starts => Ok(text(value)?.starts_with(&text(&values[1])?).into()),
        Function::Ends => Ok(text(value)?.ends_with(&text(&values[1])?).into()),
        Function::Keys => {
            let map = value.as_object().ok_or_else(cannot)?;
            Ok(map.keys().cloned().collect::<Vec<_>>().into())
        }
        Function::Contains => match value {
            Value::String(whole) => Ok(whole.contains(&text(&values[1])?).into()),
            Value::Array(list) => Ok(list.iter().any(|item| equal(item, &values[1])).into()),
            _ => Err(cannot()),
        },
        Function::Text => Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned).into()),
        Function::Whole | Function::Number => {
            let read = value.as_str().map_or_else(|| value.as_f64(), |text| text.trim().parse().ok());
            let read = read.ok_or_else(cannot)?;
            number(if function == Function::Whole { read.trunc() } else { read })
        }
        Function::Type => Ok(kind(value).into()),
    }
}

fn word(function: Function) -> &'static str {
    match function {
        Function::Size => "size",
        Function::Sorted => "sorted",
        Function::Unique => "unique",
        Function::Abs => "abs",
        Function::Min => "min",
        Function::Max => "max",
        Function::Sum => "sum",
        Function::Round => "round",
        Function::Lower => "lower",
        Function::Upper => "upper",
        Function::Trim => "trim",
        Function::Keys => "keys",
        Function::Type => "type",
        Function::Starts => "startsWith",
        Function::Ends => "endsWith",
        Function::Contains => "contains",
        Function::Text => "string",
        Function::Whole => "int",
        Function::Number => "double",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

pub(super) fn truth(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{} is not true or false", quote(value)))
}

pub(super) fn float(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("{} is not a number", quote(value)))
}

pub(super) fn number(value: f64) -> Result<Value, String> {
    // An integer stays one, so that it is displayed as one.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Ok(Value::from(value as i64));
    }
    Number::from_f64(value).map(Value::Number).ok_or_else(|| "the result is not a number".to_owned())
}

pub(super) fn reckoned(left: &Value, reckon: ArithmeticOp, right: &Value) -> Result<Value, String> {
    if reckon == ArithmeticOp::Plus {
        match (left, right) {
            (Value::String(left), Value::String(right)) => return Ok(format!("{left}{right}").into()),
            (Value::Array(left), Value::Array(right)) => {
                return Ok(left.iter().chain(right).cloned().collect::<Vec<_>>().into());
            }
            _ => {}
        }
    }
    let (left, right) = (float(left)?, float(right)?);
    number(match reckon {
        ArithmeticOp::Plus => left + right,
        ArithmeticOp::Minus => left - right,
        ArithmeticOp::Times => left * right,
        ArithmeticOp::Through => left / right,
        ArithmeticOp::Rest => left % right,
    })
}

pub(super) fn compared(left: &Value, compare: Compare, right: &Value) -> Result<bool, String> {
    Ok(match compare {
        Compare::Equal => equal(left, right),
        Compare::Unequal => !equal(left, right),
        Compare::Less => order(left, right)? == Ordering::Less,
        Compare::LessOrEqual => order(left, right)? != Ordering::Greater,
        Compare::More => order(left, right)? == Ordering::Greater,
        Compare::MoreOrEqual => order(left, right)? != Ordering::Less,
        Compare::In => match (left, right) {
            (Value::String(part), Value::String(whole)) => whole.contains(part.as_str()),
            (Value::String(key), Value::Object(map)) => map.contains_key(key),
            (value, Value::Array(list)) => list.iter().any(|item| equal(value, item)),
            _ => return Err(format!("{} is not a container", quote(right))),
        },
    })
}

fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let pair = left.as_f64().zip(right.as_f64());
            pair.and_then(|(left, right)| left.partial_cmp(&right)).ok_or_else(|| "no ordering".to_owned())
        }
        (Value::String(left), Value::String(right)) => Ok(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
        _ => Err(format!("{} and {} cannot be compared", quote(left), quote(right))),
    }
}

/// Whether two values are equal; numbers by value, objects without order.
pub(in crate::check::trials) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

/// A text that is the same for equal values.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |float| float.to_string()),
        Value::Array(list) => format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", canonical(value))).collect();
            pairs.sort();
            format!("{{{}}}", pairs.join(","))
        }
        other => other.to_string(),
    }
}

/// A value for a message, shortened.
pub(in crate::check::trials) fn quote(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().nth(MAX_QUOTE).is_none() {
        return text;
    }
    text.chars().take(MAX_QUOTE - 1).chain(std::iter::once('…')).collect()
}
