//! Definitions as text: what somebody gives to `define --from`, what `show --json` gives back, and the two forms in
//! which they are written.

use super::changes::Changes;
use crate::catalog::{self, DefinitionForm};
use crate::domain::{Kind, ToolDetail, ToolName, is_redacted, shown_variable};
use crate::engine::error::{EngineError, ErrorCode};
use serde_json::{Map, Value as Json, json};
use std::io::{self, Read};
use std::path::Path;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// The largest definition, in bytes; as large as a manifest may be.
const MAX_DEFINITION_BYTES: usize = 256 * 1024;

/// A definition that somebody gives.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// Name of the file; `-` for standard input. Its ending says how it is written.
    pub file: &'a str,
    /// Its contents, as read.
    pub bytes: &'a [u8],
}

/// The bytes of a definition that was opened: one more than it may have at most.
///
/// # Errors
/// `NotFound` when it could not be opened or read.
pub fn read_definition<R: Read>(named: &Path, opened: io::Result<R>) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Vec::new();
    let read = opened.and_then(|opened| opened.take(MAX_DEFINITION_BYTES as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => {
            let message = format!("cannot read {}: {error}", named.display());
            Err(EngineError::new(ErrorCode::NotFound, message, "name a file, or - for standard input"))
        }
    }
}

/// A definition that can be changed, in the form in which it is written.
#[derive(Debug)]
pub(super) enum Definition {
    /// A manifest of ours, with its comments.
    Native(DocumentMut),
    /// A companion program's.
    Companion(Map<String, Json>),
}

fn usage(message: String, hint: &str) -> EngineError {
    EngineError::new(ErrorCode::Usage, message, hint)
}

impl Definition {
    /// Reads the text of a definition file.
    ///
    /// # Errors
    /// `Conflict` for a form in which nothing can be changed.
    pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Definition, EngineError> {
        let by_hand = |why: &str| {
            let message = format!("{path} cannot be changed: {why}");
            EngineError::new(ErrorCode::Conflict, message, "change the file with an editor")
        };
        let text = std::str::from_utf8(bytes).map_err(|_| by_hand("it is not text"))?;
        if ending(path) == "toml" {
            return text
                .parse()
                .map(Definition::Native)
                .map_err(|error: toml_edit::TomlError| by_hand(error.message()));
        }
        let fields = catalog::definition_fields(path, bytes).map_err(|problem| by_hand(&problem.message))?;
        if ending(path) == "json" && catalog::definition_form(&fields) == DefinitionForm::Companion {
            return Ok(Definition::Companion(fields));
        }
        Err(by_hand("it is not written in TOML"))
    }

    /// Writes changes into it.
    ///
    /// # Errors
    /// `Conflict` with what of it cannot be changed.
    pub(super) fn change(&mut self, changes: &Changes) -> Result<(), EngineError> {
        let written = match self {
            Definition::Native(document) => changes.write_toml(document),
            Definition::Companion(fields) => changes.write_json(fields),
        };
        written.map_err(|why| EngineError::new(ErrorCode::Conflict, why, "change the definition with an editor"))
    }

    /// States a version.
    pub(super) fn set_version(&mut self, version: &semver::Version) {
        match self {
            Definition::Native(document) => set_text(document, "version", &version.to_string()),
            Definition::Companion(fields) => drop(fields.insert("version".to_owned(), json!(version.to_string()))),
        }
    }

    fn set_name(&mut self, name: &ToolName) {
        match self {
            Definition::Native(document) => set_text(document, "name", name.as_str()),
            Definition::Companion(fields) => drop(fields.insert("name".to_owned(), json!(name))),
        }
    }

    /// The file that it is written as, in a folder of its own.
    pub(super) fn file_name(&self) -> &'static str {
        match self {
            Definition::Native(_) => "tool.toml",
            Definition::Companion(_) => "tool.json",
        }
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        match self {
            Definition::Native(document) => document.to_string(),
            Definition::Companion(fields) => {
                // A table of JSON values can always be written.
                serde_json::to_string_pretty(fields).map(|text| text + "\n").unwrap_or_default()
            }
        }
    }
}

/// The ending of a file name; empty without one.
fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Gives a key at the top its text; what is written around the old one stays.
fn set_text(document: &mut DocumentMut, key: &str, text: &str) {
    match document.get_mut(key) {
        Some(Item::Value(old)) => {
            let decor = old.decor().clone();
            *old = text.into();
            *old.decor_mut() = decor;
        }
        _ => drop(document.insert(key, toml_edit::value(text))),
    }
}

