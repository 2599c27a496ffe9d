//! What the readers of option parsers share: arguments by name, the forms of an option, types and defaults.

use super::scanner::{CallArgument, arguments, split_once};
use super::{DeclaredInput, input_name, literal};
use crate::domain::ArgRule;
use crate::domain::source::Language;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

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

/// The literals that a script gives a name at its top: `LANGUAGES = ["c", "java"]`.
#[derive(Debug, Default)]
pub(super) struct Constants<'t> {
    values: HashMap<&'t str, &'t str>,
}

impl<'t> Constants<'t> {
    pub(super) fn of(text: &'t str) -> Constants<'t> {
        let blocks = super::python::blocks(text);
        let assigned = blocks.iter().filter_map(|block| split_once(block.text, b'=', Language::Python));
        let plain = assigned.filter(|(name, _)| super::scanner::is_word(name));
        let mut values = HashMap::new();
        for (name, written) in plain {
            // What is given two values is known by none.
            values.entry(name).and_modify(|known| *known = "").or_insert(written);
        }
        Constants { values }
    }

    /// The value of a literal, or of the name of one.
    pub(super) fn value(&self, written: Option<&str>) -> Option<Value> {
        let written = written?;
        let known = self.values.get(written).copied();
        literal::value(written, Language::Python).or_else(|| literal::value(known?, Language::Python))
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

/// The words of a command line that a script gives names while it runs.
pub(super) fn computed_words(taken: &[DeclaredInput]) -> DeclaredInput {
    let mut rest = super::rest_words(taken);
    rest.put("description", "Options and words whose names the script computes");
    rest
}

/// The type of an option that takes a word for yes or no; `no` is the word that its parser takes for no.
pub(super) fn truth_word(no: &str) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), json!("string")), ("enum".to_owned(), json!(["true", no]))])
}

/// The default of such an option.
pub(super) fn truth_default(value: &Value, no: &str) -> Value {
    value.as_bool().map_or_else(|| value.clone(), |is_yes| json!(if is_yes { "true" } else { no }))
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
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    let is_plain = input.schema.get("type") == Some(&json!("string")) && !input.schema.contains_key("enum");
    if is_plain && default.as_ref().is_some_and(Value::is_number) {
        input.put("type", "number");
    }
    if let Some(default) = default.filter(|value| !value.is_null() && !is_empty(value)) {
        let is_flag = input.schema.get("type") == Some(&json!("boolean"));
        if is_flag == default.is_boolean() && !default.is_object() {
            input.put("default", default);
            input.required = false;
        }
    }
    input
}

/// What stands behind an option, or how many words a plain word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: the option alone says yes.
    Nothing,
    /// Nothing, and it is repeated to say more.
    Times,
    /// One value or none.
    OneOrNone,
    /// A list, as the option repeated.
    Repeated,
    /// One value that is joined to the option, or none.
    JoinedOrNone,
    /// A list behind one option.
    Together,
    /// So many values behind one option.
    Exactly(u64),
    /// So many values behind each of the same option.
    Groups(u64),
}

impl DeclaredInput {
    /// Makes it what its option takes, where that is not one value.
    pub(super) fn takes(&mut self, takes: Takes) {
        match takes {
            Takes::Nothing => self.schema = type_word("bool"),
            Takes::Times => {
                self.schema = type_word("int");
                self.put("minimum", 0);
            }
            Takes::OneOrNone | Takes::JoinedOrNone => self.put("type", json!(["boolean", "string", "number"])),
            Takes::Repeated | Takes::Together => self.make_array(),
            Takes::Exactly(count) | Takes::Groups(count) => {
                if self.schema.get("type") != Some(&json!("array")) {
                    self.make_array();
                }
                self.put("minItems", count);
                self.put("maxItems", count);
            }
        }
        if let Takes::Groups(_) = takes {
            self.make_array();
        }
        let Some(rule) = self.rule.as_mut().filter(|rule| !rule.is_position()) else { return };
        rule.is_joined = takes == Takes::JoinedOrNone;
        rule.is_counted = takes == Takes::Times;
        rule.is_together = matches!(takes, Takes::Together | Takes::Exactly(_) | Takes::Groups(_));
    }

    /// Makes it a list of what it was.
    pub(super) fn make_array(&mut self) {
        let items = std::mem::take(&mut self.schema);
        self.put("type", "array");
        self.put("items", Value::Object(items));
    }
}

/// The input of one field of a table of options.
pub(super) fn table_input(name: &str, spec: &Value, is_word: bool, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let dashed = |name: &str| if name.chars().count() == 1 { format!("-{name}") } else { format!("--{name}") };
    let long = |name: &str| if spec.get("short").is_some() { format!("--{name}") } else { dashed(name) };
    let mut written = vec![if is_word { name.to_owned() } else { long(name) }];
    if !is_word {
        let other = |key: &str| {
            spec.get(key)
                .into_iter()
                .flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice))
        };
        written.extend(["short", "alias"].into_iter().flat_map(other).filter_map(Value::as_str).map(dashed));
    }
    let (key, rule) = rule_of(&written, taken)?;
    let mut input = DeclaredInput::text(&key, rule);
    let text = |key: &str| spec.get(key).and_then(Value::as_str);
    if let Some(word) = text("type") {
        match word {
            "count" => input.takes(Takes::Times),
            "array" => input.takes(Takes::Repeated),
            _ => input.schema = type_word(word),
        }
    } else if spec.get("number") == Some(&json!(true)) {
        input.schema = type_word("number");
    } else if spec.get("boolean") == Some(&json!(true)) {
        input.schema = type_word("bool");
    }
    if spec.get("array") == Some(&json!(true)) || spec.get("multiple") == Some(&json!(true)) {
        input.takes(Takes::Repeated);
    }
    if let Some(choices) = spec.get("choices").filter(|choices| choices.is_array()) {
        input.put("enum", choices.clone());
    }
    let is = |key: &str| spec.get(key).is_some_and(|value| *value == json!(true) || value.is_string());
    input.required = ["demandOption", "demand", "required", "require"].into_iter().any(is);
    let words = ["describe", "description", "desc"].into_iter().find_map(text).unwrap_or_default();
    Some(finished(input, words, spec.get("default").cloned()))
}
