//! One field of a draft: parses names, texts and parameters as people write them.

use crate::domain::{InputParameter, ParameterType, SafeText, SpecifiedExample};
use serde_json::{Map, Value, json};

/// The maximum length of a text, in characters.
const MAX_TEXT: usize = 1_000;

/// A text that is safe and limited in length.
pub(super) fn clipped(text: &str) -> String {
    let lines: Vec<String> = SafeText::lines(text).into_iter().map(String::from).collect();
    let text = lines.join("\n");
    if text.chars().count() <= MAX_TEXT {
        return text;
    }
    text.chars().take(MAX_TEXT - 1).chain(['…']).collect()
}

/// A valid parameter name, without the punctuation around it.
pub(super) fn identifier(text: &str) -> Option<String> {
    let name = text.trim().trim_matches(['`', '*', '"', '\'', ' ']).trim_start_matches('-').to_owned();
    let first = name.chars().next()?;
    let fits = (first.is_ascii_alphabetic() || first == '_')
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    fits.then_some(name)
}

/// A parameter with only a name.
pub(super) fn blank(name: String) -> InputParameter {
    InputParameter {
        name,
        kind: ParameterType::String,
        description: String::new(),
        required: false,
        constraints: Map::new(),
    }
}

impl InputParameter {
    pub(super) fn say_kind(&mut self, words: &str) {
        match ParameterType::meant(words) {
            Some(kind) => self.kind = kind,
            None => words.split([',', '/', ';']).for_each(|part| self.say(part)),
        }
    }

    /// Sets the default value, converted to the type.
    pub(super) fn say_default(&mut self, words: &str) {
        let plain = words.trim().trim_matches(['`', '"', '\'']);
        let value = match self.kind {
            ParameterType::String => Some(json!(plain)),
            _ => serde_json::from_str(&plain.to_lowercase()).ok(),
        };
        if let Some(value) = value {
            self.constraints.insert("default".to_owned(), value);
        }
    }

    /// Adds a remark, in words.
    pub(super) fn say(&mut self, words: &str) {
        let words = words.trim().trim_matches('`');
        let lower = words.to_lowercase();
        let after = |prefix: &str| {
            lower.starts_with(prefix).then(|| words[prefix.len()..].trim_start_matches([':', '=', ' ']).to_owned())
        };
        if let Some(kind) = ParameterType::meant(words) {
            self.kind = kind;
        } else if ["required", "mandatory"].contains(&lower.as_str()) {
            self.required = true;
        } else if lower == "optional" || lower.is_empty() {
            self.required = false;
        } else if let Some(default) = after("default") {
            self.say_default(&default);
        } else if let Some(number) = ["min", "minimum", ">="].iter().find_map(|p| after(p)?.parse::<i64>().ok()) {
            self.constraints.insert("minimum".to_owned(), json!(number));
        } else if let Some(number) = ["max", "maximum", "<="].iter().find_map(|p| after(p)?.parse::<i64>().ok()) {
            self.constraints.insert("maximum".to_owned(), json!(number));
        } else {
            let known = self.constraints.get("$comment").and_then(Value::as_str).map(|text| format!("{text}, "));
            let text = format!("{}{}", known.unwrap_or_default(), SafeText::source_line(words));
            self.constraints.insert("$comment".to_owned(), json!(text));
        }
    }
}

/// The type that a word denotes, and whether the word can also name a thing.
pub(super) fn kind_of(word: &str) -> Option<(ParameterType, bool)> {
    let plain = word.trim_matches(['.', ',', ';', '`']).to_ascii_lowercase();
    let single = plain.strip_suffix('s').filter(|single| ParameterType::meant(single).is_some()).unwrap_or(&plain);
    // These words have another meaning in sentences.
    if matches!(single, "set" | "map" | "record" | "long" | "flag" | "switch" | "json" | "tuple" | "sequence") {
        return None;
    }
    let is_thing = matches!(
        single,
        "text"
            | "path"
            | "file"
            | "filename"
            | "url"
            | "uri"
            | "date"
            | "datetime"
            | "filepath"
            | "string"
            | "number"
            | "integer"
    );
    ParameterType::meant(single).map(|kind| (kind, is_thing))
}

/// Whether a type word is in the plural.
pub(super) fn is_plural(word: &str) -> bool {
    let plain = word.trim_matches(['.', ',', ';']).to_ascii_lowercase();
    plain.ends_with('s') && kind_of(word).is_some()
}

/// The inputs in examples, with the types of their values, if no text describes inputs.
pub(super) fn parameters_of(examples: &[SpecifiedExample]) -> Vec<InputParameter> {
    let mut found: Vec<InputParameter> = Vec::new();
    let objects = || examples.iter().filter_map(|example| example.input.as_object());
    for (name, value) in objects().flatten() {
        if identifier(name).is_none() || found.iter().any(|known| known.name == *name) {
            continue;
        }
        let kind = match value {
            Value::Bool(_) => ParameterType::Boolean,
            Value::Number(_) if objects().filter_map(|input| input.get(name)).all(Value::is_i64) => {
                ParameterType::Integer
            }
            Value::Number(_) => ParameterType::Number,
            Value::Array(_) => ParameterType::Array,
            Value::Object(_) => ParameterType::Object,
            Value::Null | Value::String(_) => ParameterType::String,
        };
        let required = objects().all(|input| input.contains_key(name));
        found.push(InputParameter { kind, required, ..blank(name.clone()) });
    }
    found
}
