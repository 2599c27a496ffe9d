//! What comes back by undo comes back as it was, and git is never told that somebody approved what nobody did.

use super::world::{World, decide};
use std::fs;
use toolsmith::domain::{Command, DecisionKind, ReviewKind, Stage};
use toolsmith::engine::ErrorCode;

const SCRIPT: &str = "tools/approved/drifted/drifted.sh";

fn restore() -> Command {
    Command::verb("restore-files", &[("tool", "drifted")])
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
    let fork = Command::verb("fork", &[("tool", "drifted"), ("name", "forked")]);
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
    world.workspace.git(&["commit", "-qm", "by another process", "--", SCRIPT]);
    world.execute(restore()).unwrap();
    assert_eq!(committed(&world).trim(), "echo 1");
    world.execute(Command::Undo { operation: None }).unwrap();
    assert_eq!(committed(&world).trim(), "echo changed");
    assert!(subject(&world).contains("not approved"), "{}", subject(&world));
    let body = world.workspace.git(&["log", "-1", "--format=%B"]);
    assert!(body.contains("Toolsmith-Unapproved: ") && !body.contains("Toolsmith-Digest"), "{body}");
}

#[test]
fn a_drift_approval_that_is_taken_back_leaves_no_commit_that_calls_the_changed_files_approved() {
    let world = World::new();
    let review = world.waiting().into_iter().find(|review| review.tool.as_str() == "drifted").unwrap();
    world.execute(decide(&review, DecisionKind::Approve)).unwrap();
    world.execute(Command::Undo { operation: None }).unwrap();
    assert!(subject(&world).contains("stay, not approved"), "{}", subject(&world));
}

