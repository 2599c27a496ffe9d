//! Checks, the gate, comments and marks, on real files and a real store.

use crate::domain::Instant;
use crate::domain::{
    Caller, CheckState, Command, CommentAnchor, CommentId, CommentKind, DecisionKind, DecisionRequest, Digest,
    ReadMark, Review, ReviewState, Stage, Verdict,
};
use crate::engine::Engine;
use crate::engine::tests::{World, ada};
use crate::engine::*;
use crate::store::{Queries, TeamWriter, Tx};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A tool whose manifest declares permissions that no tool gets, so that a check fails.
const GREEDY: &str = "name = \"greedy\"\nversion = \"1.0.0\"\ndescription = \"Reads too much\"\n\
    [run]\ncommand = [\"sh\", \"{file}\"]\nentry = \"greedy.sh\"\ninput = \"none\"\n\
    [permissions]\nread = [\"/proc\"]\n";

fn greedy() -> World {
    let world = World::new();
    world.write("tools/experimental/greedy/greedy.sh", "echo one\necho two\n");
    world.write("tools/experimental/greedy/tool.toml", GREEDY);
    world
}

fn waiting(engine: &Engine) -> Review {
    engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0)
}

fn approve(engine: &Engine, override_reason: Option<&str>) -> Result<crate::domain::Outcome, EngineError> {
    let review = waiting(engine);
    let command = Command::Decide(DecisionRequest {
        shown: crate::engine::tests::seen(),
        override_reason: override_reason.map(str::to_owned),
        ..DecisionRequest::of(&review, DecisionKind::Approve)
    });
    engine.execute(command, &ada())
}

fn failed(engine: &Engine, review: &Review) -> Vec<String> {
    let verdict = engine.checks().verdict(&review.tool, review.digest).unwrap().expect("its checks were made");
    verdict.in_state(CheckState::Failed).map(|check| check.name.clone()).collect()
}

#[test]
fn a_failed_check_stands_in_the_way_until_a_reason_goes_over_it_and_that_is_shown_for_ever() {
    let world = greedy();
    let engine = world.open();
    let review = waiting(&engine);
    for reason in [None, Some(" \n"), Some("\u{200b}")] {
        let refused = approve(&engine, reason).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Refused);
        assert!(refused.message.contains("manifest did not pass"), "{}", refused.message);
        let lacks_reason = refused.message.ends_with("and the override has no reason");
        assert_eq!(lacks_reason, reason.is_some(), "{}", refused.message);
    }
    assert_eq!(failed(&engine, &review), ["manifest"]);
    assert_eq!(waiting(&engine).id, review.id, "nothing was decided");
    approve(&engine, Some("only reads its own status")).unwrap();
    let tool = engine.library().resolve("greedy").unwrap();
    assert_eq!(tool.facts.approved_over.as_deref(), Some("only reads its own status"));
    let decision = engine.reviews().detail(review.id).unwrap().review.decisions.remove(0);
    assert_eq!(decision.override_reason.as_deref(), Some("only reads its own status"));
    let beside = std::fs::read_to_string(world.root().join("tools/approved/greedy/approval.toml")).unwrap();
    assert!(beside.contains("override = \"only reads its own status\""), "{beside}");
    let entry = engine.history().operations(1, Some("greedy")).unwrap().remove(0);
    assert_eq!(entry.detail["override"]["checks"], serde_json::json!(["manifest"]));
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(engine.library().resolve("greedy").unwrap().facts.approved_over, None, "it is not approved any more");
    assert_eq!(engine.reviews().detail(review.id).unwrap().review.decisions.len(), 1, "the record stays");
}

#[test]
fn a_reason_that_nothing_needed_is_no_override() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    approve(&engine, Some("just in case")).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().facts.approved_over, None);
}

