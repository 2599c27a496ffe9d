//! How a conversation ends: by the client, in the middle of a run, by a kill.

use super::client::{Agent, Era, LEGACY};
use super::{open, with_approved};
use crate::support::{Workspace, processes_with, unique_seconds};
use serde_json::json;
use std::time::{Duration, Instant};
use toolsmith::domain::{RunId, RunOutcome};

const PATIENCE: Duration = Duration::from_secs(30);

fn sleeper(seconds: &str) -> Workspace {
    with_approved("sleeper", &format!("import os\nos.execvp('sleep', ['sleep', '{seconds}'])"))
}

fn until(what: &str, wanted: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn when_the_client_leaves_its_runs_end_and_are_recorded_as_cancelled() {
    let seconds = unique_seconds();
    let workspace = sleeper(&seconds);
    let mut agent = Agent::connect(&workspace, Era::Inline, &[]);
    // A subscription never ends by itself, and must not hold the end up.
    agent.post("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    agent.post("tools/call", json!({"name": "run", "arguments": {"tool": "sleeper"}}));
    until("the tool runs", || !processes_with(&seconds).is_empty());
    let begun = Instant::now();
    assert!(agent.leave().success());
    assert!(begun.elapsed() < Duration::from_secs(4), "the SDK would wait for five seconds");
    until("the tool has ended", || processes_with(&seconds).is_empty());
    let run = open(&workspace).runs().record(RunId(1)).unwrap();
    assert!(matches!(run.outcome, RunOutcome::Cancelled | RunOutcome::Interrupted), "{run:?}");
}

#[test]
fn a_killed_server_leaves_no_run_behind_and_every_ticket_intact() {
    let seconds = unique_seconds();
    let workspace = sleeper(&seconds);
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let asked = agent.call("request", json!({"kind": "archive", "tool": "sleeper", "rationale": "nobody needs it"}));
    let review = asked["review"].as_i64().unwrap();
    agent.post("tools/call", json!({"name": "run", "arguments": {"tool": "sleeper"}}));
    agent.post("tools/call", json!({"name": "wait", "arguments": {"review": review}}));
    until("the tool runs", || !processes_with(&seconds).is_empty());
    agent.kill();
    until("the tool has ended", || processes_with(&seconds).is_empty());
    let engine = open(&workspace);
    assert_eq!(engine.runs().record(RunId(1)).unwrap().outcome, RunOutcome::Interrupted);
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    assert_eq!(agent.call("wait", json!({"review": review, "wait_s": 1}))["state"], "waiting");
}

#[test]
fn a_client_that_says_nothing_is_no_error() {
    let workspace = Workspace::new();
    let agent = Agent::start(&workspace, LEGACY, &[]);
    assert!(agent.pid() > 0);
    assert!(agent.leave().success());
}

#[test]
fn without_a_workspace_the_server_does_not_start_and_says_why() {
    let workspace = Workspace::new();
    std::fs::remove_dir_all(workspace.path("tools")).unwrap();
    let output = workspace.toolsmith(&["mcp"]).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(output.stdout.is_empty(), "nothing but the protocol is written there");
    assert!(String::from_utf8_lossy(&output.stderr).contains("toolsmith init"), "{output:?}");
}
