//! The effects of commands, on real files, a real store and real git.

use super::Engine;
use super::tests::{MANIFEST, SCRIPT, World, ada, decide, decision, run, seen};
use crate::domain::Instant;
use crate::domain::{
    Caller, Command, DecisionKind, DecisionRequest, Digest, DisplayRecord, Review, ReviewId, ReviewKind, ReviewState,
    RunOutcome, Stage, ToolReview,
};
use crate::engine::*;
use serde_json::{Value, json};
use std::time::Duration;
use std::time::Instant as Clock;

pub(in crate::engine) fn bot() -> Caller {
    Caller::Agent("coder".to_owned())
}

fn grace() -> Caller {
    Caller::Human("Grace <grace@example.org>".to_owned())
}

pub(in crate::engine) fn sum() -> Value {
    json!({"a": 1, "b": 2})
}

fn post(engine: &Engine, request: &Value) -> Result<ReviewId, EngineError> {
    engine.requests().submit(request.to_string().as_bytes(), &bot()).map(|outcome| outcome.review.unwrap())
}

pub(in crate::engine) fn waiting(engine: &Engine) -> Vec<Review> {
    engine.reviews().list(ReviewFilter::Waiting).unwrap()
}

fn state(engine: &Engine, id: ReviewId) -> ReviewState {
    engine.reviews().detail(id).unwrap().review.state
}

pub(in crate::engine) fn undo(engine: &Engine) -> Result<(), EngineError> {
    engine.execute(Command::Undo { operation: None }, &ada()).map(drop)
}

/// Creates and approves a tool.
pub(in crate::engine) fn approved(world: &World) -> Engine {
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    engine
}

/// Creates and approves a second version.
pub(in crate::engine) fn second(world: &World, engine: &Engine) {
    world.write("tools/experimental/adder.py", &SCRIPT.replace("sum", "total"));
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    decide(engine, DecisionKind::Approve).unwrap();
}

pub(in crate::engine) fn drift(world: &World, engine: &Engine) {
    world.write("tools/approved/adder/adder.py", "import json\nprint(json.dumps({'x': 1}))\n");
    engine.library().scan(&mut |_| {}).unwrap();
}

fn brought() -> Value {
    json!({
        "kind": "ToolReviewRequest", "tool": "twice", "description": "Doubles a number\nfor sums",
        "rationale": "sums need it", "metadata": {"model": "m-1"},
        "test_results": [{"name": "one", "state": "passed"}, {"name": "two", "state": "failed", "message": "got 3"}],
        "files": [
            {"path": "tool.toml", "content": MANIFEST.replace("\"adder\"", "\"twice\"").replace("{file}", "twice.py")},
            {"path": "twice.py", "content": SCRIPT},
        ],
    })
}

fn specification() -> Value {
    json!({"kind": "specification", "tool": "csv-join", "description": "Joins two CSV files", "rationale": "asked twice",
        "specification": {"input_parameters": [{"name": "a", "type": "string"}], "expected_output": "CSV"}})
}

#[test]
fn a_request_of_an_agent_brings_a_tool_that_waits_like_any_other_and_says_who_asked_and_why() {
    let world = World::new();
    let engine = world.open();
    let id = post(&engine, &brought()).unwrap();
    assert!(world.exists("tools/experimental/twice/tool.toml") && world.exists("tools/experimental/twice/twice.py"));
    let detail = engine.reviews().detail(id).unwrap();
    let review = &detail.review;
    assert_eq!(
        (review.kind, review.state, review.asker.as_deref()),
        (ReviewKind::New, ReviewState::Waiting, Some("agent:coder"))
    );
    assert_eq!(review.digest, engine.library().resolve("twice").unwrap().digest);
    assert_eq!(review.request.as_ref().unwrap().metadata["model"], "m-1");
    let said: Vec<String> = detail.evidence.iter().map(|line| format!("{}: {}", line.label, line.text)).collect();
    for expected in ["requested by: agent:coder", "rationale: sums need it", "claimed test: two failed: got 3"] {
        assert!(said.iter().any(|line| line == expected), "{expected}: {said:?}");
    }
    assert_eq!(waiting(&engine).len(), 1, "the scan opens no second one");
    assert_eq!(run(&engine, "twice", sum(), &bot()).outcome, RunOutcome::Refused, "asking grants nothing");
    decide(&engine, DecisionKind::Approve).unwrap();
    assert!(world.exists("tools/approved/twice/twice.py"));
    assert_eq!(run(&engine, "twice", sum(), &bot()).outcome, RunOutcome::Succeeded);
}

