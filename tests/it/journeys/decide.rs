//! From a script that lands to a commit, and everything that must not decide.

use super::{LARGE, approve, digest_of, open, open_review, read_to_end, waiting_review, with_one_script};
use crate::support::Workspace;
use serde_json::{Value, json};

fn stage_of(workspace: &Workspace, tool: &str, wanted: &str) -> Value {
    workspace.json_until(&["show", tool], |answer| answer["tool"]["stage"] == wanted)
}

#[test]
fn a_script_lands_is_read_and_approved_and_one_commit_names_its_digest() {
    let workspace = Workspace::new().with_git();
    let mut terminal = open(&workspace, LARGE);
    workspace.write("tools/experimental/greet.py", "\"\"\"Say hello.\"\"\"\nprint('hello')\n");
    terminal.wait_text("greet").wait_text("1 review wait");
    let review = waiting_review(&workspace);
    assert_eq!((&review["kind"], &review["tool"]), (&json!("new"), &json!("greet")));
    let digest = digest_of(&review);

    open_review(&mut terminal);
    terminal.wait_text(&digest[..12]);
    approve(&mut terminal, &digest);

    let shown = stage_of(&workspace, "greet", "approved");
    assert_eq!(shown["tool"]["digest"], json!(digest), "the digest moves with the bytes");
    workspace.wait_commits(2);
    let message = workspace.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains(&format!("Toolsmith-Digest: {digest}")), "{message}");
    assert!(workspace.path("tools/approved/greet/greet.py").is_file());
    assert!(workspace.path("tools/approved/greet/approval.toml").is_file());
    assert!(!workspace.path("tools/experimental/greet.py").exists());
    assert_eq!(workspace.git(&["status", "--porcelain"]), "", "nothing is left over");
    let (log, _) = workspace.json(&["log"]);
    assert_eq!(log["operations"][0]["verb"], json!("approve"), "{log:#}");
    assert_eq!(workspace.json(&["verify"]).1, 0);
}

#[test]
fn an_approval_can_be_taken_back() {
    let workspace = with_one_script("greet");
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 review wait");
    open_review(&mut terminal);
    approve(&mut terminal, &digest);
    stage_of(&workspace, "greet", "approved");
    // The review closes by itself once it is decided.
    terminal.wait_gone("type its first four").wait_text("1 Catalog").wait_text("u undo");
    terminal.send("u").wait_text("Undo?").wait_text("y does it").send("y");
    let shown = stage_of(&workspace, "greet", "experimental");
    assert_eq!(shown["tool"]["digest"], json!(digest));
    assert!(workspace.path("tools/experimental/greet.py").is_file());
}

#[test]
fn keys_typed_ahead_never_approve() {
    // `e` opens a form, which would take all that follows for a hint.
    let opens_none = |digest: &String| !digest[..4].contains('e');
    let found = (1..9).find_map(|number| {
        let workspace = Workspace::new().with_git().with_script("greet", &format!("print({number})"));
        let digest = Some(digest_of(&waiting_review(&workspace))).filter(opens_none)?;
        Some((workspace, digest))
    });
    let (workspace, digest) = found.unwrap();
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("1 review wait");
    open_review(&mut terminal);
    // Everything an approval needs, typed before anything of it was on screen.
    terminal.send(&format!("a{}\ra{}\r", &digest[..4], &digest[..4]));
    // Where an approval was not asked for, its digits are other keys and may have led elsewhere.
    open_review(&mut terminal);
    read_to_end(&mut terminal);
    terminal.send(&format!("a{}\r", &digest[..4]));
    terminal.wait_text("that key did not count").wait_text("____");
    assert_still_waiting(&workspace, &digest);
}

#[test]
fn pasted_text_never_approves() {
    let workspace = with_one_script("greet");
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 review wait");
    open_review(&mut terminal);
    read_to_end(&mut terminal);
    terminal.send("a").wait_text("typing them approves");
    terminal.paste(&format!("{}\r", &digest[..4])).wait_text("pasted text does not count").wait_text("____");
    assert_still_waiting(&workspace, &digest);
}

#[test]
fn approve_is_locked_before_the_end_was_shown_and_a_changed_file_takes_the_review_away() {
    let workspace = Workspace::new().with_git();
    let body = "print('one of many lines')\n".repeat(300);
    let workspace = workspace.with_script("long", &body);
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 review wait");
    open_review(&mut terminal);
    terminal.wait_text("approve is locked").send("a").wait_text("approve is locked");
    assert!(!terminal.text().contains("first four characters"), "{}", terminal.text());
    read_to_end(&mut terminal);
    workspace.write("tools/experimental/long.py", "print('something else')\n");
    terminal.wait_gone("a approves");
    assert_ne!(digest_of(&waiting_review(&workspace)), digest);
    assert_eq!(workspace.commits(), 1);
}

fn assert_still_waiting(workspace: &Workspace, digest: &str) {
    let review = waiting_review(workspace);
    assert_eq!((&review["state"], digest_of(&review).as_str()), (&json!("waiting"), digest));
    assert_eq!(workspace.commits(), 1);
    assert!(workspace.path("tools/experimental/greet.py").is_file());
}
