//! Decisions leave the workspace as lines that others can learn from, and pages say what a tool is.

use super::world::{ada, decide, native, open};
use crate::support::Workspace;
use serde_json::Value;
use std::fs;
use toolsmith::domain::{Command, DecisionKind};
use toolsmith::engine::ReviewFilter;

const SECRET: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

#[test]
fn every_decision_is_a_line_with_request_code_evidence_and_no_secret() {
    let workspace = Workspace::new();
    let made = "[provenance]\ncreated_by = \"coder\"\ngenerator = \"forge 2\"\nreason = \"count things\"\n";
    native(&workspace, "tools/experimental/alpha", "alpha", &format!("TOKEN={SECRET}\necho 1\n"), made);
    native(&workspace, "tools/experimental/beta", "beta", "echo 2\n", made);
    let engine = open(&workspace);
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let kinds = [DecisionKind::Reject, DecisionKind::Approve];
    for (review, kind) in waiting.iter().zip(kinds) {
        engine.execute(decide(review, kind), &ada()).unwrap();
    }
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    let output = workspace.toolsmith(&["feedback"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains(SECRET) && text.contains("[redacted"), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let first = &lines[0];
    assert_eq!((&first["decision"], &first["reason"]), (&Value::from("reject"), &Value::from("because")));
    assert_eq!(first["request"]["provenance"]["generator"], "forge 2");
    assert_eq!((&first["request"]["category"], &first["request"]["kind"]), (&Value::from("data"), &Value::from("new")));
    assert_eq!(first["request"]["digest"], waiting[0].digest.hex(), "a digest is no secret");
    assert!(first["code"].as_array().unwrap().iter().any(|file| file["path"] == "alpha.sh"), "{first:#}");
    assert!(lines[1]["evidence"]["checks"].is_array(), "what was approved was checked: {:#}", lines[1]);
    assert_eq!((&first["taken_back"], &lines[1]["taken_back"]), (&Value::from(false), &Value::from(true)));
    assert_eq!(first["reviewer"], "Ada <ada@example.org>");
    // The same into a file, and found again in the log.
    let out = workspace.path("feedback.jsonl");
    assert!(workspace.toolsmith(&["feedback", "--out", out.to_str().unwrap()]).output().unwrap().status.success());
    assert_eq!(fs::read_to_string(out).unwrap(), text);
    assert_eq!(workspace.json(&["log", "--grep", "because"]).0["operations"].as_array().unwrap().len(), 2);
    let recent = workspace.json(&["feedback", "--since", "1h"]).0;
    assert_eq!((&recent["count"], recent["decisions"].as_array().unwrap().len()), (&Value::from(2), 2));
}

#[test]
fn ten_approvals_of_one_generator_suggest_fewer_questions_and_say_why() {
    let workspace = Workspace::new();
    let made = "[provenance]\ngenerator = \"forge 2\"\n";
    for at in 0..11 {
        let name = format!("tool{at}");
        native(&workspace, &format!("tools/experimental/{name}"), &name, &format!("echo {at}\n"), made);
    }
    let engine = open(&workspace);
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    for review in &waiting[..9] {
        engine.execute(decide(review, DecisionKind::Approve), &ada()).unwrap();
    }
    assert_eq!(engine.reviews().suggestions().unwrap(), vec![]);
    engine.execute(decide(&waiting[9], DecisionKind::Approve), &ada()).unwrap();
    let found = engine.reviews().suggestions().unwrap();
    assert_eq!((found.len(), found[0].approvals, found[0].generator.as_str()), (1, 10, "forge 2"));
    let evidence = engine.reviews().detail(waiting[10].id).unwrap().evidence;
    let line = evidence.iter().find(|line| line.label == "suggestion").expect("it stands beside the evidence");
    let why = "10 approvals in a row for generator forge 2 in category data, last rejection never";
    assert!(line.text.starts_with(why), "{}", line.text);
    let (told, code) = workspace.json(&["feedback", "--suggestions"]);
    assert_eq!((code, &told["suggestions"][0]["approvals"]), (0, &Value::from(10)));
    // It only suggests: the eleventh waits like all the others.
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap().len(), 1);
    engine.execute(decide(&waiting[10], DecisionKind::Reject), &ada()).unwrap();
    assert_eq!(engine.reviews().suggestions().unwrap(), vec![]);
}

#[test]
fn a_page_says_how_to_use_a_tool_what_it_may_do_and_who_made_it() {
    let workspace = Workspace::new();
    let more = "[permissions]\nread = [\"data\"]\n[limits]\nprocesses = 7\n[provenance]\ncreated_by = \"coder\"\n\
                generator = \"[forge](http://evil)\"\n[[examples]]\ndescription = \"# Count\"\ninput = { a = 1 }\n";
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", more);
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    let (written, code) = workspace.json(&["docs", "--out", workspace.path("pages").to_str().unwrap()]);
    assert_eq!((code, &written["pages"]), (0, &serde_json::json!(["alpha.md", "index.md"])), "{written:#}");
    let page = fs::read_to_string(workspace.path("pages/alpha.md")).unwrap();
    for part in [
        "# alpha\n",
        "## Usage\n",
        "toolsmith run alpha --input",
        "## Examples\n",
        "\\# Count",
        "## Limitations\n",
        "limit of processes: 7",
        "## Measured behaviour\n",
        "## Provenance\n",
        "created by: coder",
        "\\[forge\\]",
        "approve by Ada &lt;ada\\@example.org&gt;",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("[forge]("), "{page}");
    let shown = workspace.json(&["show", "alpha"]).0;
    let origin = &shown["versions"][0]["provenance"];
    assert_eq!((&origin["creator"], &origin["decision"]["kind"]), (&Value::from("coder"), &Value::from("approve")));
}

#[test]
fn pages_stay_fresh_and_only_pages_of_ours_are_taken_away() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    native(&workspace, "tools/experimental/beta", "beta", "echo 2\n", "");
    let out = workspace.path("pages");
    let out = out.to_str().unwrap();
    assert_eq!(workspace.json(&["docs", "--out", out, "--check"]).1, 1, "there are none yet");
    assert!(!workspace.path("pages").exists());
    assert_eq!(workspace.json(&["docs", "--out", out]).0["changed"].as_array().unwrap().len(), 3);
    let (fresh, code) = workspace.json(&["docs", "--out", out, "--check"]);
    assert_eq!((code, &fresh["changed"]), (0, &serde_json::json!([])), "{fresh:#}");
    workspace.write("pages/notes.md", "mine\n");
    fs::remove_dir_all(workspace.path("tools/experimental/beta")).unwrap();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 3\n", "");
    let (stale, code) = workspace.json(&["docs", "--out", out, "--check"]);
    assert_eq!((code, &stale["gone"]), (1, &serde_json::json!(["beta.md"])), "{stale:#}");
    let (written, code) = workspace.json(&["docs", "--out", out]);
    assert_eq!((code, &written["changed"]), (0, &serde_json::json!(["alpha.md", "index.md"])), "{written:#}");
    assert!(workspace.path("pages/notes.md").is_file() && !workspace.path("pages/beta.md").exists());
}