#[test]
fn a_request_writes_over_nothing_and_leaves_nothing_when_it_is_refused() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let before = engine.history().operations(9, None).unwrap().len();
    let mut taken = brought();
    taken["tool"] = json!("adder");
    assert_eq!(post(&engine, &taken).unwrap_err().code, ErrorCode::Conflict);
    let mut other = brought();
    other["tool"] = json!("thrice");
    let error = post(&engine, &other).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Failed, "the files are the tool twice, not thrice"));
    let mut broken = brought();
    broken["files"][0]["content"] = json!("name = ");
    assert_eq!(post(&engine, &broken).unwrap_err().code, ErrorCode::Failed);
    let mut outside = brought();
    outside["files"][1]["path"] = json!("../../approved/twice.py");
    assert_eq!(post(&engine, &outside).unwrap_err().code, ErrorCode::Usage);
    world.write("tools/experimental/twice/notes.txt", "mine");
    assert_eq!(post(&engine, &brought()).unwrap_err().code, ErrorCode::Conflict, "a folder is a name too");
    assert_eq!(std::fs::read_to_string(world.root().join("tools/experimental/adder.py")).unwrap(), SCRIPT);
    assert!(!world.exists("tools/experimental/thrice") && !world.exists("tools/approved"));
    assert_eq!(engine.history().operations(9, None).unwrap().len(), before);
}

#[test]
fn a_request_speaks_for_the_review_that_waits_for_a_tool_on_disk() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let id = waiting(&engine)[0].id;
    let request = json!({"kind": "ToolReviewRequest", "tool": "adder", "description": "adds", "rationale": "sums",
        "path": "tools/experimental/adder.toml"});
    assert_eq!(post(&engine, &request).unwrap(), id);
    assert_eq!(engine.reviews().detail(id).unwrap().review.asker.as_deref(), Some("agent:coder"));
    assert_eq!(post(&engine, &request).unwrap_err().code, ErrorCode::Conflict, "it waits already");
    decide(&engine, DecisionKind::Approve).unwrap();
    let request = json!({"kind": "ToolReviewRequest", "tool": "adder", "description": "adds", "rationale": "sums"});
    assert_eq!(post(&engine, &request).unwrap_err().code, ErrorCode::Conflict, "it is already approved");
}

#[test]
fn an_approved_specification_moves_nothing_and_can_be_taken_back() {
    let world = World::new();
    let engine = world.open();
    let id = post(&engine, &specification()).unwrap();
    let detail = engine.reviews().detail(id).unwrap();
    assert_eq!((detail.review.kind, detail.review.tool.as_str()), (ReviewKind::Specification, "csv-join"));
    assert_eq!(Digest::of_files(&detail.files), detail.review.digest, "what is shown is what is decided on");
    assert!(String::from_utf8_lossy(&detail.files[0].bytes).contains("expected_output"));
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(state(&engine, id), ReviewState::Waiting, "no file on disk belongs to it");
    decide(&engine, DecisionKind::Approve).unwrap();
    assert_eq!(state(&engine, id), ReviewState::Approved);
    assert!(engine.library().catalog().tools.is_empty() && !world.exists("tools/approved"));
    undo(&engine).unwrap();
    assert_eq!(state(&engine, id), ReviewState::Waiting);
    decide(&engine, DecisionKind::RequestChanges).unwrap();
    assert_eq!(state(&engine, id), ReviewState::ChangesRequested);
}

