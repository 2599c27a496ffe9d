//! Texts with placeholders: `{input.NAME}`, `{env.NAME}`, and `{NAME}` of a declared input.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// The maximum length of a name in bytes: keeps parsing of text full of braces linear.
const MAX_NAME: usize = 128;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    /// The value of an input. With `+` in front of its name (RFC 6570), it is a path that keeps its slashes.
    Input {
        name: &'t str,
        is_path: bool,
    },
    /// The value of an environment variable.
    Env(&'t str),
}

/// The values of placeholders.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) input: &'a Map<String, Value>,
    pub(super) schema: Option<&'a Value>,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Scope<'a> {
    /// The given value, otherwise the default in the schema; null counts as absent.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        let property = || self.schema?.get("properties")?.get(name)?.get("default");
        self.input.get(name).filter(|value| !value.is_null()).or_else(property).filter(|value| !value.is_null())
    }

    /// The value of an input, or why there is none.
    pub(super) fn needed(&self, name: &str) -> Result<&'a Value, String> {
        self.value(name).ok_or_else(|| format!("input/{name}: the request needs a value for it"))
    }

    pub(super) fn variable(&self, name: &str) -> Result<String, String> {
        (self.env)(name).ok_or_else(|| format!("the request needs the variable {name}, which this run does not have"))
    }

    /// A text filled with its values, unchanged.
    pub(super) fn text(&self, template: &str) -> Result<String, String> {
        let mut text = String::with_capacity(template.len());
        for piece in pieces(template, self.schema) {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Input { name, .. } => text.push_str(&value_text(self.needed(name)?)),
                Piece::Env(name) => text.push_str(&self.variable(name)?),
            }
        }
        Ok(text)
    }
}

/// A value as text: text unchanged, everything else as JSON.
pub(super) fn value_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The name of the input, if a text is a single placeholder.
pub(super) fn only_input<'t>(template: &'t str, schema: Option<&Value>) -> Option<&'t str> {
    match pieces(template, schema)[..] {
        [Piece::Input { name, .. }] => Some(name),
        _ => None,
    }
}

/// The parts of a text. A placeholder in doubled braces is text without the outer braces.
pub(super) fn pieces<'t>(template: &'t str, schema: Option<&Value>) -> Vec<Piece<'t>> {
    let is_declared = |name: &str| schema.is_some_and(|schema| schema["properties"].get(name).is_some());
    let (mut found, mut begin, mut at) = (Vec::new(), 0, 0);
    let text = |found: &mut Vec<Piece<'t>>, from: usize, to: usize| {
        if from < to {
            found.push(Piece::Text(&template[from..to]));
        }
    };
    while let Some(open) = template[at..].find('{').map(|open| at + open) {
        if let Some(inner) = template[open..].strip_prefix("{{").and_then(|rest| placeholder(rest, &is_declared)) {
            let end = open + 2 + inner.1;
            if template[end..].starts_with("}}") {
                text(&mut found, begin, open);
                found.push(Piece::Text(&template[open + 1..=end]));
                (begin, at) = (end + 2, end + 2);
                continue;
            }
        }
        match placeholder(&template[open + 1..], &is_declared) {
            Some((piece, len)) => {
                text(&mut found, begin, open);
                found.push(piece);
                (begin, at) = (open + len + 2, open + len + 2);
            }
            None => at = open + 1,
        }
    }
    text(&mut found, begin, template.len());
    found
}

/// The placeholder before the next `}`, and the length of its name as written.
fn placeholder<'t>(text: &'t str, is_declared: &dyn Fn(&str) -> bool) -> Option<(Piece<'t>, usize)> {
    let written = &text[..text.bytes().take(MAX_NAME).position(|byte| byte == b'}')?];
    let (name, is_path) = written.strip_prefix('+').map_or((written, false), |name| (name, true));
    let is_word = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) && !word.is_empty()
    };
    let piece = match (name.strip_prefix("input."), name.strip_prefix("env.")) {
        (Some(input), _) if is_word(input) => Piece::Input { name: input, is_path },
        (_, Some(variable)) if is_word(variable) && !is_path => Piece::Env(variable),
        (None, None) if is_declared(name) => Piece::Input { name, is_path },
        _ => return None,
    };
    Some((piece, written.len()))
}
