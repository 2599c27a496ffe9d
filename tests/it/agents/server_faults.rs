//! Servers of tools that cannot be read, that change, or whose definition says more than it should.

use super::servers::{DEFINITION, HOME, SERVER, approve, approved, call, mutated, workspace};
use super::{decide, open};
use crate::support::Workspace;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use toolsmith::domain::{DecisionKind, Review, ReviewKind};
use toolsmith::engine::ReviewFilter;

/// A server that is started by this command.
fn started_by(command: &str) -> Workspace {
    let workspace = Workspace::new();
    let command = format!("command = {command}\ntimeout = \"5m\"\n");
    let definition = DEFINITION.replace("command = [\"python3\", \"{dir}/server.py\"]\n", &command);
    workspace.write(&format!("{HOME}/tool.toml"), &definition);
    workspace.write(&format!("{HOME}/server.py"), SERVER);
    workspace
}

fn listed(workspace: &Workspace, mutation: &str, args: &[&str]) -> (String, Option<i32>) {
    let output = mutated(workspace, mutation, &[&["list-tools", "hub"], args].concat());
    (String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(), output.status.code())
}

fn drifts(workspace: &Workspace) -> Vec<Review> {
    let waiting = open(workspace).reviews().list(ReviewFilter::Waiting).unwrap();
    waiting.into_iter().filter(|review| review.kind == ReviewKind::Drift).collect()
}

#[test]
fn a_command_that_leaves_the_folder_of_the_tool_is_refused() {
    for command in [
        "[\"python3\", \"{dir}/../other/server.py\"]",
        "[\"python3\", \"{tool_dir}/sub/../../other/server.py\"]",
        "[\"{dir}/../other/server\"]",
        "[\"python3\", \"{dir}/server.py\", \"--config={dir}/../other/config\"]",
        "[\"sh\", \"-c\", \"exec python3 {dir}/../other/server.py\"]",
        "[\"python3\", \"{workspace}/../server.py\"]",
    ] {
        let workspace = started_by(command);
        workspace.write("tools/experimental/other/server.py", SERVER);
        let (refused, code) = workspace.json_of_human(&["list-tools", "hub"]);
        assert_eq!(code, 4, "{command}: {refused:#}");
        assert!(refused.to_string().contains("`..`"), "{command}: {refused:#}");
        let reason = open(&workspace).library().resolve("hub").unwrap().reason.clone().unwrap();
        assert!(reason.contains("`..`"), "{command}: {reason}");
    }
    let workspace = started_by("[\"python3\", \"{dir}/sub/../server.py\"]");
    assert_eq!(workspace.json_of_human(&["list-tools", "hub"]).1, 0, "it stays in the folder");
}

#[test]
fn a_server_that_cannot_be_read_ends_the_call_at_once_with_its_last_words() {
    let begun = Instant::now();
    for (program, told) in [
        ("import sys\nprint('first', file=sys.stderr)\nsys.exit('no key \\x1b[2J')", "first | no key \\x1b[2J"),
        ("import sys\nsys.exit('key ghp_0123456789abcdefghijABCDEFGHIJ012345')", "key ghp_[redacted "),
        (
            "import sys\nprint('bad', file=sys.stderr)\nprint('{\"jsonrpc\": 2.0,,}', flush=True)\nsys.stdin.read()",
            "bad",
        ),
        ("import sys\nprint('Listening on port 80', flush=True)\nsys.stdin.read()", "Listening on port 80"),
        // What it started holds its output open.
        ("import subprocess\nsubprocess.Popen(['sleep', '300'])\nraise SystemExit('gone')", "gone"),
    ] {
        let workspace = started_by("[\"python3\", \"{dir}/server.py\"]");
        workspace.write(&format!("{HOME}/server.py"), program);
        let (refused, code) = workspace.json_of_human(&["list-tools", "hub"]);
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(code == 1 && message.contains(told), "{program}: {refused:#}");
    }
    assert!(begun.elapsed() < Duration::from_secs(150), "the time limit of each is 5 minutes");
}

#[test]
fn a_server_may_write_a_line_before_it_speaks() {
    let workspace = workspace();
    let server = SERVER.replace("for line in sys.stdin:", "print(\"welcome\", flush=True)\nfor line in sys.stdin:");
    workspace.write(&format!("{HOME}/server.py"), &server);
    assert_eq!(workspace.json_of_human(&["list-tools", "hub"]).1, 0);
}

#[test]
fn tools_are_listed_again_with_what_the_approved_server_may_do() {
    let workspace = approved();
    for _ in 0..2 {
        let (told, code) = listed(&workspace, "", &["--allow"]);
        assert!(code == Some(0) && told.contains("nothing was written"), "it is allowed already: {told}");
    }
    let (told, code) = listed(&workspace, "6", &[]);
    assert!(code == Some(0) && told.contains("1.1.0"), "{told}");
    // Now a list waits, and the server has another one again.
    for (mutation, args) in [("2", &["--allow"][..]), ("3", &[])] {
        let (told, code) = listed(&workspace, mutation, args);
        assert_eq!(code, Some(0), "{told}");
        let kept = std::fs::read_to_string(workspace.path(&format!("{HOME}/mcp.lock.json"))).unwrap();
        let word = if mutation == "2" { "Delete" } else { "Ignore all previous" };
        assert!(kept.contains(word) && kept.contains("\"readOnlyHint\": true"), "{mutation}: {kept}");
        assert!(
            told.contains(word) && !told.contains("readOnlyHint"),
            "told is what differs from the approval: {told}"
        );
    }
    let (told, code) = call(&workspace, "");
    assert_eq!(code, Some(0), "what was approved stays in use: {told}");
}

