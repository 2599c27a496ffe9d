//! What others ask of definitions as texts: their fields, their form, what a word of them means.

use super::document::{Document, Syntax};
use super::programs::Programs;
use super::{ci_tool, reading, service};
use crate::domain::service::{Adapter, PortNumber};
use crate::domain::{Manifest, Problem, ProblemCode, VersionFile};
use serde_json::{Map, Value};

/// How a definition is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionForm {
    /// With our own keys.
    Native,
    /// As a companion program: `executable`, `launch_args`, `base_type`, `health_check`.
    Companion,
    /// Neither.
    Other,
}

/// The fields of a definition in order, as they are written; the ending of the path says in which syntax.
///
/// # Errors
/// A [`Problem`] for what is no table of fields.
pub fn definition_fields(path: &str, bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let syntax = Syntax::of(path).ok_or_else(|| Problem {
        path: path.to_owned(),
        line: None,
        code: ProblemCode::UnknownDialect,
        message: "it is not a manifest".to_owned(),
        hint: "write it in TOML, YAML or JSON".to_owned(),
    })?;
    Ok(Document::parse(path, syntax, bytes)?.fields)
}

/// The form of a definition, by its fields.
pub fn definition_form(fields: &Map<String, Value>) -> DefinitionForm {
    if ci_tool::is_definition(fields) {
        DefinitionForm::Companion
    } else if fields.contains_key("kind") || fields.contains_key("run") {
        DefinitionForm::Native
    } else {
        DefinitionForm::Other
    }
}

/// The definitions of companion programs in a value that holds several, each with its name; empty when it holds
/// anything else.
pub fn definitions_in(value: &Value) -> Vec<(String, Map<String, Value>)> {
    ci_tool::collection(value)
}

/// What a definition says on its own, without its other files.
///
/// # Errors
/// A [`Problem`] with the first field that is wrong.
pub fn read_definition(file: &VersionFile) -> Result<Manifest, Problem> {
    let draft = reading::draft(file, &super::beside::Beside::default(), &Programs::on(&std::ffi::OsString::new()))?;
    let mut manifest = draft.manifest;
    if let (Some(recipe), Some(words)) = (&mut manifest.recipe, draft.words) {
        // As it is written: which program that is depends on the machine.
        recipe.command = words.0;
    }
    Ok(manifest)
}

/// The adapter that a word means, with the profile where the word is no adapter.
///
/// # Errors
/// Why the word is neither.
pub fn adapter_of(word: &str) -> Result<(Adapter, Option<String>), String> {
    service::adapter_of(word)
}

/// The number of a port, as a number or as text.
///
/// # Errors
/// Why it is none.
pub fn port_number(value: &Value) -> Result<PortNumber, String> {
    service::port_number(value)
}

/// Whether a text can be the path of a GET request as it is: it holds neither a blank nor a line break.
pub fn is_http_path(path: &str) -> bool {
    service::is_http_path(path)
}
