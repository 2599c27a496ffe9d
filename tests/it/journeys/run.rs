//! Runs: live output, failures that are kept, and what a kill leaves.

use super::{LARGE, open};
use crate::history::world::without_checks;
use crate::support::{Workspace, end_process_with, repository, unique_seconds};
use rustix::process::Signal;
use serde_json::json;
use std::fs;

const SUBMIT: &str = "\x13";

fn with_divide() -> Workspace {
    let workspace = Workspace::new();
    for file in ["divide.py", "divide.yaml"] {
        let from = repository().join("tools/experimental").join(file);
        fs::copy(from, workspace.path(&format!("tools/experimental/{file}"))).unwrap();
    }
    workspace
}

#[test]
fn output_is_on_screen_while_the_tool_still_runs() {
    // The tool cannot end before the test has seen its first line: it waits for a process that the test ends.
    let seconds = unique_seconds();
    let body = format!(
        "import subprocess, sys\nprint('[1/2] waiting', file=sys.stderr, flush=True)\n\
         subprocess.run(['sleep', '{seconds}'])\nprint('[2/2] finished')"
    );
    let workspace = Workspace::new().with_script("steps", &body);
    // A check would start the tool as well, and the process of that trial would be taken for that of the run.
    without_checks(&workspace);
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("steps").send("r").wait_text("[1/2] waiting").wait_text("running");
    end_process_with(&seconds);
    terminal.wait_text("[2/2] finished").wait_text("succeeded");
    let doctor = workspace.json(&["doctor"]).0;
    let level = doctor["lines"][0]["message"].as_str().unwrap().strip_prefix("runs are ").unwrap().to_owned();
    terminal.wait_text(&level);
    let runs = workspace.json_until(&["runs"], |answer| answer["runs"][0]["outcome"] == "succeeded");
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    assert_eq!(runs["runs"][0]["isolation"]["level"], level);
}

#[test]
fn a_failure_behind_exit_code_0_is_kept_and_shown_and_survives_a_kill() {
    let workspace = with_divide();
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("divide").send("r").wait_text("What is divided").send("10").send(SUBMIT);
    terminal.wait_text("division by zero").wait_text("failed");
    let failures =
        workspace.json_until(&["failures"], |answer| answer["failures"].as_array().is_some_and(|g| !g.is_empty()));
    assert_eq!((&failures["failures"][0]["tool"], &failures["failures"][0]["count"]), (&json!("divide"), &json!(1)));
    let (runs, _) = workspace.json(&["runs"]);
    assert_eq!((&runs["runs"][0]["outcome"], &runs["runs"][0]["exit_code"]), (&json!("failed"), &json!(0)));

    terminal.signal(Signal::KILL).wait_end();
    let mut again = open(&workspace, LARGE);
    again.wait_text("3 Failures 1").wait_text("1× divide").wait_text("4 Reviews 1");
    again.send("3").send("\r").wait_text("division by zero: 10 / 0");
    assert_eq!(workspace.json(&["verify"]).1, 0);
}

#[test]
fn a_run_whose_owner_was_killed_is_interrupted_not_lost() {
    let workspace =
        Workspace::new().with_script("forever", "import time\nprint('started', flush=True)\ntime.sleep(600)");
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("forever").send("r").wait_text("started").wait_text("running");
    terminal.signal(Signal::KILL).wait_end();
    workspace.json_until(&["runs"], |answer| answer["runs"][0]["outcome"] == "interrupted");
    let (output, _) = workspace.json(&["output", "1"]);
    assert!(output.to_string().contains("started"), "{output:#}");
}

#[test]
fn a_run_is_cancelled_by_its_key() {
    let workspace =
        Workspace::new().with_script("forever", "import time\nprint('started', flush=True)\ntime.sleep(600)");
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("forever").send("r").wait_text("started").wait_text("S cancel").send("S").wait_text("cancelled");
    workspace.json_until(&["runs"], |answer| answer["runs"][0]["outcome"] == "cancelled");
}
