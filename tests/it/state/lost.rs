//! A database that is gone, empty, cut off, older than it was or another one is named; it is never replaced by an empty
//! one, and nothing is decided or run until a human chose.

use super::{LOOKING, at_terminal, remove_database, state_of, used, verbs};
use crate::support::Workspace;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Every way to look works and says what is wrong; every way to change is refused; nothing is made.
fn is_told(workspace: &Workspace, state: &Path, words: &str) {
    let before = fs::read(state.join("store.db")).ok();
    for args in LOOKING {
        let output = workspace.toolsmith(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words) && said.contains("doctor --restore"), "{args:?}: {said}");
    }
    let (list, code) = workspace.json(&["list"]);
    assert_eq!((code, list["total"].as_u64().unwrap_or(0) >= 2), (0, true), "{list:#}");
    let (verified, code) = workspace.json(&["verify"]);
    assert!(code == 1 && verified["faults"].to_string().contains(words), "{verified:#}");
    let (doctor, code) = workspace.json(&["doctor"]);
    assert!(code == 1 && doctor.to_string().contains(words), "{doctor:#}");
    for args in [vec!["run", "hello"], vec!["run", "hello", "--as-agent", "bot"]] {
        let (refused, code) = workspace.json(&args);
        assert!(code != 0 && refused["error"]["message"].is_string(), "{args:?}: {refused:#}");
        assert!(refused.to_string().contains(words), "{args:?}: {refused:#}");
    }
    let (_, said) = at_terminal(workspace, &["archive", "second"], "");
    assert!(said.replace('\n', "").contains(words), "{said}");
    assert!(workspace.path("tools/experimental/second.sh").exists());
    assert_eq!(fs::read(state.join("store.db")).ok(), before, "nothing may be made");
}

#[test]
fn a_database_that_is_gone_or_empty_is_told_and_none_is_made_in_its_place() {
    let workspace = used();
    let state = state_of(&workspace);
    // The control: with its database everything can be done.
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    let damages: [fn(&Path); 3] = [
        remove_database,
        |state| {
            remove_database(state);
            fs::write(state.join("store.db"), "").unwrap();
        },
        // The last thing that tells of it: kept copies and outputs of runs.
        |state| {
            remove_database(state);
            fs::remove_file(state.join("seen.json")).unwrap();
            drop(fs::remove_dir_all(state.join("backups")));
        },
    ];
    for damage in damages {
        damage(&state);
        is_told(&workspace, &state, "is missing or empty");
    }
    let (code, said) = at_terminal(&workspace, &["doctor", "--accept-loss"], "n");
    assert!(code == 1 && said.contains("nothing was changed"), "{said}");
    is_told(&workspace, &state, "is missing or empty");
    let (code, said) = at_terminal(&workspace, &["doctor", "--accept-loss"], "y");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("all approvals"), "{said}");
    assert_eq!(verbs(&workspace.json(&["log"]).0)[0], "accept-loss");
    // The output of the run that nobody knows any more is not given to the next one.
    assert_eq!(workspace.json(&["runs"]).0["runs"], json!([]));
    assert!(!state.join("runs/1.spool").exists());
    assert_eq!(workspace.json(&["run", "tools/experimental/second.sh"]).1, 0);
}

#[test]
fn only_a_human_at_a_terminal_accepts_a_loss() {
    let workspace = used();
    remove_database(&state_of(&workspace));
    for flag in ["--accept-loss", "--restore", "--rebuild"] {
        for args in [vec!["doctor", flag], vec!["doctor", flag, "--as-agent", "bot"]] {
            let (refused, code) = workspace.json(&args);
            assert_eq!((code, &refused["error"]["code"]), (4, &json!("human-needed")), "{args:?}: {refused:#}");
        }
    }
    assert!(!state_of(&workspace).join("store.db").exists());
}

