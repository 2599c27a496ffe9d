//! Kill -9 of the program while a tool runs: the next start ends the run and keeps what it had said.

use crate::support::{Workspace, processes_with, unique_seconds};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Speaks, starts a process in its own group and one in a session of its own, and goes on for ever. Each of the
/// three has the argument by which it is found.
const SCRIPT: &str =
    "exec sh -c 'echo said before; sleep $0 & setsid sleep $0 & echo left; trap \"\" TERM; wait; wait' SECONDS\n";

const MANIFEST: &str =
    "name = \"slow\"\nversion = \"1.0.0\"\ndescription = \"Goes on\"\n[run]\ncommand = [\"sh\", \"{file}\"]\n";

fn wait_until(what: &str, wanted: impl Fn() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}

/// Starts the tool; returns when all its processes are there.
fn start(workspace: &Workspace, seconds: &str) -> std::process::Child {
    let mut child = workspace.toolsmith(&["run", "slow"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.find(|line| line == "left").unwrap();
    wait_until("the processes of the run are there", || processes_with(seconds).len() == 3);
    child
}

/// A workspace, and the argument of the tool's processes.
fn workspace() -> (Workspace, String) {
    let (workspace, seconds) = (Workspace::new(), unique_seconds());
    workspace.write("tools/experimental/slow/slow.sh", &SCRIPT.replace("SECONDS", &seconds));
    workspace.write("tools/experimental/slow/tool.toml", MANIFEST);
    (workspace, seconds)
}

#[test]
fn a_run_whose_owner_was_killed_is_interrupted_ended_and_keeps_its_output() {
    let (workspace, seconds) = workspace();
    let mut child = start(&workspace, &seconds);
    child.kill().unwrap();
    child.wait().unwrap();

    let (runs, _) = workspace.json(&["runs"]);
    let run = &runs["runs"][0];
    assert_eq!((&run["id"], &run["outcome"], &run["tool"]), (&json!(1), &json!("interrupted"), &json!("slow")));
    wait_until("the processes of the run end", || processes_with(&seconds).is_empty());
    let output = workspace.toolsmith(&["output", "1"]).output().unwrap();
    assert!(output.stdout.starts_with(b"said before\nleft\n"), "{output:?}");
}

#[test]
fn a_run_whose_owner_lives_is_left_alone_by_others() {
    let (workspace, seconds) = workspace();
    let mut child = start(&workspace, &seconds);
    for _ in 0..3 {
        let (runs, _) = workspace.json(&["runs"]);
        assert_eq!(runs["runs"][0]["outcome"], "running");
    }
    assert_eq!(processes_with(&seconds).len(), 3);
    let (_, code) = workspace.json(&["cancel", "1"]);
    assert_eq!(code, 0);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    wait_until("the processes of the run end", || processes_with(&seconds).is_empty());
    let (runs, _) = workspace.json(&["runs"]);
    assert_eq!(runs["runs"][0]["outcome"], "cancelled");
}
