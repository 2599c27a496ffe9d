//! `verify` finds whatever was bent, and names it.

use super::world::{World, ada, decide, native, open};
use crate::support::Workspace;
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use toolsmith::domain::{Command, DecisionKind};
use toolsmith::engine::{Engine, ReviewFilter};

/// A workspace with two approved tools and nothing wrong.
fn sound() -> (Workspace, Engine) {
    let workspace = Workspace::new();
    for name in ["alpha", "beta"] {
        native(&workspace, &format!("tools/experimental/{name}"), name, "echo 1\n", "");
    }
    let engine = open(&workspace);
    for review in engine.reviews(ReviewFilter::Waiting).unwrap() {
        engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    }
    assert_eq!(engine.verify().unwrap().faults, Vec::<String>::new());
    (workspace, engine)
}

/// Changes rows behind everybody's back.
fn sql(engine: &Engine, text: &str) {
    let connection = Connection::open(engine.state_dir().join("store.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(text).unwrap();
}

#[test]
fn each_kind_of_tampering_is_named() {
    type Bend = fn(&Workspace, &Engine);
    let cases: &[(&str, Bend, &[&str])] = &[
        (
            "an entry was changed",
            |_, engine| sql(engine, "UPDATE operations SET who = 'Eve' WHERE id = 1"),
            &["entry 1 was changed"],
        ),
        (
            "an entry is missing",
            |_, engine| sql(engine, "DELETE FROM operations WHERE id = 1"),
            &["entry 1 is missing", "which is not in the log"],
        ),
        (
            "an approval without an entry",
            |_, engine| sql(engine, "UPDATE approvals SET operation = 1 WHERE operation = 2"),
            &["approved by entry 1, which is about something else"],
        ),
        (
            "an entry was marked as taken back",
            |_, engine| sql(engine, "UPDATE operations SET undone_by = 2 WHERE id = 1"),
            &["entry 1 is said to be taken back by entry 2, which did not"],
        ),
        (
            "a stored version was changed",
            |_, engine| {
                let copy = engine.state_dir().join("versions").join(engine.resolve("alpha").unwrap().digest.hex());
                let file = find(&copy, "alpha.sh").expect("the copy holds the script");
                make_writable(&file);
                fs::write(file, "echo 2\n").unwrap();
            },
            &["is damaged: what it holds (2 files) has the digest"],
        ),
        (
            "a file of an approved tool was changed",
            |workspace, _| workspace.write("tools/approved/alpha/alpha.sh", "echo 2\n"),
            &["tools/approved/alpha/tool.toml changed since it was approved", "alpha.sh changed"],
        ),
        (
            "approval.toml names somebody else",
            |workspace, _| {
                let path = workspace.path("tools/approved/alpha/approval.toml");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, text.replace("Ada", "Eve")).unwrap();
            },
            &["tools/approved/alpha/approval.toml does not match the log: reviewer"],
        ),
        (
            "approval.toml is of another version",
            |workspace, _| {
                let other = fs::read_to_string(workspace.path("tools/approved/beta/approval.toml")).unwrap();
                workspace.write("tools/approved/alpha/approval.toml", &other);
            },
            &["tools/approved/alpha/approval.toml does not match: it says tool beta"],
        ),
        (
            "approval.toml is gone",
            |workspace, _| fs::remove_file(workspace.path("tools/approved/alpha/approval.toml")).unwrap(),
            &["tools/approved/alpha/approval.toml is gone"],
        ),
    ];
    for (what, bend, expected) in cases {
        let (workspace, engine) = sound();
        bend(&workspace, &engine);
        let faults = engine.verify().unwrap().faults;
        for part in *expected {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{what}: {faults:#?}");
        }
        let (report, code) = workspace.json(&["verify"]);
        assert_eq!(code, 1, "{what}: {report:#}");
        assert_eq!(report["faults"].as_array().unwrap().len(), faults.len(), "{what}");
    }
}

#[test]
fn one_tool_is_verified_alone() {
    let (workspace, engine) = sound();
    workspace.write("tools/approved/alpha/alpha.sh", "echo 2\n");
    assert_eq!(engine.verify_tool("beta").unwrap().faults, Vec::<String>::new());
    assert_eq!(engine.verify_tool("alpha").unwrap().faults.len(), 1);
    assert_eq!(workspace.json(&["verify", "beta"]).1, 0);
    assert_eq!(workspace.json(&["verify", "alpha"]).1, 1);
    assert_eq!(workspace.json(&["verify", "nobody"]).1, 5);
}

#[test]
fn a_drift_approval_that_is_taken_back_leaves_the_note_of_the_approval_before() {
    let world = World::new();
    let note = || fs::read_to_string(world.workspace.path("tools/approved/drifted/approval.toml")).unwrap();
    let before = note();
    let review = world.waiting().into_iter().find(|review| review.tool.as_str() == "drifted").unwrap();
    world.execute(decide(&review, DecisionKind::Approve)).unwrap();
    assert!(note().contains(&review.digest.hex()));
    let undone = world.execute(Command::Undo { operation: None }).unwrap();
    assert_eq!(note(), before);
    assert!(undone.commit.is_some(), "the note is committed back");
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if let Some(found) = find(&path, name) {
                return Some(found);
            }
        } else if path.file_name().is_some_and(|file| file == name) {
            return Some(path);
        }
    }
    None
}

fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for place in [path.parent().unwrap(), path] {
        let mode = fs::metadata(place).unwrap().permissions().mode();
        fs::set_permissions(place, fs::Permissions::from_mode(mode | 0o200)).unwrap();
    }
}
