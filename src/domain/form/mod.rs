//! The input of a tool as fields that a human can fill in.
//!
//! A form is made from a JSON Schema (2020-12, and the loose variants that agents write). It loses nothing: values that
//! the schema does not describe, or that do not fit it, are kept and returned by [`Form::value`]. It validates, but
//! neither draws nor prompts.

mod entry;
mod field;
mod schema;

pub use field::{Field, FieldKind, Scalar};

use super::manifest::Example;
use super::schema::Checker;
use field::State;
use serde_json::{Map, Value};
use std::sync::Arc;

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The text is invalid for the field.
    #[error("{field}: {message}")]
    BadText {
        /// Path of the field.
        field: String,
        /// What the field takes.
        message: String,
    },
    /// There is no such field, and the schema allows no others.
    #[error("unknown field {field}; known fields: {known}")]
    UnknownField {
        /// The path asked for.
        field: String,
        /// The existing paths.
        known: String,
    },
    /// An assignment without `=`.
    #[error("{0:?} is not KEY=VALUE")]
    NotAnAssignment(String),
}

/// A violation of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The index of the field; `None` if it concerns the whole input.
    pub field: Option<usize>,
    /// One line, without the name of the field.
    pub message: String,
}

/// Fields, their entries, and their schema.
#[derive(Debug, Clone)]
pub struct Form {
    fields: Vec<Field>,
    /// The normalised schema.
    schema: Value,
    checker: Option<Arc<Checker>>,
    unchecked: Option<String>,
    /// Properties of the whole input without a field.
    extra: Map<String, Value>,
    takes_extra: bool,
    examples: Vec<Value>,
}

impl Form {
    /// Makes the form of a schema. `last` pre-fills it exactly; without it, the defaults do. Examples are shown and can
    /// be filled in, but never automatically. Without a schema, the whole input is one JSON field.
    pub fn from_schema(schema: Option<&Value>, last: Option<&Value>, examples: &[Example]) -> Form {
        let schema = schema.map_or(Value::Bool(true), schema::tidy);
        let (checker, unchecked) = match Checker::new(&schema) {
            Ok(checker) => (Some(Arc::new(checker)), None),
            Err(message) => (None, Some(message)),
        };
        let examples: Vec<Value> = examples.iter().map(|example| example.input.clone()).collect();
        let mut form = Form {
            fields: Vec::new(),
            takes_extra: schema.get("additionalProperties") != Some(&Value::Bool(false)),
            schema,
            checker,
            unchecked,
            extra: Map::new(),
            examples,
        };
        form.refill(last);
        form
    }

    /// The fields in order; a group comes before its members.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether there is nothing to fill in.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Why the input is not validated: the schema itself is invalid. `None` if it is validated.
    pub fn unchecked(&self) -> Option<&str> {
        self.unchecked.as_deref()
    }

    /// The number of examples.
    pub fn example_count(&self) -> usize {
        self.examples.len()
    }

    /// Replaces all entries by those of an example. Returns whether there is such an example.
    pub fn fill_example(&mut self, index: usize) -> bool {
        let example = self.examples.get(index).cloned();
        if let Some(example) = &example {
            self.refill(Some(example));
        }
        example.is_some()
    }

    /// Replaces all entries by a whole input.
    pub fn set_value(&mut self, value: &Value) {
        self.refill(Some(value));
    }

