//! Definitions of companion programs as `aish tools define` and its relatives write them: a program, its arguments,
//! a port, a health check.
//!
//! Lenient, and nothing is lost: what our fields do not hold exactly as it was stays in `extra`.

use super::document::Document;
use super::draft::{self, Draft};
use super::fields::TableFields;
use super::service;
use crate::catalog::argv::CommandWords;
use crate::domain::service::{HealthCheck, PortMode, PortNumber, PortPass, PortRule, Probe, ServiceDefinition};
use crate::domain::{Dialect, InputMode, Kind, Problem, ProblemCode, Provenance, Recipe, count};
use serde_json::{Map, Value};

/// The name of the only port.
const PORT: &str = "port";

/// Types of other dialects; documents with these types are not read here.
const OTHER_TYPES: &[&str] = &[
    "executable",
    "command",
    "script",
    "stream_producer",
    "stream_consumer",
    "llm",
    "prompt",
    "openapi",
    "http",
    "mcp",
    "custom",
    "workflow",
];

/// Whether a table is such a definition, by its keys: it names a program or a base type, and contains at least one more
/// key that only these definitions have.
pub(super) fn is_definition(fields: &Map<String, Value>) -> bool {
    let says = |key: &str| fields.get(key).is_some_and(|value| !value.is_null());
    let text = |key: &str| fields.get(key).is_some_and(Value::is_string);
    let is_other = ["run", "kind", "command", "service"].into_iter().any(says)
        || fields.get("type").is_some_and(|kind| kind.as_str().is_none_or(|kind| OTHER_TYPES.contains(&kind)));
    let marks = ["launch_args", "health_check"].into_iter().filter(|key| says(key)).count();
    let named = [text("executable"), text("base_type")].into_iter().filter(|is| *is).count();
    !is_other && named > 0 && named + marks >= 2 && (text("executable") || !says("executable"))
}

/// The definitions in a file that holds several, each with its name: a list of them, a map of names to them, or one of
/// both below `tools` or `definitions`. Empty when it holds anything else.
pub(super) fn collection(value: &Value) -> Vec<(String, Map<String, Value>)> {
    let entries: Vec<(Option<&String>, &Value)> = match value {
        Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
        Value::Object(table) if is_definition(table) => return Vec::new(),
        Value::Object(table) => {
            if let Some(inner) = ["tools", "definitions"].into_iter().find_map(|key| table.get(key)) {
                return collection(inner);
            }
            table.iter().map(|(name, value)| (Some(name), value)).collect()
        }
        _ => return Vec::new(),
    };
    let mut found = Vec::with_capacity(entries.len());
    for (key, entry) in entries {
        let Some(table) = entry.as_object().filter(|table| is_definition(table)) else { return Vec::new() };
        let mut table = table.clone();
        if let Some(key) = key {
            table.entry("name").or_insert_with(|| Value::String(key.clone()));
        }
        let name = table.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        found.push((name, table));
    }
    found
}

/// Whether a table holds definitions instead of being one.
pub(super) fn are_several(fields: &Map<String, Value>) -> bool {
    ["tools", "definitions"].iter().any(|key| fields.contains_key(*key))
        && !collection(&Value::Object(fields.clone())).is_empty()
}

/// The problem of a file that is not a definition. If it contains several definitions, the message says so, because a
/// file gives one row of the catalog.
pub(super) fn explained(problem: Problem, value: &Value) -> Problem {
    let entries = collection(value);
    if entries.is_empty() {
        return problem;
    }
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).take(5).collect();
    let more = if entries.len() > names.len() { ", …" } else { "" };
    Problem {
        code: ProblemCode::UnknownDialect,
        message: format!("it holds {}: {}{more}", count(entries.len(), "definition"), names.join(", ")),
        hint: format!(
            "import each with its name, such as `toolsmith define {} --from` and the path of this file",
            names[0]
        ),
        ..problem
    }
}

/// Reads one definition.
///
/// # Errors
/// A missing or invalid name, an invalid port, or a health check in an unknown form.
pub(super) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?;
    let mut manifest = draft::blank(draft::foreign_name(document, name.as_deref())?, Dialect::CiTool);
    manifest.kind = Kind::Service;
    if let Some(Value::String(_)) = fields.peek("display_name") {
        manifest.title = fields.text("display_name")?;
    }
    manifest.description = fields.text("description")?.unwrap_or_default();
    manifest.capabilities = capabilities(&mut fields)?;
    if let Some(version) = fields.peek("version").and_then(Value::as_str).and_then(draft::loose_version)
        && fields.peek("version").and_then(Value::as_str) == Some(version.to_string().as_str())
    {
        fields.any("version");
        manifest.version = version;
    }
    let mut service = ServiceDefinition::default();
    if let Some(word) = fields.text("base_type")? {
        (service.adapter, service.profile) = service::adapter_of(&word)
            .map_err(|message| fields.bad("base_type", message, "write generic, text, none or a name"))?;
    }
    service.ports = port(&mut fields)?;
    service.health = health(&mut fields, &service)?;
    manifest.service = Some(service);
    let words = command(&mut fields)?;
    let mut recipe = Recipe::blank(InputMode::None);
    environment(&mut fields, &mut recipe)?;
    manifest.recipe = Some(recipe);
    manifest.provenance = Provenance {
        created_by: fields.text("defined_by")?,
        created_at: fields.text("created_at")?,
        ..Provenance::default()
    };
    draft::settle_input(&mut manifest, words.as_ref().unwrap_or(&CommandWords::default()), Some(InputMode::None));
    manifest.extra = fields.rest();
    let origin = draft::origin_of(manifest.provenance.created_by.as_deref());
    Ok(Draft::of_command(manifest, words, origin))
}

