//! Tools that are no program: requests to HTTP APIs, and prompts for generators.

mod http;
mod prompts;
mod wrappers;

use crate::support::Workspace;
use serde_json::Value;
use std::fs;

/// What a run came to.
#[derive(Debug)]
struct Ran {
    out: String,
    /// Warnings, the summary and its notes, and what the tool wrote to standard error.
    err: String,
    code: i32,
}

fn run(workspace: &Workspace, args: &[&str]) -> Ran {
    let output = workspace.toolsmith(&[&["run"], args].concat()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code().unwrap() }
}

/// Writes the user's settings.
fn configure(workspace: &Workspace, text: &str) {
    let file = workspace.home().join("toolsmith/config/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Approves a tool as a human.
fn approve(workspace: &Workspace, name: &str) {
    workspace.json(&["list"]);
    let (reviews, _) = workspace.json(&["reviews"]);
    let waits = |row: &&Value| row["tool"] == name && row["state"] == "waiting";
    let review = reviews["reviews"].as_array().unwrap().iter().find(waits).unwrap_or_else(|| panic!("{reviews:#}"));
    let (id, digest) = (review["id"].to_string(), &review["digest"].as_str().unwrap()[..12]);
    let args = ["approve", &id, "--digest", digest, "--unread", "--reason", "a test"];
    let (decided, code) = workspace.json_of_human(&args);
    assert_eq!(code, 0, "{decided:#}");
}

/// Agrees to what an approved tool declares.
fn allow(workspace: &Workspace, name: &str, input: &str) -> (Value, i32) {
    workspace.json_of_human(&["run", name, "--allow", "--input", input])
}
