//! What costs more than low is opened by the run that needs it; other tools are taken in use by a key.

use super::{LARGE, open};
use crate::support::{Workspace, key};

fn with_two() -> Workspace {
    let workspace = Workspace::new();
    for (name, tier) in [("cheap", "low"), ("dear", "medium")] {
        workspace.write(
            &format!("tools/experimental/{name}/tool.toml"),
            &format!(
                "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"Says it\"\ncost_tier = \"{tier}\"\n\
                 [run]\ncommand = [\"sh\", \"-c\", \"echo {name}-ran\"]\n"
            ),
        );
    }
    workspace
}

#[test]
fn the_first_run_of_a_locked_tool_asks_and_yes_opens_it_for_this_workbench() {
    let workspace = with_two();
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("1 locked").send("/dear").wait_text("1 of 2").send(key::ENTER).wait_text("r run").send("r");
    terminal.wait_text("Unlock dear?").wait_text("y confirm").send("y").wait_text("dear-ran");
    terminal.wait_gone("1 locked");
    let (grants, _) = workspace.json(&["grants"]);
    assert_eq!(grants["unlocks"][0]["tool"], "dear");
}

#[test]
fn a_choice_of_tools_is_taken_in_use_by_a_key() {
    let workspace = with_two();
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("dear").send("T").wait_text("Tool sets").wait_text("minimal");
    terminal
        .send("g")
        .wait_text("›  minimal")
        .send(key::ENTER)
        .wait_text("tool set in use: minimal")
        .wait_text("1 of 2 · minimal");
    terminal
        .send("T")
        .wait_text("all tools")
        .send("G")
        .wait_text("›  full")
        .send(key::ENTER)
        .wait_text("tool set in use: full");
    terminal.wait_text("dear");
}
