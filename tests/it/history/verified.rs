//! `verify` finds whatever was bent, and names it.

use super::world::{World, ada, decide, native, open};
use crate::support::Workspace;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use toolsmith::domain::{Caller, Command, DecisionKind, Profile, RunOutcome, Stage};
use toolsmith::engine::{Engine, ReviewFilter, RunRequest};

/// A workspace with two approved tools and nothing wrong.
fn sound() -> (Workspace, Engine) {
    let workspace = Workspace::new();
    for name in ["alpha", "beta"] {
        native(&workspace, &format!("tools/experimental/{name}"), name, "echo 1\n", "");
        workspace.write(&format!("tools/experimental/{name}/same.sh"), "echo 1\n");
    }
    let engine = open(&workspace);
    for review in engine.reviews().list(ReviewFilter::Waiting).unwrap() {
        engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    }
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
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
            &["entry 1 is marked as undone by entry 2, which did not undo it"],
        ),
        (
            "a stored version was changed",
            |_, engine| {
                let copy =
                    engine.state_dir().join("versions").join(engine.library().resolve("alpha").unwrap().digest.hex());
                let file = find(&copy, "alpha.sh").expect("the copy holds the script");
                make_writable(&file);
                fs::write(file, "echo 2\n").unwrap();
            },
            &["is damaged: its content (3 files) has the digest"],
        ),
        (
            "a file of an approved tool was changed",
            |workspace, _| workspace.write("tools/approved/alpha/alpha.sh", "echo 2\n"),
            &["tools/approved/alpha changed since it was approved", "alpha.sh changed"],
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
            &["tools/approved/alpha/approval.toml does not match: it contains tool beta"],
        ),
        (
            "approval.toml was removed",
            |workspace, _| fs::remove_file(workspace.path("tools/approved/alpha/approval.toml")).unwrap(),
            &["tools/approved/alpha/approval.toml was removed"],
        ),
        (
            "an approved tool was moved away",
            |workspace, _| fs::rename(workspace.path("tools/approved/alpha"), workspace.path("alpha")).unwrap(),
            &["the approved tool alpha", "is missing from tools/approved/alpha"],
        ),
        (
            "the folder of approved tools was removed",
            |workspace, _| fs::remove_dir_all(workspace.path("tools/approved")).unwrap(),
            &["the approved tool alpha", "the approved tool beta"],
        ),
        (
            "a manifest cannot be read",
            |workspace, _| workspace.write("tools/approved/alpha/tool.toml", "name = \n"),
            &["cannot be read: tools/approved/alpha/tool.toml:1"],
        ),
        (
            "a file became a link to one with the same bytes",
            |workspace, _| {
                fs::remove_file(workspace.path("tools/approved/alpha/same.sh")).unwrap();
                symlink("alpha.sh", workspace.path("tools/approved/alpha/same.sh")).unwrap();
            },
            &["tools/approved/alpha/same.sh is a symbolic link"],
        ),
        (
            "a file became a link to elsewhere",
            |workspace, _| {
                let (place, other) = (workspace.path("tools/approved/alpha/same.sh"), workspace.path("same.sh"));
                fs::rename(&place, &other).unwrap();
                symlink(other, place).unwrap();
            },
            &["the approved tool alpha", "tools/approved/alpha/same.sh"],
        ),
        (
            "the folder became a link",
            |workspace, _| {
                let (place, other) = (workspace.path("tools/approved/alpha"), workspace.path("alpha"));
                fs::rename(&place, &other).unwrap();
                symlink(other, place).unwrap();
            },
            &["tools/approved/alpha is a symbolic link"],
        ),
        (
            "a decision has another reviewer",
            |_, engine| sql(engine, "UPDATE decisions SET reviewer = 'Eve' WHERE operation = 2"),
            &["the decision of entry 2 (approve beta) was changed in its table: the reviewer"],
        ),
        (
            "a decision has another verb, reason and digest",
            |_, engine| {
                sql(
                    engine,
                    "UPDATE decisions SET kind = 'reject', reason = NULL, digest = zeroblob(32) WHERE operation = 1",
                );
            },
            &["the decision of entry 1 (approve alpha) was changed in its table: the verb, the reason, the digest"],
        ),
        (
            "a decision has an override and a role",
            |_, engine| sql(engine, "UPDATE decisions SET override_reason = 'fine', role = 'boss' WHERE operation = 1"),
            &["was changed in its table: the override, the role"],
        ),
        (
            "a decision is marked as taken back",
            |_, engine| sql(engine, "UPDATE decisions SET undone = 1 WHERE operation = 1"),
            &["was changed in its table: whether it was undone"],
        ),
        (
            "a decision cannot be read",
            |_, engine| sql(engine, "UPDATE decisions SET kind = 'whatever' WHERE operation = 1"),
            &["was changed in its table: it cannot be read"],
        ),
        (
            "a decision is missing",
            |_, engine| sql(engine, "DELETE FROM decisions WHERE operation = 1"),
            &["the decision of entry 1 (approve alpha) is missing from the table of decisions"],
        ),
        (
            "a decision was added",
            |_, engine| {
                let columns = "review, kind, reviewer, reason, digest, at_ms, lines, lines_shown, tail_shown, open_ms";
                let copy = format!(
                    "INSERT INTO decisions ({columns}, operation) SELECT {columns}, 9 FROM decisions WHERE operation = 1;\
                     INSERT INTO decisions ({columns}, operation) SELECT {columns}, 2 FROM decisions WHERE operation = 1"
                );
                sql(engine, &copy);
            },
            &["was added without the log: entry 9 does not contain it", "entry 2 (approve beta) is 2 times"],
        ),
    ];
    for (what, bend, expected) in cases {
        let (workspace, engine) = sound();
        bend(&workspace, &engine);
        let faults = engine.integrity().verify().unwrap().faults;
        for part in *expected {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{what}: {faults:#?}");
        }
        let (report, code) = workspace.json(&["verify"]);
        assert_eq!(code, 1, "{what}: {report:#}");
        assert_eq!(report["faults"].as_array().unwrap().len(), faults.len(), "{what}");
    }
}

