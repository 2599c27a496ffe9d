//! Two programs on one workspace see each other.

use super::{LARGE, approve, digest_of, open, open_review, waiting_review, with_one_script};
use crate::support::{Workspace, key};

#[test]
fn what_one_decides_the_other_shows() {
    let workspace = with_one_script("greet");
    let mut one = open(&workspace, LARGE);
    let mut other = open(&workspace, LARGE);
    one.wait_text("1 pending review");
    other.wait_text("1 pending review");
    let digest = digest_of(&waiting_review(&workspace));
    open_review(&mut one);
    approve(&mut one, &digest);
    other.wait_gone("1 pending review").wait_text("appr greet");
    workspace.wait_commits(2);
}

#[test]
fn a_run_on_the_command_line_and_its_failure_show_in_the_open_workbench() {
    let workspace = Workspace::new().with_script("broken", "raise SystemExit('no luck today')");
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("3 Failures 0");
    let (run, code) = workspace.json(&["run", "broken"]);
    assert_eq!((run["run"]["outcome"].as_str(), code), (Some("failed"), 1), "{run:#}");
    terminal.wait_text("3 Failures 1").send("3").send(key::ENTER).wait_text("no luck today");
}

#[test]
fn a_tool_that_is_removed_leaves_the_screen() {
    let workspace = with_one_script("greet");
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("greet");
    std::fs::remove_file(workspace.path("tools/experimental/greet.py")).unwrap();
    terminal.wait_gone("greet").wait_text("4 Reviews 0");
}
