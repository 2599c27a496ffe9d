//! Tools of the library as tools of the protocol.

use super::client::{Agent, Era, LEGACY};
use super::sdk::clients;
use super::{ada, open, with_approved};
use crate::needs;
use crate::support::{Workspace, copy_folder, repository, shared};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use toolsmith::domain::{self, DecisionKind, DecisionRequest, DisplayRecord, Tool};
use toolsmith::engine::ReviewFilter;

fn names(agent: &mut Agent) -> Vec<String> {
    let listed = agent.ask("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// A human approves everything that waits, over failed checks where it must be.
fn approve_all(workspace: &Workspace) {
    let engine = open(workspace);
    for review in engine.reviews().list(ReviewFilter::Waiting).unwrap() {
        let approve = |override_reason: Option<String>| {
            let shown =
                DisplayRecord { lines: 1, lines_shown: 1, tail_shown: true, open_ms: 1, ..DisplayRecord::default() };
            let reason = Some("read".to_owned());
            let plain = DecisionRequest::of(&review, DecisionKind::Approve);
            let decision = DecisionRequest { reason, shown, override_reason, ..plain };
            engine.execute(domain::Command::Decide(decision), &ada())
        };
        if approve(None).is_err() {
            approve(Some("to see what becomes of it".to_owned())).unwrap();
        }
    }
}

#[test]
fn what_an_agent_may_run_is_listed_called_by_name_and_the_client_is_told_when_that_changes() {
    for era in [LEGACY, Era::Inline] {
        let workspace = with_approved("greeting", "print('{\"hello\": 1}')").with_script("fresh", "print('{}')");
        let mut agent = Agent::connect(&workspace, era, &["mcp", "--list", "all"]);
        if era == Era::Inline {
            agent.post("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
        }
        let listed = names(&mut agent);
        assert_eq!(listed.len(), 12, "{listed:?}");
        assert_eq!(listed[11], "greeting");
        assert_eq!(agent.call("greeting", json!({}))["output"], json!({"hello": 1}));
        let unknown = agent.ask("tools/call", json!({"name": "fresh", "arguments": {}}));
        assert_eq!(unknown["error"]["code"], -32602, "nobody approved it: {unknown}");

        approve_all(&workspace);
        agent.notice("notifications/tools/list_changed");
        assert_eq!(names(&mut agent).len(), 13);
        assert_eq!(agent.call("fresh", json!({}))["state"], "succeeded");
    }
    let workspace = with_approved("greeting", "print('{}')");
    let mut plain = Agent::connect(&workspace, LEGACY, &[]);
    assert_eq!(names(&mut plain).len(), 11);
    let unknown = plain.ask("tools/call", json!({"name": "greeting", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

#[test]
fn pinned_lists_the_tools_of_the_set_in_use() {
    let workspace = Workspace::new().with_script("one", "print('{}')").with_script("two", "print('{}')");
    approve_all(&workspace);
    let mut agent = Agent::connect(&workspace, LEGACY, &["--tools", "two", "mcp", "--list", "pinned"]);
    let listed = names(&mut agent);
    assert_eq!(&listed[11..], ["two"], "{listed:?}");
    let output = workspace.toolsmith(&["mcp", "--list", "pinned"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && told.contains("--tools"), "without a set, nothing is pinned: {told}");
}

#[test]
fn the_notice_of_a_change_comes_before_the_answer_of_the_call_that_made_it() {
    let workspace = with_approved("greeting", "print('{}')");
    let mut agent = Agent::connect(&workspace, LEGACY, &["mcp", "--list", "all"]);
    assert_eq!(names(&mut agent).len(), 12);
    let (shown, _) = workspace.json(&["show", "greeting"]);
    workspace.write(shown["tool"]["path"].as_str().unwrap(), "\"\"\"Another.\"\"\"\nprint(2)\n");
    let refused = agent.call("run", json!({"tool": "greeting"}));
    assert_eq!(refused["error"]["code"], "refused", "{refused:#}");
    let told = |agent: &Agent| agent.notices.iter().any(|told| told["method"] == "notifications/tools/list_changed");
    assert!(told(&agent), "{:?}", agent.notices);
    assert_eq!(names(&mut agent).len(), 11);
}

#[test]
fn a_definition_that_is_left_out_is_named_with_its_reason() {
    let workspace = with_approved("greeting", "print('{}')");
    for (name, schema) in [
        ("astray", json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/gone"}}})),
        ("odd", json!({"$schema": "https://example.org/odd", "type": "object", "properties": {"a": {"pattern": "("}}})),
    ] {
        let tool = json!({"name": name, "version": "1.0.0", "description": format!("Greets {name} things"),
            "run": {"command": ["true"]}, "input": schema});
        workspace.write(&format!("tools/experimental/{name}/tool.json"), &tool.to_string());
    }
    approve_all(&workspace);
    let mut agent = Agent::connect(&workspace, LEGACY, &["mcp", "--list", "all"]);
    let listed = names(&mut agent);
    assert_eq!(&listed[11..], ["greeting"], "the others break nothing: {listed:?}");
    for name in ["astray", "odd"] {
        let found = agent.call("search", json!({"words": name}));
        let hit = found["hits"].as_array().unwrap().iter().find(|hit| hit["name"] == name).unwrap();
        let shown = agent.call("show", json!({"tool": name}));
        for told in [hit, &shown] {
            assert_eq!(told["may_run"], false, "{told:#}");
            assert!(told["why_not"].as_str().unwrap().contains("schema is not valid"), "{told:#}");
        }
        let (row, _) = workspace.json(&["show", name]);
        assert!(
            row["tool"]["reason"].as_str().unwrap().contains("schema is not valid"),
            "the workbench says it too: {row:#}"
        );
    }
}

/// The input schemas of real definitions, by name.
fn real_schemas(corpus: &Path) -> BTreeMap<String, Value> {
    let workspace = Workspace::new();
    copy_folder(corpus, &workspace.path("tools/experimental/corpus"));
    let engine = open(&workspace);
    let view = engine.library().catalog();
    let schema_of = |tool: &Tool| engine.library().detail(tool).ok()?.manifest.input;
    view.tools.iter().filter_map(|tool| Some((tool.name.to_string(), schema_of(tool)?))).collect()
}

/// What a strict client says of these tools; `None` where it is not installed.
fn said_by_a_client(listed: &Value) -> Option<String> {
    let modules = clients().join("node_modules");
    if !modules.join("ajv-formats").is_dir() {
        needs::not_run("the JSON Schema validator of clients is not installed: .ci/clients");
        return None;
    }
    let script = repository().join("tests/it/agents/schemas.mjs");
    let mut client = Command::new(modules.join(".bin/node"))
        .arg(script)
        .arg(&modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(listed.to_string().as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Real definitions become tools that the meta-schema, strict validators and the rules of clients take.
#[test]
fn real_schemas_are_tools_that_clients_take() {
    let Some(shared) = shared() else { return };
    let schemas = real_schemas(&shared.join("corpora/code_evolver"));
    let (workspace, runnable) = with_schemas(&schemas);
    assert!(schemas.len() >= 200 && runnable + 5 >= schemas.len(), "{runnable} of {}", schemas.len());
    drop(workspace);
}

/// Schemas of one workspace: a development build takes long to list more.
const PART: usize = 200;

/// The same for a file with a list of `[NAME, SCHEMA]`, by hand: `TOOLSMITH_SCHEMAS=FILE`. With `TOOLSMITH_INSPECTOR`, the
/// command of the MCP inspector, it checks the list as well.
#[test]
fn schemas_of_a_file_are_tools_that_clients_take() {
    let Some(file) = std::env::var_os("TOOLSMITH_SCHEMAS") else { return };
    let listed: Vec<(String, Value)> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for part in listed.chunks(PART) {
        let schemas: BTreeMap<String, Value> = part.iter().cloned().collect();
        let (workspace, runnable) = with_schemas(&schemas);
        println!("{} schemas, {runnable} tools", schemas.len());
        let (rows, _) = workspace.json(&["list"]);
        for row in rows["tools"].as_array().unwrap().iter().filter(|row| row["runnable"] != true) {
            println!("{}: {}", row["name"], row["reason"]);
        }
        if let Ok(inspector) = std::env::var("TOOLSMITH_INSPECTOR") {
            inspect(&workspace, &inspector, runnable);
        }
    }
}

/// Shows the list of tools to the inspector, which has to take all of them.
fn inspect(workspace: &Workspace, inspector: &str, runnable: usize) {
    let mut words = inspector.split(' ');
    let program = workspace.toolsmith(&["mcp", "--list", "all"]);
    let mut command = Command::new(words.next().unwrap());
    // The inspector starts a server without most variables.
    command.args(words).args(["--cli", "env"]);
    for (name, value) in program.get_envs() {
        let text = |part: &std::ffi::OsStr| part.to_str().unwrap().to_owned();
        command.args(value.map(|value| format!("{}={}", text(name), text(value))));
    }
    command.arg(program.get_program()).args(program.get_args());
    command.current_dir(workspace.root()).args(["--method", "tools/list", "--strict"]);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {}", output.status, told.chars().take(8_000).collect::<String>());
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["tools"].as_array().unwrap().len(), 11 + runnable);
}

/// A workspace with an approved tool for each schema, and how many of them can run. Each of these is listed as clients
/// want it.
fn with_schemas(schemas: &BTreeMap<String, Value>) -> (Workspace, usize) {
    let workspace = Workspace::new();
    for (name, schema) in schemas {
        let tool = json!({"name": name, "version": "1.0.0", "description": "Does what its schema says",
            "run": {"command": ["true"]}, "input": schema});
        workspace.write(&format!("tools/approved/{name}/tool.json"), &tool.to_string());
    }
    // They came with the workspace: one review adopts all of them.
    approve_all(&workspace);
    let mut agent = Agent::connect(&workspace, LEGACY, &["mcp", "--list", "all"]);
    let listed = agent.ask("tools/list", json!({}))["result"]["tools"].take();
    let tools = listed.as_array().unwrap();
    let (rows, _) = workspace.json(&["list"]);
    let rows = rows["tools"].as_array().unwrap();
    let runnable = rows.iter().filter(|row| row["stage"] == "approved" && row["runnable"] == true).count();
    assert_eq!(tools.len(), 11 + runnable, "what may run is listed");
    let mut seen = std::collections::BTreeSet::new();
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        assert!(seen.insert(name.to_owned()), "{name} twice");
        assert!(name.len() <= 37 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "{name}");
        assert!(jsonschema::validator_for(schema).is_ok(), "{name}");
        for word in ["oneOf", "anyOf", "allOf"] {
            assert_eq!(schema.get(word), None::<&Value>, "{name}");
        }
    }
    if let Some(said) = said_by_a_client(&listed) {
        assert_eq!(said, format!("{} schemas\n", tools.len()));
    }
    (workspace, runnable)
}
