//! `--dry-run`: what a verb would change is shown, and nothing is.

use crate::support::Workspace;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder with its bytes, but those of the database, which is asked instead.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() && !name.contains(".db") && name != "index" {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

/// All that can be seen of a workspace.
fn seen(workspace: &Workspace) -> (Vec<Value>, BTreeMap<PathBuf, Vec<u8>>) {
    let asked = [
        &["log"][..],
        &["reviews", "--state", "all"],
        &["list"],
        &["grants"],
        &["sets"],
        &["failures"],
        &["failures", "--marks"],
        &["tokens"],
        &["list", "--stage", "archived"],
    ];
    let answers = asked.map(|args| workspace.json(args).0).to_vec();
    (answers, files(&workspace.root()))
}

fn decide(workspace: &Workspace, tool: &str, args: &[&str]) {
    let (reviews, _) = workspace.json(&["reviews"]);
    let of_tool = |row: &&Value| row["tool"] == tool;
    let row = reviews["reviews"].as_array().unwrap().iter().find(of_tool).unwrap().clone();
    let (id, digest) = (row["id"].to_string(), row["digest"].as_str().unwrap()[..12].to_owned());
    let all = [&["approve", &id, "--digest", &digest, "--unread", "--reason", "a test"][..], args].concat();
    let (answer, code) = workspace.json_of_human(&all);
    assert_eq!(code, 0, "{answer:#}");
}

#[test]
fn nothing_changes_and_the_plan_says_what_would() {
    let workspace = Workspace::new().with_git();
    for name in ["done", "fails", "waits", "away"] {
        let code = if name == "fails" { "raise SystemExit('no')" } else { "print(1)" };
        workspace.write(&format!("tools/experimental/{name}.py"), &format!("\"\"\"Does {name}.\"\"\"\n{code}\n"));
    }
    workspace.json(&["list"]);
    workspace.json_until(&["reviews"], |answer| answer["reviews"].as_array().is_some_and(|rows| rows.len() == 4));
    decide(&workspace, "done", &[]);
    decide(&workspace, "away", &[]);
    workspace.json(&["run", "fails"]);
    assert_eq!(workspace.json_of_human(&["archive", "away"]).1, 0);
    assert_eq!(workspace.json_of_human(&["set", "mine", "done"]).1, 0);
    let (reviews, _) = workspace.json(&["reviews"]);
    let row = reviews["reviews"].as_array().unwrap().iter().find(|row| row["tool"] == "waits").unwrap().clone();
    let (id, digest) = (row["id"].to_string(), row["digest"].as_str().unwrap()[..12].to_owned());
    let (failures, _) = workspace.json(&["failures"]);
    let signature = failures["failures"][0]["signature"].as_str().unwrap()[..8].to_owned();
    workspace.json(&["check", "waits"]);

    let before = seen(&workspace);
    let (out, folder) = (workspace.home().join("bundle"), workspace.home().join("other"));
    let [out, folder] = [&out, &folder].map(|path| path.display().to_string());
    for (args, told) in [
        (&["approve", &id, "--digest", &digest][..], "tools/approved/waits"),
        (&["reject", &id, "--reason", "no"], ""),
        (&["request-changes", &id, "--reason", "no"], ""),
        (&["archive", "done"], "tools/archived"),
        (&["restore", "away"], "tools/"),
        (&["deprecate", "done", "--reason", "old"], ""),
        (&["promote", "done", "--to", "core"], "opens a review"),
        (&["grant", "waits", "--agent", "rosa"], "rosa"),
        (&["pin", "done"], ""),
        (&["set", "other", "done"], ""),
        (&["unset", "mine"], ""),
        (&["resolve", &signature], ""),
        (&["unlock", "--tier", "high"], ""),
        (&["undo"], ""),
        (&["comment", &id, "rather not"], "rather not"),
        (&["mark-failure", "done", "--scenario", "count words"], "ranks lower"),
        (&["token", "rosa"], "rosa"),
        (&["push", &out], "done"),
        (&["init", &folder], "tools/experimental/hello/hello.py"),
    ] {
        let (plan, code) = workspace.json_of_human(&[args, &["--dry-run"]].concat());
        assert_eq!((code, &plan["dry_run"]), (0, &json!(true)), "{args:?}: {plan:#}");
        assert!(plan.to_string().contains(told), "{args:?}: {plan:#}");
        assert!(seen(&workspace) == before, "{args:?} changed something");
    }
    assert!(!Path::new(&out).exists() && !Path::new(&folder).exists());

    // Where there is nothing to do, or it is refused: nothing changes either.
    for args in [
        &["trim", "done"][..],
        &["unpin", "done"],
        &["rollback", "done"],
        &["restore-files", "done"],
        &["fork", "done"],
        &["clear-state", "done"],
        &["untag", "done", "not-for-json"],
        &["wrong-answer", "1"],
        &["revoke", "1"],
        &["dismiss", "abcd"],
        &["withdraw", "1"],
        &["disconnect", "1"],
        &["revoke-token", "1"],
        &["claim", &id],
        &["ask-team", &id],
        &["team-policy", "none.toml"],
        &["prune"],
    ] {
        workspace.json_of_human(&[args, &["--dry-run"]].concat());
        assert!(seen(&workspace) == before, "{args:?} changed something");
    }

    // What would be refused is refused, and the same command without the option does it.
    let (refused, code) = workspace.json_of_human(&["archive", "away", "--dry-run"]);
    assert!(code != 0 && refused["error"]["message"].as_str().unwrap().contains("already archived"), "{refused:#}");
    let (refused, code) = workspace.json_of_human(&["approve", &id, "--digest", "0000000000", "--dry-run"]);
    assert!(code != 0, "{refused:#}");
    assert_eq!(workspace.json_of_human(&["push", &out]).1, 0);
    let (plan, code) = workspace.json_of_human(&["pull", &out, "--dry-run"]);
    assert_eq!((code, &plan["tools"][0]["state"]), (0, &json!("same")), "{plan:#}");
    assert_eq!(workspace.json_of_human(&["archive", "done"]).1, 0);
    assert!(seen(&workspace) != before, "and now it is done");
    let (refused, code) = workspace.json(&["--as-agent", "rosa", "archive", "fails", "--dry-run"]);
    assert_eq!(code, 4, "{refused:#}");
}

#[test]
fn what_another_workspace_would_bring_is_shown_and_not_brought() {
    let (from, to) = (Workspace::new().with_script("greet", "print(1)"), Workspace::new());
    let bundle = from.home().join("bundle").display().to_string();
    from.json(&["list"]);
    assert_eq!(from.json(&["push", &bundle]).1, 0);
    let before = seen(&to);
    let (plan, code) = to.json_of_human(&["pull", &bundle, "--dry-run"]);
    assert_eq!((code, &plan["dry_run"], &plan["tools"][0]["state"]), (0, &json!(true), &json!("written")), "{plan:#}");
    assert!(seen(&to) == before);
    assert_eq!(to.json_of_human(&["pull", &bundle]).1, 0);
    assert!(to.path("tools/experimental/greet.py").exists());
}
