//! What comes back by undo comes back as it was, and git is never told that somebody approved what nobody did.

use super::world::{World, decide};
use std::fs;
use toolsmith::domain::{Command, DecisionKind};

const SCRIPT: &str = "tools/approved/drifted/drifted.sh";

fn restore() -> Command {
    Command::RestoreFiles { tool: "drifted".to_owned() }
}

fn committed(world: &World) -> String {
    world.workspace.git(&["show", &format!("HEAD:{SCRIPT}")])
}

fn subject(world: &World) -> String {
    world.workspace.git(&["log", "-1", "--format=%s"])
}

#[test]
fn changed_files_that_git_never_had_come_back_without_a_commit() {
    let world = World::new();
    let fork = Command::Fork { tool: "drifted".to_owned(), name: "forked".to_owned() };
    for command in [restore(), fork] {
        let said = format!("{command:?}");
        let head = world.workspace.git(&["rev-parse", "HEAD"]);
        let before = world.state();
        world.execute(command).unwrap();
        assert_eq!(fs::read_to_string(world.workspace.path(SCRIPT)).unwrap(), "echo 1\n", "{said}");
        let undone = world.execute(Command::Undo { operation: None }).unwrap();
        let now = world.state();
        assert!(now == before, "{said}: {}", before.difference(&now));
        assert_eq!(undone.commit, None, "{said}");
        assert_eq!(world.workspace.git(&["rev-parse", "HEAD"]), head, "{said}");
        assert_eq!(committed(&world).trim(), "echo 1", "{said}");
    }
}

#[test]
fn changed_files_that_git_had_come_back_in_a_commit_that_says_nobody_approved_them() {
    let world = World::new();
    world.workspace.git(&["commit", "-qm", "by somebody", "--", SCRIPT]);
    world.execute(restore()).unwrap();
    assert_eq!(committed(&world).trim(), "echo 1");
    world.execute(Command::Undo { operation: None }).unwrap();
    assert_eq!(committed(&world).trim(), "echo changed");
    assert!(subject(&world).contains("approved by nobody"), "{}", subject(&world));
    let body = world.workspace.git(&["log", "-1", "--format=%B"]);
    assert!(body.contains("Toolsmith-Unapproved: ") && !body.contains("Toolsmith-Digest"), "{body}");
}

#[test]
fn a_drift_approval_that_is_taken_back_leaves_no_commit_that_calls_the_changed_files_approved() {
    let world = World::new();
    let review = world.waiting().into_iter().find(|review| review.tool.as_str() == "drifted").unwrap();
    world.execute(decide(&review, DecisionKind::Approve)).unwrap();
    world.execute(Command::Undo { operation: None }).unwrap();
    assert!(subject(&world).contains("stay, approved by nobody"), "{}", subject(&world));
}

#[test]
fn what_was_no_tool_makes_room_without_becoming_a_row_and_comes_back_by_undo() {
    let world = World::new();
    let broken = "name = \n";
    world.workspace.write("tools/approved/known/tool.toml", broken);
    world.engine.scan(&mut |_| {}).unwrap();
    assert_eq!(world.engine.catalog().problems.len(), 1);
    let before = world.state();
    let outcome = world.execute(Command::RestoreFiles { tool: "known".to_owned() }).unwrap();
    assert!(!outcome.message.contains("kept nowhere"), "{}", outcome.message);
    let problems = world.engine.catalog().problems.clone();
    assert!(problems.is_empty(), "{problems:?}");
    world.execute(Command::Undo { operation: None }).unwrap();
    let now = world.state();
    assert!(now == before, "{}", before.difference(&now));
    // What no copy can hold is put aside where nothing reads it.
    std::os::unix::fs::symlink("/etc/passwd", world.workspace.path("tools/approved/known/link")).unwrap();
    let outcome = world.execute(Command::RestoreFiles { tool: "known".to_owned() }).unwrap();
    assert!(outcome.message.contains("tools/archived/.known.replaced-"), "{}", outcome.message);
    let problems = world.engine.catalog().problems.clone();
    assert!(problems.is_empty(), "{problems:?}");
}