#[test]
fn a_comparison_that_was_skipped_says_whether_the_version_is_the_approved_one_or_the_first() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let notes = |verdict: &Verdict| -> Vec<String> {
        let compared =
            verdict.checks.iter().filter(|check| ["permissions", "version", "change"].contains(&&*check.name));
        compared.map(|check| check.note.clone()).collect()
    };
    let of_review = |engine: &Engine| notes(&engine.reviews().detail(waiting(engine).id).unwrap().verdict.unwrap());
    engine.checks().ensure(waiting(&engine).id, &mut |_| {}).unwrap();
    assert_eq!(of_review(&engine), ["no version was approved before"; 3]);
    approve(&engine, None).unwrap();
    let promote = Command::Promote { tool: "adder".to_owned(), to: Stage::Core };
    engine.execute(promote, &ada()).unwrap();
    let itself = ["this version is the approved one"; 3];
    // The verdict is older than the approval, and is not computed again for it.
    assert_eq!(of_review(&engine), itself);
    let adder = engine.library().resolve("adder").unwrap();
    let mut told = Vec::new();
    let made = engine.checks().run(&adder, None, &mut |verdict| told = notes(verdict)).unwrap();
    assert_eq!((notes(&made), told), (itself.map(str::to_owned).to_vec(), itself.map(str::to_owned).to_vec()));
    for _ in ["promote", "approve"] {
        engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    }
    assert_eq!(of_review(&engine), ["no version was approved before"; 3], "it is not approved any more");
}

#[test]
fn a_version_is_examined_by_one_worker_and_again_when_its_owner_died() {
    let world = greedy();
    let (one, other) = (world.open(), world.open());
    let review = waiting(&one);
    let stop = AtomicBool::new(false);
    let lease = |engine: &Engine, owner: &str, until| {
        engine
            .workspace
            .transact(|tx: &Tx<'_>| Ok(tx.lease_checks(&review.tool, review.digest, owner, until)?))
            .unwrap()
    };
    let far = Instant(now().0 + 60_000);
    assert!(lease(&one, &one.workspace.owner, far));
    assert!(!other.checks().examine_next(&stop).unwrap(), "somebody looks after it");
    assert_eq!(other.checks().verdict(&review.tool, review.digest).unwrap(), None);
    // An owner word that names no process counts as dead; its lease ends early.
    one.workspace.transact(|tx| Ok(tx.end_check_leases_of(&one.workspace.owner)?)).unwrap();
    assert!(lease(&one, "1:1:dead", far));
    other.checks().free_checks_of_the_dead().unwrap();
    assert!(other.checks().examine_next(&stop).unwrap());
    assert_eq!(failed(&one, &review), ["manifest"]);
    assert!(!one.checks().examine_next(&stop).unwrap(), "nothing is left");
    // An explicit request runs the checks again.
    one.execute(Command::Recheck { tool: "greedy".to_owned(), worker: None }, &ada()).unwrap();
    assert_eq!(one.checks().verdict(&review.tool, review.digest).unwrap(), None);
    assert!(one.checks().examine_next(&stop).unwrap());
    assert_eq!(failed(&one, &review), ["manifest"]);
}

#[test]
fn an_open_workbench_makes_checks_by_itself() {
    let world = greedy();
    let engine = world.open();
    let review = waiting(&engine);
    let (told, changes) = std::sync::mpsc::channel();
    let on_change: OnChange = Arc::new(move |change| {
        // The receiver is dropped when the test ends.
        let _ = told.send(matches!(change, Change::Reviews));
    });
    let _watch = engine.library().watch(&on_change).unwrap();
    let is_complete = || waiting(&engine).verdict.is_some_and(|tally| tally.ended == tally.total);
    while !is_complete() {
        changes.recv_timeout(Duration::from_mins(1)).expect("the checks end");
    }
    assert_eq!(failed(&engine, &review), ["manifest"]);
}

/// A tool with a name, a script and an example.
fn put(world: &World, name: &str, script: &str) {
    let text = format!(
        "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"A tool for a test of the queue\"\ncost_tier = \"low\"\n\
         [run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"{name}.sh\"\n[[examples]]\ninput = {{}}\n"
    );
    world.write(&format!("tools/experimental/{name}/tool.toml"), &text);
    world.write(&format!("tools/experimental/{name}/{name}.sh"), script);
}

fn review_of(engine: &Engine, tool: &str) -> Option<Review> {
    let all = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    all.into_iter().find(|review| review.tool.as_str() == tool)
}

#[test]
fn what_came_from_elsewhere_is_checked_only_when_a_human_looks_at_it_or_asks() {
    let world = World::new();
    put(&world, "guest", "echo '{}'\n");
    let engine = world.open();
    let review = review_of(&engine, "guest").unwrap();
    engine.workspace.transact(|tx| Ok(TeamWriter(tx).note_landed(review.digest)?)).unwrap();
    let stop = AtomicBool::new(false);
    assert!(!engine.checks().examine_next(&stop).unwrap(), "nobody looked at it");
    assert_eq!(engine.checks().verdict(&review.tool, review.digest).unwrap(), None);
    assert_eq!(engine.checks().place_in_queue(&review).unwrap(), None);
    engine.checks().look_at(Some(review.id));
    assert_eq!(engine.checks().place_in_queue(&review).unwrap(), Some(1));
    assert!(engine.checks().examine_next(&stop).unwrap());
    let verdict = engine.checks().verdict(&review.tool, review.digest).unwrap().unwrap();
    assert!(verdict.is_complete());
}

#[test]
fn what_a_human_waits_for_is_checked_while_the_background_waits() {
    let world = World::new();
    put(&world, "sleeper", "sleep 9\n");
    let engine = world.open();
    let (told, changes) = std::sync::mpsc::channel();
    let on_change: OnChange = Arc::new(move |_| {
        // The receiver is dropped when the test ends.
        let _ = told.send(());
    });
    let sleeper = review_of(&engine, "sleeper").unwrap();
    let _watch = engine.library().watch(&on_change).unwrap();
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let give_up = std::time::Instant::now() + Duration::from_mins(1);
        while !holds() {
            assert!(std::time::Instant::now() < give_up, "never: {what}");
            // Leases cause no events, so they are polled in between.
            let _ = changes.recv_timeout(Duration::from_millis(20));
        }
    };
    let is_under_way = || {
        let of = |q: &Queries| Ok(q.is_being_examined(&sleeper.tool, sleeper.digest, now())?);
        engine.workspace.read(of).unwrap()
    };
    let is_made = |review: &Review| {
        engine.checks().verdict(&review.tool, review.digest).unwrap().is_some_and(|verdict| verdict.is_complete())
    };
    until("the background is busy", &is_under_way);
    put(&world, "quick", "echo done\n");
    until("the other tool waits", &|| review_of(&engine, "quick").is_some());
    let quick = review_of(&engine, "quick").unwrap();
    engine.checks().look_at(Some(quick.id));
    until("the open review is checked", &|| is_made(&quick));
    assert!(!is_made(&sleeper), "it waited for the background");
    until("the background goes on", &is_under_way);
    engine.execute(Command::Recheck { tool: "quick".to_owned(), worker: None }, &ada()).unwrap();
    until("it is checked again", &|| is_made(&quick));
    assert!(!is_made(&sleeper), "it waited for the background");
}

