//! Failures as a place to work, by keyboard alone: a group opened, two runs compared, resolved, seen again.

use super::{LARGE, open};
use crate::support::{Workspace, key};
use serde_json::json;

const MANIFEST: &str = r#"name = "divider"
version = "1.0.0"
description = "Divides one hundred by a number"
cost_tier = "low"

[run]
command = ["python3", "{file}"]
entry = "divider.py"
input = "stdin-json"
"#;

const SCRIPT: &str = r#"import json, sys
n = json.load(sys.stdin)["n"]
print(json.dumps({"quotient": 100 / n}))
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/divider/tool.toml", MANIFEST);
    workspace.write("tools/experimental/divider/divider.py", SCRIPT);
    for (n, code) in [(5, 0), (0, 1), (0, 1)] {
        assert_eq!(workspace.json(&["run", "divider", "--set", &format!("n={n}")]).1, code);
    }
    workspace
}

#[test]
fn a_failure_is_opened_compared_marked_and_resolved_until_it_is_seen_again() {
    let workspace = workspace();
    let mut terminal = open(&workspace, LARGE);
    terminal.send("3").wait_text("enter open output").send("i");
    terminal.wait_text("versions: ").wait_text("broken for").wait_text(r#"{"n":0}"#);
    terminal
        .send("=")
        .wait_text("Compare runs")
        .wait_text(r#"-  "n": 5"#)
        .wait_text(r#"+  "n": 0"#)
        .send(key::ESC)
        .wait_gone("Compare runs");
    terminal.send("M").wait_text("Mark failure").send("divide by zero").send("\x13").wait_text("is marked");
    let (marks, _) = workspace.json(&["failures", "--marks"]);
    assert_eq!(marks["marks"][0]["scenario"], json!("divide by zero"), "{marks:#}");
    assert_eq!(marks["marks"][0]["run"], json!(3));
    terminal.send("H").wait_text("Resolve?").wait_text("reopens automatically").wait_text("y confirm");
    terminal.send("y").wait_text("is resolved");
    let state = || workspace.json(&["failures"]).0["failures"][0]["state"].clone();
    assert_eq!(state(), json!("resolved"));
    terminal.send("r").wait_text("exit 1");
    assert_eq!(state(), json!("open"), "it was seen again");
}
