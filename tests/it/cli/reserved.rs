//! Names and aliases of approved, core and archived tools mean nothing else: a newcomer that takes one is a problem,
//! and only its path runs it.

use super::permissions::approve;
use super::{Answered, Shell};
use serde_json::{Value, json};

/// An approved tool `counter` that also answers to `cnt`.
fn with_counter() -> Shell {
    let shell = Shell::new();
    shell.tool("experimental", "counter", "echo approved\n", "aliases = [\"cnt\"]\n");
    approve(&shell);
    shell
}

/// A bare script in `tools/experimental/`.
fn script(shell: &Shell, file: &str) -> String {
    let path = format!("tools/experimental/{file}");
    shell.write(&path, "#!/bin/sh\n# Counts things.\n# cost_tier: low\necho newcomer\n");
    path
}

fn problems(shell: &Shell) -> Vec<Value> {
    let list = shell.call(&["list", "--problems", "--json"]).exits(0).json();
    let all = list["problems"].as_array().unwrap().iter();
    all.filter(|problem| problem["code"] == "reserved-name" || problem["code"] == "name-clash").cloned().collect()
}

/// Checks that the tool at this path is a problem, that no name means it, and that its path does.
#[track_caller]
fn is_reserved(shell: &Shell, path: &str, name: &str) {
    let found = problems(shell);
    assert!(found.iter().any(|problem| problem["path"] == path), "{path}: {found:#?}");
    for words in [vec!["run", name], vec!["show", name], vec!["source", name], vec!["check", name]] {
        let answered = shell.call(&words);
        let text = format!("{}{}", answered.stdout, answered.stderr);
        assert!(!answered.stdout.contains("newcomer"), "{words:?}: {text}");
    }
    let search = shell.call(&["search", "counts things newcomer counter", "--json"]).stdout;
    assert!(!search.contains(path), "{search}");
    let call = shell.call(&["call", "counts things", "--json"]).stdout;
    assert!(!call.contains("newcomer"), "{call}");
    let digest = shell.call(&["show", path, "--json"]).exits(0).json()["tool"]["digest"].as_str().unwrap().to_owned();
    let grant = shell.call_by_human(&["grant", &format!("{name}@{}", &digest[..12]), "--agent", "bot"]);
    assert_ne!(grant.code, 0, "{path} was granted by its name: {}", grant.stdout);
    let waits = ["buffer", "write", "1", "--buffer", "b", "--to", name, "--strategy", "manual"];
    shell.call(&waits);
    let flush = shell.call(&["buffer", "flush", "--buffer", "b"]);
    assert!(!flush.stdout.contains("newcomer"), "{}", flush.stdout);
    assert_eq!(shell.call(&["run", path]).exits(0).stdout, "newcomer\n", "use its path");
}

#[test]
fn a_script_that_takes_an_alias_of_an_approved_tool_runs_only_by_its_path() {
    let shell = with_counter();
    let path = script(&shell, "cnt.sh");
    assert_eq!(shell.call(&["run", "cnt"]).exits(0).stdout, "approved\n");
    is_reserved(&shell, &path, "cnt");
    let found = problems(&shell).into_iter().find(|problem| problem["path"] == path.as_str()).unwrap();
    let message = found["message"].as_str().unwrap();
    assert_eq!(message, "its name \"cnt\" is an alias of the approved tool counter (tools/approved/counter/tool.toml)");
    // The control: without the approved tool the same script runs by its name.
    let free = Shell::new();
    script(&free, "cnt.sh");
    assert_eq!(free.call(&["run", "cnt"]).exits(0).stdout, "newcomer\n");
    assert!(problems(&free).is_empty());
}

#[test]
fn names_that_look_like_an_approved_one_are_reserved_too() {
    for file in ["c0unter.sh", "coun-ter.sh", "counter_v9.sh", "counter-2.0.0.sh"] {
        let shell = with_counter();
        let path = script(&shell, file);
        let name = shell.call(&["show", &path, "--json"]).exits(0).json()["tool"]["name"].as_str().unwrap().to_owned();
        is_reserved(&shell, &path, &name);
    }
    for alias in ["counter", "cnt", "Counter", "c\u{43e}unter", "counter.py", "c n t"] {
        let shell = with_counter();
        shell.tool("experimental", "harmless", "echo newcomer\n", &format!("aliases = [{}]\n", json!(alias)));
        is_reserved(&shell, "tools/experimental/harmless/tool.toml", "harmless");
        assert_eq!(shell.call(&["run", "counter"]).exits(0).stdout, "approved\n", "{alias}");
    }
}

