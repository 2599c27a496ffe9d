//! A target of a task file from its row to its approval and back; the file itself stays as it is.

use crate::support::Workspace;
use std::fs;

const MAKEFILE: &str = "# Say hello\nhello:\n\t@echo \"hello $(NAME)\"\n\n# Fail\nfail:\n\t@exit 3\n";

/// What the program says, and whether it did what it was asked.
fn output(workspace: &Workspace, args: &[&str]) -> (bool, String) {
    let output = workspace.toolsmith(args).output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&both).into_owned())
}

fn done(workspace: &Workspace, args: &[&str]) -> String {
    let (is_done, said) = output(workspace, args);
    assert!(is_done, "{args:?}: {said}");
    said
}

/// What a human at a terminal decides.
fn decide(workspace: &Workspace, args: &[&str]) {
    let (answer, code) = workspace.json_of_human(args);
    assert_eq!(code, 0, "{args:?}: {answer}");
}

fn as_agent(workspace: &Workspace, args: &[&str]) -> (bool, String) {
    let output = workspace.toolsmith(args).env("TOOLSMITH_AGENT", "coder").output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn lists(workspace: &Workspace) -> Vec<String> {
    let (list, _) = workspace.json(&["list"]);
    let rows = list["tools"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", row["path"].as_str().unwrap(), row["stage"].as_str().unwrap())).collect()
}

fn approve(workspace: &Workspace, name: &str) {
    let (list, _) = workspace.json(&["list"]);
    let rows = list["tools"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name).unwrap();
    let digest = row["digest"].as_str().unwrap().to_owned();
    let (reviews, _) = workspace.json(&["reviews"]);
    let all = reviews.as_array().or_else(|| reviews["reviews"].as_array()).unwrap();
    let review = all.iter().find(|review| review["tool"] == name).unwrap()["id"].to_string();
    // No check reads the language of make, so the human takes that on.
    let digest = &digest[..12];
    let args = ["approve", &review, "--digest", digest, "--unread", "--override", "read before", "--reason", "a test"];
    decide(workspace, &args);
}

#[test]
fn a_target_is_approved_as_a_copy_and_the_file_stays() {
    let workspace = Workspace::new().with_git();
    workspace.write("tools/build/Makefile", MAKEFILE);
    let there = ["tools/build/Makefile#fail experimental", "tools/build/Makefile#hello experimental"];
    assert_eq!(lists(&workspace), there);
    assert!(done(&workspace, &["run", "hello", "--set", "NAME=Ada"]).contains("hello Ada"));
    assert!(!output(&workspace, &["run", "tools/build/Makefile#fail"]).0);
    let (is_done, said) = output(&workspace, &["run", "hello", "--set", "NAME=$(shell touch x); id"]);
    assert!(!is_done && said.contains("invalid-input"), "{said}");
    assert!(!as_agent(&workspace, &["run", "hello"]).0);
    approve(&workspace, "hello");
    let with_copy = [there[0], "tools/approved/hello/tool.toml approved", there[1]];
    assert_eq!(lists(&workspace), with_copy);
    assert_eq!(fs::read_to_string(workspace.path("tools/build/Makefile")).unwrap(), MAKEFILE);
    assert_eq!(fs::read_to_string(workspace.path("tools/approved/hello/Makefile")).unwrap(), MAKEFILE);
    let (ran, said) = as_agent(&workspace, &["run", "hello", "--set", "NAME=Bo"]);
    assert!(ran && said.contains("hello Bo"), "{said}");
    done(&workspace, &["verify"]);
    // An edit of the file is another version; what was approved still runs.
    workspace.write("tools/build/Makefile", &MAKEFILE.replace("hello $", "bye $"));
    assert!(as_agent(&workspace, &["run", "hello"]).1.contains("hello"));
    assert!(done(&workspace, &["run", "tools/build/Makefile#hello"]).contains("bye"));
    workspace.write("tools/build/Makefile", MAKEFILE);
    decide(&workspace, &["undo"]);
    assert_eq!(lists(&workspace), there);
    assert_eq!(fs::read_to_string(workspace.path("tools/build/Makefile")).unwrap(), MAKEFILE);
    assert!(!workspace.path("tools/approved/hello").exists());
    assert!(!as_agent(&workspace, &["run", "hello"]).0);
}

#[test]
fn an_entry_is_not_archived_but_its_copy_is() {
    let workspace = Workspace::new();
    workspace.write("tools/Makefile", MAKEFILE);
    let (said, code) = workspace.json_of_human(&["archive", "hello"]);
    assert!(code != 0 && said.to_string().contains("one of the tools in tools/Makefile"), "{said}");
    approve(&workspace, "hello");
    decide(&workspace, &["archive", "hello"]);
    assert_eq!(fs::read_to_string(workspace.path("tools/Makefile")).unwrap(), MAKEFILE);
    let rows = lists(&workspace);
    assert!(rows.contains(&"tools/Makefile#hello experimental".to_owned()), "{rows:?}");
    decide(&workspace, &["restore", "hello"]);
    assert!(lists(&workspace).contains(&"tools/approved/hello/tool.toml approved".to_owned()));
}