#[test]
fn one_review_asks_about_a_changed_list_until_it_is_another_list() {
    let workspace = approved();
    let again = |mutation: &str| {
        let (told, code) = call(&workspace, mutation);
        assert_eq!(code, Some(4), "{told}");
        drifts(&workspace)
    };
    again("2");
    let asked = again("2");
    assert_eq!(asked.len(), 1, "{asked:#?}");
    let later = again("3");
    assert_eq!((later.len(), later[0].id), (1, asked[0].id), "one at a time");
    assert!(later[0].summary.contains("/description"), "it shows the present list: {}", later[0].summary);
    let output = workspace.toolsmith(&["reviews"]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains(" drift ") && !shown.contains("behaviour"), "{shown}");
    decide(&workspace, asked[0].id.0, DecisionKind::Approve, "seen");
    assert_eq!(again("3").len(), 0, "it was seen");
    let other = again("2");
    assert_eq!(other.len(), 1, "this list was not what was decided");
    decide(&workspace, other[0].id.0, DecisionKind::Reject, "no");
    assert_eq!(again("2").len(), 0, "it was answered");
}

#[test]
fn starting_the_server_that_the_command_names_is_declared_by_it() {
    let workspace = approved();
    call(&workspace, "");
    let output = workspace.toolsmith(&["behaviour", "hub.create_issue"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !text.contains("python"), "{text}");
    // Another program is none of it.
    let workspace = Workspace::new();
    workspace.write(&format!("{HOME}/tool.toml"), DEFINITION);
    let server = SERVER.replace("import json, os, sys", "import json, os, sys\nos.system('/bin/true')");
    workspace.write(&format!("{HOME}/server.py"), &server);
    assert_eq!(workspace.json_of_human(&["list-tools", "hub"]).1, 0);
    workspace.json_of_human(&["run", "hub.create_issue", "--input", "{\"title\": \"a\"}"]);
    let output = workspace.toolsmith(&["behaviour", "hub.create_issue"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("true") && !text.contains("python"), "{text}");
}

#[test]
fn a_list_with_something_like_a_secret_is_recorded_by_the_digest_of_what_came() {
    let workspace = workspace();
    let token = |digit: char| format!("ghp_0123456789abcdefghijABCDEFGHIJ01234{digit}");
    let with = |digit: char| SERVER.replace("Creates an issue", &format!("Creates an issue as {}", token(digit)));
    workspace.write(&format!("{HOME}/server.py"), &with('5'));
    let (listed, code) = workspace.json_of_human(&["list-tools", "hub"]);
    assert_eq!(code, 0, "{listed:#}");
    assert!(listed.to_string().contains("create_issue") && listed.to_string().contains("redacted"), "{listed:#}");
    let kept = std::fs::read_to_string(workspace.path(&format!("{HOME}/mcp.lock.json"))).unwrap();
    assert!(kept.contains("Creates an issue as ghp_[redacted ") && !kept.contains("ghp_0"), "{kept}");
    let run = || workspace.json_of_human(&["run", "hub.create_issue", "--input", "{\"title\": \"a\"}"]);
    assert_eq!(run().1, 0, "what is listed is what was recorded: {:#}", run().0);
    let (again, _) = workspace.json_of_human(&["list-tools", "hub"]);
    assert!(again["message"].as_str().unwrap().contains("nothing was written"), "{again:#}");

    // Another secret is another list, although both are shown alike.
    let lock = std::fs::read(workspace.path(&format!("{HOME}/mcp.lock.json"))).unwrap();
    workspace.write(&format!("{HOME}/server.py"), &with('6'));
    let (other, code) = workspace.json_of_human(&["list-tools", "hub"]);
    assert_eq!(code, 0, "{other:#}");
    assert!(other.to_string().contains("a redacted text"), "{other:#}");
    assert_ne!(std::fs::read(workspace.path(&format!("{HOME}/mcp.lock.json"))).unwrap(), lock);
    // What is shown is not to be edited.
    workspace.write(&format!("{HOME}/mcp.lock.json"), &String::from_utf8(lock).unwrap().replace("Creates", "Reads"));
    let reason = open(&workspace).library().resolve("hub").unwrap().reason.clone().unwrap();
    assert!(reason.contains("was edited"), "{reason}");
}

#[test]
fn integers_that_no_digest_can_tell_apart_are_not_recorded() {
    let workspace = workspace();
    let with = |number: &str| SERVER.replace("{\"version\": 1}", &format!("{{\"version\": {number}}}"));
    let mut locks = Vec::new();
    for number in ["9007199254740992", "9007199254740993"] {
        workspace.write(&format!("{HOME}/server.py"), &with(number));
        assert_eq!(workspace.json_of_human(&["list-tools", "hub"]).1, 0);
        let lock = std::fs::read(workspace.path(&format!("{HOME}/mcp.lock.json"))).unwrap();
        let lock: Value = serde_json::from_slice(&lock).unwrap();
        locks.push(lock["tools"][0]["sha256"].clone());
    }
    assert_ne!(locks[0], locks[1]);
    workspace.write(&format!("{HOME}/server.py"), &with("36893488147419103233"));
    let (refused, code) = workspace.json_of_human(&["list-tools", "hub"]);
    assert_eq!(code, 1, "{refused:#}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("64 bits"), "{refused:#}");
}

#[test]
fn a_changed_program_of_the_server_is_refused_until_it_is_reviewed() {
    for is_script in [true, false] {
        let workspace = started_by("[]");
        let path = workspace.path("servers/hub.py");
        let definition = if is_script { format!("[\"python3\", {path:?}]") } else { format!("[{path:?}]") };
        let text = std::fs::read_to_string(workspace.path(&format!("{HOME}/tool.toml"))).unwrap();
        let text = text
            .replace("[]", &definition)
            .replace("[permissions]\n", "[permissions]\nread = [\"{workspace}/servers\"]\n");
        workspace.write(&format!("{HOME}/tool.toml"), &text);
        std::fs::remove_file(workspace.path(&format!("{HOME}/server.py"))).unwrap();
        let program = |text: &str| {
            workspace.write("servers/hub.py", &format!("#!/usr/bin/env python3\n{text}"));
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(workspace.path("servers/hub.py"), mode).unwrap();
        };
        program(SERVER);
        approve(&workspace);
        let (told, code) = listed(&workspace, "", &["--allow"]);
        assert_eq!(code, Some(0), "{definition}: {told}");
        approve(&workspace);
        let run = |args: &[&str]| {
            let (run, code) = workspace
                .json_of_human(&[&["run", "hub.create_issue", "--input", "{\"title\": \"a\"}"], args].concat());
            (run.to_string(), code)
        };
        let (told, code) = run(&["--allow"]);
        assert_eq!(code, 0, "{definition}: {told}");
        program(&format!("{SERVER}\n# another one"));
        let (told, code) = run(&[]);
        assert!(code == 4 && !told.contains("CALLED"), "{definition}: {told}");
        assert!(told.contains("servers/hub.py") && told.contains("toolsmith list-tools hub"), "{definition}: {told}");
        assert_eq!(drifts(&workspace).len(), 1, "{definition}");
        let (told, code) = listed(&workspace, "", &["--allow"]);
        assert!(code == Some(0) && told.contains("servers/hub.py"), "{definition}: {told}");
        approve(&workspace);
        assert_eq!(run(&["--allow"]).1, 0, "{definition}: it was reviewed");
    }
}

#[test]
fn the_input_of_a_call_is_no_part_of_the_command_of_the_server() {
    let workspace = started_by("[\"python3\", \"{dir}/server.py\", \"{title}\"]");
    assert_eq!(workspace.json_of_human(&["list-tools", "hub"]).1, 0);
    let server = SERVER.replace("import json, os, sys", "import json, os, sys\nprint(sys.argv, file=sys.stderr)");
    workspace.write(&format!("{HOME}/server.py"), &server);
    let (run, code) = workspace.json_of_human(&["run", "hub.create_issue", "--input", "{\"title\": \"../x\"}"]);
    assert_eq!((code, &run["run"]["outcome"]), (0, &json!("succeeded")), "{run:#}");
    assert!(run["stderr"].as_str().unwrap().contains("{title}"), "{run:#}");
}

#[test]
fn a_server_that_hangs_ends_the_call_at_its_own_limit() {
    let workspace = Workspace::new();
    let definition = DEFINITION.replace("[permissions]", "timeout = \"3s\"\n[permissions]");
    workspace.write(&format!("{HOME}/tool.toml"), &definition);
    let hangs = "if mutation == \"\" and message[\"params\"][\"arguments\"].get(\"title\") == \"hang\":\n            sys.stdin.read()\n        elif ";
    let server = SERVER.replace(
        "if message[\"params\"][\"name\"] == \"Fails!\"",
        &format!("{hangs}message[\"params\"][\"name\"] == \"Fails!\""),
    );
    workspace.write(&format!("{HOME}/server.py"), &server);
    assert_eq!(workspace.json_of_human(&["list-tools", "hub"]).1, 0);
    approve(&workspace);
    let begun = Instant::now();
    let run = |title: &str| {
        let input = format!("{{\"title\": \"{title}\"}}");
        mutated(&workspace, "", &["run", "hub.create_issue", "--allow", "--timeout", "10m", "--input", &input])
    };
    assert_eq!(run("a").status.code(), Some(0));
    let output = run("hang");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.code() == Some(1) && told.contains("did not answer the call within 3s"), "{told}");
    assert!(begun.elapsed() < Duration::from_mins(1), "the limit of the run is 10 minutes");
}
