//! What a tool keeps between its runs, as who uses the program sees it.

use crate::support::{Terminal, Workspace};
use serde_json::{Value, json};
use std::fs;

/// Appends a line to a file beside itself and counts the lines.
const COUNTER: &str = r#"import json, os, pathlib, sys
place = pathlib.Path(__file__).parent / "data"
file = place / "lines.txt"
with open(file, "a") as out:
    out.write("x\n")
print(json.dumps({"count": len(file.read_text().splitlines()), "same": os.environ.get("TOOLSMITH_STATE")}))
"#;

const SIDECAR: &str = "name = \"counter\"\ndescription = \"Count its runs\"\ncost_tier = \"low\"\n[run]\ncommand = [\"python3\", \"{file}\"]\ninput = \"none\"\n";

fn workspace(state: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("tools/experimental/counter.py", COUNTER);
    workspace.write("tools/experimental/counter.toml", &format!("{SIDECAR}{state}"));
    workspace
}

fn run(workspace: &Workspace, args: &[&str]) -> Value {
    workspace.json(&[&["run", "counter"], args].concat()).0
}

fn count(run: &Value) -> Value {
    let output = run["stdout"].as_str().unwrap_or_default();
    serde_json::from_str::<Value>(output).unwrap_or_default()["count"].clone()
}

fn at_terminal(workspace: &Workspace, args: &[&str]) -> String {
    let mut terminal = Terminal::toolsmith(workspace, args, (100, 30));
    assert!(terminal.wait_end().success(), "{}", terminal.text());
    terminal.text()
}

#[test]
fn declared_files_are_there_again_in_the_next_run_and_are_shown_and_cleared() {
    let workspace = workspace("[state]\npath = \"data\"\nmax = \"1 KiB\"\n");
    for wanted in 1..=3 {
        let run = run(&workspace, &[]);
        assert_eq!(count(&run), json!(wanted), "{run:#}");
    }
    let (found, _) = workspace.json(&["state", "counter"]);
    assert_eq!(found["kept"][0]["files"], json!([{"path": "data/lines.txt", "bytes": 6}]), "{found:#}");
    assert_eq!(found["kept"][0]["in_use"], json!(true));
    let (shown, _) = workspace.json(&["show", "counter"]);
    assert_eq!(shown["keeps"], json!("data, at most 1.0 KiB · 1 file, 6 B"), "{shown:#}");
    at_terminal(&workspace, &["clear-state", "counter"]);
    let (log, _) = workspace.json(&["log", "--limit", "1"]);
    assert_eq!(log["operations"][0]["verb"], json!("clear-state"));
    assert_eq!(count(&run(&workspace, &[])), json!(1));
}

#[test]
fn what_is_not_declared_is_named_in_the_last_line() {
    let workspace = Workspace::new();
    let script = "import pathlib\nplace = pathlib.Path('temp/buffers')\nplace.mkdir(parents=True)\n(place / 'a.json').write_text('1')\nprint(1)\n";
    workspace.write("tools/experimental/counter.py", script);
    let run = run(&workspace, &[]);
    let notes = run["run"]["notes"].to_string();
    assert!(
        notes.contains("not kept: temp/buffers/a.json") && notes.contains("path = \\\"temp/buffers\\\""),
        "{run:#}"
    );
}

#[test]
fn a_run_that_leaves_too_much_ends_with_the_reason_and_changes_nothing() {
    let workspace = workspace("[state]\npath = \"data\"\nmax = 3\n");
    assert_eq!(count(&run(&workspace, &[])), json!(1));
    let over = run(&workspace, &[]);
    assert_eq!(over["run"]["outcome"], json!("limit-exceeded"), "{over:#}");
    assert!(over["run"]["error"].as_str().unwrap_or_default().contains("3 B"), "{over:#}");
    assert_eq!(workspace.json(&["state", "counter"]).0["kept"][0]["bytes"], json!(2));
}

#[test]
fn a_version_that_nobody_approved_does_not_touch_what_an_approved_one_keeps() {
    let workspace = workspace("[state]\npath = \"data\"\n").with_git();
    at_terminal(&workspace, &["approve", "1", "--digest", &digest(&workspace), "--unread", "--reason", "test"]);
    at_terminal(&workspace, &["run", "counter", "--allow"]);
    let other = COUNTER.replace("\"x\\n\"", "\"y\\n\" * 100");
    workspace.write("tools/experimental/changed/counter2.py", &other);
    workspace.write(
        "tools/experimental/changed/counter2.toml",
        &format!("{}[state]\npath = \"data\"\n", SIDECAR.replace("\"counter\"", "\"counter2\"")),
    );
    fs::write(workspace.path("tools/approved/counter/counter.py"), &other).unwrap();
    let changed = run(&workspace, &[]);
    assert_ne!(count(&changed), json!(2), "{changed:#}");
    let (found, _) = workspace.json(&["state", "counter"]);
    let approved =
        found["kept"].as_array().unwrap().iter().find(|kept| kept["versions"] == "approved").unwrap().clone();
    assert_eq!(approved["bytes"], json!(2), "{found:#}");
}

