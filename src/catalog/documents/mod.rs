//! Documents that other programs write, each format in one file. None executes anything.

pub(super) mod bashly;
pub(super) mod declaration;
pub(super) mod feature;
pub(super) mod flow;
pub(super) mod function;
pub(super) mod metadata;
mod placeholders;
mod places;
pub(super) mod registry;
pub(super) mod specification;
pub(super) mod tool_list;
pub(super) mod workflow;

use super::document::Document;
use super::draft::{self, Naming};
use crate::domain::{Problem, is_hidden};
use serde_json::Value;

/// The text of a field; empty if there is none.
fn text<'d>(value: &'d Value, key: &str) -> &'d str {
    value.get(key).and_then(Value::as_str).map(str::trim).unwrap_or_default()
}

/// The name that a title gives; the file's own where the title has no letters for one.
///
/// # Errors
/// A [`Problem`] for a missing title, and for one with hidden characters.
fn titled(document: &Document<'_>, title: Option<&str>) -> Result<Naming, Problem> {
    let stem = draft::stem_of(document.path);
    let title = title.map(str::trim).filter(|title| !title.is_empty()).unwrap_or(stem);
    draft::title_name(document, title)
}

/// Whether a text has hidden characters; line breaks and tabs do not count.
fn hides(text: &str) -> bool {
    text.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t'))
}
