//! Agents that are connected, as a human sees them.

use super::client::{Agent, Era, LEGACY};
use super::with_approved;
use crate::support::{Terminal, Workspace};
use serde_json::{Value, json};

fn connected(workspace: &Workspace, count: usize) -> Vec<Value> {
    let listed = workspace.json_until(&["agents"], |listed| listed["agents"].as_array().unwrap().len() == count);
    listed["agents"].as_array().unwrap().clone()
}

#[test]
fn a_human_sees_who_is_connected_what_they_do_and_ends_a_connection() {
    let workspace = with_approved("sleeper", "import time\ntime.sleep(100)");
    assert_eq!(connected(&workspace, 0), Vec::<Value>::new());
    let mut rosa = Agent::connect(&workspace, LEGACY, &["--as-agent", "rosa"]);
    rosa.call("run", json!({"tool": "sleeper", "wait_s": 1}));
    rosa.call("request", json!({"kind": "archive", "tool": "sleeper", "rationale": "x"}));
    let mut otto = Agent::connect(&workspace, Era::Inline, &["--as-agent", "otto"]);
    otto.call("search", json!({"words": "sleep"}));
    let agents = connected(&workspace, 2);
    assert_eq!(
        (&agents[0]["agent"], &agents[0]["client"], &agents[0]["runs"], &agents[0]["waiting"]),
        (&json!("rosa"), &json!("test-client 1"), &json!(1), &json!(1)),
        "{agents:#?}"
    );
    assert_eq!((&agents[1]["agent"], &agents[1]["runs"]), (&json!("otto"), &json!(0)));

    let mut terminal = Terminal::toolsmith(&workspace, &[], (120, 40));
    terminal.wait_text("2 agents");
    let number = agents[0]["connection"].to_string();
    let (refused, code) = workspace.json(&["--as-agent", "otto", "disconnect", &number]);
    assert_eq!(code, 4, "{refused:#}");
    let (ended, code) = workspace.json_of_human(&["disconnect", &number]);
    assert_eq!(code, 0, "{ended:#}");
    assert_eq!(connected(&workspace, 1)[0]["agent"], "otto");
    terminal.wait_text("agent otto");
    let (runs, _) = workspace.json(&["runs"]);
    assert!(["cancelled", "interrupted"].contains(&runs["runs"][0]["outcome"].as_str().unwrap()), "{runs:#}");
    let (_, code) = workspace.json_of_human(&["disconnect", &number]);
    assert_eq!(code, 5, "it is gone");

    otto.kill();
    connected(&workspace, 0);
    terminal.wait_gone("agent otto");
    terminal.send("q");
    assert_eq!(terminal.wait_end().exit_code(), 0);
}