/// A list of names, a text of them, or a map of names to whether it has them; the map stays in `extra`, because it
/// also says what the program cannot do.
fn capabilities(fields: &mut TableFields<'_, '_>) -> Result<Vec<String>, Problem> {
    match fields.peek("capabilities") {
        Some(Value::Object(table)) => {
            let names = table.iter().filter(|(_, value)| is_truthy(value)).map(|(name, _)| name.clone());
            Ok(names.take(super::limits::LIST_ITEMS).collect())
        }
        _ => fields.words("capabilities"),
    }
}

/// Whether a value counts as yes in the language that these files come from.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(table) => !table.is_empty(),
    }
}

/// The program and its arguments; arguments in one text are split as a shell does.
fn command(fields: &mut TableFields<'_, '_>) -> Result<Option<CommandWords>, Problem> {
    let program = fields.text("executable")?.filter(|program| !program.trim().is_empty());
    let arguments = match fields.peek("launch_args") {
        Some(Value::String(line)) => {
            let words = shell_words::split(line).map_err(|error| {
                let hint = "close the quote, or write a list of arguments";
                fields.bad("launch_args", format!("launch_args cannot be split: {error}"), hint)
            })?;
            fields.any("launch_args");
            words
        }
        _ => fields.words("launch_args")?,
    };
    Ok(program.map(|program| CommandWords([vec![program], arguments].concat())))
}

fn environment(fields: &mut TableFields<'_, '_>, recipe: &mut Recipe) -> Result<(), Problem> {
    let mut env = fields.table("environment")?;
    let names: Vec<String> =
        env.keys().filter(|name| !name.is_empty() && !name.contains(['=', '\0'])).cloned().collect();
    for name in names {
        if let Some(value) = env.any(&name) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            recipe.env.insert(name, text);
        }
    }
    fields.give_back("environment", env.rest());
    Ok(())
}

fn port(fields: &mut TableFields<'_, '_>) -> Result<Vec<PortRule>, Problem> {
    let Some(value) = fields.any("port") else { return Ok(Vec::new()) };
    let port = service::port_number(&value)
        .map_err(|message| fields.bad("port", message, "write a number from 1 to 65535, or \"auto\""))?;
    // A stated port was chosen by somebody, and clients know it.
    let mode = matches!(port, PortNumber::Number(_)).then_some(PortMode::Fixed);
    Ok(vec![PortRule { name: PORT.to_owned(), port, mode, pass: PortPass::Relay }])
}

/// A word, a command, or a table with one of `http`, `tcp`, `exec`; an unknown word means no check, and stays in
/// `extra`.
fn health(fields: &mut TableFields<'_, '_>, service: &ServiceDefinition) -> Result<HealthCheck, Problem> {
    let mut check = service.health.clone();
    let hint = "write ping, version, status, none, a command as a list, or {\"http\": \"/health\"}";
    check.probe = match fields.peek("health_check").cloned() {
        None | Some(Value::Bool(false)) => None,
        Some(Value::String(word)) => {
            let asked = service::probe_of(&word);
            if asked.is_ok() {
                fields.any("health_check");
            }
            asked.unwrap_or_default()
        }
        Some(Value::Array(_)) => {
            let words = fields.words("health_check")?;
            Some(Probe::Exec(words)).filter(|probe| *probe != Probe::Exec(Vec::new()))
        }
        Some(Value::Object(table)) => {
            let probe = custom(&table, !service.ports.is_empty())
                .map_err(|message| fields.bad("health_check", message, hint))?;
            if table.len() == 1 {
                fields.any("health_check");
            }
            Some(probe)
        }
        Some(_) => return Err(fields.bad("health_check", "health_check has no known form".to_owned(), hint)),
    };
    Ok(check)
}

fn custom(table: &Map<String, Value>, has_port: bool) -> Result<Probe, String> {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let list = |key: &str| table.get(key).and_then(Value::as_array);
    if let Some(path) = text("http") {
        if !has_port {
            return Err("health_check asks a port, but the definition has none".to_owned());
        }
        if !service::is_http_path(path) {
            return Err(format!("health_check: {path:?} is not a path of a request"));
        }
        return Ok(Probe::Http { port: PORT.to_owned(), path: path.to_owned(), status: 200 });
    }
    let words = ["exec", "command"]
        .into_iter()
        .find_map(list)
        .map(|words| words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect::<Vec<String>>());
    match words.filter(|words| !words.is_empty()) {
        Some(words) => Ok(Probe::Exec(words)),
        None => Err("health_check has no known form".to_owned()),
    }
}

#[cfg(test)]
#[path = "ci_tool_tests.rs"]
mod tests;
