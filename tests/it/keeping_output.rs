//! `[history]` limits how much output of runs is kept; what a failure or a decision needs stays.

use crate::support::{Terminal, Workspace};
use serde_json::json;
use std::fs;

fn configure(workspace: &Workspace, text: &str) {
    let file = workspace.home().join("toolsmith/config/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
}

fn approve_all(workspace: &Workspace) {
    let (reviews, _) = workspace.json(&["reviews"]);
    for row in reviews["reviews"].as_array().unwrap() {
        let (id, digest) = (row["id"].to_string(), row["digest"].as_str().unwrap()[..12].to_owned());
        let args = ["approve", &id, "--digest", &digest, "--unread", "--reason", "a test"];
        assert_eq!(workspace.json_of_human(&args).1, 0);
    }
}

fn output(workspace: &Workspace, run: usize) -> (String, String) {
    let output = workspace.toolsmith(&["output", &run.to_string()]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Runs 1 to 6: five that succeed, and one that fails in between.
fn with_runs() -> Workspace {
    let workspace = Workspace::new().with_git();
    workspace.write("tools/experimental/greet.py", "\"\"\"Greets.\"\"\"\nprint('hello')\n");
    workspace.write("tools/experimental/fails.py", "\"\"\"Fails.\"\"\"\nprint('before')\nraise SystemExit('no')\n");
    workspace.json(&["list"]);
    workspace.json_until(&["reviews"], |answer| answer["reviews"].as_array().is_some_and(|rows| rows.len() == 2));
    approve_all(&workspace);
    for tool in ["fails", "greet", "greet", "greet", "greet", "greet"] {
        workspace.json(&["run", tool]);
    }
    workspace
}

#[test]
fn old_output_goes_and_what_a_failure_needs_stays() {
    let workspace = with_runs();
    let (refused, code) = workspace.json_of_human(&["prune"]);
    assert!(code != 0 && refused["error"]["message"] == "no limit is set: all output is kept", "{refused:#}");
    configure(&workspace, "[history]\nkeep_runs = 3\n");
    let doctor = workspace.toolsmith(&["doctor"]).output().unwrap();
    let text = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        text.contains("history: output of 6 runs kept") && text.contains("limits: 3 newest runs; 2 exceed"),
        "{text}"
    );
    let (plan, code) = workspace.json_of_human(&["prune", "--dry-run"]);
    assert_eq!((code, &plan["dry_run"]), (0, &json!(true)), "{plan:#}");
    assert!(plan.to_string().contains("removes the output of 2 runs"), "{plan:#}");
    assert_eq!(output(&workspace, 2).0.trim(), "hello");

    let (pruned, code) = workspace.json_of_human(&["prune"]);
    assert_eq!((code, &pruned["detail"]["runs"]), (0, &json!(2)), "{pruned:#}");
    assert!(output(&workspace, 1).0.contains("before"), "its failure is open");
    for run in [2, 3] {
        let (out, err) = output(&workspace, run);
        assert!(
            out.is_empty() && err.contains(&format!("the output of run {run} was removed by prune")),
            "{out} {err}"
        );
    }
    for run in [4, 5, 6] {
        assert_eq!(output(&workspace, run).0.trim(), "hello");
    }
    let (runs, _) = workspace.json(&["runs"]);
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(6), "records stay");
    let (log, _) = workspace.json(&["log"]);
    assert!(log.to_string().contains("\"prune\""), "{log:#}");
    let (again, code) = workspace.json_of_human(&["prune"]);
    assert_eq!((code, &again["message"]), (0, &json!("no output exceeds the limits")), "{again:#}");
}

#[test]
fn the_limits_are_applied_when_the_workbench_opens() {
    let workspace = with_runs();
    configure(&workspace, "[history]\nkeep_runs = 1\n");
    let mut terminal = Terminal::toolsmith(&workspace, &[], (120, 40));
    terminal.wait_text("Ready").wait_text("greet");
    workspace.json_until(&["log"], |log| log.to_string().contains("\"prune\""));
    terminal.send("q").wait_end();
    assert_eq!(output(&workspace, 5).0, "");
    assert_eq!(output(&workspace, 6).0.trim(), "hello");
}