#[test]
fn a_plan_is_shown_as_the_difference_it_makes() {
    let world = World::new();
    let engine = world.open();
    let plan = json!({"kind": "PlanModificationProposal", "plan": "release", "rationale": "the mirror is down",
        "changes": [{"summary": "use the other mirror", "before": "fetch from a", "after": "fetch from b"},
                    {"summary": "skip signing", "before": "sign it"}]});
    let id = post(&engine, &plan).unwrap();
    let detail = engine.reviews().detail(id).unwrap();
    let paths = |files: &[crate::domain::VersionFile]| files.iter().map(|f| f.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&detail.files), ["changes/001.txt", "request.json"]);
    assert_eq!(paths(detail.base_files.as_deref().unwrap()), ["changes/001.txt", "changes/002.txt"]);
    assert_eq!(detail.review.summary, "release: the mirror is down");
    assert_eq!(post(&engine, &plan).unwrap_err().code, ErrorCode::Conflict, "the same waits already");
    decide(&engine, DecisionKind::Reject).unwrap();
    assert_eq!(state(&engine, id), ReviewState::Rejected);
    assert!(post(&engine, &plan).is_ok(), "what was rejected may be asked again");
}

#[test]
fn an_approved_archive_proposal_puts_the_tool_away_and_undo_brings_tool_and_proposal_back() {
    let world = World::new();
    world.git_init();
    let engine = approved(&world);
    let id = post(&engine, &json!({"kind": "archive", "tool": "adder", "rationale": "nobody adds any more"})).unwrap();
    assert_eq!(
        engine.library().resolve("adder").unwrap().facts.review,
        ToolReview::Approved,
        "a proposal judges no version"
    );
    let same = json!({"kind": "archive", "tool": "adder", "rationale": "again"});
    assert_eq!(post(&engine, &same).unwrap_err().code, ErrorCode::Conflict);
    let outcome = decide(&engine, DecisionKind::Approve).unwrap();
    assert!(outcome.commit.is_some());
    assert!(world.exists("tools/archived/adder/adder.py") && !world.exists("tools/approved/adder"));
    undo(&engine).unwrap();
    assert_eq!(
        (state(&engine, id), engine.library().resolve("adder").unwrap().stage),
        (ReviewState::Waiting, Stage::Approved)
    );
    decide(&engine, DecisionKind::Approve).unwrap();
    engine.execute(Command::verb("restore", &[("tool", "adder")]), &ada()).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved, "restore knows where it was");
}

#[test]
fn a_deprecated_tool_names_its_successor_and_agents_get_what_the_settings_say() {
    let world = World::new();
    let engine = approved(&world);
    post(&engine, &brought()).unwrap();
    decide(&engine, DecisionKind::Approve).unwrap();
    let asked = json!({"kind": "deprecation", "tool": "adder", "successor": "twice", "rationale": "slow"});
    let id = post(&engine, &asked).unwrap();
    decide(&engine, DecisionKind::Approve).unwrap();
    assert_eq!(state(&engine, id), ReviewState::Approved);
    let mark = engine.library().resolve("adder").unwrap().facts.deprecated.clone().unwrap();
    assert_eq!((mark.by.unwrap().as_str(), mark.reason.as_deref()), ("twice", Some("slow")));
    let tool = engine.library().resolve("adder").unwrap();
    let request = RunRequest { tool, input: Some(sum()), timeout: None, again: None, worker: None };
    let warning = engine.runs().start(&request, &ada()).unwrap().warning.clone().unwrap();
    assert_eq!(warning, "adder is deprecated: slow; use twice instead");
    let with = |setting: &str| {
        std::fs::create_dir_all(world.home().config).unwrap();
        std::fs::write(world.home().config_file(), format!("[policy]\ndeprecated = \"{setting}\"\n")).unwrap();
        run(&world.open(), "adder", sum(), &bot())
    };
    assert_eq!(with("warn").outcome, RunOutcome::Succeeded);
    let refused = with("refuse");
    assert_eq!((refused.outcome, refused.error.as_deref()), (RunOutcome::Refused, Some(warning.as_str())));
    let asked = with("ask");
    let says = format!("{warning}; only a human may run it");
    assert_eq!((asked.outcome, asked.error), (RunOutcome::Refused, Some(says)));
    let followed = with("follow");
    assert_eq!((followed.outcome, followed.tool.as_str()), (RunOutcome::Succeeded, "twice"));
    undo(&engine).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().facts.deprecated, None);
    assert_eq!(state(&engine, id), ReviewState::Waiting);
}

