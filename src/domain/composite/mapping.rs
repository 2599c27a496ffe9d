//! How values reach a step: placeholders in its input are replaced by the composite's input and by earlier outputs.
//!
//! ```text
//! {input}                 the whole input of the composite
//! {input.NAME.PATH}       one value of it
//! {steps.ID.output}       what a step wrote: JSON where it is JSON, else text without its last line break
//! {steps.ID.output.PATH}  one value of it; numbers are places of a list
//! ```
//!
//! A text that is a single placeholder becomes that value and keeps its type. In a longer text, a value is inserted as
//! text. If a value is absent because the caller gave no such input, or because the step was skipped, the member is
//! left out. A path that does not exist in an output is an error. `{{` and `}}` escape a placeholder; every other brace
//! is literal.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum size of one mapped text in bytes.
const TEXT_BYTES: usize = 16 << 20;

/// The result of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutput {
    /// It wrote this.
    Value(Value),
    /// It did not run because its condition did not hold.
    Skipped,
}

/// The results of finished steps, by name.
pub type StepOutputs = BTreeMap<String, StepOutput>;

/// Why an input cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A path does not exist in the output of a step.
    #[error("{{{0}}} does not exist: the output of the step has no such value")]
    NoSuchValue(String),
    /// A text contains a value that may be absent.
    #[error("{{{0}}} is not there, but a text needs it")]
    Absent(String),
    /// It would be too large.
    #[error("a text becomes larger than {} MiB", TEXT_BYTES >> 20)]
    TooLarge,
}

/// Replaces the placeholders in a value; `None` if the value is one placeholder without a value.
///
/// # Errors
/// The first [`MappingError`].
pub fn filled(template: &Value, input: &Value, outputs: &StepOutputs) -> Result<Option<Value>, MappingError> {
    Ok(Some(match template {
        Value::String(text) => return text_of(text, input, outputs),
        Value::Array(items) => {
            let items = items.iter().map(|item| filled(item, input, outputs)).collect::<Result<Vec<_>, _>>()?;
            Value::Array(items.into_iter().flatten().collect())
        }
        Value::Object(members) => {
            let mut object = Map::new();
            for (name, member) in members {
                if let Some(value) = filled(member, input, outputs)? {
                    object.insert(name.clone(), value);
                }
            }
            Value::Object(object)
        }
        other => other.clone(),
    }))
}

fn text_of(text: &str, input: &Value, outputs: &StepOutputs) -> Result<Option<Value>, MappingError> {
    let pieces = pieces(text);
    if let [Piece::Place(path)] = pieces.as_slice() {
        return found(path, input, outputs);
    }
    let mut made = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => made.push_str(text),
            Piece::Place(path) => match found(path, input, outputs)? {
                Some(Value::String(text)) => made.push_str(&text),
                Some(other) => made.push_str(&other.to_string()),
                None => return Err(MappingError::Absent(path.to_owned())),
            },
        }
        if made.len() > TEXT_BYTES {
            return Err(MappingError::TooLarge);
        }
    }
    Ok(Some(Value::String(made)))
}

/// The value at a path.
fn found(path: &str, input: &Value, outputs: &StepOutputs) -> Result<Option<Value>, MappingError> {
    let mut parts = path.split('.');
    if parts.next() == Some("input") {
        return Ok(walked(input, parts).cloned());
    }
    let id = parts.next().unwrap_or_default();
    match outputs.get(id) {
        Some(StepOutput::Value(value)) => match walked(value, parts.skip(1)) {
            Some(value) => Ok(Some(value.clone())),
            None => Err(MappingError::NoSuchValue(path.to_owned())),
        },
        Some(StepOutput::Skipped) | None => Ok(None),
    }
}

fn walked(value: &Value, parts: impl Iterator<Item = impl AsRef<str>>) -> Option<&Value> {
    let mut at = value;
    for part in parts {
        let part = part.as_ref();
        at = match at {
            Value::Object(members) => members.get(part)?,
            Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(at)
}

/// A text between placeholders, or a placeholder.
enum Piece<'t> {
    Text(&'t str),
    Place(&'t str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(open) = text[at..].find('{').map(|found| at + found) {
        let doubled = text[open..].starts_with("{{");
        let inner = if doubled { open + 2 } else { open + 1 };
        let Some(close) = text[inner..].find('}').map(|found| inner + found) else { break };
        let is_closed = !doubled || text[close..].starts_with("}}");
        if !is_place(&text[inner..close]) || !is_closed {
            at = inner;
            continue;
        }
        let end = if doubled { close + 2 } else { close + 1 };
        pieces.push(Piece::Text(&text[begin..open]));
        pieces.push(if doubled { Piece::Text(&text[open + 1..=close]) } else { Piece::Place(&text[inner..close]) });
        (begin, at) = (end, end);
    }
    pieces.push(Piece::Text(&text[begin..]));
    pieces.retain(|piece| !matches!(piece, Piece::Text("")));
    pieces
}

/// Whether the words between braces are a placeholder.
fn is_place(path: &str) -> bool {
    let mut parts = path.split('.');
    let is_one = match parts.next() {
        Some("input") => true,
        Some("steps") => parts.next().is_some_and(|id| !id.is_empty()) && parts.next() == Some("output"),
        _ => false,
    };
    is_one && parts.all(|part| !part.is_empty() && !part.contains(char::is_whitespace))
}

/// The placeholders in a value, in order.
fn places(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => pieces(text)
            .into_iter()
            .filter_map(|piece| if let Piece::Place(path) = piece { Some(path) } else { None })
            .collect(),
        Value::Array(items) => items.iter().flat_map(places).collect(),
        Value::Object(members) => members.values().flat_map(places).collect(),
        _ => Vec::new(),
    }
}

/// The steps that placeholders in a value refer to.
pub(super) fn references(value: &Value) -> BTreeSet<String> {
    let named = |path: &str| path.strip_prefix("steps.")?.split('.').next().map(str::to_owned);
    places(value).into_iter().filter_map(named).collect()
}

/// The inputs that placeholders in a value refer to.
pub(super) fn inputs_of(value: &Value) -> Vec<String> {
    let named = |path: &str| path.strip_prefix("input.")?.split('.').next().map(str::to_owned);
    places(value).into_iter().filter_map(named).collect()
}

/// The steps that a rule refers to: `steps.ID` and `steps['ID']`.
pub(super) fn references_of_rule(rule: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, word) in rule.match_indices("steps") {
        let before = rule[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            continue;
        }
        let rest = rule[at + word.len()..].trim_start();
        let id: String = match (rest.strip_prefix('.'), rest.strip_prefix('[')) {
            (Some(rest), _) => rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect(),
            (None, Some(rest)) => {
                let rest = rest.trim_start().trim_start_matches(['\'', '"']);
                rest.chars().take_while(|c| !matches!(c, '\'' | '"' | ']')).collect()
            }
            (None, None) => String::new(),
        };
        if !id.is_empty() {
            named.insert(id);
        }
    }
    named
}
