//! Bad input through the whole program: each broken file is a problem with its path, its line and what
//! to do, the tools beside it are there, and nothing of it reaches a terminal raw.

use crate::support::{Terminal, Workspace};
use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::process::Output;
use toolsmith::domain::is_hidden;

/// Clears a screen, sets a title, reorders, hides, colours through C1, goes back over what was written.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;pwn\u{7}\u{202e}evil\u{200b}\u{2066}\u{9b}31m\r\u{8}";

const RUNS: &str = "version = \"1.0.0\"\n[run]\ncommand = [\"sh\", \"{file}\"]\nentry = \"x.sh\"\n";

fn nested(open: &str, close: &str) -> String {
    open.repeat(5_000) + &close.repeat(5_000)
}

fn alias_bomb() -> String {
    let names: Vec<char> = ('a'..='i').collect();
    let list = |item: &str| [item; 9].join(",");
    let first = format!("a: &a [{}]\n", list("x"));
    let rest = names.windows(2).map(|pair| format!("{0}: &{0} [{1}]\n", pair[1], list(&format!("*{}", pair[0]))));
    first + &rest.collect::<String>() + "name: bomb\ncommand: sh x.sh\n"
}

/// Path below `tools/experimental/` and content of each broken file, and what must be said of it.
fn broken() -> Vec<(&'static str, Vec<u8>, &'static str, Value)> {
    let long = "x".repeat(10 << 20);
    let text = |text: String| text.into_bytes();
    vec![
        ("toml/tool.toml", text("name = \"toml\"\nversion = \n".into()), "bad-syntax", json!(2)),
        ("yaml.yaml", text("name: [1, 2\nfoo: : :".into()), "bad-syntax", json!(2)),
        ("json.json", text("{\"name\": \"json\",\n, }".into()), "bad-syntax", json!(2)),
        ("source-utf8.py", b"#!/usr/bin/env python3\n\"\"\"\xff\xfe\"\"\"\n".to_vec(), "not-utf8", json!(2)),
        ("utf8.yaml", b"version: 1.0.0\nname: \xff\xfe\n".to_vec(), "not-utf8", json!(2)),
        ("bomb.yaml", text(alias_bomb()), "too-large", json!(5)),
        ("big/tool.toml", text(format!("name = \"big\"\ndescription = \"{long}\"\n")), "too-large", Value::Null),
        ("big.yaml", text(format!("name: big\ndescription: {long}\n")), "too-large", Value::Null),
        ("source.py", text("#".repeat(2 << 20)), "too-large", Value::Null),
        ("deep.json", text(format!("{{\"name\": \"deep\",\n\"a\": {}}}", nested("[", "]"))), "bad-syntax", json!(2)),
        ("deep.yaml", text(format!("name: deep\na: {}", nested("[", "]"))), "too-large", json!(2)),
        ("deeper.yaml", text(format!("name: deeper\na: {}", nested("{a: ", "}"))), "too-large", json!(2)),
        ("deept/tool.toml", text(format!("name = \"deept\"\na = {}", nested("[", "]"))), "bad-syntax", json!(2)),
        ("up/tool.toml", text("version = \"1.0.0\"\nname = \"../x\"\n".into()), "bad-name", json!(2)),
        ("absolute/tool.toml", text("name = \"/etc/x\"\n".into()), "bad-name", json!(1)),
        ("long/tool.toml", text(format!("name = \"{}\"\n", "x".repeat(100))), "bad-name", json!(1)),
        ("option/tool.toml", text("name = \"-rf\"\n".into()), "bad-name", json!(1)),
        ("hidden/tool.toml", text(format!("name = {}\n", json!(EVIL))), "bad-name", json!(1)),
        ("tier/tool.toml", text(format!("name = \"tier\"\ncost_tier = {}\n", json!(EVIL))), "bad-field", json!(2)),
        ("empty.yaml", Vec::new(), "empty", Value::Null),
        ("e\u{1b}[31mvil.py", text("print(1)".into()), "bad-name", Value::Null),
    ]
}

