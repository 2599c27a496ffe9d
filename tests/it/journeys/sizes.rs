//! Small terminals can do everything large ones can.

use super::{approve, digest_of, open, open_review, waiting_review, with_one_script};
use crate::support::{Terminal, Workspace, key};
use serde_json::json;

const SMALL: [(u16, u16); 2] = [(80, 24), (60, 20)];

#[test]
fn a_small_terminal_shows_one_pane_at_a_time_and_reaches_all_four() {
    let workspace = with_one_script("greet");
    for size in SMALL {
        let mut terminal = open(&workspace, size);
        terminal.wait_text("1 Catalog").wait_text("greet");
        terminal.send("2").wait_text("First steps").send("3").wait_text("No failures");
        terminal.send("4").wait_text("new").send("1").wait_text("greet");
        terminal.send("?").wait_text("Keys in").send(key::ESC).wait_gone("Keys in");
    }
}

#[test]
fn a_tool_is_run_and_approved_on_a_small_terminal() {
    for size in SMALL {
        let workspace = with_one_script("greet");
        let mut terminal = open(&workspace, size);
        terminal.wait_text("greet").send("r");
        workspace.json_until(&["runs"], |answer| answer["runs"][0]["outcome"] == "succeeded");
        terminal.send("2").wait_text("done");
        let digest = digest_of(&waiting_review(&workspace));
        open_review(&mut terminal);
        approve(&mut terminal, &digest);
        workspace.json_until(&["show", "greet"], |answer| answer["tool"]["stage"] == json!("approved"));
        workspace.wait_commits(2);
    }
}

#[test]
fn each_page_that_is_read_before_an_approval_fits_the_terminal() {
    let body = "print('one of many lines')\n".repeat(80);
    let workspace = Workspace::new().with_git().with_script("greet", &body);
    let review = waiting_review(&workspace);
    let (id, digest) = (review["id"].to_string(), digest_of(&review));
    for size in SMALL {
        let mut terminal = Terminal::toolsmith(&workspace, &["approve", &id, "--digest", &digest], size);
        terminal.wait_text("q: quit --").wait_text(&format!("review {id}:"));
        terminal.send("q").wait_end();
    }
}

#[test]
fn without_bubblewrap_the_start_says_what_that_costs() {
    let workspace = with_one_script("greet");
    let folder = workspace.home().join("toolsmith/config");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "[isolation]\nbubblewrap = \"/nowhere/bwrap\"\n").unwrap();
    for size in SMALL {
        let mut terminal = open(&workspace, size);
        terminal
            .wait_text("! no bubblewrap · :d")
            .send(":")
            .wait_text("doctor")
            .send("doctor")
            .wait_text(": doctor")
            .send(key::ENTER);
        terminal.wait_text("bubblewrap is not installed").wait_text("apt-get install bubblewrap");
    }
}

#[test]
fn a_resized_terminal_is_drawn_anew_and_one_too_small_says_so() {
    let workspace = Workspace::new().with_script("greet", "print('hello')");
    let mut terminal = open(&workspace, (120, 40));
    terminal.wait_text("3 Failures").wait_text("4 Reviews");
    terminal.resize((39, 9)).wait_gone("1 Catalog").wait_text("40");
    terminal.resize((80, 24)).wait_text("1 Catalog").wait_text("greet");
    terminal.resize((120, 40)).wait_for("four panes", |screen| {
        ["╭ 1 Catalog", "╭ 2 Output", "╭ 3 Failures", "╭ 4 Reviews"]
            .iter()
            .all(|title| screen.contents().contains(title))
    });
}