#[test]
fn successors_never_lead_in_a_circle_and_older_marks_are_not_undone_under_newer_ones() {
    let world = World::new();
    let engine = approved(&world);
    post(&engine, &brought()).unwrap();
    decide(&engine, DecisionKind::Approve).unwrap();
    let mark = |tool: &str, by: Option<&str>| {
        let args: Vec<_> =
            [("tool", Some(tool)), ("by", by)].into_iter().filter_map(|(n, value)| Some((n, value?))).collect();
        engine.execute(Command::verb("deprecate", &args), &ada())
    };
    assert_eq!(mark("adder", Some("adder")).unwrap_err().code, ErrorCode::Refused);
    assert_eq!(mark("adder", Some("nothing")).unwrap_err().code, ErrorCode::NotFound);
    let first = mark("adder", Some("twice")).unwrap().operation;
    assert_eq!(mark("adder", Some("twice")).unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(mark("twice", Some("adder")).unwrap_err().code, ErrorCode::Refused);
    mark("adder", None).unwrap();
    let late = engine.execute(Command::Undo { operation: first }, &ada());
    assert_eq!(late.unwrap_err().code, ErrorCode::Conflict);
    undo(&engine).unwrap();
    assert_eq!(
        engine.library().resolve("adder").unwrap().facts.deprecated.clone().unwrap().by.unwrap().as_str(),
        "twice"
    );
}

#[test]
fn an_undo_is_undone_by_doing_the_same_again_and_an_approval_is_asked_for_anew() {
    let world = World::new();
    let engine = approved(&world);
    let newest = || engine.history().operations(1, None).unwrap().remove(0);
    let undone = || {
        undo(&engine).unwrap();
        assert_eq!(newest().verb, "undo");
        newest().id
    };
    let again = |operation| engine.execute(Command::Undo { operation: Some(operation) }, &ada());
    let stage = || engine.library().catalog().tools.iter().find(|tool| tool.name.as_str() == "adder").unwrap().stage;
    engine.execute(Command::verb("archive", &[("tool", "adder"), ("reason", "old")]), &ada()).unwrap();
    let undo_of_archive = undone();
    assert_eq!(stage(), Stage::Approved);
    let preview = engine.preview(&Command::Undo { operation: Some(undo_of_archive) }).unwrap();
    assert!(preview.title.starts_with("Undo the undo: "), "{}", preview.title);
    again(undo_of_archive).unwrap();
    assert_eq!(
        (stage(), newest().verb.as_str(), newest().detail["reason"].as_str()),
        (Stage::Archived, "archive", Some("old"))
    );
    undo(&engine).unwrap();

    world.write("tools/experimental/other.py", SCRIPT);
    world.write("tools/experimental/other.toml", &MANIFEST.replace("adder", "other"));
    engine.library().scan(&mut |_| {}).unwrap();
    let review = waiting(&engine).remove(0);
    engine.execute(decision(&review, DecisionKind::Reject, Some("no limit")), &ada()).unwrap();
    let undo_of_no = undone();
    assert_eq!(state(&engine, review.id), ReviewState::Waiting);
    again(undo_of_no).unwrap();
    let decided = engine.reviews().detail(review.id).unwrap().review;
    assert_eq!(decided.state, ReviewState::Rejected);
    assert_eq!(decided.decisions.last().unwrap().reason.as_deref(), Some("no limit"));

    undo(&engine).unwrap();
    decide(&engine, DecisionKind::Approve).unwrap();
    let refused = again(undone()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Refused, "an approval needs somebody who reads it");
    let agent = engine.execute(Command::Undo { operation: Some(undo_of_no) }, &bot());
    assert_eq!(agent.unwrap_err().code, ErrorCode::HumanNeeded);
}

#[test]
fn what_nobody_decided_in_time_is_a_no_for_ever() {
    let world = World::new();
    let engine = world.open();
    let mut request = specification();
    request["expires_in"] = json!("1h");
    let id = post(&engine, &request).unwrap();
    let review = engine.reviews().detail(id).unwrap().review;
    let hour = review.expires_at.unwrap().0 - review.created_at.0;
    assert!((3_599_000..=3_601_000).contains(&hour), "{hour}");
    // Simulates that an hour has passed, because the test cannot change the system clock.
    engine
        .workspace
        .transact(|tx| {
            Ok(tx.put_request(id, "agent:coder", Some(Instant(now().0 - 1)), review.request.as_ref().unwrap())?)
        })
        .unwrap();
    let late = engine.execute(decision(&review, DecisionKind::Approve, None), &ada()).unwrap_err();
    assert_eq!(late.code, ErrorCode::Conflict);
    assert_eq!(state(&engine, id), ReviewState::Expired);
    let last = engine.history().operations(1, None).unwrap().remove(0);
    assert_eq!((last.verb.as_str(), last.who.as_str(), last.reversible), ("expire", "toolsmith", false));
    let undone = engine.execute(Command::Undo { operation: Some(last.id) }, &ada());
    assert_eq!(undone.unwrap_err().code, ErrorCode::Refused);
    assert!(engine.reviews().list(ReviewFilter::Decided).unwrap().iter().any(|review| review.id == id));
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_default_expiry_of_the_settings_holds_for_requests_that_do_not_say() {
    let world = World::new();
    std::fs::create_dir_all(world.home().config).unwrap();
    std::fs::write(world.home().config_file(), "[review]\nexpires_in = \"2h\"\n").unwrap();
    let engine = world.open();
    let id = post(&engine, &specification()).unwrap();
    let review = engine.reviews().detail(id).unwrap().review;
    assert!(review.expires_at.unwrap().0 - review.created_at.0 >= 7_199_000);
}

#[test]
fn waiting_ends_with_the_decision_or_with_patience_or_with_the_time() {
    let world = World::new();
    let engine = world.open();
    let id = post(&engine, &specification()).unwrap();
    let found = engine.reviews().wait_for_decision(id, Some(std::time::Duration::ZERO)).unwrap();
    assert_eq!(found.state, ReviewState::Waiting);
    let waiter = std::thread::spawn({
        let other = world.open();
        move || other.reviews().wait_for_decision(id, None).map(|review| (review.state, Clock::now()))
    });
    decide(&engine, DecisionKind::Approve).unwrap();
    let decided = Clock::now();
    let (found, returned) = waiter.join().unwrap().unwrap();
    assert_eq!(found, ReviewState::Approved);
    assert!(returned.saturating_duration_since(decided) < Duration::from_secs(1));
    let mut request = specification();
    request["tool"] = json!("other");
    request["expires_in"] = json!("300ms");
    let id = post(&engine, &request).unwrap();
    assert_eq!(engine.reviews().wait_for_decision(id, None).unwrap().state, ReviewState::Expired);
}

#[test]
fn the_high_tier_needs_two_people_and_a_role_where_the_user_says_so() {
    let world = World::new();
    std::fs::create_dir_all(world.home().config).unwrap();
    std::fs::write(world.home().config_file(), "[review]\nhigh_roles = [\"security\"]\n").unwrap();
    world.write("tools/experimental/adder.py", SCRIPT);
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("\"low\"", "\"high\""));
    let engine = world.open();
    let review = waiting(&engine).remove(0);
    let vote = |who: &Caller, role: Option<&str>| {
        let role = role.map(str::to_owned);
        let command = Command::Decide(DecisionRequest {
            shown: seen(),
            role,
            ..DecisionRequest::of(&review, DecisionKind::Approve)
        });
        engine.execute(command, who)
    };
    assert_eq!(vote(&ada(), Some("boss")).unwrap_err().code, ErrorCode::Usage);
    let first = vote(&ada(), None).unwrap();
    assert!(first.message.contains("1 of 2 approvals, still needs the role security"), "{}", first.message);
    assert_eq!((state(&engine, review.id), world.exists("tools/approved")), (ReviewState::Waiting, false));
    let line = engine
        .reviews()
        .detail(review.id)
        .unwrap()
        .evidence
        .into_iter()
        .find(|line| line.label == "approvals")
        .unwrap();
    assert_eq!(line.text, "1 of 2, still needs the role security");
    assert_eq!(vote(&ada(), Some("security")).unwrap_err().code, ErrorCode::Conflict, "one person is one yes");
    assert_eq!(vote(&grace(), None).unwrap_err().code, ErrorCode::HumanNeeded, "the role is missing, not a person");
    undo(&engine).unwrap();
    vote(&ada(), Some("security")).unwrap();
    let op = engine.history().operations(1, None).unwrap().remove(0).id;
    vote(&grace(), None).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved);
    let under = engine.execute(Command::Undo { operation: Some(op) }, &ada());
    assert_eq!(under.unwrap_err().code, ErrorCode::Conflict, "the first yes is not taken back under the decision");
    undo(&engine).unwrap();
    assert_eq!(
        (state(&engine, review.id), engine.library().resolve("adder").unwrap().stage),
        (ReviewState::Waiting, Stage::Experimental)
    );
    vote(&grace(), None).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved, "the first yes still counts");
}

