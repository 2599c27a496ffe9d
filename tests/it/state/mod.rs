//! The state of a workspace when something is wrong with it: lost, older than it was, in the way, read-only, full.

mod backups;
mod identity;
mod lost;
mod unwritable;

use crate::support::{Terminal, Workspace};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Verbs that only look, as they are called in a workspace with the tool `hello` and one run of it.
const LOOKING: &[&[&str]] = &[
    &["list"],
    &["show", "hello"],
    &["source", "hello"],
    &["log"],
    &["reviews"],
    &["runs"],
    &["output", "1"],
    &["failures"],
    &["grants"],
    &["stats"],
    &["search", "hello"],
    &["lineage", "hello"],
    &["behaviour", "hello"],
    &["scores"],
    &["sets"],
    &["evolutions"],
    &["docs", "--check"],
];

/// A workspace whose tool `hello` is approved and ran once, and where `second` waits.
fn used() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/hello.sh", "#!/bin/sh\n# Says hello.\necho hello\n");
    decide(&workspace, "approve");
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    workspace.write("tools/experimental/second.sh", "#!/bin/sh\n# Says more.\necho more\n");
    assert_eq!(workspace.json(&["list"]).1, 0);
    workspace
}

/// Decides the first review that waits; gives the exit code and what was said.
fn decide(workspace: &Workspace, verb: &str) -> (u32, String) {
    let (reviews, _) = workspace.json(&["reviews"]);
    let review = &reviews["reviews"][0];
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap()[..12].to_owned());
    at_terminal(workspace, &[verb, &id, "--digest", &digest, "--unread", "--reason", "a test"], "")
}

/// Calls the program at a terminal and answers it.
fn at_terminal(workspace: &Workspace, args: &[&str], answer: &str) -> (u32, String) {
    let mut terminal = Terminal::toolsmith(workspace, args, (250, 60));
    if !answer.is_empty() {
        terminal.wait_text("[y/N]").send(answer).send("\r");
    }
    let code = terminal.wait_end().exit_code();
    (code, terminal.text())
}

/// The folder of the only state that there is.
fn state_of(workspace: &Workspace) -> PathBuf {
    let all = workspace.home().join("toolsmith/data/workspaces");
    let mut found: Vec<PathBuf> = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn remove_database(state: &Path) {
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        drop(fs::remove_file(state.join(name)));
    }
}

fn verbs(log: &Value) -> Vec<String> {
    let entries = log["operations"].as_array().unwrap();
    entries.iter().rev().map(|entry| entry["verb"].as_str().unwrap().to_owned()).collect()
}
