//! Tools of the library as MCP tools (`--list pinned`, `--list all`): an agent calls them by name, without a search.
//! Each call is a `run`, with the same policy, sandbox and record.

use super::portable::portable;
use super::tools;
use super::visible::{WARNING, visible, visible_value};
use crate::domain::{Caller, Digest, Kind, Tool, ToolDetail};
use crate::engine::{Engine, EngineError, MayRun};
use rmcp::model::{JsonObject, Tool as Offer, ToolAnnotations};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;

/// Maximum length of a name in the protocol: clients prefix the name of the server, and some allow 60 characters for
/// both.
const MOST_NAME: usize = 37;
/// Number of digest digits in a name that was shortened, or that two tools share.
const DIGITS: usize = 6;
/// Maximum number of tools with `--list pinned`: a model reads each of them with every request.
const MOST_PINNED: usize = 40;

/// Which library tools are listed in addition to the eleven fixed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listed {
    /// None.
    #[default]
    Core,
    /// Tools of the set in use that the agent may run, at most 40.
    Pinned,
    /// All tools that the agent may run.
    All,
}

impl FromStr for Listed {
    type Err = ();

    fn from_str(word: &str) -> Result<Listed, ()> {
        match word {
            "core" => Ok(Listed::Core),
            "pinned" => Ok(Listed::Pinned),
            "all" => Ok(Listed::All),
            _ => Err(()),
        }
    }
}

/// A tool in the list.
#[derive(Debug, Clone)]
pub(super) struct Projected {
    /// The tool as sent to the client.
    pub(super) offer: Offer,
    /// Path of its definition.
    pub(super) path: String,
    /// The version that was listed.
    pub(super) digest: Digest,
    /// Whether the input is wrapped in the argument `input`, because its own schema is not an object.
    pub(super) is_wrapped: bool,
}