    /// The index of a field by its dotted path.
    pub fn position(&self, path: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.dotted() == path)
    }

    /// Enters a text by dotted path; see [`Form::set_text_at`].
    ///
    /// # Errors
    /// There is no such field, or it does not take the text.
    pub fn set_text(&mut self, path: &str, text: &str) -> Result<(), FormError> {
        match self.position(path) {
            Some(index) => self.set_text_at(index, text),
            None => Err(self.unknown(path)),
        }
    }

    /// Enters a text. It is kept even if it is invalid, and [`Form::violations`] reports it until it is fixed. An empty
    /// text empties the field.
    ///
    /// # Errors
    /// What the field takes.
    pub fn set_text_at(&mut self, index: usize, text: &str) -> Result<(), FormError> {
        let Some(field) = self.fields.get_mut(index) else { return Ok(()) };
        if field.text() == text {
            return field.state.error().map_or(Ok(()), |message| Err(bad_text(field, message)));
        }
        match field.kind {
            FieldKind::Group => self.set_group(index, text),
            FieldKind::Variant(_) => self.set_variant(index, text),
            _ => {
                field.state = entry::parse(&field.kind, text);
                field.state.error().map_or(Ok(()), |message| Err(bad_text(field, message)))
            }
        }
    }

    /// The text of a field by dotted path, as it would be entered; empty if nothing is entered.
    pub fn text_of(&self, path: &str) -> String {
        self.position(path).and_then(|index| self.fields.get(index)).map_or_else(String::new, Field::text)
    }

    /// Selects the next (`1`) or the previous (`-1`) option of a choice, switch or variant. The options of an optional
    /// field include no value.
    pub fn step_option(&mut self, index: usize, by: isize) {
        let Some(field) = self.fields.get(index) else { return };
        let mut options = field.options();
        if options.is_empty() {
            return;
        }
        if !field.required {
            options.insert(0, String::new());
        }
        let now = options.iter().position(|option| *option == field.text());
        let next = match now {
            Some(at) => (at as isize + by).rem_euclid(options.len() as isize) as usize,
            None if by < 0 => options.len() - 1,
            None => 0,
        };
        // An option of the field is always valid.
        let _ = self.set_text_at(index, &options[next]);
    }

    /// Sets one value from `KEY=VALUE` by the type of the field. KEY is a dotted path. A key without a field is added
    /// if the schema allows it, as JSON if it is valid JSON, otherwise as text.
    ///
    /// # Errors
    /// No `=`, no such field, or the field does not take the value.
    pub fn apply_set(&mut self, assignment: &str) -> Result<(), FormError> {
        let Some((key, text)) = assignment.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(FormError::NotAnAssignment(assignment.to_owned()));
        };
        if let Some(index) = self.position(key) {
            self.set_text_at(index, text)?;
            // An empty text is a value here: the caller wrote `KEY=`.
            let field = &mut self.fields[index];
            if text.is_empty() && matches!(field.kind, FieldKind::Text { .. } | FieldKind::Any) {
                field.state = State::given(Value::String(String::new()));
            }
            return Ok(());
        }
        let keys: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.add_unknown(&keys, entry::json_or_text(text)).ok_or_else(|| self.unknown(key))
    }

    /// The whole input. Empty fields are left out; an invalid text is included unchanged.
    pub fn value(&self) -> Value {
        if let [whole] = self.fields.as_slice()
            && whole.path.is_empty()
        {
            return whole.state.value().unwrap_or_else(|| Value::Object(self.extra.clone()));
        }
        let mut root = Value::Object(Map::new());
        for field in &self.fields {
            match &field.kind {
                FieldKind::Group | FieldKind::Variant(_) => {
                    if field.present || !field.extra.is_empty() {
                        entry::insert(&mut root, &field.path, None);
                    }
                }
                _ => {
                    if let Some(value) = field.state.value() {
                        entry::insert(&mut root, &field.path, Some(value));
                    }
                }
            }
        }
        for field in self.fields.iter().filter(|field| !field.extra.is_empty()) {
            entry::extend(&mut root, &field.path, &field.extra);
        }
        entry::extend(&mut root, &[], &self.extra);
        root
    }

    /// Why the input is invalid: first the invalid texts of fields, then the violations of the schema.
    pub fn violations(&self) -> Vec<FieldViolation> {
        let own = |(index, field): (usize, &Field)| {
            let message = field.state.error()?.to_owned();
            Some(FieldViolation { field: Some(index), message })
        };
        let mut all: Vec<FieldViolation> = self.fields.iter().enumerate().filter_map(own).collect();
        let Some(checker) = &self.checker else { return all };
        for violation in checker.violations(&self.value()) {
            let field = self.field_at(&violation.path);
            if field.is_none() || !all.iter().any(|known| known.field == field) {
                all.push(FieldViolation { field, message: violation.message });
            }
        }
        all
    }

    /// The field of a JSON pointer: the one with the longest path that is a prefix of it.
    fn field_at(&self, pointer: &str) -> Option<usize> {
        let keys: Vec<String> =
            pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect();
        let leads = |(_, field): &(usize, &Field)| keys.starts_with(&field.path);
        let longest = self.fields.iter().enumerate().filter(leads).max_by_key(|(_, field)| field.path.len())?;
        (!longest.1.path.is_empty() || self.fields.len() == 1).then_some(longest.0)
    }

    fn refill(&mut self, given: Option<&Value>) {
        let plan = schema::plan(&self.schema, given, &self.examples);
        self.fields = plan.fields;
        self.extra = plan.extra;
    }

    fn set_group(&mut self, index: usize, text: &str) -> Result<(), FormError> {
        let parsed = if text.is_empty() { Ok(None) } else { entry::json(text).map(Some) };
        match parsed {
            Ok(value) if value.as_ref().is_none_or(Value::is_object) => {
                self.replant(index, value.as_ref());
                Ok(())
            }
            Ok(_) => Err(bad_text(&self.fields[index], "enter a JSON object")),
            Err(message) => Err(bad_text(&self.fields[index], &message)),
        }
    }

    fn set_variant(&mut self, index: usize, text: &str) -> Result<(), FormError> {
        let field = &self.fields[index];
        let options = field.options();
        if !text.is_empty() && !options.iter().any(|option| option == text) {
            return match entry::json(text) {
                Ok(value @ Value::Object(_)) => {
                    self.replant(index, Some(&value));
                    Ok(())
                }
                _ => Err(bad_text(field, &format!("enter one of {}", options.join(", ")))),
            };
        }
        let chosen = options.iter().position(|option| option == text);
        let span = self.members(index);
        let fields = schema::variant_members(&self.schema, &self.fields[index], chosen);
        self.fields[index].extra.clear();
        self.fields[index].choose(chosen);
        self.fields.splice(span, fields);
        Ok(())
    }

    /// Recreates a group or variant and its members from a value.
    fn replant(&mut self, index: usize, value: Option<&Value>) {
        let span = index..self.members(index).end;
        let fields = schema::replant(&self.schema, &self.fields[index], value);
        self.fields.splice(span, fields);
    }

    /// The members of a group.
    fn members(&self, index: usize) -> std::ops::Range<usize> {
        let path = &self.fields[index].path;
        let below = |field: &&Field| field.path.len() > path.len() && field.path.starts_with(path);
        index + 1..index + 1 + self.fields[index + 1..].iter().take_while(below).count()
    }

    /// Sets a value without a field: in a JSON field, a group, or the whole input. `None` if the schema forbids it.
    fn add_unknown(&mut self, keys: &[String], value: Value) -> Option<()> {
        let above = |field: &&mut Field| keys.len() > field.path.len() && keys.starts_with(&field.path);
        let nearest = self.fields.iter_mut().filter(above).max_by_key(|field| field.path.len());
        let depth = nearest.as_ref().map_or(0, |field| field.path.len());
        match nearest {
            Some(field) if matches!(field.kind, FieldKind::Json | FieldKind::Any) => {
                let mut whole = field.state.value().unwrap_or_else(|| Value::Object(Map::new()));
                if !whole.is_object() {
                    return None;
                }
                entry::insert(&mut whole, &keys[depth..], Some(value));
                field.state = State::given(whole);
            }
            Some(field) if matches!(field.kind, FieldKind::Group | FieldKind::Variant(_)) => {
                if !field.takes_extra {
                    return None;
                }
                let mut whole = Value::Object(std::mem::take(&mut field.extra));
                entry::insert(&mut whole, &keys[depth..], Some(value));
                field.extra = entry::into_object(whole);
                field.present = true;
            }
            None if self.takes_extra => {
                let mut whole = Value::Object(std::mem::take(&mut self.extra));
                entry::insert(&mut whole, keys, Some(value));
                self.extra = entry::into_object(whole);
            }
            Some(_) | None => return None,
        }
        Some(())
    }

    fn unknown(&self, path: &str) -> FormError {
        let known: Vec<String> = self.fields.iter().map(Field::dotted).filter(|path| !path.is_empty()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        FormError::UnknownField { field: path.to_owned(), known }
    }
}

fn bad_text(field: &Field, message: &str) -> FormError {
    FormError::BadText { field: field.dotted(), message: message.to_owned() }
}

#[cfg(test)]
mod any_schema_tests;
#[cfg(test)]
mod tests;
