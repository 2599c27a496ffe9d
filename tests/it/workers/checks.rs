//! Checks and evolve trials on a worker: the version is started there and nowhere else, and the verdict says so.

use super::World;
use super::cut::wait_until;
use crate::evolving::{BROKEN, workspace_of};
use crate::support::{processes_with, unique_seconds};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::process::Stdio;

/// Starts the far side, and notes that it did.
const NOTED: &str = "mkdir -p \"$TOOLSMITH_HOME\"; echo once >> \"$TOOLSMITH_HOME/starts\"; exec \"$@\"";

fn starts(world: &World) -> usize {
    fs::read_to_string(world.far_home().join("starts")).unwrap_or_default().lines().count()
}

/// State and note of the checks with these names.
fn said(answer: &Value, names: &[&str]) -> Vec<(String, String)> {
    let checks = answer["verdict"]["checks"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let of = |name: &&str| checks.iter().find(|check| check["name"] == *name).unwrap_or_else(|| panic!("{answer:#}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    names.iter().map(of).map(|check| (text(&check["state"]), text(&check["note"]))).collect()
}

/// Checks that start the version.
const STARTING: [&str; 3] = ["start", "examples", "sanity"];

const EXAMPLE: &str = "[[examples]]\ninput = {}\noutput = \"hello\\n\"\n";

#[test]
fn checks_on_a_worker_come_to_what_they_come_to_here() {
    let world = World::new(NOTED, "");
    world.tool("greet", "echo hello\n", EXAMPLE);
    let here = world.workspace.json(&["check", "greet"]).0;
    assert_eq!((starts(&world), &here["verdict"]["worker"]), (0, &Value::Null));
    let there = world.workspace.json(&["check", "greet", "--on", "two"]).0;
    assert!(starts(&world) > 0);
    assert_eq!(there["verdict"]["worker"], "two");
    assert_eq!(said(&there, &STARTING), said(&here, &STARTING));
    assert_eq!(said(&there, &["start"])[0].0, "passed", "{there:#}");
    let review = world.workspace.json(&["reviews"]).0["reviews"][0].clone();
    assert_eq!(review["verdict"]["worker"], "two", "{review:#}");
    let text = world.workspace.toolsmith(&["check", "greet", "--on", "two"]).output().unwrap();
    assert!(String::from_utf8_lossy(&text.stdout).contains("the checks ran on worker two"), "{text:?}");
}

#[test]
fn what_a_worker_refuses_is_started_nowhere() {
    let world = World::new("echo no room >&2; exit 3", "");
    let marker = world.workspace.home().join("marker");
    world.tool("greet", &format!("echo hello; touch {}\n", marker.display()), EXAMPLE);
    let there = world.workspace.json(&["check", "greet", "--on", "two"]).0;
    for (state, note) in said(&there, &["start", "examples"]) {
        assert_eq!(state, "unavailable", "{there:#}");
        assert!(note.contains("worker two: the connection ended with exit code 3; it said: no room"), "{note}");
    }
    let (answer, code) = world.workspace.json(&["check", "greet", "--on", "three"]);
    assert_eq!((code, &answer["error"]["code"]), (5, &json!("not-found")), "{answer:#}");
    // What lies on this machine is not there.
    world.configure("exec \"$@\"", "");
    world.tool("keeps", "echo hello\n", "[state]\npath = \"data\"\n");
    let kept = world.workspace.json(&["check", "keeps", "--on", "two"]).0;
    let (state, note) = said(&kept, &["start"]).remove(0);
    let why = "worker two cannot run it: it keeps files between its runs, which stay on this machine";
    assert_eq!((state.as_str(), note.as_str()), ("unavailable", why), "{kept:#}");
}

#[test]
fn a_check_that_is_killed_leaves_nothing_on_the_worker() {
    let (world, seconds) = (World::new(NOTED, ""), unique_seconds());
    world.tool("waits", &format!("setsid sleep {seconds} & exec sleep {seconds}\n"), "");
    let mut command = world.workspace.toolsmith(&["check", "waits", "--on", "two"]);
    let mut near = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the trial is there", || !processes_with(&seconds).is_empty());
    kill_process(Pid::from_child(&near), Signal::KILL).unwrap();
    near.wait().unwrap();
    wait_until("the processes of the trial end", || processes_with(&seconds).is_empty());
    wait_until("the far side ends", || processes_with(&world.far_program()).is_empty());
}

#[test]
fn an_evolution_tries_its_answers_on_the_worker() {
    let world = World { workspace: workspace_of(BROKEN) };
    world.configure(NOTED, "");
    world.workspace.json(&["run", "counter", "--set", "text=a b a"]);
    let (made, code) = world.workspace.json(&["evolve", "counter", "--on", "two"]);
    assert_eq!(code, 0, "{made:#}");
    assert!(starts(&world) > 2, "{made:#}");
    let shown = world.workspace.json(&["evolutions", "1"]).0;
    assert_eq!(shown["evolution"]["asked"]["worker"], "two", "{shown:#}");
    let (answer, code) = world.workspace.json(&["evolve", "counter", "--on", "three"]);
    assert_eq!(code, 5, "{answer:#}");
}
