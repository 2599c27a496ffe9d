//! One field: what it takes, what it holds.

use super::entry;
use serde_json::{Map, Value};

/// A single value without structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// A line of text.
    Text,
    /// A number without a fraction.
    Integer,
    /// A number, with or without a fraction.
    Number,
    /// A JSON boolean, `true` or `false`.
    Switch,
}

/// What a field takes.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Text; of several lines where `multiline`.
    Text {
        /// Whether line breaks are expected.
        multiline: bool,
    },
    /// A number without a fraction.
    Integer,
    /// A number, with or without a fraction.
    Number,
    /// A JSON boolean, `true` or `false`.
    Switch,
    /// One of these values.
    Choice(Vec<Value>),
    /// A list, one item a line.
    List(Scalar),
    /// Any JSON value, typed as JSON.
    Json,
    /// JSON if it is JSON, text otherwise.
    Any,
    /// An object whose members are the fields behind it. Takes no text but the whole object as JSON.
    Group,
    /// An object of one of these forms; the members of the chosen one are the fields behind it.
    Variant(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    value: Option<Value>,
    text: Option<String>,
    error: Option<String>,
}

impl State {
    /// A value that was given, not typed.
    pub(super) fn given(value: Value) -> State {
        State { value: Some(value), text: None, error: None }
    }

    /// What was typed, and the value it stands for; `None` stands for nothing.
    pub(super) fn typed(text: &str, value: Option<Value>) -> State {
        State { value, text: Some(text.to_owned()), error: None }
    }

    /// What was typed, and why it cannot be taken.
    pub(super) fn wrong(text: &str, error: String) -> State {
        State { value: Some(Value::String(text.to_owned())), text: Some(text.to_owned()), error: Some(error) }
    }

    pub(super) fn value(&self) -> Option<Value> {
        self.value.clone()
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Keys from the whole input down; empty when the field is the whole input.
    pub path: Vec<String>,
    /// Title of the schema, else the key.
    pub label: String,
    /// How many groups it stands in.
    pub depth: usize,
    /// Decides how the entered text becomes a value.
    pub kind: FieldKind,
    /// Whether its object must have it.
    pub required: bool,
    /// What the schema says about it, as written there.
    pub description: String,
    /// What it takes, in words.
    pub hint: String,
    /// What the tool takes when it is left out.
    pub default: Option<Value>,
    /// The value of the first example that has one.
    pub example: Option<Value>,
    pub(super) state: State,
    /// Group, variant: the object is there even when all members are empty.
    pub(super) present: bool,
    /// Group, variant: properties that no field stands for.
    pub(super) extra: Map<String, Value>,
    pub(super) takes_extra: bool,
    /// Variant: which form is chosen.
    chosen: Option<usize>,
    /// Group, variant: the schema its members are made from.
    pub(super) schema: Value,
}

impl Field {
    pub(super) fn new(path: Vec<String>, label: String, kind: FieldKind) -> Field {
        Field {
            depth: path.len().saturating_sub(1),
            path,
            label,
            kind,
            required: false,
            description: String::new(),
            hint: String::new(),
            default: None,
            example: None,
            state: State::default(),
            present: false,
            extra: Map::new(),
            takes_extra: true,
            chosen: None,
            schema: Value::Null,
        }
    }

    /// The path as written in `KEY=VALUE`.
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// The text as it would be entered; empty when nothing is entered.
    pub fn text(&self) -> String {
        if let FieldKind::Variant(labels) = &self.kind {
            return self.chosen.and_then(|index| labels.get(index)).cloned().unwrap_or_default();
        }
        match (&self.state.text, &self.state.value) {
            (Some(text), _) => text.clone(),
            (None, Some(value)) => entry::text_of(&self.kind, value),
            (None, None) => String::new(),
        }
    }

    /// Whether something is entered, also an empty text that was given as such.
    pub fn is_filled(&self) -> bool {
        self.state.value.is_some() || self.chosen.is_some()
    }

    /// The texts to choose from, for choices, switches and variants; empty for all others.
    pub fn options(&self) -> Vec<String> {
        match &self.kind {
            FieldKind::Choice(values) => values.iter().map(entry::plain).collect(),
            FieldKind::Switch => vec!["false".to_owned(), "true".to_owned()],
            FieldKind::Variant(labels) => labels.clone(),
            FieldKind::Text { .. }
            | FieldKind::Integer
            | FieldKind::Number
            | FieldKind::List(_)
            | FieldKind::Json
            | FieldKind::Any
            | FieldKind::Group => Vec::new(),
        }
    }

    /// Whether its text may have several lines.
    pub fn is_multiline(&self) -> bool {
        matches!(self.kind, FieldKind::Text { multiline: true } | FieldKind::List(_) | FieldKind::Json | FieldKind::Any)
    }

    pub(super) fn choose(&mut self, chosen: Option<usize>) {
        self.chosen = chosen;
        self.present = chosen.is_some();
        if chosen.is_none() {
            self.extra.clear();
        }
    }
}