#[test]
fn no_spelling_of_a_name_and_no_new_alias_leads_to_a_version_that_only_waits() {
    let shell = with_counter();
    let proposal = |folder: &str, more: &str| {
        let path = format!("tools/experimental/{folder}/tool.toml");
        shell.tool("experimental", folder, "echo newcomer\n", more);
        let text = std::fs::read_to_string(shell.workspace().join(&path)).unwrap();
        shell.write(&path, &text.replace(&format!("name = \"{folder}\""), "name = \"Counter\""));
        path
    };
    let path = proposal("Counter", "aliases = [\"fresh-name\"]\n");
    assert_eq!(shell.call(&["run", &path]).exits(0).stdout, "newcomer\n", "the control");
    for name in ["Counter", "COUNTER", "counter", "fresh-name", " counter"] {
        assert_eq!(shell.call(&["run", name]).exits(0).stdout, "approved\n", "{name}");
    }
}

#[test]
fn an_unapproved_tool_in_the_folders_of_approved_ones_takes_no_name() {
    for (stage, folder) in [("approved", "other"), ("core", "counter"), ("approved", "cnt")] {
        let shell = with_counter();
        let name = if folder == "cnt" { "cnt" } else { "counter" };
        shell.tool(stage, folder, "echo newcomer\n", "");
        let path = format!("tools/{stage}/{folder}/tool.toml");
        let text = std::fs::read_to_string(shell.workspace().join(&path)).unwrap();
        shell.write(&path, &text.replace(&format!("name = \"{folder}\""), &format!("name = \"{name}\"")));
        assert_eq!(shell.call(&["run", "counter"]).exits(0).stdout, "approved\n", "{path}");
        assert_eq!(shell.call(&["run", "cnt"]).exits(0).stdout, "approved\n", "{path}");
        assert_eq!(shell.call(&["run", "counter", "--as-agent", "bot"]).exits(0).stdout, "approved\n", "{path}");
        assert!(problems(&shell).iter().any(|problem| problem["path"] == path), "{path}: {:#?}", problems(&shell));
    }
}

#[test]
fn the_name_of_an_archived_tool_is_not_free() {
    for stage in ["approved", "core"] {
        let shell = with_counter();
        if stage == "core" {
            shell.at_terminal(&["promote", "counter", "--to", "core"]).exits(0);
            approve(&shell);
        }
        shell.at_terminal(&["archive", "counter"]).exits(0);
        for (file, name) in [("counter.sh", "counter"), ("cnt.sh", "cnt")] {
            let path = script(&shell, file);
            is_reserved(&shell, &path, name);
        }
        // Put where the archived one was.
        shell.tool(stage, "counter", "echo newcomer\n", "");
        let path = format!("tools/{stage}/counter/tool.toml");
        let ran = shell.call(&["run", "counter"]);
        assert!(ran.code == 4 && !ran.stdout.contains("newcomer"), "{stage}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("archived"), "{}", ran.stderr);
        assert!(problems(&shell).iter().any(|problem| problem["path"] == path), "{:#?}", problems(&shell));
    }
}

#[test]
fn a_newcomer_is_not_approved_under_a_reserved_name() {
    let shell = with_counter();
    script(&shell, "cnt.sh");
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    let refused: Answered = shell.at_terminal(&["approve", &id, "--digest", &digest, "--override", "a test"]).exits(4);
    assert!(refused.stdout.contains("cnt") && refused.stdout.contains("counter"), "{}", refused.stdout);
}

#[test]
fn versions_of_the_tool_itself_keep_its_name() {
    let shell = with_counter();
    // The next version, by its own number.
    shell.tool("experimental", "counter", "echo next\n", "aliases = [\"cnt\"]\n");
    let path = "tools/experimental/counter/tool.toml";
    let text = std::fs::read_to_string(shell.workspace().join(path)).unwrap();
    shell.write(path, &text.replace("1.0.0", "1.1.0"));
    assert!(problems(&shell).is_empty(), "{:#?}", problems(&shell));
    assert_eq!(shell.call(&["run", "counter"]).exits(0).stdout, "approved\n");
    assert_eq!(shell.call(&["run", "counter@1.1.0"]).exits(0).stdout, "next\n");
    // Also the same number again only asks to be the next.
    shell.write(path, &text);
    assert_eq!(shell.call(&["run", "counter"]).exits(0).stdout, "approved\n");
    shell.write(path, &text.replace("1.0.0", "1.1.0"));
    approve(&shell);
    assert_eq!(shell.call(&["run", "cnt"]).exits(0).stdout, "next\n");
    // Changed on disk since, it is still that tool.
    shell.write("tools/approved/counter/counter.sh", "echo drifted\n");
    assert_eq!(shell.call(&["run", "counter"]).exits(0).stdout, "drifted\n");
    assert!(problems(&shell).is_empty(), "{:#?}", problems(&shell));
}
