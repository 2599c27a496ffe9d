//! The starter tools of the program: written by `init --starter`, adopted with one look at what they declare.

use crate::support::{Terminal, Workspace, key};
use serde_json::{Value, json};
use std::fs;
use toolsmith::engine::StarterTool;

/// A starter tool that declares nothing, and what it takes.
const PLAIN: [&str; 4] = ["run", "semver-bump", "--input", r#"{"version": "1.2.3", "part": "minor"}"#];

/// A starter tool that reads the workspace.
const READER: [&str; 4] = ["run", "dir-tree", "--input", r#"{"folder": "tools", "depth": 1}"#];

fn started() -> Workspace {
    let workspace = Workspace::new();
    let (made, code) = workspace.json(&["init", "--starter"]);
    assert_eq!(code, 0, "{made:#}");
    workspace
}

/// The exit code of a call by an agent.
fn by_agent(workspace: &Workspace, args: &[&str]) -> Option<i32> {
    workspace.toolsmith(args).env("TOOLSMITH_AGENT", "coder").output().unwrap().status.code()
}

fn adopt(workspace: &Workspace) {
    let mut terminal = Terminal::toolsmith(workspace, &["starter", "--yes"], (160, 60));
    assert_eq!(terminal.wait_end().exit_code(), 0, "{}", terminal.text());
}

fn waiting(workspace: &Workspace) -> Vec<Value> {
    let (reviews, _) = workspace.json(&["reviews"]);
    let all = reviews["reviews"].as_array().unwrap();
    all.iter().filter(|review| review["kind"] == "adoption").cloned().collect()
}

#[test]
fn init_writes_the_set_which_waits_and_a_second_call_changes_nothing() {
    let workspace = started();
    let first = StarterTool::all().first().unwrap();
    let file = workspace.path(&format!("{}/tool.toml", first.folder()));
    fs::write(&file, "mine").unwrap();
    let (again, code) = workspace.json(&["init", "--starter"]);
    assert_eq!((code, &again["created"]), (0, &json!([])), "{again:#}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(waiting(&workspace).len(), 1);
    assert_eq!(by_agent(&workspace, &PLAIN), Some(4), "an agent runs nothing that nobody adopted");
}

#[test]
fn neither_an_agent_nor_a_pipe_adopts() {
    let workspace = started();
    assert_eq!(by_agent(&workspace, &["starter", "--yes"]), Some(4));
    let (refused, code) = workspace.json(&["starter", "--yes"]);
    assert_eq!(code, 4, "{refused:#}");
    assert_eq!(by_agent(&workspace, &PLAIN), Some(4));
    // The same call by a human at a terminal adopts.
    adopt(&workspace);
    assert_eq!(by_agent(&workspace, &PLAIN), Some(0));
}

#[test]
fn one_look_and_a_yes_adopt_the_set_and_the_record_says_that_nobody_read_it() {
    let workspace = started();
    let look = |answer: &str| {
        let mut terminal = Terminal::toolsmith(&workspace, &["starter"], (200, 70));
        terminal.wait_text("[y/N]");
        for shown in ["declares", "http-status", "network full", "reads {workspace}", "starts git, iconv"] {
            assert!(terminal.text().contains(shown), "{shown}: {}", terminal.text());
        }
        terminal.send(answer).send(key::ENTER);
        terminal.wait_end().exit_code()
    };
    assert_eq!(look("n"), 1);
    assert_eq!(by_agent(&workspace, &PLAIN), Some(4), "a no adopts nothing");
    assert_eq!(look("y"), 0);
    for call in [PLAIN, READER] {
        assert_eq!(by_agent(&workspace, &call), Some(0), "{call:?}");
    }
    assert_eq!(waiting(&workspace), Vec::<Value>::new());
    let (verified, code) = workspace.json(&["verify"]);
    assert_eq!(code, 0, "{verified:#}");

    let (log, _) = workspace.json(&["log"]);
    let newest = &log["operations"][0];
    assert_eq!((&newest["verb"], &newest["subject"]), (&json!("approve"), &json!("adoption")), "{log:#}");
    let detail = &newest["detail"];
    assert!(detail["reason"].as_str().unwrap().contains("their lines were not read"), "{detail:#}");
    assert!(detail["lines_unread"].as_u64().unwrap() > 1_000, "{detail:#}");
    assert_eq!(detail["lines_unread"], detail["lines_total"]);

    let (_, code) = workspace.json_of_human(&["undo"]);
    assert_eq!(code, 0);
    let (grants, _) = workspace.json(&["grants"]);
    assert_eq!(grants["allowed"], json!([]), "permissions go with the approvals");
    let (promoted, code) = workspace.json_of_human(&["promote", "dir-tree", "--to", "approved"]);
    assert_eq!(code, 4, "{promoted:#}");
    assert!(promoted["error"]["message"].as_str().unwrap().contains("nobody approved it here"), "{promoted:#}");
    let unread = workspace.toolsmith(&READER).output().unwrap();
    let told = String::from_utf8_lossy(&unread.stderr);
    assert!(told.contains("it ran without what it declares: reads {workspace}; `toolsmith review "), "{told}");
    let (verified, code) = workspace.json(&["verify"]);
    assert_eq!(code, 0, "{verified:#}");
    for call in [PLAIN, READER] {
        assert_eq!(by_agent(&workspace, &call), Some(4), "{call:?}");
    }
    adopt(&workspace);
    assert_eq!(by_agent(&workspace, &READER), Some(0), "it can be adopted again");
}

#[test]
fn a_changed_tool_is_no_part_of_the_set() {
    let workspace = started();
    let script = workspace.path("tools/approved/semver-bump/semver_bump.sh");
    let text = fs::read_to_string(&script).unwrap();
    fs::write(&script, format!("{text}# one more line\n")).unwrap();
    adopt(&workspace);
    assert_eq!(by_agent(&workspace, &READER), Some(0));
    assert_eq!(by_agent(&workspace, &PLAIN), Some(4), "its files are not those of the program");
    let members = waiting(&workspace);
    assert_eq!(members.len(), 1, "it waits for a review of its own: {members:#?}");
}

#[test]
fn the_workbench_adopts_them_with_one_key() {
    let workspace = Workspace::new();
    let mut terminal = Terminal::toolsmith(&workspace, &[], (120, 45));
    terminal.wait_text("No tools yet").send("W");
    terminal
        .wait_text("with these permissions?")
        .wait_text("network full: http-status")
        .wait_text("y confirm")
        .send("y");
    // The adoption that the scan had asked for is over at once.
    terminal.wait_text("38 tools adopted").wait_text("No pending reviews");
    assert_eq!(by_agent(&workspace, &PLAIN), Some(0));
    terminal.send("q");
    assert_eq!(terminal.wait_end().exit_code(), 0);
}
