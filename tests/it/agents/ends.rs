//! How a conversation ends: by the client, in the middle of a run, by a kill.

use super::client::{Agent, Era, LEGACY};
use super::{open, with_approved};
use crate::support::{Workspace, processes_with, unique_seconds, until};
use serde_json::json;
use std::time::{Duration, Instant};
use toolsmith::domain::{Run, RunId, RunOutcome};
use toolsmith::engine::RunFilter;

const PATIENCE: Duration = Duration::from_secs(30);

fn sleeper(seconds: &str) -> Workspace {
    with_approved("sleeper", &format!("import os\nos.execvp('sleep', ['sleep', '{seconds}'])"))
}

/// How long the end of a server may take after its client has left.
const LIMIT: Duration = Duration::from_millis(100);
/// How often the end is tried. Other work on the machine makes an end slower, never faster: one end within the limit
/// shows that nothing waits for longer by design.
const TRIES: usize = 8;

/// Ends servers until one has ended within the limit. `end` gives the time that one took.
fn ends_in_time(mut end: impl FnMut() -> Duration) {
    let mut took = Vec::new();
    while took.len() < TRIES {
        took.push(end());
        if took.last().is_some_and(|last| *last <= LIMIT) {
            return;
        }
    }
    panic!("no end within {LIMIT:?}: {took:?}");
}

/// Lets a client leave, and gives the time until its server has ended.
fn left(agent: Agent) -> Duration {
    let begun = Instant::now();
    assert!(agent.leave().success());
    begun.elapsed()
}

fn is_recorded_as_cancelled(workspace: &Workspace) {
    let run = open(workspace).runs().record(RunId(1)).unwrap();
    assert_eq!(run.outcome, RunOutcome::Cancelled, "{run:?}");
}

#[test]
fn when_the_client_leaves_its_runs_end_and_are_recorded_as_cancelled() {
    ends_in_time(|| {
        let seconds = unique_seconds();
        let workspace = sleeper(&seconds);
        let mut agent = Agent::connect(&workspace, Era::Inline, &[]);
        // A subscription never ends by itself, and must not hold the end up.
        agent.post("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
        agent.post("tools/call", json!({"name": "run", "arguments": {"tool": "sleeper"}}));
        until("the tool runs", || !processes_with(&seconds).is_empty());
        let took = left(agent);
        until("the tool has ended", || processes_with(&seconds).is_empty());
        is_recorded_as_cancelled(&workspace);
        took
    });
}

#[test]
fn a_server_that_does_nothing_ends_with_its_input() {
    let workspace = Workspace::new();
    ends_in_time(|| left(Agent::connect(&workspace, LEGACY, &[])));
}

/// Holds the store as another process does that writes a lot.
fn busy(workspace: &Workspace) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(open(workspace).state_dir().join("store.db")).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[test]
fn a_server_ends_while_another_process_writes_to_the_store() {
    ends_in_time(|| {
        let seconds = unique_seconds();
        let workspace = sleeper(&seconds);
        let mut agent = Agent::connect(&workspace, LEGACY, &[]);
        agent.post("tools/call", json!({"name": "run", "arguments": {"tool": "sleeper"}}));
        until("the tool runs", || !processes_with(&seconds).is_empty());
        until("the connection is noted", || !open(&workspace).agents().list().unwrap().is_empty());
        let writer = busy(&workspace);
        let took = left(agent);
        until("the tool has ended", || processes_with(&seconds).is_empty());
        drop(writer);
        is_recorded_as_cancelled(&workspace);
        took
    });
}

#[test]
fn a_server_that_is_killed_at_any_point_leaves_no_run_behind_and_every_ticket_intact() {
    type Point = fn(&mut Agent, &Workspace, &str);
    let points: [(&str, Point); 5] = [
        ("as soon as it was asked", |_, _, _| {}),
        ("when the run is recorded", |_, workspace, _| {
            until("it is recorded", || open(workspace).runs().record(RunId(1)).is_ok());
        }),
        ("while the tool runs", |_, _, seconds| {
            until("the tool runs", || !processes_with(seconds).is_empty());
        }),
        ("while the run is cancelled", |agent, _, seconds| {
            until("the tool runs", || !processes_with(seconds).is_empty());
            agent.post("tools/call", json!({"name": "cancel", "arguments": {"run": 1}}));
        }),
        ("when the client has left", |agent, _, seconds| {
            until("the tool runs", || !processes_with(seconds).is_empty());
            agent.hang_up();
        }),
    ];
    for (point, reach) in points {
        let seconds = unique_seconds();
        let workspace = sleeper(&seconds);
        let mut agent = Agent::connect(&workspace, LEGACY, &[]);
        let asked =
            agent.call("request", json!({"kind": "archive", "tool": "sleeper", "rationale": "nobody needs it"}));
        let review = asked["review"].as_i64().unwrap();
        agent.post("tools/call", json!({"name": "run", "arguments": {"tool": "sleeper"}}));
        agent.post("tools/call", json!({"name": "wait", "arguments": {"review": review}}));
        reach(&mut agent, &workspace, &seconds);
        agent.kill();
        until("the tool has ended", || processes_with(&seconds).is_empty());
        let engine = open(&workspace);
        let runs = engine.runs().list(&RunFilter::default()).unwrap();
        let is_over = |run: &Run| run.outcome == RunOutcome::Cancelled;
        assert!(runs.iter().all(is_over), "{point}: {runs:?}");
        assert!(runs.len() <= 1 && (runs.len() == 1 || point == "as soon as it was asked"), "{point}: {runs:?}");
        assert!(engine.agents().list().unwrap().is_empty(), "{point}");
        let mut agent = Agent::connect(&workspace, LEGACY, &[]);
        assert_eq!(agent.call("wait", json!({"review": review, "wait_s": 1}))["state"], "waiting", "{point}");
        assert_eq!(processes_with(&seconds), [0; 0], "{point}: nothing started late");
    }
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