/// Reads what is imported, as the definition of this name.
///
/// # Errors
/// `Usage` for what is not a definition of a service, with the reason; for a file of several of which none has the
/// name; for a value that is masked.
pub(super) fn read(import: &Import<'_>, name: &ToolName) -> Result<Definition, EngineError> {
    let shown = if import.file == "-" { "standard input" } else { import.file };
    let hint = "give a tool.toml, the `definition` of `toolsmith show NAME --json`, or a definition in JSON";
    let wrong = |why: &str| usage(format!("{shown} is not a definition: {why}"), hint);
    if import.bytes.len() > MAX_DEFINITION_BYTES {
        return Err(wrong(&format!("it has more than {MAX_DEFINITION_BYTES} bytes")));
    }
    let text = std::str::from_utf8(import.bytes).map_err(|_| wrong("it is not text"))?;
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let path = match import.file.rsplit('.').next() {
        _ if is_json => "definition.json",
        Some("yaml" | "yml") => "definition.yaml",
        _ => "definition.toml",
    };
    let chosen = if is_json { chosen(text, name, &wrong)? } else { None };
    let bytes = chosen.as_ref().map_or(import.bytes.to_vec(), |fields| json!(fields).to_string().into_bytes());
    let fields = catalog::definition_fields(path, &bytes).map_err(|problem| {
        let line = problem.line.filter(|_| chosen.is_none()).map(|line| format!("line {line}: ")).unwrap_or_default();
        wrong(&format!("{line}{}", problem.message))
    })?;
    refuse_masked(&Json::Object(fields.clone()), &mut Vec::new())?;
    let mut definition = match catalog::definition_form(&fields) {
        DefinitionForm::Companion => Definition::Companion(fields),
        DefinitionForm::Native if fields.get("kind").and_then(Json::as_str) != Some(Kind::Service.word()) => {
            return Err(wrong("its kind is not service"));
        }
        DefinitionForm::Native if ending(path) == "toml" => {
            Definition::Native(text.parse().map_err(|error: toml_edit::TomlError| wrong(error.message()))?)
        }
        DefinitionForm::Native => Definition::Native(document_of(&fields).map_err(|why| wrong(&why))?),
        DefinitionForm::Other => return Err(wrong("it has neither a kind nor an executable")),
    };
    definition.set_name(name);
    Ok(definition)
}

/// The one definition that is meant, of a JSON text: what `show --json` printed holds one, a file may hold several.
fn chosen(
    text: &str,
    name: &ToolName,
    wrong: &dyn Fn(&str) -> EngineError,
) -> Result<Option<Map<String, Json>>, EngineError> {
    let Ok(value) = serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')) else { return Ok(None) };
    if let (Some(inner), true) = (value.get("definition").and_then(Json::as_object), value.get("tool").is_some()) {
        return Ok(Some(inner.clone()));
    }
    let mut several = catalog::definitions_in(&value);
    match several.iter().position(|(known, _)| known == name.as_str()) {
        Some(at) => Ok(Some(several.swap_remove(at).1)),
        None if several.len() == 1 => Ok(several.pop().map(|(_, fields)| fields)),
        None if several.is_empty() => Ok(None),
        None => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Err(wrong(&format!("it holds several, none of them {name}: {}", names.join(", "))))
        }
    }
}

/// Refuses a mark that stands for a secret: as a value it would be wrong, and nobody would see it.
fn refuse_masked(value: &Json, at: &mut Vec<String>) -> Result<(), EngineError> {
    match value {
        Json::String(text) if is_redacted(text) => Err(usage(
            format!("the value of {} is masked", at.join(".")),
            "remove it, and name the variable in [permissions] env; its value comes from your environment then",
        )),
        Json::Array(items) => items.iter().try_for_each(|item| refuse_masked(item, at)),
        Json::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            at.push(key.clone());
            refuse_masked(value, at)?;
            at.pop();
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// A TOML document with these fields.
fn document_of(fields: &Map<String, Json>) -> Result<DocumentMut, String> {
    let mut document = DocumentMut::new();
    fill(document.as_table_mut(), fields)?;
    Ok(document)
}

fn fill(table: &mut Table, fields: &Map<String, Json>) -> Result<(), String> {
    let is_tables =
        |items: &[Json]| !items.is_empty() && items.iter().all(|item| item.as_object().is_some_and(|t| !t.is_empty()));
    for (key, value) in fields {
        let item = match value {
            // Absent and null are the same to whoever reads it.
            Json::Null => continue,
            Json::Object(fields) => {
                let mut inner = Table::new();
                fill(&mut inner, fields)?;
                Item::Table(inner)
            }
            Json::Array(items) if is_tables(items) => {
                let mut tables = ArrayOfTables::new();
                for fields in items.iter().filter_map(Json::as_object) {
                    let mut inner = Table::new();
                    fill(&mut inner, fields)?;
                    tables.push(inner);
                }
                Item::ArrayOfTables(tables)
            }
            value => Item::Value(inline(value).ok_or_else(|| format!("{key} has a value that TOML cannot hold"))?),
        };
        table.insert(key, item);
    }
    Ok(())
}

/// A value in one line; `None` for what TOML cannot hold.
fn inline(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(is) => (*is).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().filter(|_| !number.is_u64())?.into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::Array(items.iter().map(inline).collect::<Option<Array>>()?),
        Json::Object(fields) => {
            let mut table = InlineTable::new();
            for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                table.insert(key, inline(value)?);
            }
            Value::InlineTable(table)
        }
    })
}

/// The definition of a service as its file states it, values of secrets masked; `None` for anything else.
pub fn definition_of(detail: &ToolDetail) -> Option<Json> {
    let mut fields = stated(detail)?;
    for table in ["run", "environment"] {
        let table = fields.get_mut(table);
        let env = if table.as_ref().is_some_and(|table| table.get("env").is_some()) {
            table.and_then(|table| table.get_mut("env"))
        } else {
            table
        };
        for (name, value) in env.and_then(Json::as_object_mut).into_iter().flatten() {
            if let Some(text) = value.as_str() {
                *value = json!(shown_variable(name, text));
            }
        }
    }
    Some(Json::Object(fields))
}

/// The fields of the definition file of a service.
pub(super) fn stated(detail: &ToolDetail) -> Option<Map<String, Json>> {
    if detail.tool.kind != Kind::Service {
        return None;
    }
    let (path, file) = definition_file(detail)?;
    catalog::definition_fields(path, &detail.files[file].bytes).ok()
}

/// Path and number of the file that is the definition of a version.
pub(super) fn definition_file(detail: &ToolDetail) -> Option<(&str, usize)> {
    let known = detail.tool.path.rsplit('/').next()?;
    let at = detail.files.iter().position(|file| file.path == known)?;
    Some((&detail.files[at].path, at))
}