/// A sound tool with hidden characters wherever text can stand.
fn sound(workspace: &Workspace) {
    let q = json!(EVIL).to_string();
    let manifest = format!(
        "name = \"evil\"\nversion = \"1.0.0\"\ndescription = {q}\nkeywords = [{q}]\ntags = [{q}]\nuse_cases = [{q}]\n\
         capabilities = [{q}]\naliases = [{q}]\ncategory = {q}\n[run]\ncommand = [\"sh\", \"{{file}}\"]\n\
         entry = \"x.sh\"\n[provenance]\ncreated_by = {q}\ngenerator = {q}\nreason = {q}\ncreated_at = {q}\n[input]\ntype = \"object\"\n\
         [input.properties.a]\ntype = \"string\"\ndescription = {q}\n"
    );
    workspace.write("tools/experimental/evil/tool.toml", &manifest);
    workspace.write("tools/experimental/evil/x.sh", &format!("printf '%s\\n' '{EVIL}'; printf '{EVIL}' >&2; exit 3\n"));
    // What no tool gets keeps this one from running; its text is shown all the same.
    let greedy = format!(
        "name = \"greedy\"\n{RUNS}[permissions]\nnetwork = [{q}]\nread = [{q}]\nwrite = [{q}]\nenv = [{q}]\nrun = [{q}]\n"
    );
    workspace.write("tools/experimental/greedy/tool.toml", &greedy);
    workspace.write("tools/experimental/greedy/x.sh", "true\n");
    let header = format!("\"\"\"{EVIL}\nVersion: {EVIL}\nGenerator: {EVIL}\n\"\"\"\nprint(1)\n").replace('\r', "");
    workspace.write("tools/experimental/header.py", &header);
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    for (path, bytes, ..) in broken() {
        workspace.write(&format!("tools/experimental/{path}"), "");
        std::fs::write(workspace.path(&format!("tools/experimental/{path}")), bytes).unwrap();
    }
    sound(&workspace);
    workspace
}

/// Everything that is neither a visible character nor a line feed.
fn raw(bytes: &[u8]) -> Vec<char> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.chars().filter(|c| is_hidden(*c) && *c != '\n').collect()
}

#[track_caller]
fn assert_visible(what: &[&str], output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((raw(&output.stdout), raw(&output.stderr)), (vec![], vec![]), "{what:?}: {said}");
    let ended = output.status.code();
    assert!(ended.is_some_and(|code| code != 101) && !said.contains("panicked"), "{what:?}: {ended:?} {said}");
}

/// What a terminal got, without the colours and line ends of our own.
fn at_terminal(workspace: &Workspace, args: &[&str]) -> (u32, String) {
    let mut terminal = Terminal::toolsmith(workspace, args, (200, 50));
    let code = terminal.wait_end().exit_code();
    let text = String::from_utf8(terminal.bytes()).unwrap().replace("\r\n", "\n");
    let mut plain = String::new();
    let mut parts = text.split("\u{1b}[");
    plain.push_str(parts.next().unwrap());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        // Only a change of colour is ours; anything else stays, and is found.
        let (colour, rest) = part.split_at(end);
        match rest.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.extend(["\u{1b}[", colour, rest]),
        }
    }
    assert_eq!(raw(plain.as_bytes()), Vec::<char>::new(), "{args:?}: {plain:?}");
    (code, plain)
}

