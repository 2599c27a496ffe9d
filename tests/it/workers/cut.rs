//! The connection to a worker is cut: the run is recorded as interrupted, and no process is left on either side.

use super::World;
use crate::support::{processes_with, unique_seconds};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub(super) fn wait_until(what: &str, wanted: impl Fn() -> bool) {
    let give_up = Instant::now() + Duration::from_mins(1);
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}

/// A run that goes on: the tool, and a process that it left in a session of its own.
struct Going {
    world: World,
    near: Child,
    seconds: String,
}

impl Going {
    fn start(script: &str) -> Going {
        let (world, seconds) = (World::new(script, ""), unique_seconds());
        world.tool("waits", &format!("setsid sleep {seconds} & echo here; exec sleep {seconds}\n"), "");
        let mut near = world
            .workspace
            .toolsmith(&["run", "waits", "--on", "two"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(near.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert_eq!(lines.next().as_deref(), Some("here"));
        wait_until("the processes of the run are there", || processes_with(&seconds).len() == 2);
        assert!(!processes_with(&world.far_program()).is_empty());
        Going { world, near, seconds }
    }

    /// The processes of the prefix, or of the far side.
    fn far(&self) -> Vec<i32> {
        processes_with(&self.world.far_program())
    }

    fn nothing_is_left(&self) {
        wait_until("the processes of the run end", || processes_with(&self.seconds).is_empty());
        wait_until("the far side ends", || self.far().is_empty());
    }

    fn record(&self) -> Value {
        self.world.workspace.json(&["runs"]).0["runs"][0].clone()
    }
}

fn kill(pid: i32) {
    // It may have ended with another one.
    let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
}

#[test]
fn a_prefix_that_is_killed_leaves_nothing_and_an_interrupted_run() {
    // The prefix is the far side itself, or a process before it.
    for script in ["exec \"$@\"", "\"$@\"; exit 1"] {
        let mut going = Going::start(script);
        let first = going.far().into_iter().min().unwrap();
        kill(first);
        assert_eq!(going.near.wait().unwrap().code(), Some(1), "{script}");
        going.nothing_is_left();
        let run = going.record();
        assert_eq!((&run["outcome"], &run["worker"]), (&"interrupted".into(), &"two".into()), "{run:#}");
        assert!(run["notes"].to_string().contains("worker two: the connection ended by signal 9"), "{run:#}");
    }
}

#[test]
fn a_far_side_of_which_every_process_is_killed_at_once_leaves_nothing_either() {
    for script in ["exec \"$@\"", "\"$@\"; exit 1"] {
        let mut going = Going::start(script);
        going.far().into_iter().for_each(kill);
        assert_eq!(going.near.wait().unwrap().code(), Some(1), "{script}");
        going.nothing_is_left();
        let run = going.record();
        assert_eq!((&run["outcome"], &run["worker"]), (&"interrupted".into(), &"two".into()), "{run:#}");
    }
}

#[test]
fn a_near_side_that_is_killed_leaves_nothing_and_an_interrupted_run() {
    // The second prefix goes on when its standard input ends.
    for script in ["exec \"$@\"", "trap '' TERM HUP; \"$@\"; sleep 1000"] {
        let mut going = Going::start(script);
        going.near.kill().unwrap();
        going.near.wait().unwrap();
        going.nothing_is_left();
        assert_eq!(going.record()["outcome"], "interrupted", "{script}");
    }
}

#[test]
fn a_far_side_whose_input_ends_ends_the_run() {
    // The prefix closes the stream after the answer; the near side is told by the end of the other stream.
    // Six lines: what is wanted, and two files.
    let until = "until [ -e \"$TOOLSMITH_HOME/cut\" ]; do sleep 0.01; done";
    let mut going = Going::start(&format!("{{ sed -u 6q; {until}; }} | \"$@\""));
    std::fs::write(going.world.far_home().join("cut"), "").unwrap();
    assert_eq!(going.near.wait().unwrap().code(), Some(1));
    going.nothing_is_left();
    assert_eq!(going.record()["outcome"], "interrupted");
}

#[test]
fn a_run_is_interrupted_wherever_the_stream_is_cut() {
    // So many lines of the far side come through, then nothing.
    for lines in 0..5 {
        let seconds = unique_seconds();
        let pass = if lines == 0 { "true".to_owned() } else { format!("sed -u {lines}q") };
        let world = World::new(&format!("\"$@\" | {{ {pass}; kill $$; }}"), "");
        world.tool("waits", &format!("echo one; echo two; exec sleep {seconds}\n"), "");
        let (outcome, error) = world.outcome(&["waits", "--timeout", "20s"]);
        let wanted = if lines < 3 { "refused" } else { "interrupted" };
        assert_eq!(outcome, wanted, "{lines}: {error}");
        wait_until("the run ends", || processes_with(&seconds).is_empty());
        wait_until("the far side ends", || processes_with(&world.far_program()).is_empty());
    }
}