#[test]
fn a_bulk_decision_is_many_single_ones_and_what_is_risky_waits() {
    let world = World::new();
    world.drop_pair();
    for (name, extra) in [("safe", ""), ("loud", "[permissions]\nnetwork = [\"full\"]\n"), ("gone", "")] {
        let manifest = MANIFEST.replace("\"adder\"", &format!("\"{name}\""));
        world.write(&format!("tools/experimental/{name}.py"), SCRIPT);
        world.write(&format!("tools/experimental/{name}.toml"), &format!("{manifest}{extra}"));
    }
    let engine = world.open();
    let reviews = waiting(&engine);
    let id = |name: &str| reviews.iter().find(|review| review.tool.as_str() == name).unwrap().id;
    let ids: Vec<ReviewId> = reviews.iter().map(|review| review.id).collect();
    let early = engine.reviews().preflight(&[id("safe")], DecisionKind::Approve).unwrap().remove(0).refusal.unwrap();
    assert!(early.starts_with("its checks have not finished"), "{early}");
    engine.reviews().check_for_bulk(&ids).unwrap();
    let rows = engine.reviews().preflight(&[&ids[..], &ids[..1]].concat(), DecisionKind::Approve).unwrap();
    assert_eq!(rows.len(), 4, "each once");
    let refusal = |name: &str| rows.iter().find(|row| row.tool.as_str() == name).unwrap().refusal.clone();
    assert_eq!((refusal("adder"), refusal("safe")), (None, None));
    assert_eq!(refusal("loud").as_deref(), Some("its risk is high: decide it separately"));
    std::fs::write(world.root().join("tools/experimental/gone.py"), "print(1)\n").unwrap();
    let item = |review: ReviewId, digest, kind| DecisionRequest {
        reason: Some("all fine".to_owned()),
        shown: seen(),
        ..DecisionRequest::new(review, digest, kind)
    };
    let yes = DecisionKind::Approve;
    let items: Vec<DecisionRequest> = reviews.iter().map(|review| item(review.id, review.digest, yes)).collect();
    let decide_one = |request| engine.reviews().decide_all(vec![request], &ada()).remove(0).result.unwrap_err();
    let safe = reviews.iter().find(|review| review.id == id("safe")).unwrap().digest;
    let skipped = decide_one(DecisionRequest { shown: DisplayRecord::default(), ..item(id("safe"), safe, yes) });
    assert!(skipped.message.contains("none of its lines were shown"), "{skipped}");
    let late = decide_one(DecisionRequest { evidence: Some(Digest([7; 32])), ..item(id("safe"), safe, yes) });
    assert_eq!(late.code, ErrorCode::Conflict, "{late}");
    let refused = engine.reviews().decide_all(items.clone(), &bot());
    assert!(refused.iter().all(|one| one.result.as_ref().unwrap_err().code == ErrorCode::HumanNeeded));
    let results = engine.reviews().decide_all(items.clone(), &ada());
    let done: Vec<ReviewId> = results.iter().filter(|one| one.result.is_ok()).map(|one| one.review).collect();
    assert_eq!(done, [id("adder"), id("safe")]);
    assert_eq!(state(&engine, id("loud")), ReviewState::Waiting, "a failure leaves the others and itself as they are");
    assert_eq!(engine.library().resolve("safe").unwrap().stage, Stage::Approved);
    let approvals = engine.history().operations(9, None).unwrap().iter().filter(|op| op.verb == "approve").count();
    assert_eq!(approvals, 2, "one operation each");
    assert_eq!(decide_one(items[0].clone()).code, ErrorCode::Conflict);
    let swapped = decide_one(item(id("loud"), reviews[0].digest, DecisionKind::Reject));
    assert_eq!(swapped.code, ErrorCode::Conflict, "it names the digest that was shown");
}

