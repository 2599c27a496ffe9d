//! Where approvals move files, and what the engine says before.

use super::tests::{MANIFEST, SCRIPT, World, ada, decide, decision, run, seen};
use crate::domain::{Command, DecisionKind, DecisionRequest, ReviewKind, ReviewState, RunOutcome};
use crate::engine::commands_tests::{bot, sum, undo, waiting};
use crate::engine::*;
use std::time::Duration;
use std::time::Instant as Clock;

#[test]
fn what_an_approval_would_put_aside_is_said_before() {
    let world = World::new();
    world.drop_pair();
    world.write("tools/approved/adder/mine.txt", "nobody has a copy");
    let engine = world.open();
    let review = waiting(&engine).into_iter().find(|review| review.kind == ReviewKind::New).unwrap();
    let plan = engine.preview(&decision(&review, DecisionKind::Approve, None)).unwrap();
    assert!(plan.lines.iter().any(|line| line.contains("put aside")), "{plan:?}");
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine).remove(0);
    let plan = engine.preview(&decision(&review, DecisionKind::Approve, None)).unwrap();
    assert!(!plan.lines.iter().any(|line| line.contains("put aside")), "{plan:?}");
}

#[test]
fn the_editor_follows_no_link_that_was_put_in_the_place_of_a_file() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let tool = engine.library().resolve("adder").unwrap();
    let (file, elsewhere) = (world.root().join("tools/experimental/adder.py"), world.root().join("elsewhere.py"));
    std::fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    let refused = engine.handover().editor(&tool, &FilePlace::default()).unwrap_err();
    assert!(refused.message.contains("link") || refused.code == ErrorCode::NotFound, "{refused:?}");
}

#[test]
fn waiting_ends_after_the_files_were_moved() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = waiting(&engine).remove(0);
    // The move fails; it is retried before the next one.
    world.write("tools/approved", "a file where a folder belongs");
    let failed = decide(&engine, DecisionKind::Approve).unwrap_err();
    assert!(failed.message.contains("the decision is recorded"), "{}", failed.message);
    let (patience, began) = (Duration::from_millis(400), Clock::now());
    let found = engine.reviews().wait_for_decision(review.id, Some(patience)).unwrap();
    assert_eq!(found.state, ReviewState::Approved, "a decision is never hidden");
    assert!(began.elapsed() >= patience, "nothing may run before the move");
    std::fs::remove_file(world.root().join("tools/approved")).unwrap();
    drop(engine.take_turn().unwrap());
    let found = engine.reviews().wait_for_decision(review.id, None).unwrap();
    assert_eq!(found.state, ReviewState::Approved);
    assert_eq!(run(&engine, "adder", sum(), &bot()).outcome, RunOutcome::Succeeded);
}

#[test]
fn an_approved_tool_keeps_the_category_of_the_folder_that_it_came_from() {
    let world = World::new();
    world.write("tools/git/adder.py", SCRIPT);
    world.write("tools/git/adder.toml", MANIFEST);
    let engine = world.open();
    let category = |engine: &Engine| engine.library().resolve("adder").unwrap().category.0.clone();
    assert_eq!(category(&engine), "git");
    decide(&engine, DecisionKind::Approve).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().placement.base, "tools/approved/adder");
    assert_eq!((category(&engine), category(&world.open())), ("git".to_owned(), "git".to_owned()));
    undo(&engine).unwrap();
    assert_eq!(category(&engine), "git");
    // What a definition states is kept.
    world.write("tools/web/twice.py", SCRIPT);
    world.write(
        "tools/web/twice.toml",
        &MANIFEST.replace("adder", "twice").replace("[run]", "category = \"data\"\n[run]"),
    );
    let engine = world.open();
    let id = waiting(&engine).into_iter().find(|review| review.tool.as_str() == "twice").unwrap();
    let request = DecisionRequest { shown: seen(), ..DecisionRequest::of(&id, DecisionKind::Approve) };
    engine.execute(Command::Decide(request), &ada()).unwrap();
    assert_eq!(engine.library().resolve("twice").unwrap().category.0, "data");
}