#[test]
fn what_was_put_away_or_replaced_on_purpose_is_not_missed() {
    let (workspace, engine) = sound();
    let faults = || engine.integrity().verify().unwrap().faults;
    engine.execute(Command::verb("archive", &[("tool", "alpha")]), &ada()).unwrap();
    assert_eq!(faults(), Vec::<String>::new(), "archived");
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(faults(), Vec::<String>::new(), "and back");
    // Changed and approved as it is, then promoted: nothing is left in the place before.
    workspace.write("tools/approved/alpha/alpha.sh", "echo 2\n");
    engine.library().scan(&mut |_| {}).unwrap();
    let approve = || {
        let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
        engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    };
    approve();
    engine.execute(Command::Promote { tool: "alpha".to_owned(), to: Stage::Core }, &ada()).unwrap();
    approve();
    assert_eq!(faults(), Vec::<String>::new(), "promoted");
    fs::remove_dir_all(workspace.path("tools/core/alpha")).unwrap();
    assert_eq!(faults().len(), 1, "{:?}", faults());
}

#[test]
fn what_verify_finds_beside_a_tool_agents_are_refused_for_until_restore_files_mends_it() {
    type Bend = fn(&Workspace);
    const NOTE: &str = "tools/approved/alpha/approval.toml";
    let cases: &[(&str, Bend)] = &[
        ("approval.toml was removed", |workspace| fs::remove_file(workspace.path(NOTE)).unwrap()),
        ("approval.toml does not match the log: reviewer", |workspace| {
            let text = fs::read_to_string(workspace.path(NOTE)).unwrap();
            workspace.write(NOTE, &text.replace("Ada", "Eve"));
        }),
        ("approval.toml does not match the log: operation", |workspace| {
            let text = fs::read_to_string(workspace.path(NOTE)).unwrap();
            workspace.write(NOTE, &text.replace("operation = 1", "operation = 7"));
        }),
        ("approval.toml does not match: it contains stage core", |workspace| {
            let text = fs::read_to_string(workspace.path(NOTE)).unwrap();
            workspace.write(NOTE, &text.replace("stage = \"approved\"", "stage = \"core\""));
        }),
        ("approval.toml cannot be read", |workspace| workspace.write(NOTE, "= =\n")),
        ("same.sh is a symbolic link", |workspace| {
            fs::remove_file(workspace.path("tools/approved/alpha/same.sh")).unwrap();
            symlink("alpha.sh", workspace.path("tools/approved/alpha/same.sh")).unwrap();
        }),
    ];
    for (what, bend) in cases {
        let (workspace, engine) = sound();
        let run = |caller: Caller| {
            let tool = engine.library().resolve("alpha").unwrap();
            let handle = engine
                .runs()
                .start(&RunRequest { tool, input: None, timeout: None, again: None, worker: None }, &caller)
                .unwrap();
            (handle.warning.clone().unwrap_or_default(), handle.wait().unwrap())
        };
        let bot = || Caller::Agent("bot".to_owned());
        assert_eq!(run(bot()).1.outcome, RunOutcome::Succeeded, "{what}");
        bend(&workspace);
        let refused = run(bot()).1;
        assert_eq!(refused.outcome, RunOutcome::Refused, "{what}");
        assert!(refused.error.as_ref().is_some_and(|error| error.contains(what)), "{what}: {refused:?}");
        let (warning, strict) = run(ada());
        assert!(warning.contains(what) && warning.contains("restore-files"), "{what}: {warning}");
        assert_eq!(strict.isolation.profile, Profile::Strict, "{what}");
        let faults = engine.integrity().verify().unwrap().faults;
        assert!(faults.len() == 1 && faults[0].contains(what), "{what}: {faults:?}");
        engine.execute(Command::verb("restore-files", &[("tool", "alpha")]), &ada()).unwrap();
        assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new(), "{what}");
        assert_eq!(run(bot()).1.outcome, RunOutcome::Succeeded, "{what}");
        if what.contains("approval.toml") {
            engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
            assert_eq!(engine.integrity().verify().unwrap().faults, faults, "{what}");
        }
    }
}

#[test]
fn one_tool_is_verified_alone() {
    let (workspace, engine) = sound();
    workspace.write("tools/approved/alpha/alpha.sh", "echo 2\n");
    assert_eq!(engine.integrity().verify_tool("beta").unwrap().faults, Vec::<String>::new());
    assert_eq!(engine.integrity().verify_tool("alpha").unwrap().faults.len(), 1);
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

pub(super) fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for place in [path.parent().unwrap(), path] {
        let mode = fs::metadata(place).unwrap().permissions().mode();
        fs::set_permissions(place, fs::Permissions::from_mode(mode | 0o200)).unwrap();
    }
}
