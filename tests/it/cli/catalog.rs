//! `init`, `list`, `show`, `source`, `diff` on real folders.

use super::Shell;
use serde_json::json;
use std::fs;

#[test]
fn init_makes_a_workspace_whose_sample_runs_and_touches_nothing_twice() {
    let shell = Shell::bare();
    let made = shell.call(&["init", "--json"]).exits(0).json();
    assert!(!made["created"].as_array().unwrap().is_empty(), "{made}");
    let again = shell.call(&["init", "--json"]).exits(0).json();
    assert_eq!(again["created"], json!([]));
    let tools = shell.call(&["list", "--json"]).exits(0).json();
    assert_eq!((&tools["total"], &tools["problems"]), (&json!(1), &json!([])), "{tools}");
    let name = tools["tools"][0]["name"].as_str().unwrap().to_owned();
    shell.call(&["run", &name, "--set", "name=world"]).exits(0);
}

#[test]
fn init_makes_the_folder_it_is_given() {
    let shell = Shell::bare();
    shell.call(&["init", "there"]).exits(0);
    assert!(shell.workspace().join("there/tools/experimental").is_dir());
    assert!(!shell.workspace().join("tools").exists());
}

#[test]
fn list_shows_tools_problems_and_counts() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "echo 1\n", "tags = [\"math\"]\n");
    shell.tool("archived", "older", "echo 1\n", "");
    shell.write("tools/experimental/broken.yaml", "name: [unclosed\n");
    let answered = shell.call(&["list"]).exits(0);
    assert!(answered.stdout.contains("adder") && !answered.stdout.contains("older"), "{}", answered.stdout);
    assert!(
        answered.stdout.ends_with("1 of 2 tools · 1 problem (`toolsmith list --problems`)\n"),
        "{}",
        answered.stdout
    );
    let problems = shell.call(&["list", "--problems"]).exits(0).stdout;
    assert!(problems.contains("tools/experimental/broken.yaml") && problems.contains("bad-syntax"), "{problems}");
    let names = |args: &[&str]| -> Vec<String> {
        let tools = shell.call(args).exits(0).json()["tools"].clone();
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["list", "--json", "--stage", "archived"]), ["older"]);
    assert_eq!(names(&["list", "--json", "--tag", "math"]), ["adder"]);
    assert_eq!(names(&["list", "--json", "--tier", "high"]), Vec::<String>::new());
    assert_eq!(names(&["list", "--json", "addr"]), ["adder"]);
}

#[test]
fn a_tool_is_shown_with_its_waiting_review() {
    let shell = Shell::new();
    shell.tool(
        "experimental",
        "adder",
        "echo 1\n",
        "[input]\ntype = \"object\"\n[input.properties.a]\ntype = \"integer\"\n",
    );
    let shown = shell.call(&["show", "adder", "--json"]).exits(0).json();
    assert_eq!(shown["tool"]["review"], "waiting");
    assert_eq!(shown["waiting_review"], shell.waiting_review()["id"]);
    assert_eq!(shown["input"]["properties"]["a"]["type"], "integer");
    let text = shell.call(&["show", "adder"]).exits(0).stdout;
    assert!(text.contains("is pending") && text.contains("integer"), "{text}");
}

#[test]
fn what_a_tool_hides_is_visible_in_text_and_escaped_in_json() {
    let shell = Shell::new();
    shell.tool("experimental", "sly", "echo ok # \u{202e}\u{1b}[2J\n", "[provenance]\nreason = \"x\\u202ey\"\n");
    for args in [["source", "sly"], ["show", "sly"], ["source", "sly@1.0.0"]] {
        let text = shell.call(&args).exits(0).stdout;
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text:?}");
    }
    assert!(shell.call(&["source", "sly"]).stdout.contains("\\u{202e}\\x1b[2J"));
    let raw = shell.call(&["source", "sly", "--json"]).exits(0);
    assert!(!raw.stdout.contains(['\u{202e}', '\u{1b}']), "{:?}", raw.stdout);
    let files = raw.json()["files"].clone();
    let script = files.as_array().unwrap().iter().find(|file| file["path"] == "sly.sh").unwrap();
    assert_eq!(script["text"], "echo ok # \u{202e}\u{1b}[2J\n");
    assert_eq!(script["hidden"], 2);
}

#[test]
fn unknown_and_ambiguous_names_are_told_apart() {
    let shell = Shell::new();
    shell.tool("experimental", "one", "echo 1\n", "");
    shell.write("tools/experimental/a/twin.sh", "#!/bin/sh\necho a\n");
    shell.write("tools/experimental/b/twin.sh", "#!/bin/sh\necho b\n");
    assert_eq!(shell.call(&["show", "nobody", "--json"]).exits(5).error_code(), "not-found");
    assert_eq!(shell.call(&["show", "twin", "--json"]).exits(2).error_code(), "ambiguous");
    shell.call(&["show", "tools/experimental/a/twin.sh"]).exits(0);
}

#[test]
fn two_versions_of_a_tool_can_be_compared() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "echo one\n", "");
    // A copy of a version is kept from its first run on.
    shell.call(&["run", "adder"]).exits(0);
    let old = shell.call(&["show", "adder", "--json"]).exits(0).json()["tool"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(shell.call(&["diff", "adder", "--json"]).exits(5).error_code(), "not-found");
    shell.tool("experimental", "adder", "echo two\n", "");
    shell.call(&["list"]).exits(0);
    let text = shell.call(&["diff", &format!("adder@{}", &old[..12])]).exits(0).stdout;
    assert!(text.contains("\n-echo one\n+echo two\n"), "{text}");
    let same = shell.call(&["diff", &format!("adder@{}", &old[..12]), &format!("@{}", &old[..12])]).exits(0).stdout;
    assert!(same.ends_with("no differences\n"), "{same}");
}

#[test]
fn bytes_on_disk_stay_equal_whatever_is_looked_at() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "echo one\n", "");
    let path = shell.workspace().join("tools/experimental/adder/tool.toml");
    let before = fs::read(&path).unwrap();
    for args in [&["list"][..], &["show", "adder"], &["source", "adder"], &["reviews"]] {
        shell.call(args).exits(0);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    let mut names: Vec<_> = fs::read_dir(shell.workspace()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".toolsmith", "tools"], "its id is all that is added");
}
