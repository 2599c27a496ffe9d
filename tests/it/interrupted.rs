//! Kill -9 of the program while a tool runs: the next start ends the run and keeps what it had said.

use crate::support::Workspace;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Speaks, starts a process in its own group and one in a session of its own, and goes on for ever.
const SCRIPT: &str = "echo said before; sleep 1000 & setsid sleep 1000 & echo left $$ $!; trap '' TERM; wait; wait\n";

const MANIFEST: &str =
    "name = \"slow\"\nversion = \"1.0.0\"\ndescription = \"Goes on\"\n[run]\ncommand = [\"sh\", \"{file}\"]\n";

fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X'])))
}

fn wait_until(what: &str, wanted: impl Fn() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}

/// Starts the tool and gives the program and the processes of the tool that it named.
fn start(workspace: &Workspace) -> (std::process::Child, Vec<i32>) {
    let mut child = workspace.toolsmith(&["run", "slow"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let named = lines.find(|line| line.starts_with("left")).unwrap();
    let pids: Vec<i32> = named.split(' ').skip(1).map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_alive(*pid)), "{named}");
    (child, pids)
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/slow/slow.sh", SCRIPT);
    workspace.write("tools/experimental/slow/tool.toml", MANIFEST);
    workspace
}

#[test]
fn a_run_whose_owner_was_killed_is_interrupted_ended_and_keeps_its_output() {
    let workspace = workspace();
    let (mut child, pids) = start(&workspace);
    child.kill().unwrap();
    child.wait().unwrap();

    let (runs, _) = workspace.json(&["runs"]);
    let run = &runs["runs"][0];
    assert_eq!((&run["id"], &run["outcome"], &run["tool"]), (&json!(1), &json!("interrupted"), &json!("slow")));
    wait_until("the processes of the run end", || !pids.iter().any(|pid| is_alive(*pid)));
    let output = workspace.toolsmith(&["output", "1"]).output().unwrap();
    let said = format!("said before\nleft {} {}\n", pids[0], pids[1]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with(&said), "{output:?}");
}

#[test]
fn a_run_whose_owner_lives_is_left_alone_by_others() {
    let workspace = workspace();
    let (mut child, pids) = start(&workspace);
    for _ in 0..3 {
        let (runs, _) = workspace.json(&["runs"]);
        assert_eq!(runs["runs"][0]["outcome"], "running");
    }
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    let (_, code) = workspace.json(&["cancel", "1"]);
    assert_eq!(code, 0);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    wait_until("the processes of the run end", || !pids.iter().any(|pid| is_alive(*pid)));
    let (runs, _) = workspace.json(&["runs"]);
    assert_eq!(runs["runs"][0]["outcome"], "cancelled");
}
