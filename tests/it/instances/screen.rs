//! Services in the workbench, in a real terminal: launched, talked to, killed, left running.

use super::{Bench, kill};
use crate::support::{Terminal, key, processes_with};
use std::time::{Duration, Instant};

/// A size at which all panes are on screen.
const LARGE: (u16, u16) = (120, 40);

fn open(bench: &Bench) -> Terminal {
    let mut terminal = Terminal::toolsmith(&bench.workspace, &[], LARGE);
    terminal.wait_text("Ready").wait_text("companion");
    terminal
}

#[test]
fn a_service_is_launched_talked_to_and_ended_with_keys_alone() {
    let (bench, mark) = Bench::with_companion("");
    let mut terminal = open(&bench);
    assert!(!terminal.text().contains("5 Services"), "there is no instance yet");
    terminal.send("r").wait_text("5 Services").wait_text("▶ running");
    assert_eq!(bench.instance("companion")["state"], "running");
    terminal
        .send("\"")
        .wait_text("Say to companion")
        .send("hello there")
        .wait_text("hello there")
        .send("\r")
        .wait_text("1: hello there");
    terminal.send("\x1b").wait_gone("Say to companion").send("i").wait_text("1: hello there");
    terminal
        .send("+")
        .wait_text("Stage a prompt")
        .send("answer briefly")
        .wait_text("answer briefly")
        .send("\r")
        .wait_text("staged       answer briefly");
    terminal
        .send("p")
        .wait_text("next message answer briefly")
        .send("X")
        .wait_text("deletes 0 staged prompts, 1 prompt");
    terminal.wait_text("y confirm").send("y").wait_text("0 staged, 0 with the next message");
    terminal.wait_text("launched by").wait_gone("next message answer briefly").send("\x1b").wait_gone("launched by");
    // The log grows while it is shown.
    terminal.send("\r").wait_text("#1").wait_text("1: hello there");
    bench.say("companion", "from the shell");
    terminal.wait_text("2: from the shell");
    // What is open goes on with the next start.
    bench.ok(&["relaunch", "companion"]);
    terminal.wait_text("■ start 2 · run #").wait_text("ended: cancelled");
    bench.say("companion", "after it");
    terminal
        .wait_text("after it")
        .wait_text("S terminate")
        .send("S")
        .wait_text("y confirm")
        .send("y")
        .wait_text("– stopped")
        .wait_text("0 of 1 up");
    Bench::until_gone(&mark);
    terminal.send("r").wait_text("y confirm").send("y").wait_text("1 of 1 up").send("q").wait_end();
    assert!(terminal.text().contains("1 service keeps running"), "{}", terminal.text());
    assert_eq!(bench.instance("companion")["state"], "running");
    bench.ok(&["terminate", "companion"]);
    Bench::until_gone(&mark);
}

#[test]
fn a_keeper_that_is_killed_is_seen_by_the_workbench_which_starts_the_service_again() {
    let (bench, mark) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let mut terminal = open(&bench);
    terminal.wait_text("▶ running");
    let (first, keeper) = (processes_with(&mark), bench.keepers());
    assert_eq!((first.len(), keeper.len()), (1, 1));
    keeper.into_iter().for_each(kill);
    // Nobody else looks: what is started is started by the workbench.
    let give_up = Instant::now() + super::PATIENCE;
    while processes_with(&mark).iter().all(|pid| first.contains(pid)) {
        assert!(Instant::now() < give_up, "nobody started it again\n{}", terminal.text());
        std::thread::yield_now();
    }
    terminal.wait_text("▶ running").send("q").wait_end();
    bench.ok(&["terminate", "companion"]);
    Bench::until_gone(&mark);
}

#[test]
fn what_must_be_allowed_is_asked_for_before_anything_is_launched() {
    let (bench, mark) = Bench::with_companion("");
    let manifest = "tools/experimental/companion/tool.toml";
    let text = std::fs::read_to_string(bench.workspace.root().join(manifest)).unwrap();
    bench.workspace.write(manifest, &text.replace("cost_tier = \"low\"", "cost_tier = \"medium\""));
    let mut terminal = open(&bench);
    terminal.send("r").wait_text("Unlock?").wait_text("y confirm").send(key::ESC).wait_gone("Unlock?");
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
    assert_eq!(bench.ok(&["services"])["services"], serde_json::json!([]));
    terminal.send("q").wait_end();
}

#[test]
fn a_service_that_dies_is_shown_within_a_second() {
    let (bench, mark) = Bench::with_companion("[service]\nrestart = \"never\"\n");
    bench.ok(&["launch", "companion", "--wait"]);
    let mut terminal = open(&bench);
    terminal.wait_text("▶ running");
    let killed = Instant::now();
    processes_with(&mark).into_iter().for_each(kill);
    terminal.wait_gone("▶ running");
    // A second is promised; the machine of a test is busy.
    assert!(killed.elapsed() < Duration::from_secs(4), "{:?}", killed.elapsed());
    terminal.send("q").wait_end();
}

#[test]
fn a_service_is_defined_in_the_palette_and_waits_for_its_review() {
    let (bench, _) = Bench::with_companion("");
    let mut terminal = open(&bench);
    terminal.send(":").wait_text("all verbs").send("define").wait_text("Define a service without code").send("\r");
    terminal.wait_text("name of the service").send("helper\t\tgit\tHelps with versions").send("\x13");
    terminal.wait_text("tools/experimental/helper is a new experimental service").wait_text("2 tools");
    let shown = bench.ok(&["show", "helper"])["tool"].clone();
    assert_eq!((&shown["kind"], &shown["description"]), (&"service".into(), &"Helps with versions".into()), "{shown}");
    terminal.send("q").wait_end();
}
