//! Accepted opportunities of which a whole tool is made without code: a request of an API, a line of commands.

use super::{allow, approve, run};
use crate::scripted_server::{Reply, ScriptedServer};
use crate::support::Workspace;
use serde_json::{Value, json};
use std::fmt::Write;

/// Accepts the one opportunity of a kind, approves its specification, and makes the tool.
fn made(workspace: &Workspace, kind: &str, file: &[&str], name: &str) -> Value {
    let (found, _) = workspace.json(&[&["opportunities"], file].concat());
    let all = found["opportunities"].as_array().unwrap();
    let one = all.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("{found:#}"));
    let key = one["key"].as_str().unwrap();
    let (accepted, code) = workspace.json(&[&["accept", key, "--name", name], file].concat());
    assert_eq!(code, 0, "{accepted:#}");
    let review = accepted["review"].to_string();
    approve(workspace, name);
    let (made, code) = workspace.json(&["new", "--from-spec", &review]);
    assert_eq!(code, 0, "{made:#}");
    assert!(made["chosen"][0].as_str().unwrap().starts_with("made from the specification, no code"), "{made:#}");
    made
}

#[test]
fn an_accepted_operation_calls_its_api() {
    let server = ScriptedServer::new(|asked| {
        Reply::status(201, "content-type: application/json\r\n", &json!({"at": asked.path, "gone": null}).to_string())
    });
    let document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Notes"},
        "servers": [{"url": format!("{}/v1", server.url())}],
        "paths": {"/users/{user-id}/notes": {"post": {
            "operationId": "addNote",
            "summary": "Adds a note",
            "parameters": [
                {"name": "user-id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "lang", "in": "query", "schema": {"type": "string"}}
            ],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}, "stars": {"type": "integer"}}
            }}}},
            "responses": {"201": {"description": "made", "content": {"application/json": {"schema": {
                "type": "object", "required": ["at"], "properties": {"at": {"type": "string"}, "gone": {"type": "string", "nullable": true}}
            }}}}}
        }}}
    });
    let workspace = Workspace::new().with_git();
    workspace.write("notes.json", &document.to_string());
    let made = made(&workspace, "missing-wrapper", &["--openapi", "notes.json"], "add-note");
    assert_eq!(made["files"], json!(["tools/experimental/add-note/tool.toml"]));
    approve(&workspace, "add-note");
    let input = r#"{"user_id": "ada/b", "text": "hi \"you\""}"#;
    let (ran, code) = allow(&workspace, "add-note", input);
    assert_eq!((code, &ran["run"]["outcome"]), (0, &json!("succeeded")), "{ran:#}");
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v1/users/ada%2Fb/notes"), "what is not given is left out");
    assert_eq!(asked[0].body, json!({"text": "hi \"you\""}));
    // The control: an input that the API does not have is refused before anything is sent.
    let refused = run(&workspace, &["add-note", "--input", r#"{"user_id": "a", "text": "b", "other": 1}"#]);
    assert!(refused.code != 0 && server.asked().len() == 1, "{refused:?}");
}

#[test]
fn an_accepted_command_line_runs_with_its_values_as_single_words() {
    let workspace = Workspace::new().with_git();
    let mut history = String::new();
    for n in 0..6 {
        writeln!(history, "grep -n 'error {n}' logs/day-{n}.log | head -n 2 > found-{n}.txt").unwrap();
    }
    workspace.write("history", &history);
    workspace.write("logs/today.log", "fine\nerror $(id) 'x'\nerror $(id) 'x' again\nerror $(id) 'x' more\n");
    let made = made(&workspace, "command-pattern", &["--history", "history"], "find-errors");
    assert_eq!(made["files"].as_array().map(Vec::len), Some(2), "{made:#}");
    let (checks, _) = workspace.json(&["check", "find-errors"]);
    let failed: Vec<&Value> =
        checks["verdict"]["checks"].as_array().unwrap().iter().filter(|check| check["state"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let test = checks["verdict"]["checks"].as_array().unwrap().iter().find(|check| check["name"] == "tests");
    assert!(test.is_some_and(|test| test["state"] == "passed"), "{checks:#}");
    approve(&workspace, "find-errors");
    let input = r#"{"text": "error $(id) 'x'", "path": "logs/today.log", "path_2": "found.txt"}"#;
    let (ran, code) = allow(&workspace, "find-errors", input);
    assert_eq!(code, 0, "{ran:#}");
    let found = std::fs::read_to_string(workspace.path("found.txt")).unwrap();
    assert_eq!(found, "2:error $(id) 'x'\n3:error $(id) 'x' again\n");
    let input = r#"{"text": "--version", "path": "a", "path_2": "found.txt"}"#;
    let refused = run(&workspace, &["find-errors", "--input", input]);
    assert!(refused.code != 0 && refused.err.contains("invalid-input"), "a value cannot be an option: {refused:?}");
}