#[test]
fn each_broken_file_is_a_problem_with_its_line_and_a_way_out() {
    let workspace = workspace();
    let (list, code) = workspace.json(&["list", "--problems"]);
    assert_eq!(code, 0);
    let problems = list["problems"].as_array().unwrap();
    for (path, _, code, line) in broken() {
        let path = format!("tools/experimental/{path}");
        let found: Vec<&Value> = problems.iter().filter(|problem| problem["path"] == *path).collect();
        assert_eq!(found.len(), 1, "{path}: {found:#?}");
        assert_eq!((&found[0]["code"], &found[0]["line"]), (&json!(code), &line), "{path}: {}", found[0]);
        let words = |field: &str| found[0][field].as_str().unwrap().to_owned();
        assert!(!words("hint").is_empty() && raw(words("message").as_bytes()).is_empty(), "{path}: {}", found[0]);
    }
    assert_eq!(problems.len(), broken().len(), "{problems:#?}");
    let (list, _) = workspace.json(&["list"]);
    let names: Vec<&Value> = list["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["evil", "greedy", "header"]);
}

#[test]
fn links_out_of_the_folder_and_pipes_are_refused_without_being_opened() {
    let workspace = Workspace::new();
    let at = |path: &str| workspace.path(&format!("tools/experimental/{path}"));
    for name in ["link", "linked-folder", "pipe"] {
        workspace.write(&format!("tools/experimental/{name}/tool.toml"), &format!("name = \"{name}\"\n{RUNS}"));
    }
    symlink("/etc/passwd", at("link/x.sh")).unwrap();
    workspace.write("tools/experimental/linked-folder/x.sh", "echo 1");
    symlink("/etc", at("linked-folder/data")).unwrap();
    symlink("/nowhere", at("dangling.py")).unwrap();
    symlink("/etc", at("outside")).unwrap();
    // A pipe that is opened for reading waits for ever.
    for pipe in ["pipe/x.sh", "alone.py", "alone.yaml"] {
        mkfifoat(CWD, at(pipe), Mode::RUSR | Mode::WUSR).unwrap();
    }
    let (list, _) = workspace.json(&["list", "--problems"]);
    let mut found: Vec<(String, String)> = list["problems"].as_array().unwrap().iter().map(place_and_code).collect();
    found.sort();
    found.dedup();
    let expected = [
        ("alone.py", "not-a-file"),
        ("dangling.py", "unsafe-link"),
        ("link/x.sh", "unsafe-link"),
        ("linked-folder/data", "unsafe-link"),
        ("outside", "unsafe-link"),
        ("pipe/x.sh", "not-a-file"),
    ];
    let expected = expected.map(|(path, code)| (format!("tools/experimental/{path}"), code.to_owned()));
    assert_eq!(found, expected);
    let (list, _) = workspace.json(&["list"]);
    assert_eq!(list["tools"], json!([]));
}

fn place_and_code(problem: &Value) -> (String, String) {
    (problem["path"].as_str().unwrap().to_owned(), problem["code"].as_str().unwrap().to_owned())
}

#[test]
fn no_verb_prints_a_hidden_character() {
    let workspace = workspace().with_git();
    for (tool, ends) in [("evil", 1), ("header", 0), ("greedy", 4)] {
        for verb in ["show", "source", "diff"] {
            let args = [verb, tool];
            assert_visible(&args, &workspace.toolsmith(&args).output().unwrap());
            at_terminal(&workspace, &args);
        }
        let (code, _) = at_terminal(&workspace, &["run", tool]);
        assert_eq!(code, ends, "{tool}");
    }
    for run in ["1", "2", "3"] {
        at_terminal(&workspace, &["output", run]);
    }
    let (reviews, _) = workspace.json(&["reviews"]);
    for review in reviews["reviews"].as_array().unwrap() {
        let id = review["id"].to_string();
        assert_visible(&["review", &id], &workspace.toolsmith(&["review", &id]).output().unwrap());
        at_terminal(&workspace, &["review", &id]);
    }
    decide_with_hidden_characters(&workspace, &reviews["reviews"][0]);
    let plain: [&[&str]; 12] = [
        &["list"],
        &["list", "--problems"],
        &["list", EVIL],
        &["list", "--stage", "archived"],
        &["reviews", "--state", "all"],
        &["runs"],
        &["failures"],
        &["log"],
        &["verify"],
        &["doctor"],
        &["--workspace", EVIL, "list"],
        &[EVIL],
    ];
    for args in plain {
        assert_visible(args, &workspace.toolsmith(args).output().unwrap());
        at_terminal(&workspace, args);
    }
    // The text alone would be found: it is an alias.
    let unknown = format!("{EVIL}?");
    for verb in ["show", "source", "run", "runs", "diff", "archive", "review", "output"] {
        let args = [verb, unknown.as_str()];
        let output = workspace.toolsmith(&args).output().unwrap();
        assert_visible(&args, &output);
        assert!(matches!(output.status.code(), Some(2 | 4 | 5)), "{args:?}: {:?}", output.status);
    }
}

/// Rejects with such a reason, takes it back, approves with such a reason.
fn decide_with_hidden_characters(workspace: &Workspace, review: &Value) {
    assert_eq!(review["tool"], "evil");
    let id = review["id"].to_string();
    let digest = &review["digest"].as_str().unwrap()[..12];
    assert_eq!(at_terminal(workspace, &["reject", &id, "--reason", EVIL]).0, 0);
    at_terminal(workspace, &["log"]);
    assert_eq!(at_terminal(workspace, &["undo"]).0, 0);
    let yes = ["approve", &id, "--digest", digest, "--unread", "--reason", EVIL];
    assert_eq!(at_terminal(workspace, &yes).0, 4, "the checks see it");
    assert_eq!(at_terminal(workspace, &[&yes[..], &["--override", EVIL]].concat()).0, 0);
    let body = workspace.git(&["log", "-1", "--format=%B"]);
    assert_eq!(raw(body.as_bytes()), Vec::<char>::new());
    let note = std::fs::read_to_string(workspace.path("tools/approved/evil/approval.toml")).unwrap();
    assert_eq!(raw(note.as_bytes()), Vec::<char>::new(), "{note}");
    let read: toml::Table = note.parse().unwrap();
    assert_eq!(read["reason"].as_str(), Some(EVIL));
    assert_eq!(read["override"].as_str(), Some(EVIL));
    assert_eq!(at_terminal(workspace, &["archive", "evil"]).0, 0);
    assert_eq!(at_terminal(workspace, &["undo"]).0, 0);
}