#[test]
fn an_alias_is_a_name_and_two_tools_never_answer_to_one() {
    let world = World::new();
    world.write("tools/experimental/adder.py", SCRIPT);
    world.write("tools/experimental/adder.toml", &format!("aliases = [\"plus\"]\n{MANIFEST}"));
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    let record = run(&engine, "plus", sum(), &bot());
    assert_eq!((record.outcome, record.tool.as_str()), (RunOutcome::Succeeded, "adder"), "history is of the main name");
    let mut request = brought();
    request["tool"] = json!("plus");
    assert_eq!(post(&engine, &request).unwrap_err().code, ErrorCode::Conflict, "the name is taken");
    for (name, aliases) in [("other", "[\"plus\"]"), ("third", "[\"adder\"]")] {
        let manifest = MANIFEST.replace("\"adder\"", &format!("\"{name}\""));
        world.write(&format!("tools/experimental/{name}.py"), SCRIPT);
        world.write(&format!("tools/experimental/{name}.toml"), &format!("aliases = {aliases}\n{manifest}"));
    }
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved, "a name goes before an alias");
    assert_eq!(
        engine.library().resolve("plus").unwrap().name.as_str(),
        "adder",
        "what is approved goes before what is not"
    );
    let clashes: Vec<String> =
        engine.library().catalog().problems.iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(clashes.len(), 3, "{clashes:?}");
    assert!(clashes.iter().any(|text| text.starts_with("the alias \"adder\" is also adder (")), "{clashes:?}");
    for review in waiting(&engine) {
        let error = engine.execute(decision(&review, DecisionKind::Approve, None), &ada()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Refused, "{}", review.tool);
        assert!(error.message.contains("share the name"), "{}", error.message);
    }
}