#[test]
fn a_review_knows_its_place_among_those_that_wait_for_checks() {
    let world = World::new();
    for name in ["one", "two", "three"] {
        put(&world, name, "echo done\n");
    }
    let engine = world.open();
    let reviews = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let places = || -> Vec<Option<usize>> {
        reviews.iter().map(|review| engine.reviews().detail(review.id).unwrap().checks_place).collect()
    };
    assert_eq!(places(), [Some(1), Some(2), Some(3)]);
    engine.checks().look_at(Some(reviews[2].id));
    assert_eq!(places(), [Some(2), Some(3), Some(1)]);
    engine.execute(Command::Recheck { tool: reviews[1].tool.to_string(), worker: None }, &ada()).unwrap();
    assert_eq!(places(), [Some(3), Some(1), Some(2)]);
    let stop = AtomicBool::new(false);
    let order = [1, 2, 0];
    for at in order {
        assert!(engine.checks().examine_next(&stop).unwrap());
        assert_eq!(places()[at], None, "{at} was the next");
    }
    assert_eq!(places(), [None; 3]);
}

fn comment(engine: &Engine, spot: CommentAnchor, caller: &Caller) -> Result<crate::domain::Outcome, EngineError> {
    let (kind, body) = (CommentKind::MustFix, " why two? ".to_owned());
    engine.execute(Command::Comment { review: waiting(engine).id, spot, kind, body }, caller)
}

