//! The list of MCP tools: every verb that agents may use, generated from its row in the action table.
//!
//! The list is the same for every client and every call, as the protocol requires.

use crate::action::{ACTIONS, Agents, Arg, ArgKind, Form, Spec};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};
use std::sync::Arc;

/// The verbs that agents may use, in the order of the table, with their definition for agents.
pub(super) fn rows() -> impl Iterator<Item = (&'static Spec, &'static Agents)> {
    ACTIONS.iter().filter_map(|row| Some((row, row.agents?)))
}

/// The verb with this name, if agents may use it.
pub(super) fn row(name: &str) -> Option<(&'static Spec, &'static Agents)> {
    rows().find(|(row, _)| row.name == name)
}

/// The whole list.
pub(super) fn list() -> Vec<Tool> {
    rows().map(|(row, agents)| tool(row, agents)).collect()
}

fn tool(row: &'static Spec, agents: &'static Agents) -> Tool {
    let effects = agents.effects;
    let annotations = ToolAnnotations::new()
        .read_only(effects.read_only)
        .destructive(effects.destructive)
        .idempotent(effects.idempotent)
        .open_world(effects.open_world);
    let description = format!("{}. {}", row.doc, agents.doc);
    Tool::new(row.name, description, Arc::new(input_schema(row, agents))).with_annotations(annotations)
}

/// The JSON schema of the arguments of a verb for agents.
pub(super) fn input_schema(row: &'static Spec, agents: &'static Agents) -> JsonObject {
    let args: Vec<&Arg> = agents.args(row.args).collect();
    let properties: JsonObject = args.iter().map(|arg| (wire_name(arg), property(arg))).collect();
    let required: Vec<String> = args.iter().filter(|arg| arg.required).map(|arg| wire_name(arg)).collect();
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// The name of an argument in JSON.
pub(super) fn wire_name(arg: &Arg) -> String {
    arg.name.replace('-', "_")
}

fn property(arg: &Arg) -> Value {
    let mut one = match arg.kind {
        ArgKind::Run | ArgKind::Review | ArgKind::Operation | ArgKind::Number | ArgKind::Numbered(_) => {
            json!({"type": "integer", "minimum": 1})
        }
        ArgKind::Count => json!({"type": "integer", "minimum": 0}),
        ArgKind::Json => json!({"type": "object"}),
        ArgKind::Switch => json!({"type": "boolean"}),
        ArgKind::Word(words) => json!({"type": "string", "enum": words}),
        ArgKind::Digest => json!({"type": "string", "pattern": "^[0-9a-f]{8,64}$"}),
        ArgKind::Tool => json!({"type": "string", "minLength": 1}),
        ArgKind::Instance
        | ArgKind::RunOrInstance
        | ArgKind::Failure
        | ArgKind::Named(_)
        | ArgKind::Text
        | ArgKind::Arguments
        | ArgKind::KeyValue
        | ArgKind::Path
        | ArgKind::Duration
        | ArgKind::ReviewDigest => json!({"type": "string"}),
    };
    if matches!(arg.form, Form::Repeated | Form::Several) {
        one = json!({"type": "array", "items": one});
    }
    if let Some(fields) = one.as_object_mut() {
        // These forms exist only on the command line; agents pass the value itself.
        let doc = arg.doc.strip_suffix(" as JSON, @FILE, or - for standard input").unwrap_or(arg.doc);
        fields.insert("description".to_owned(), json!(doc));
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Risk;
    use crate::domain::mcp::OWN_INPUTS;
    use crate::engine::REQUEST_SCHEMA;
    use std::collections::BTreeSet;

    #[test]
    fn agents_get_eleven_tools_whose_names_every_client_takes() {
        let names: Vec<&str> = rows().map(|(row, _)| row.name).collect();
        let wanted = [
            "search",
            "show",
            "run",
            "run-strict",
            "call",
            "cancel",
            "output",
            "mark-failure",
            "evolve",
            "request",
            "wait",
        ];
        assert_eq!(names.iter().collect::<BTreeSet<_>>(), wanted.iter().collect());
        for name in names {
            assert!(name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        }
    }

    /// Toolsmith uses these inputs to detect itself behind another program.
    #[test]
    fn the_inputs_of_the_list_are_those_that_toolsmith_knows_itself_by() {
        let inputs = |tool: Tool| -> Vec<String> {
            let properties = tool.input_schema["properties"].as_object().unwrap();
            properties.keys().cloned().collect::<BTreeSet<String>>().into_iter().collect()
        };
        let listed: Vec<Vec<String>> = list().into_iter().map(inputs).collect();
        assert_eq!(listed, OWN_INPUTS, "src/domain/mcp/own.rs names them");
    }

    #[test]
    fn nothing_that_a_human_must_decide_is_a_tool() {
        for (row, agents) in rows() {
            assert_ne!(row.risk, Risk::HumanOnly, "{}", row.name);
            for arg in agents.args(row.args) {
                assert!(!arg.human_only, "{} {}", row.name, arg.name);
            }
            let count = agents.args(row.args).count();
            assert_eq!(count, agents.shared.len() + agents.own.len(), "{} shares what its row lacks", row.name);
        }
    }

    #[test]
    fn each_tool_has_a_closed_schema_and_all_four_annotations() {
        for tool in list() {
            assert_eq!(tool.input_schema["type"], "object");
            assert_eq!(tool.input_schema["additionalProperties"], false);
            let schema = Value::Object(tool.input_schema.as_ref().clone());
            assert!(jsonschema::meta::is_valid(&schema), "{}", tool.name);
            let hints = tool.annotations.unwrap();
            let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
            assert!(all.iter().all(Option::is_some), "{}", tool.name);
            assert!(tool.description.unwrap().len() < 500, "{}", tool.name);
        }
    }

    /// A model reads the list with every request. A token has about four characters.
    #[test]
    fn the_list_takes_less_than_3500_tokens() {
        let text = serde_json::to_string(&list()).unwrap();
        assert!(text.len() / 4 < 3_500, "{} characters", text.len());
    }

    /// The schema of requests validates the arguments of `request`, with a form for each kind; the list names all their
    /// fields.
    #[test]
    fn request_takes_the_fields_that_the_schema_of_requests_has() {
        let schema: Value = serde_json::from_str(REQUEST_SCHEMA).unwrap();
        let forms = schema["oneOf"].as_array().unwrap().iter();
        let named = forms.map(|form| form["$ref"].as_str().unwrap().trim_start_matches("#/$defs/"));
        let wanted: BTreeSet<&String> =
            named.flat_map(|name| schema["$defs"][name]["properties"].as_object().unwrap().keys()).collect();
        let (row, agents) = row("request").unwrap();
        let own = input_schema(row, agents);
        assert_eq!(own["properties"].as_object().unwrap().keys().collect::<BTreeSet<_>>(), wanted);
    }
}
