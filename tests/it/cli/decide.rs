//! Decisions and stages: who may, what must be named, and what is left behind.

use super::Shell;
use crate::support::{Terminal, Workspace};
use serde_json::json;
use std::process::Command;

fn workspace() -> Shell {
    let shell = Shell::new();
    shell.tool("experimental", "hello", "echo hello\n", "");
    shell
}

fn digest(shell: &Shell) -> String {
    shell.waiting_review()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn decisions_need_a_human_at_a_terminal() {
    let shell = workspace();
    let digest = digest(&shell);
    for args in [
        &["approve", "1", "--digest", &digest][..],
        &["reject", "1", "--reason", "no"],
        &["request-changes", "1", "--reason", "later"],
        &["promote", "hello", "--to", "approved"],
        &["archive", "hello"],
        &["restore", "hello"],
        &["rollback", "hello"],
        &["restore-files", "hello"],
        &["fork", "hello", "hallo"],
        &["deprecate", "hello"],
        &["undo"],
    ] {
        let piped = shell.call(&[args, &["--json"]].concat()).exits(4);
        assert_eq!(piped.error_code(), "human-needed", "{args:?}");
        let agent = shell.at_terminal(&[args, &["--as-agent", "coder"]].concat()).exits(4);
        assert!(agent.stdout.contains("is for humans"), "{args:?}: {}", agent.stdout);
    }
    assert_eq!(shell.waiting_review()["state"], "waiting");
    assert_eq!(shell.call(&["log", "--json"]).exits(0).json()["operations"], json!([]));
}

#[test]
fn an_approval_is_read_page_by_page_and_whoever_stops_approves_nothing() {
    let shell = Shell::new();
    let body: String = (0..200).map(|line| format!("echo {line}")).collect::<Vec<_>>().join("\n");
    shell.tool("experimental", "hello", &body, "");
    let digest = digest(&shell);
    let approve = ["approve", "1", "--digest", &digest[..8]];
    // Keys typed before the first page do not count; those that mean nothing are ignored.
    for keys in ["q", "xyzq", "\u{3}", "\u{1b}", "\u{4}"] {
        let stopped = shell.typing(&approve, super::PAGE_END, keys).exits(4);
        assert!(stopped.stdout.contains("lines not seen"), "{keys:?}: {}", stopped.stdout);
        assert!(!stopped.stdout.contains("echo 199"), "{keys:?}: {}", stopped.stdout);
    }
    assert_eq!(shell.waiting_review()["state"], "waiting");
    let read = shell.at_terminal(&approve).exits(0);
    assert!(read.stdout.matches(super::PAGE_END).count() > 4, "{}", read.stdout);
    for line in ["echo 0\r\n", "echo 100\r\n", "echo 199\r\n"] {
        assert!(read.stdout.contains(line), "{line}: {}", read.stdout);
    }
    let decision = shell.call(&["review", "1", "--json"]).exits(0).json()["review"]["decisions"][0].clone();
    assert!(decision["shown"]["lines_total"].as_u64().unwrap() > 200, "{decision}");
    assert_eq!(decision["shown"]["lines_unread"], 0);
    let tool = shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"].clone();
    assert_eq!(tool["approved_unread"], json!(null));
}

#[test]
fn an_approval_without_reading_is_asked_for_by_name_needs_a_reason_and_is_never_forgotten() {
    let shell = workspace();
    let digest = digest(&shell);
    let approve = ["approve", "1", "--digest", &digest[..8], "--unread"];
    shell.at_terminal(&approve).exits(2);
    shell.at_terminal(&[&approve[..], &["--reason", " \u{200b} "]].concat()).exits(2);
    shell.at_terminal(&["approve", "1", "--digest", "00000000", "--unread", "--reason", "x"]).exits(3);
    assert_eq!(shell.waiting_review()["state"], "waiting");
    let done = shell.at_terminal(&[&approve[..], &["--reason", "known from elsewhere"]].concat()).exits(0);
    assert!(!done.stdout.contains(super::PAGE_END), "{}", done.stdout);
    let unread = shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"]["approved_unread"].clone();
    let total = unread["lines_total"].as_u64().unwrap();
    assert!(total > 3, "{unread}");
    assert_eq!(unread["lines_unread"], json!(total));
    let words = format!("{total} of {total} lines not seen");
    for args in [&["show", "hello"][..], &["review", "1"], &["log"], &["feedback"]] {
        let said = shell.call(args).exits(0).stdout;
        assert!(said.contains(&words), "{args:?}: {words}\n{said}");
    }
    assert!(shell.call(&["list"]).exits(0).stdout.contains("not-read"));
    let row = shell.call(&["list", "--json"]).exits(0).json()["tools"][0]["state_words"].clone();
    assert_eq!(row, "not-read", "text and JSON say the same");
    assert!(shell.call(&["show", "hello"]).exits(0).stdout.contains("known from elsewhere"));
    shell.call(&["verify"]).exits(0);
    // A promotion that is read is one more decision; what the first one says stays in the record.
    shell.at_terminal(&["undo"]).exits(0);
    let tool = shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"].clone();
    assert_eq!(tool["approved_unread"], json!(null), "it is not approved any more");
    assert!(shell.call(&["log"]).exits(0).stdout.contains(&words));
}

#[test]
fn several_approvals_are_read_one_after_the_other_and_whoever_stops_decides_none() {
    let shell = Shell::new();
    shell.tool("experimental", "one", "echo 1\n", "");
    shell.tool("experimental", "two", "echo 2\n", "");
    let reviews = shell.call(&["reviews", "--json"]).exits(0).json()["reviews"].clone();
    let named: Vec<String> =
        (0..2).map(|at| format!("{}={}", reviews[at]["id"], &reviews[at]["digest"].as_str().unwrap()[..8])).collect();
    let approve = ["approve", &named[0], &named[1], "--yes"];
    let stopped = shell.typing(&approve, super::PAGE_END, "q").exits(4);
    assert!(stopped.stdout.contains("was not approved"), "{}", stopped.stdout);
    assert_eq!(shell.call(&["reviews", "--json"]).exits(0).json()["reviews"].as_array().unwrap().len(), 2);
    let refused = shell.at_terminal(&[&approve[..], &["--unread"]].concat()).exits(1).stdout;
    assert!(refused.contains("needs a reason") && !refused.contains("approve: yes"), "before the table: {refused}");
    let done = shell.at_terminal(&approve).exits(0);
    assert!(done.stdout.contains("echo 1") && done.stdout.contains("echo 2"), "{}", done.stdout);
    let tool = shell.call(&["show", "two", "--json"]).exits(0).json()["tool"].clone();
    assert_eq!((&tool["stage"], &tool["approved_unread"]), (&json!("approved"), &json!(null)));
}

#[test]
fn an_approval_names_the_digest_under_review() {
    let shell = workspace();
    let digest = digest(&shell);
    shell.at_terminal(&["approve", "1", "--digest", "0000000000"]).exits(3);
    shell.at_terminal(&["approve", "99", "--digest", &digest]).exits(5);
    let approved = shell.at_terminal(&["approve", "1", "--digest", &digest[..8], "--reason", "read it"]).exits(0);
    assert!(approved.stdout.contains(&digest), "what is approved is shown: {}", approved.stdout);
    let again = shell.at_terminal(&["approve", "1", "--digest", &digest[..8]]).exits(3);
    assert!(again.stdout.contains("error:"), "{}", again.stdout);
    let tool = shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"].clone();
    assert_eq!(
        (&tool["stage"], &tool["digest"], &tool["review"]),
        (&json!("approved"), &json!(digest), &json!("approved"))
    );
    assert_eq!(shell.call(&["reviews", "--json"]).exits(0).json()["reviews"], json!([]));
    let decided = shell.call(&["reviews", "--state", "decided", "--json"]).exits(0).json()["reviews"].clone();
    assert_eq!(decided[0]["decisions"][0]["reason"], "read it");
    let log = shell.call(&["log", "--json"]).exits(0).json()["operations"].clone();
    assert_eq!((&log[0]["verb"], &log[0]["subject"]), (&json!("approve"), &json!("hello")), "{log}");
    shell.call(&["verify"]).exits(0);
}

#[test]
fn a_file_that_changed_since_it_was_shown_cannot_be_approved() {
    let shell = workspace();
    let digest = digest(&shell);
    shell.tool("experimental", "hello", "echo something else\n", "");
    shell.at_terminal(&["approve", "1", "--digest", &digest[..8]]).exits(3);
    assert_eq!(shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"]["stage"], "experimental");
}

#[test]
fn an_approval_is_one_commit_that_names_the_digest() {
    let shell = workspace();
    shell.git();
    let digest = digest(&shell);
    let approved = shell.at_terminal(&["approve", "1", "--digest", &digest]).exits(0);
    assert!(approved.stdout.contains("commit"), "{}", approved.stdout);
    let log = Command::new("git").args(["log", "-1", "--format=%B"]).current_dir(shell.workspace()).output().unwrap();
    let message = String::from_utf8(log.stdout).unwrap();
    assert!(message.contains(&format!("Toolsmith-Digest: {digest}")), "{message}");
    let count =
        Command::new("git").args(["rev-list", "--count", "HEAD"]).current_dir(shell.workspace()).output().unwrap();
    assert_eq!(String::from_utf8(count.stdout).unwrap().trim(), "2");
}

#[test]
fn a_rejection_has_a_reason_and_can_be_taken_back() {
    let shell = workspace();
    digest(&shell);
    shell.at_terminal(&["reject", "1"]).exits(2);
    shell.at_terminal(&["reject", "1", "--reason", "does nothing"]).exits(0);
    let review = shell.call(&["review", "1", "--json"]).exits(0).json()["review"].clone();
    assert_eq!((&review["state"], &review["decisions"][0]["reason"]), (&json!("rejected"), &json!("does nothing")));
    let log = shell.call(&["log", "--grep", "does nothing"]).exits(0).stdout;
    assert!(log.contains("reject") && log.ends_with("1 operation\n"), "{log}");
    let undone = shell.at_terminal(&["undo"]).exits(0);
    let said = format!("{}{}", undone.stdout, undone.stderr);
    assert!(said.contains("Undo operation") && !said.contains('?'), "nothing is asked: {said}");
    assert_eq!(shell.waiting_review()["id"], 1);
    shell.call(&["verify", "--json"]).exits(0);
}

#[test]
fn an_archived_tool_is_hidden_not_runnable_and_comes_back() {
    let shell = workspace();
    shell.call(&["run", "hello"]).exits(0);
    let archived = shell.at_terminal(&["archive", "hello", "--reason", "old"]).exits(0);
    assert!(archived.stdout.contains("Archive hello"), "what will change is said first: {}", archived.stdout);
    assert_eq!(shell.call(&["list", "--json"]).exits(0).json()["tools"], json!([]));
    shell.call(&["run", "hello"]).exits(4);
    assert_eq!(shell.call(&["runs", "hello", "--json", "--outcome", "succeeded"]).exits(0).json()["runs"][0]["id"], 1);
    shell.at_terminal(&["restore", "hello"]).exits(0);
    shell.call(&["run", "hello"]).exits(0);
}

#[test]
fn promote_names_the_review_that_waits() {
    let shell = workspace();
    let review = shell.waiting_review()["id"].clone();
    let asked = shell.at_terminal(&["promote", "hello", "--to", "approved", "--json"]).exits(0).stdout;
    let answer = asked.lines().find(|line| line.starts_with('{')).unwrap();
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["review"], review);
}

#[test]
fn a_review_shows_its_evidence_and_the_whole_source() {
    let shell = workspace();
    digest(&shell);
    let text = shell.call(&["review", "1"]).exits(0).stdout;
    for part in ["Facts", "checks have not run", "echo hello", "toolsmith approve 1 --digest "] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert_eq!(shell.call(&["review", "99", "--json"]).exits(5).error_code(), "not-found");
}

#[test]
fn a_comment_is_written_and_taken_back() {
    let shell = workspace();
    shell.waiting_review();
    shell.at_terminal(&["comment", "1", "why?", "--path", "hello.sh", "--lines", "1"]).exits(0);
    let said = shell.call(&["review", "1", "--json"]).exits(0).json()["comments"].clone();
    assert_eq!((&said[0]["body"], &said[0]["path"]), (&json!("why?"), &json!("hello.sh")), "{said}");
    shell.at_terminal(&["withdraw", "99"]).exits(5);
    shell.at_terminal(&["withdraw", "1"]).exits(0);
    assert_eq!(shell.call(&["review", "1", "--json"]).exits(0).json()["comments"], json!([]));
}

#[test]
fn no_agent_puts_an_end_to_a_review_that_waited_before_it_asked() {
    let shell = workspace();
    shell.waiting_review();
    let request = json!({
        "kind": "ToolReviewRequest", "tool": "hello", "description": "d", "rationale": "r", "expires_in": "1s"
    });
    shell.write("request.json", &request.to_string());
    let file = shell.workspace().join("request.json");
    shell.call(&["request", "--file", file.to_str().unwrap(), "--as-agent", "coder"]).exits(0);
    let review = shell.waiting_review();
    assert_eq!((&review["id"], &review["expires_at"]), (&json!(1), &json!(null)), "{review}");
}

#[test]
fn some_tools_of_an_adoption_are_approved_by_name_and_the_others_wait() {
    let workspace = Workspace::new();
    for name in ["alpha", "beta"] {
        workspace.write(&format!("tools/approved/{name}/{name}.py"), "print('{}')\n");
        let manifest = format!("name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"Says {name}\"\n");
        workspace.write(&format!("tools/approved/{name}/tool.toml"), &manifest);
    }
    let (reviews, _) = workspace.json(&["reviews"]);
    let adoption = &reviews["reviews"][0];
    assert_eq!((&adoption["kind"], adoption["members"].as_array().unwrap().len()), (&json!("adoption"), 2));
    let (id, digest) = (adoption["id"].to_string(), adoption["digest"].as_str().unwrap()[..12].to_owned());
    let approve = |only: &str| {
        let args = ["approve", &id, "--digest", &digest, "--only", only, "--unread", "--reason", "known", "--yes"];
        Terminal::toolsmith(&workspace, &args, (120, 40)).wait_end().exit_code()
    };
    assert_ne!(approve("gamma"), 0, "it is not part of the adoption");
    assert_eq!(approve("beta"), 0);
    let (after, _) = workspace.json(&["reviews"]);
    let members = after["reviews"][0]["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[0][0]), (1, &json!("alpha")), "{after:#}");
}

#[test]
fn of_twins_of_an_adoption_the_digests_are_named_before_anything_is_read() {
    let workspace = Workspace::new();
    for stage in ["approved", "core"] {
        workspace.write(&format!("tools/{stage}/twin/twin.py"), &format!("print('{stage}')\n"));
        let manifest = "name = \"twin\"\nversion = \"1.0.0\"\ndescription = \"Says where it is\"\n";
        workspace.write(&format!("tools/{stage}/twin/tool.toml"), manifest);
    }
    let adoption = workspace.json(&["reviews"]).0["reviews"][0].clone();
    let (id, digest) = (adoption["id"].to_string(), adoption["digest"].as_str().unwrap()[..12].to_owned());
    let args = ["approve", &id, "--digest", &digest, "--only", "twin"];
    let mut terminal = Terminal::toolsmith(&workspace, &args, (160, 40));
    // Nobody presses enter: what is asked first would wait for ever.
    terminal.wait_text("several tools of review");
    for member in adoption["members"].as_array().unwrap() {
        terminal.wait_text(&format!("--only twin@{}", &member[1].as_str().unwrap()[..8]));
    }
    assert!(!terminal.wait_end().success());
}
