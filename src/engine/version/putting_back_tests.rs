//! Tests of restoring approved files, forks and rollback, with real files and real git.

use crate::domain::{Command, ReviewKind, RunOutcome, Stage, ToolReview, ToolState, VerbCall};
use crate::engine::commands_tests::{approved, bot, drift, second, sum, undo, waiting};
use crate::engine::tests::{World, ada, run};
use crate::engine::*;
use serde_json::json;

#[test]
fn changed_files_are_refused_to_agents_before_any_scan_and_run_strictly_for_humans() {
    let world = World::new();
    let engine = approved(&world);
    assert_eq!(run(&engine, "adder", sum(), &bot()).outcome, RunOutcome::Succeeded);
    let tool = engine.library().resolve("adder").unwrap();
    world.write("tools/approved/adder/adder.py", "print('changed')\n");
    assert_eq!(engine.library().resolve("adder").unwrap().digest, tool.digest, "nothing has noticed yet");
    let refused = run(&engine, "adder", sum(), &bot());
    assert_eq!(refused.outcome, RunOutcome::Refused);
    assert!(refused.error.unwrap().contains("changed on disk since the approval"));
    let request = RunRequest { tool, input: Some(sum()), timeout: None, again: None, worker: None };
    let handle = engine.runs().start(&request, &ada()).unwrap();
    assert!(handle.warning.clone().unwrap().contains("runs strictly"));
    assert_eq!(handle.wait().unwrap().isolation.profile, crate::domain::Profile::Strict);
    std::fs::remove_file(world.root().join("tools/approved/adder/adder.py")).unwrap();
    assert_eq!(run(&engine, "adder", sum(), &bot()).outcome, RunOutcome::Refused, "gone is changed too");
}

#[test]
fn restore_files_puts_the_approved_bytes_back_and_undo_the_changed_ones() {
    let world = World::new();
    world.git_init();
    let engine = approved(&world);
    let digest = engine.library().resolve("adder").unwrap().digest;
    let put_back = || engine.execute(Command::verb("restore-files", &[("tool", "adder")]), &ada());
    assert_eq!(put_back().unwrap_err().code, ErrorCode::Conflict, "nothing changed");
    drift(&world, &engine);
    let changed = engine.library().resolve("adder").unwrap().digest;
    assert_eq!(waiting(&engine)[0].kind, ReviewKind::Drift);
    put_back().unwrap();
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!((tool.digest, tool.state), (digest, ToolState::Ok));
    assert!(waiting(&engine).is_empty(), "nothing is left to decide");
    assert_eq!(run(&engine, "adder", sum(), &bot()).outcome, RunOutcome::Succeeded);
    undo(&engine).unwrap();
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!((tool.digest, tool.state), (changed, ToolState::Changed));
    put_back().unwrap();
    std::fs::remove_dir_all(world.root().join("tools/approved/adder")).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    put_back().unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().digest, digest, "files that are gone come back too");
    assert!(world.exists("tools/approved/adder/approval.toml"));
}

#[test]
fn putting_files_back_promises_a_commit_exactly_when_it_makes_one() {
    let world = World::new();
    world.git_init();
    let engine = approved(&world);
    let command = || Command::verb("restore-files", &[("tool", "adder")]);
    let commits = || world.git(&["rev-list", "--count", "HEAD"]).parse::<u32>().unwrap();
    for committed in [false, true] {
        drift(&world, &engine);
        if committed {
            world.git(&["commit", "-q", "-a", "-m", "changed"]);
        }
        let promised = engine.preview(&command()).unwrap().lines.iter().any(|line| line.contains("commit"));
        let before = commits();
        engine.execute(command(), &ada()).unwrap();
        assert_eq!((promised, commits() - before), (committed, u32::from(committed)));
    }
}

#[test]
fn a_fork_makes_the_changed_files_a_tool_of_their_own_and_undo_takes_it_away() {
    let world = World::new();
    let engine = approved(&world);
    let digest = engine.library().resolve("adder").unwrap().digest;
    drift(&world, &engine);
    let changed = engine.library().resolve("adder").unwrap().digest;
    let fork = |name: &str| engine.execute(Command::verb("fork", &[("tool", "adder"), ("name", name)]), &ada());
    assert_eq!(fork("adder").unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(fork("../x").unwrap_err().code, ErrorCode::Usage);
    fork("summer").unwrap();
    let (old, new) = (engine.library().resolve("adder").unwrap(), engine.library().resolve("summer").unwrap());
    assert_eq!((old.digest, old.state), (digest, ToolState::Ok));
    assert_eq!((new.stage, new.facts.review), (Stage::Experimental, ToolReview::Waiting));
    let text = std::fs::read_to_string(world.root().join("tools/experimental/summer/summer.py")).unwrap();
    assert!(text.contains("'x': 1"));
    undo(&engine).unwrap();
    assert!(!world.exists("tools/experimental/summer"));
    assert_eq!(engine.library().resolve("adder").unwrap().digest, changed);
    engine.execute(Command::verb("fork", &[("tool", "adder")]), &ada()).unwrap();
    assert_eq!(engine.library().resolve("adder-fork").unwrap().stage, Stage::Experimental, "the default name");
}

#[test]
fn rollback_uses_the_version_approved_before_again_at_once_with_one_commit_and_is_undone() {
    let world = World::new();
    world.git_init();
    let engine = approved(&world);
    let old = engine.library().resolve("adder").unwrap().digest;
    let back = |to: Option<&str>| {
        let mut call = VerbCall::new("rollback", &[("tool", "adder"), ("reason", "sums wrongly")]);
        if let Some(to) = to {
            call.set("to", to.to_owned());
        }
        engine.execute(Command::Verb(call), &ada())
    };
    assert_eq!(back(None).unwrap_err().code, ErrorCode::NotFound);
    second(&world, &engine);
    let new = engine.library().resolve("adder").unwrap().digest;
    let commits = || world.git(&["rev-list", "--count", "HEAD"]).parse::<u32>().unwrap();
    let before = commits();
    back(None).unwrap();
    assert_eq!(commits(), before + 1);
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!((tool.digest, tool.state, tool.version.to_string()), (old, ToolState::Ok, "1.0.0".to_owned()));
    assert_eq!(run(&engine, "adder", sum(), &bot()).outcome, RunOutcome::Succeeded);
    let last = engine.history().operations(1, None).unwrap().remove(0);
    assert_eq!((last.verb.as_str(), &last.detail["reason"]), ("rollback", &json!("sums wrongly")));
    let again = engine.library().resolve(&format!("adder@{}", &new.hex()[..8])).unwrap();
    let request = RunRequest { tool: again, input: Some(sum()), timeout: None, again: None, worker: None };
    let refused = engine.runs().start(&request, &bot()).unwrap().wait().unwrap();
    assert_eq!(refused.outcome, RunOutcome::Refused, "what was rolled back is approved no more");
    assert_eq!(back(None).unwrap_err().code, ErrorCode::NotFound, "nothing was approved before that");
    undo(&engine).unwrap();
    assert_eq!(
        (engine.library().resolve("adder").unwrap().digest, engine.library().resolve("adder").unwrap().state),
        (new, ToolState::Ok)
    );
    back(Some("1.0.0")).unwrap();
    back(Some("1.1.0")).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().digest, new);
    assert_eq!(back(Some("9.9.9")).unwrap_err().code, ErrorCode::NotFound);
    std::fs::remove_dir_all(world.root().join("tools/approved/adder")).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    back(None).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().digest, old, "kept copies are enough");
    undo(&engine).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().digest, new);
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}