#[test]
fn a_comment_stays_with_the_tool_and_says_when_its_lines_moved() {
    let world = greedy();
    let engine = world.open();
    let spot = CommentAnchor { path: Some("greedy.sh".to_owned()), lines: Some((2, 2)) };
    comment(&engine, spot.clone(), &ada()).unwrap();
    let found = engine.reviews().detail(waiting(&engine).id).unwrap().comments.remove(0);
    assert_eq!((&*found.body, found.outdated, found.line_text.as_deref()), ("why two?", false, Some("echo two")));
    world.write("tools/experimental/greedy/greedy.sh", "echo zero\necho one\necho two\n");
    engine.library().scan(&mut |_| {}).unwrap();
    let next = waiting(&engine);
    let found = engine.reviews().detail(next.id).unwrap().comments.remove(0);
    assert_ne!(found.review, next.id, "it was written beside the version before");
    assert!(found.outdated);
    // Only the author can delete a comment, and undo restores it.
    let bob = Caller::Human("Bob".to_owned());
    let refused = engine.execute(Command::Withdraw { comment: CommentId(1) }, &bob).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Refused);
    engine.execute(Command::Withdraw { comment: CommentId(1) }, &ada()).unwrap();
    assert_eq!(engine.reviews().detail(next.id).unwrap().comments, []);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(engine.reviews().detail(next.id).unwrap().comments.len(), 1);
}

#[test]
fn a_comment_needs_a_place_that_is_there() {
    let world = greedy();
    let engine = world.open();
    let spot = |path: Option<&str>, lines| CommentAnchor { path: path.map(str::to_owned), lines };
    for wrong in [
        spot(Some("other.sh"), None),
        spot(Some("greedy.sh"), Some((2, 3))),
        spot(Some("greedy.sh"), Some((0, 0))),
        spot(Some("greedy.sh"), Some((1, u64::MAX))),
        spot(None, Some((1, 1))),
    ] {
        assert_eq!(comment(&engine, wrong.clone(), &ada()).unwrap_err().code, ErrorCode::Usage, "{wrong:?}");
    }
    comment(&engine, spot(None, None), &ada()).unwrap();
    let agent = Caller::Agent("coder".to_owned());
    assert_eq!(comment(&engine, spot(None, None), &agent).unwrap_err().code, ErrorCode::HumanNeeded);
}

#[test]
fn a_comment_holds_16_kib_and_no_more() {
    let world = greedy();
    let engine = world.open();
    let say = |bytes: usize| {
        let (spot, kind) = (CommentAnchor { path: None, lines: None }, CommentKind::MustFix);
        let body = "x".repeat(bytes);
        engine.execute(Command::Comment { review: waiting(&engine).id, spot, kind, body }, &ada())
    };
    say(16_384).unwrap();
    let error = say(16_385).unwrap_err();
    assert_eq!((error.code, &*error.message), (ErrorCode::Usage, "a comment has at most 16384 bytes"));
}

#[test]
fn a_mark_is_kept_without_an_entry_in_the_log() {
    let world = greedy();
    let engine = world.open();
    let review = waiting(&engine);
    let mark = ReadMark { path: "greedy.sh".to_owned(), content: Digest::of_bytes(b"echo one\necho two\n") };
    let set = |on| {
        engine.execute(Command::Mark { review: review.id, mark: mark.clone(), on }, &ada()).unwrap();
        engine.workspace.read(|q| Ok(q.marks_of(&review.tool, &ada().identity())?)).unwrap()
    };
    assert_eq!(set(true), std::slice::from_ref(&mark));
    assert_eq!(set(false), []);
    assert_eq!(engine.history().operations(9, None).unwrap(), []);
    assert_eq!(waiting(&engine).state, ReviewState::Waiting);
}

#[test]
fn the_version_that_was_approved_keeps_its_number_in_a_comparison() {
    let world = World::new();
    let write = |version: &str, text: &str, folder: &str| {
        let manifest = format!(
            "name = \"says\"\nversion = \"{version}\"\ndescription = \"Says something\"\n\
             [run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"says.sh\"\ninput = \"none\"\n"
        );
        world.write(&format!("{folder}/says.sh"), text);
        world.write(&format!("{folder}/tool.toml"), &manifest);
    };
    write("1.0.0", "echo one\n", "tools/experimental/says");
    let engine = world.open();
    approve(&engine, None).unwrap();
    write("1.1.0", "echo two\n", "tools/approved/says");
    engine.library().scan(&mut |_| {}).unwrap();
    let review = waiting(&engine);
    let tool = engine.library().resolve("says").unwrap();
    let made = engine.checks().run(&tool, None, &mut |_| {}).unwrap();
    let note = |name: &str| made.checks.iter().find(|check| check.name == name).unwrap().note.clone();
    assert_eq!(review.digest, tool.digest);
    assert!(note("version").starts_with("1.0.0 -> 1.1.0"), "{}", note("version"));
    assert!(note("consistency").contains("the same as in 1.0.0"), "{}", note("consistency"));
}