/// The library tools that are listed for this agent, by name.
///
/// # Errors
/// Those of reading the tools.
pub(super) fn list(engine: &Engine, caller: &Caller, listed: Listed) -> Result<Vec<Projected>, EngineError> {
    if listed == Listed::Core {
        return Ok(Vec::new());
    }
    let catalog = engine.library().up_to_date()?;
    let mut found = Vec::new();
    let candidates =
        catalog.tools.iter().filter(|tool| tool.stage.is_vouched() && !tool.facts.unused && tool.may_start());
    for tool in candidates {
        // A tool that has just changed is listed the next time.
        let Ok(detail) = engine.library().detail(tool) else { continue };
        // `search` and `show` say why a tool is left out: because of its catalog row, or the policy.
        if engine.runs().may(&detail, caller)? == MayRun::Yes {
            found.push(projected(engine, tool, &detail));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    distinguish(&mut found);
    found.sort_by(|a, b| a.offer.name.cmp(&b.offer.name));
    if listed == Listed::Pinned {
        found.truncate(MOST_PINNED);
    }
    Ok(found)
}

/// A tool in the form of the list.
fn projected(engine: &Engine, tool: &Tool, detail: &ToolDetail) -> Projected {
    let manifest = &detail.manifest;
    let own = manifest.input.clone().unwrap_or_else(|| json!({"type": "object"}));
    let (schema, is_wrapped) = match visible_value(portable(own)) {
        Value::Object(fields) if is_plain_object(&fields) => (fields, false),
        other => (wrapped(other), true),
    };
    let permissions = &manifest.permissions;
    // No sandbox limits what a server does elsewhere for a call.
    let (reads_only, is_open) = match tool.kind {
        Kind::Mcp => (false, true),
        _ => (permissions.write.is_empty() && permissions.network.is_empty(), !permissions.network.is_empty()),
    };
    let annotations = ToolAnnotations::with_title(visible(tool.title.as_deref().unwrap_or(tool.name.as_str())))
        .read_only(reads_only)
        .destructive(!reads_only)
        .idempotent(tool.idempotent == Some(true))
        .open_world(is_open);
    let mut description = visible(&tool.description).into_owned();
    if engine.checks().speaks_to_models(manifest) {
        description = format!("[{WARNING}] {description}");
    }
    let offer = Offer::new(wire_name(tool.name.as_str()), description, Arc::new(schema)).with_annotations(annotations);
    Projected { offer, path: tool.path.clone(), digest: tool.digest, is_wrapped }
}

/// Whether clients accept the schema for a tool: an object, without alternatives at the top level.
fn is_plain_object(fields: &JsonObject) -> bool {
    fields.get("type") == Some(&json!("object"))
        && !["oneOf", "anyOf", "allOf", "not", "$ref"].iter().any(|word| fields.contains_key(*word))
}

fn wrapped(mut schema: Value) -> JsonObject {
    let mut fields = JsonObject::new();
    fields.insert("type".to_owned(), json!("object"));
    // References address these from the root.
    for shared in ["$schema", "$defs", "definitions"] {
        if let Some(value) = schema.as_object_mut().and_then(|schema| schema.remove(shared)) {
            fields.insert(shared.to_owned(), value);
        }
    }
    fields.insert("properties".to_owned(), json!({"input": schema}));
    fields.insert("required".to_owned(), json!(["input"]));
    fields.insert("additionalProperties".to_owned(), json!(false));
    fields
}

fn wire_name(name: &str) -> String {
    name.replace('.', "-")
}

/// Gives each tool a unique name that every client accepts: a name that is too long or taken ends with digits of its
/// digest.
fn distinguish(found: &mut [Projected]) {
    let mut taken: HashSet<String> = tools::rows().map(|(row, _)| row.name.to_owned()).collect();
    for one in found {
        let mut name = one.offer.name.to_string();
        if name.len() > MOST_NAME || taken.contains(&name) {
            let kept: String = name.chars().take(MOST_NAME - DIGITS - 1).collect();
            name = format!("{kept}-{}", &one.digest.hex()[..DIGITS]);
        }
        // Copies of one tool have the same digest: only the first of them gets the plain name.
        while !taken.insert(name.clone()) {
            name = format!("{}-2", name.chars().take(MOST_NAME - 2).collect::<String>());
            if taken.contains(&name) {
                break;
            }
        }
        one.offer.name = name.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, digest: u8) -> Projected {
        let offer = Offer::new(wire_name(name), "x", Arc::new(JsonObject::new()));
        Projected { offer, path: name.to_owned(), digest: Digest::of_bytes(&[digest]), is_wrapped: false }
    }

    #[test]
    fn each_name_is_one_that_every_client_takes_and_no_two_are_the_same() {
        let long = "a".repeat(60);
        let mut found = vec![
            named("run", 1),
            named("git.log", 2),
            named("git-log", 3),
            named(&long, 4),
            named(&format!("{long}b"), 5),
        ];
        distinguish(&mut found);
        let names: Vec<&str> = found.iter().map(|one| one.offer.name.as_ref()).collect();
        assert!(names[0].starts_with("run-") && names[1] == "git-log" && names[2].starts_with("git-log-"), "{names:?}");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{names:?}");
        for name in names {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            assert!(name.len() <= MOST_NAME && name.bytes().all(is_plain), "{name}");
        }
    }

    #[test]
    fn a_schema_that_is_no_plain_object_becomes_the_argument_input() {
        let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
        assert!(is_plain_object(&fields(json!({"type": "object", "properties": {"a": {"type": "string"}}}))));
        assert!(!is_plain_object(&fields(json!({"type": "object", "oneOf": [{"required": ["a"]}]}))));
        assert!(!is_plain_object(&fields(json!({"type": "array"}))));
        let items = json!({"$ref": "#/$defs/item"});
        let schema = json!({"type": "array", "items": items, "$defs": {"item": {"type": "string"}}});
        let schema = Value::Object(wrapped(schema));
        assert!(jsonschema::is_valid(&schema, &json!({"input": ["a"]})), "{schema}");
        assert!(!jsonschema::is_valid(&schema, &json!({"input": {}})));
        assert!(!jsonschema::is_valid(&schema, &json!({"input": [1]})), "{schema}");
    }
}
