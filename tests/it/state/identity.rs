//! A workspace keeps its history when it is moved; a copy of it, a clone and a stranger's folder with its id do not get it.

use super::{at_terminal, state_of, used, verbs};
use crate::support::{Workspace, copy_folder};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What `log` says in a folder, and what is said beside it.
fn log_of(workspace: &Workspace, folder: &Path) -> (Vec<String>, String) {
    let output = workspace.toolsmith(&["log", "--json"]).current_dir(folder).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    (verbs(&value), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn beside(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.root().with_file_name(name)
}

fn states(workspace: &Workspace) -> usize {
    fs::read_dir(workspace.home().join("toolsmith/data/workspaces")).unwrap().count()
}

#[test]
fn a_folder_that_was_moved_keeps_its_history_and_its_state() {
    let workspace = used();
    let state = state_of(&workspace);
    for name in ["moved", "and again"] {
        let from = if name == "moved" { workspace.root() } else { beside(&workspace, "moved") };
        fs::rename(from, beside(&workspace, name)).unwrap();
        let (log, said) = log_of(&workspace, &beside(&workspace, name));
        assert_eq!((log, said.as_str()), (vec!["approve".to_owned()], ""));
    }
    assert_eq!((state_of(&workspace), states(&workspace)), (state.clone(), 1));
    let here = beside(&workspace, "and again");
    let run = workspace.toolsmith(&["run", "hello", "--as-agent", "bot"]).current_dir(&here).output().unwrap();
    assert!(run.status.success(), "the approval holds there: {run:?}");
    // A new folder where it was before begins with a history of its own.
    fs::create_dir_all(workspace.path("tools")).unwrap();
    assert_eq!(log_of(&workspace, &workspace.root()).0, Vec::<String>::new());
    assert_eq!(log_of(&workspace, &here).0, ["approve"]);
    assert_eq!(states(&workspace), 2);
}

#[test]
fn a_state_of_before_is_taken_over_and_moves_along() {
    let workspace = used();
    let state = state_of(&workspace);
    // As it was before workspaces had ids: a state that is known by its path alone.
    fs::remove_file(state.join("workspace.json")).unwrap();
    fs::remove_dir_all(workspace.path(".toolsmith")).unwrap();
    fs::remove_file(workspace.home().join("toolsmith/data/identity.key")).unwrap();
    assert_eq!(log_of(&workspace, &workspace.root()).0, ["approve"]);
    fs::rename(workspace.root(), beside(&workspace, "moved")).unwrap();
    assert_eq!(log_of(&workspace, &beside(&workspace, "moved")).0, ["approve"]);
    assert_eq!(state_of(&workspace), state);
}

#[test]
fn an_id_that_was_cleaned_away_comes_back() {
    let workspace = used().with_git();
    let ids = || -> Vec<String> {
        let folder = workspace.path(".toolsmith");
        let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.retain(|path| path.file_name().unwrap() != ".gitignore");
        found.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    };
    let before = ids();
    assert_eq!(workspace.git(&["status", "--porcelain", "--", ".toolsmith"]), "", "git does not see it");
    workspace.git(&["clean", "-fdxq", ".toolsmith"]);
    assert!(!workspace.path(".toolsmith").exists());
    assert_eq!(log_of(&workspace, &workspace.root()).0, ["approve"]);
    assert_eq!((ids(), before.len()), (before, 1));
}

#[test]
fn a_copy_is_told_once_and_gets_a_history_of_its_own_unless_a_human_says_that_it_is_the_same() {
    let workspace = used();
    for answer in ["--copied", "--same-workspace"] {
        let copy = beside(&workspace, &answer[2..]);
        copy_folder(&workspace.root(), &copy);
        let (log, said) = log_of(&workspace, &copy);
        assert_eq!(log, Vec::<String>::new());
        assert!(said.contains("is a copy of the workspace") && said.contains("--same-workspace"), "{said}");
        let folder = copy.to_str().unwrap().to_owned();
        let refused = workspace.toolsmith(&["doctor", answer, "--json"]).current_dir(&copy).output().unwrap();
        assert_eq!(refused.status.code(), Some(4), "only a human says so: {refused:?}");
        let asks = ["doctor", answer, "--workspace", &folder];
        let (code, said) = at_terminal(&workspace, &asks, "n");
        assert!(code == 1 && said.contains("nothing was changed"), "{said}");
        assert_eq!(said.contains("still exists: it loses its approvals"), answer == "--same-workspace", "{said}");
        let (code, said) = at_terminal(&workspace, &asks, "y");
        assert_eq!(code, 0, "{said}");
        let (log, said) = log_of(&workspace, &copy);
        assert!(!said.contains("is a copy"), "{said}");
        let expected: &[&str] = if answer == "--copied" { &[] } else { &["approve"] };
        assert_eq!(log, expected);
    }
}

#[test]
fn an_id_that_came_with_a_repository_says_nothing() {
    let workspace = used();
    let ours = fs::read_dir(workspace.path(".toolsmith")).unwrap().map(|entry| entry.unwrap().path());
    let ours = ours.filter(|path| path.file_name().unwrap() != ".gitignore").last().unwrap();
    let (name, text) = (ours.file_name().unwrap().to_owned(), fs::read_to_string(&ours).unwrap());
    let id = text.split(' ').next().unwrap();
    // The same tool, so that the approval would fit.
    let evil = beside(&workspace, "evil");
    copy_folder(&workspace.path("tools"), &evil.join("tools"));
    let plant = |text: &str| {
        drop(fs::remove_dir_all(evil.join(".toolsmith")));
        fs::create_dir_all(evil.join(".toolsmith")).unwrap();
        fs::write(evil.join(".toolsmith").join(&name), text).unwrap();
    };
    // A guess at the seal, none, the id of another state, an old name.
    for forged in [format!("{id} {}\n", "0".repeat(64)), id.to_owned(), String::new(), "../../x y\n".to_owned()] {
        plant(&forged);
        assert_eq!(log_of(&workspace, &evil).0, Vec::<String>::new(), "{forged:?}");
        let run = workspace.toolsmith(&["run", "hello", "--as-agent", "bot"]).current_dir(&evil).output().unwrap();
        assert!(!run.status.success(), "{forged:?}: the approval of another workspace held: {run:?}");
    }
    // Even the true one, read by a tool and carried off, is a copy while that workspace is there, and when it is gone.
    plant(&text);
    assert_eq!(log_of(&workspace, &evil).0, Vec::<String>::new());
    plant(&text);
    fs::rename(workspace.root(), beside(&workspace, "elsewhere")).unwrap();
    let (log, _) = log_of(&workspace, &evil);
    assert_eq!(log, Vec::<String>::new());
    // The control: the true workspace gets its history where it is now.
    assert_eq!(log_of(&workspace, &beside(&workspace, "elsewhere")).0, ["approve"]);
}

#[test]
fn links_in_the_place_of_the_id_are_not_followed() {
    let workspace = Workspace::new();
    let outside = beside(&workspace, "outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, workspace.path(".toolsmith")).unwrap();
    assert_eq!(workspace.json(&["list"]).1, 0);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is written behind a link");
    assert_eq!(states(&workspace), 1);
    assert_eq!(workspace.json(&["list"]).1, 0);
    assert_eq!(states(&workspace), 1);
}

#[test]
fn several_at_once_make_one_id_and_one_state() {
    let workspace = Workspace::new();
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = workspace.toolsmith(&["list", "--json"]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(states(&workspace), 1);
    let ids = fs::read_dir(workspace.path(".toolsmith")).unwrap().filter_map(Result::ok);
    assert_eq!(ids.filter(|entry| entry.file_name() != ".gitignore").count(), 1);
    assert_eq!(workspace.json(&["log"]).0["operations"], json!([]));
}

#[test]
fn a_folder_that_is_only_looked_at_is_not_written_and_a_workspace_made_there_is_known() {
    let workspace = Workspace::new();
    let _ = fs::remove_dir_all(workspace.path("tools"));
    let _ = fs::remove_dir_all(workspace.path(".toolsmith"));
    let files = || fs::read_dir(workspace.root()).unwrap().count();
    let before = files();
    let mut terminal = crate::support::Terminal::toolsmith(&workspace, &[], (100, 30));
    terminal.wait_text("No tools yet");
    assert_eq!(files(), before);
    terminal.send("I").wait_text("hello");
    assert!(workspace.path(".toolsmith").is_dir());
    terminal.send("q").wait_end();
}