#[test]
fn a_database_that_is_cut_off_or_garbage_is_told_and_left_alone() {
    let workspace = used();
    let state = state_of(&workspace);
    let sound = fs::read(state.join("store.db")).unwrap();
    for damaged in [sound[..sound.len() / 2].to_vec(), sound[..50].to_vec(), vec![b'x'; sound.len()]] {
        remove_database(&state);
        fs::write(state.join("store.db"), &damaged).unwrap();
        for args in [["list"], ["verify"]] {
            let (refused, code) = workspace.json(&args);
            assert!(code == 70 && refused.to_string().contains("doctor --restore"), "{args:?}: {refused:#}");
        }
        assert_eq!(fs::read(state.join("store.db")).unwrap(), damaged);
    }
}

#[test]
fn an_older_database_and_another_one_are_told() {
    let workspace = used();
    let state = state_of(&workspace);
    let older = fs::read(state.join("store.db")).unwrap();
    let (code, said) = at_terminal(&workspace, &["archive", "second"], "");
    assert_eq!(code, 0, "{said}");
    remove_database(&state);
    fs::write(state.join("store.db"), &older).unwrap();
    let (list, code) = workspace.json(&["list"]);
    assert_eq!(code, 0, "{list:#}");
    let (verified, code) = workspace.json(&["verify"]);
    assert!(code == 1 && verified["faults"].to_string().contains("replaced with an older one"), "{verified:#}");
    let (code, said) = at_terminal(&workspace, &["doctor", "--accept-loss"], "y");
    assert_eq!(code, 0, "{said}");
    // It went on from the older one: what it knew it knows, and the log says what happened.
    assert_eq!(verbs(&workspace.json(&["log"]).0), ["approve", "accept-loss"]);
    assert_eq!(workspace.json(&["run", "hello"]).1, 0);
    // Another log of the same length.
    remove_database(&state);
    fs::write(state.join("store.db"), &older).unwrap();
    let seen = fs::read_to_string(state.join("seen.json")).unwrap();
    let other = seen.replace("\"operations\":2", "\"operations\":1");
    assert_ne!(seen, other);
    fs::write(state.join("seen.json"), other).unwrap();
    let (verified, code) = workspace.json(&["verify"]);
    assert!(code == 1 && verified["faults"].to_string().contains("database was replaced"), "{verified:#}");
}

#[test]
fn a_new_workspace_and_a_cloned_one_begin_without_a_word_of_loss() {
    let workspace = Workspace::new();
    workspace.write(
        "tools/approved/cloned/tool.toml",
        "name = \"cloned\"\nversion = \"1.0.0\"\ndescription = \"x\"\n[run]\ncommand = [\"sh\", \"{file}\"]\n",
    );
    workspace.write("tools/approved/cloned/cloned.sh", "echo 1\n");
    workspace.write("tools/approved/cloned/approval.toml", "reviewer = \"Eve\"\n");
    let output = workspace.toolsmith(&["list"]).output().unwrap();
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("doctor"), "{output:?}");
}

#[test]
fn tools_that_this_reviewer_approved_in_a_log_that_is_not_here_are_named() {
    let workspace = used();
    let state = state_of(&workspace);
    assert!(!workspace.json(&["list"]).0.to_string().contains("in a log that is missing"));
    // Kept copies may not be written; their folders neither.
    let remove = || {
        std::process::Command::new("chmod").args(["-R", "u+w"]).arg(&state).status().unwrap();
        fs::remove_dir_all(&state).unwrap();
    };
    remove();
    // The workspace knows that it had a state: that is a loss.
    is_told(&workspace, &state, "is missing or empty");
    // Without that it is as a clone on another machine.
    fs::remove_dir_all(workspace.path(".toolsmith")).unwrap();
    remove();
    let (list, code) = workspace.json(&["list"]);
    assert!(code == 0 && list["problems"].to_string().contains("approved by you in a log that is missing"), "{list:#}");
}
