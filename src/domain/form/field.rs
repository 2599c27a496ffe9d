//! One field: what it takes, and its content.

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
    /// Text, with several lines if `multiline`.
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
    /// Valid JSON is read as JSON, anything else as text.
    Any,
    /// An object whose members are the fields after it. Its only text is the whole object as JSON.
    Group,
    /// An object of one of these forms; the members of the chosen one are the fields after it.
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

    /// The typed text and its value; `None` if it has no value.
    pub(super) fn typed(text: &str, value: Option<Value>) -> State {
        State { value, text: Some(text.to_owned()), error: None }
    }

    /// The typed text, and why it is invalid.
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
    /// Keys from the top of the input; empty if the field is the whole input.
    pub path: Vec<String>,
    /// The title in the schema, otherwise the key.
    pub label: String,
    /// The number of groups that contain it.
    pub depth: usize,
    /// Determines how the entered text becomes a value.
    pub kind: FieldKind,
    /// Whether it is required in its object.
    pub required: bool,
    /// The description in the schema, unchanged.
    pub description: String,
    /// What it takes, in words.
    pub hint: String,
    /// The value that the tool uses if it is left out.
    pub default: Option<Value>,
    /// The value of the first example that has one.
    pub example: Option<Value>,
    pub(super) state: State,
    /// Group, variant: the object exists even if all members are empty.
    pub(super) present: bool,
    /// Group, variant: properties without a field.
    pub(super) extra: Map<String, Value>,
    pub(super) takes_extra: bool,
    /// Variant: the chosen form.
    chosen: Option<usize>,
    /// Group, variant: the schema of its members.
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

    /// The text as it would be entered; empty if nothing is entered.
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

    /// Whether something is entered, including an explicit empty text.
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
