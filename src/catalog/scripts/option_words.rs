//! What the readers of option parsers share: arguments by name, the forms of an option, types and defaults.

use super::scanner::{CallArgument, arguments};
use super::{DeclaredInput, input_name, literal};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::{Map, Value, json};

/// The named arguments of a call.
pub(super) struct Named<'t> {
    pub(super) arguments: Vec<CallArgument<'t>>,
    language: Language,
}

impl<'t> Named<'t> {
    pub(super) fn of(inner: &'t str, language: Language) -> Named<'t> {
        Named { arguments: arguments(inner, language), language }
    }

    /// As written.
    pub(super) fn written(&self, name: &str) -> Option<&'t str> {
        self.arguments.iter().find(|one| one.name == Some(name)).map(|one| one.value)
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        literal::value(self.written(name)?, self.language)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        literal::text(self.written(name)?, self.language)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Bool(true))
    }

    /// The texts that are given by position.
    pub(super) fn words(&self) -> Vec<String> {
        let positional = self.arguments.iter().filter(|one| one.name.is_none());
        positional.filter_map(|one| literal::text(one.value, self.language)).collect()
    }
}

/// The rule of an option or a word as a parser names it: the long form where there is one, and what else is understood.
pub(super) fn rule_of(names: &[String], taken: &[DeclaredInput]) -> Option<(String, ArgRule)> {
    let first = names.first()?;
    let mut flags: Vec<&str> = names.iter().map(|name| name.trim()).filter(|name| name.starts_with('-')).collect();
    if flags.is_empty() {
        let name = input_name(first, "value", taken);
        return Some((name.clone(), ArgRule::position(&name)));
    }
    flags.sort_by_key(|flag| !flag.starts_with("--"));
    let off = flags.iter().find_map(|flag| flag.split_once('/')).map(|(_, off)| off.trim());
    let on: Vec<&str> = flags.iter().map(|flag| flag.split(['/', ' ', '=']).next().unwrap_or(flag)).collect();
    let is_dashed = |flag: &&str| !flag.trim_start_matches('-').is_empty() && flag.starts_with('-');
    let is_plain = |flag: &&str| {
        let name = flag.trim_start_matches('-');
        is_dashed(flag) && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let name = input_name(on[0], "value", taken);
    let others = on.iter().skip(1).filter(|flag| is_plain(flag));
    let mut text = std::iter::once(&on[0]).chain(others).copied().collect::<Vec<_>>().join(",");
    if let Some(off) = off.filter(is_plain) {
        text = format!("{text}/{off}");
    }
    is_plain(&on[0]).then(|| (name.clone(), ArgRule::option(&text, &name)))
}

pub(super) fn type_word(written: &str) -> Map<String, Value> {
    let name = written.split('(').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    super::hint::of_word(name).unwrap_or_else(|| Map::from_iter([("type".to_owned(), json!("string"))]))
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An input with its words and its default.
pub(super) fn finished(mut input: DeclaredInput, words: &str, default: Option<Value>) -> DeclaredInput {
    input.describe(&one_line(words));
    let is_number = matches!(input.schema.get("type").and_then(Value::as_str), Some("number" | "integer"));
    // A number may be written as text, and what is no number makes the option a text.
    let default = default.map(|value| match value.as_str().filter(|_| is_number) {
        Some(text) => serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or(value),
        None => value,
    });
    if is_number && default.as_ref().is_some_and(Value::is_string) {
        input.schema = type_word("string");
        input.describe(&one_line(words));
    }
    if let Some(default) = default.filter(|value| !value.is_null()) {
        let is_flag = input.schema.get("type") == Some(&json!("boolean"));
        if is_flag == default.is_boolean() && !default.is_object() {
            input.put("default", default);
            input.required = false;
        }
    }
    input
}

impl DeclaredInput {
    /// Makes it a list of what it was.
    pub(super) fn make_array(&mut self) {
        let items = std::mem::take(&mut self.schema);
        self.put("type", "array");
        self.put("items", Value::Object(items));
    }
}