fn digest(workspace: &Workspace) -> String {
    let (shown, _) = workspace.json(&["show", "counter"]);
    shown["tool"]["digest"].as_str().unwrap().to_owned()
}

/// The attack: a tool whose kept path is its own script writes itself anew, and the next run executes that.
#[test]
fn a_tool_that_would_keep_its_own_code_does_not_run() {
    for path in ["counter.py", "helper.py", ".config"] {
        let workspace = workspace(&format!("[state]\npath = \"{path}\"\n"));
        let refused = run(&workspace, &[]);
        assert_eq!(refused["run"]["outcome"], json!("refused"), "{path}: {refused:#}");
        let why = refused["run"]["error"].as_str().unwrap_or_default();
        assert!(why.contains("[state] cannot keep") && why.contains("path = \"data\""), "{path}: {why}");
    }
}

#[test]
fn a_kept_folder_that_a_run_replaces_by_a_file_does_not_stop_the_next_run() {
    let workspace = Workspace::new();
    let script = "import os, pathlib, shutil\nprint(sorted(os.listdir('data')))\npathlib.Path('data/own.py').write_text('x')\npathlib.Path('data/a').write_text('x')\nif os.environ.get('INPUT_SPOIL'):\n    shutil.rmtree('data')\n    pathlib.Path('data').write_text('x')\n";
    workspace.write("tools/experimental/counter.py", script);
    let sidecar = SIDECAR.replace("input = \"none\"", "input = \"env\"");
    workspace.write("tools/experimental/counter.toml", &format!("{sidecar}[state]\npath = \"data\"\n"));
    let first = run(&workspace, &[]);
    assert!(first["run"]["notes"].to_string().contains("data/own.py (a run could load it as code)"), "{first:#}");
    // The control: what is data is there again.
    assert_eq!(run(&workspace, &[])["stdout"], json!("['a']\n"));
    let spoilt = run(&workspace, &["--set", "spoil=1"]);
    assert!(spoilt["run"]["notes"].to_string().contains("data (it is declared as a folder)"), "{spoilt:#}");
    let next = run(&workspace, &[]);
    assert_eq!((&next["run"]["outcome"], &next["stdout"]), (&json!("succeeded"), &json!("[]\n")), "{next:#}");
}

/// The attack: leave links in kept folders that lead to files of the user, to have them copied into the next run.
#[test]
fn links_and_foreign_files_are_not_kept() {
    let workspace = Workspace::new();
    let secret = workspace.path("secret.txt");
    fs::write(&secret, "secret").unwrap();
    let script = format!(
        "import os, pathlib\nos.makedirs('data', exist_ok=True)\nfor name, to in (('l', '{0}'), ('d', '/etc')):\n    if not os.path.lexists('data/' + name):\n        os.symlink(to, 'data/' + name)\npathlib.Path('data/own').write_text('own')\nprint(sorted(os.listdir('data')))\n",
        secret.display()
    );
    workspace.write("tools/experimental/counter.py", &script);
    workspace.write("tools/experimental/counter.toml", &format!("{SIDECAR}[state]\npath = \"data\"\n"));
    let first = run(&workspace, &[]);
    assert!(first["run"]["notes"].to_string().contains("not kept: data/"), "{first:#}");
    let (found, _) = workspace.json(&["state", "counter"]);
    assert_eq!(found["kept"][0]["files"], json!([{"path": "data/own", "bytes": 3}]), "{found:#}");
    // The whole folder replaced by a link.
    let script =
        format!("import os, shutil\nshutil.rmtree('data')\nos.symlink('{}', 'data')\n", workspace.root().display());
    workspace.write("tools/experimental/counter.py", &script);
    let second = run(&workspace, &[]);
    assert_eq!(second["run"]["outcome"], json!("succeeded"), "{second:#}");
    let text = workspace.json(&["state", "counter"]).0.to_string();
    assert!(!text.contains("secret"), "{text}");
}