#[test]
fn a_request_whose_files_were_gone_for_a_while_waits_again_when_they_are_back() {
    let world = World::new();
    let engine = approved(&world);
    let id = post(&engine, &json!({"kind": "deprecation", "tool": "adder", "rationale": "slow"})).unwrap();
    drift(&world, &engine);
    assert_eq!(state(&engine, id), ReviewState::Superseded);
    engine.execute(Command::verb("restore-files", &[("tool", "adder")]), &ada()).unwrap();
    assert_eq!(state(&engine, id), ReviewState::Waiting);
    let last = engine.history().operations(1, None).unwrap().remove(0);
    assert_eq!((last.verb.as_str(), last.who.as_str(), last.reversible), ("reopen", "toolsmith", false));
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(engine.history().operations(1, None).unwrap().remove(0).id, last.id, "once");
    // A tool that a request wrote keeps the text of that request.
    let brought = post(&engine, &brought()).unwrap();
    let path = world.root().join("tools/experimental/twice/twice.py");
    let script = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "print(1)\n").unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(state(&engine, brought), ReviewState::Superseded);
    std::fs::write(&path, script).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(state(&engine, brought), ReviewState::Waiting);
    let same: Vec<Review> = waiting(&engine).into_iter().filter(|review| review.tool.as_str() == "twice").collect();
    assert_eq!(same.len(), 1, "{same:?}");
}

#[test]
fn an_archived_tool_gets_a_name_that_nothing_has_and_a_file_in_the_way_is_named() {
    let world = World::new();
    let engine = approved(&world);
    let digest = engine.library().resolve("adder").unwrap().digest.hex();
    world.write("tools/archived/adder", "planted");
    world.write(&format!("tools/archived/adder-{}", &digest[..8]), "planted");
    let archive = || engine.execute(Command::verb("archive", &[("tool", "adder")]), &ada());
    archive().unwrap();
    assert!(world.exists(&format!("tools/archived/adder-{}-2/adder.py", &digest[..8])));

    let world = World::new();
    let engine = approved(&world);
    world.write("tools/archived", "planted");
    let refused = engine.execute(Command::verb("archive", &[("tool", "adder")]), &ada()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.contains("tools/archived is a file") && refused.hint.contains("move"), "{refused:?}");
}