#[test]
fn what_was_no_tool_makes_room_without_becoming_a_row_and_comes_back_by_undo() {
    let world = World::new();
    let broken = "name = \n";
    world.workspace.write("tools/approved/known/tool.toml", broken);
    world.engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(world.engine.library().catalog().problems.len(), 1);
    let before = world.state();
    let outcome = world.execute(Command::verb("restore-files", &[("tool", "known")])).unwrap();
    assert!(!outcome.message.contains("without a kept copy"), "{}", outcome.message);
    let problems = world.engine.library().catalog().problems.clone();
    assert!(problems.is_empty(), "{problems:?}");
    world.execute(Command::Undo { operation: None }).unwrap();
    let now = world.state();
    assert!(now == before, "{}", before.difference(&now));
    // What no copy can hold is put aside where nothing reads it.
    std::os::unix::fs::symlink("/etc/passwd", world.workspace.path("tools/approved/known/link")).unwrap();
    let outcome = world.execute(Command::verb("restore-files", &[("tool", "known")])).unwrap();
    assert!(outcome.message.contains("tools/archived/.known.replaced-"), "{}", outcome.message);
    let problems = world.engine.library().catalog().problems.clone();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_tool_that_was_changed_in_the_archive_is_not_restored_but_its_approved_files_can_be_put_back() {
    let world = World::new();
    let put_back = Command::verb("restore-files", &[("tool", "known")]);
    world.execute(Command::verb("archive", &[("tool", "known")])).unwrap();
    let error = world.execute(put_back.clone()).unwrap_err();
    assert!(error.hint.contains("restore known"), "{error:?}");
    world.workspace.write("tools/archived/known/known.sh", "echo 666\n");
    world.engine.library().scan(&mut |_| {}).unwrap();
    let error = world.execute(Command::verb("restore", &[("tool", "known")])).unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert!(error.message.contains("known.sh changed") && error.hint.contains("restore-files"), "{error:?}");
    world.execute(put_back).unwrap();
    assert_eq!(fs::read_to_string(world.workspace.path("tools/approved/known/known.sh")).unwrap(), "echo 1\n");
    assert_eq!(world.workspace.git(&["show", "HEAD:tools/approved/known/known.sh"]).trim(), "echo 1");
    assert_eq!(fs::read_to_string(world.workspace.path("tools/archived/known/known.sh")).unwrap(), "echo 666\n");
    let report = world.engine.integrity().verify_tool("known").unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    // What nobody approved comes back as it is.
    world.execute(Command::verb("archive", &[("tool", "fresh")])).unwrap();
    world.workspace.write("tools/archived/fresh/fresh.sh", "echo 777\n");
    world.engine.library().scan(&mut |_| {}).unwrap();
    world.execute(Command::verb("restore", &[("tool", "fresh")])).unwrap();
    assert_eq!(fs::read_to_string(world.workspace.path("tools/experimental/fresh/fresh.sh")).unwrap(), "echo 777\n");
}

fn moved(world: &World, to: &str) {
    fs::create_dir_all(world.workspace.path(to).parent().unwrap()).unwrap();
    fs::rename(world.workspace.path("tools/approved/known"), world.workspace.path(to)).unwrap();
    world.engine.library().scan(&mut |_| {}).unwrap();
}

#[test]
fn what_was_moved_comes_back_to_where_it_was_approved_and_nothing_else_is_called_approved() {
    let world = World::new();
    moved(&world, "tools/core/known");
    let note = fs::read(world.workspace.path("tools/core/known/approval.toml")).unwrap();
    world.execute(Command::verb("restore-files", &[("tool", "known")])).unwrap();
    assert!(world.workspace.path("tools/approved/known/known.sh").exists());
    assert_eq!(fs::read(world.workspace.path("tools/core/known/approval.toml")).unwrap(), note, "nobody made it core");
    let faults = world.engine.integrity().verify_tool("known").unwrap().faults;
    assert!(matches!(faults.as_slice(), [one] if one.contains("tools/core/known")), "{faults:?}");
    fs::remove_dir_all(world.workspace.path("tools/core/known")).unwrap();
    assert!(world.engine.integrity().verify_tool("known").unwrap().faults.is_empty());
}

#[test]
fn a_tool_that_was_moved_to_another_stage_is_asked_about_as_a_change_of_stage() {
    let world = World::new();
    moved(&world, "tools/core/known");
    let asked = world.waiting().into_iter().find(|review| review.path.starts_with("tools/core/known/")).unwrap();
    assert_eq!((asked.from_stage, asked.to_stage), (Stage::Approved, Stage::Core));
    assert!(asked.summary.contains("tools/approved/known"), "{}", asked.summary);
    let run = world.run("known", &toolsmith::domain::Caller::Agent("bot".to_owned()));
    let said = format!("{:?}", run.error);
    assert!(said.contains("not where it was approved") && !said.contains("changed on disk"), "{said}");
}

#[test]
fn a_link_that_made_room_comes_back_by_undo() {
    let world = World::new();
    let place = world.workspace.path("tools/approved/known");
    let elsewhere = world.workspace.path("elsewhere");
    fs::rename(&place, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
    world.engine.library().scan(&mut |_| {}).unwrap();
    world.execute(Command::verb("restore-files", &[("tool", "known")])).unwrap();
    assert!(!place.is_symlink());
    world.execute(Command::Undo { operation: None }).unwrap();
    assert!(place.is_symlink() && place.join("known.sh").exists(), "the link is back");
}

#[test]
fn an_undone_approval_of_files_that_changed_since_names_the_command_that_ends_the_rest() {
    let world = World::new();
    let undone = world.execute(undo_approval(&world)).unwrap();
    let end = format!("archive it with `toolsmith archive {SCRIPT}`");
    assert!(undone.message.contains(&end), "{}", undone.message);
    assert!(!world.workspace.path("tools/approved/drifted/approval.toml").exists());
    world.execute(Command::verb("archive", &[("tool", SCRIPT)])).unwrap();
    assert_eq!(stages(&world), [Stage::Experimental]);
}

#[test]
fn a_changed_version_whose_approval_was_undone_has_its_own_review_and_is_not_offered_for_adoption() {
    let world = World::new();
    let manifest = world.workspace.path("tools/approved/drifted/tool.toml");
    fs::write(&manifest, fs::read_to_string(&manifest).unwrap() + "# changed\n").unwrap();
    world.engine.library().scan(&mut |_| {}).unwrap();
    world.execute(undo_approval(&world)).unwrap();
    let waiting = world.waiting();
    let adoption = waiting.iter().find(|review| review.kind == ReviewKind::Adoption).unwrap();
    let covers = |name: &str| adoption.members.iter().any(|(tool, _)| tool.as_str() == name);
    // The control: what came with the folder is offered.
    assert!(covers("cloned") && !covers("drifted"), "{:?}", adoption.members);
    assert!(waiting.iter().any(|review| review.kind == ReviewKind::Drift && review.tool.as_str() == "drifted"));
}

#[test]
fn what_is_left_of_a_tool_whose_approval_was_undone_has_its_own_review_and_is_not_offered_for_adoption() {
    let world = World::new();
    // Its script changed, its manifest did not: that goes back, the script stays.
    world.execute(undo_approval(&world)).unwrap();
    world.engine.library().scan(&mut |_| {}).unwrap();
    assert!(world.workspace.path(SCRIPT).exists());
    let waiting = world.waiting();
    let adoption = waiting.iter().find(|review| review.kind == ReviewKind::Adoption).unwrap();
    let covers = |name: &str| adoption.members.iter().any(|(tool, _)| tool.as_str() == name);
    assert!(covers("cloned") && !covers("drifted"), "{:?}", adoption.members);
    let own = waiting.iter().find(|review| review.path == SCRIPT).unwrap();
    assert_eq!((own.kind, own.tool.as_str()), (ReviewKind::Drift, "drifted"));
    assert!(own.summary.contains("changed on disk"), "{}", own.summary);
}

/// The undo of the approval of the tool that changed since.
fn undo_approval(world: &World) -> Command {
    let operations = world.engine.history().operations(100, Some("drifted")).unwrap();
    let approved = operations.into_iter().find(|operation| operation.verb == "approve").unwrap();
    Command::Undo { operation: Some(approved.id) }
}

/// The stages in which there is a tool of this name.
fn stages(world: &World) -> Vec<Stage> {
    let tools = world.tools(&[Stage::Experimental, Stage::Approved]);
    tools.iter().filter(|tool| tool.name.as_str() == "drifted").map(|tool| tool.stage).collect()
}
