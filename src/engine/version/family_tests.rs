//! Tests of versions of one name, from the folder to the decision.

use crate::domain::{Caller, Command, DecisionKind, DecisionRequest, Review, Stage, ToolState, VerbCall};
use crate::engine::Engine;
use crate::engine::tests::{MANIFEST, SCRIPT, World, ada, decision, run};
use crate::engine::*;
use serde_json::json;

pub(super) const EVOLVED: &str = "import json, sys\ndata = json.load(sys.stdin)\nprint(json.dumps({'sum': data['a'] + data['b'], 'evolved': True}))\n";

/// A script with a sidecar, and an evolved version next to it, in the format of the evolution loop.
pub(super) fn drop_family(world: &World) {
    world.drop_pair();
    world.write("tools/experimental/adder_v1_1_0.py", EVOLVED);
    world.write("tools/experimental/adder_v1_1_0.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
}

/// The waiting review of a version.
pub(in crate::engine) fn waiting(engine: &Engine, version: &str) -> Review {
    let mut waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap().into_iter();
    waiting.find(|review| review.version.to_string() == version).unwrap()
}

pub(in crate::engine) fn approve(engine: &Engine, version: &str) -> crate::domain::Outcome {
    engine.execute(decision(&waiting(engine, version), DecisionKind::Approve, Some("because")), &ada()).unwrap()
}

#[test]
fn a_name_means_the_original_and_a_version_is_named_by_its_number_digest_or_path() {
    let world = World::new();
    drop_family(&world);
    let engine = world.open();
    let version = |text: &str| engine.library().resolve(text).unwrap().version.to_string();
    assert_eq!(version("adder"), "1.0.0");
    assert_eq!(version("adder@1.1.0"), "1.1.0");
    assert_eq!(version("tools/experimental/adder_v1_1_0.toml"), "1.1.0");
    let digest = engine.library().resolve("adder@1.1.0").unwrap().digest.hex();
    assert_eq!(version(&format!("adder@{}", &digest[..8])), "1.1.0");
    world.write(
        ".tool_promotions.json",
        r#"{"adder": {"evolved_version": "1.1.0", "evolved_file": "tools/experimental/adder_v1_1_0.py"}}"#,
    );
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!((version("adder"), version("adder@1.0.0")), ("1.1.0".to_owned(), "1.0.0".to_owned()));
    let agent = run(&engine, "adder", json!({"a": 1, "b": 2}), &Caller::Agent("bot".to_owned()));
    assert_eq!(agent.outcome, crate::domain::RunOutcome::Refused, "the file chooses, it grants nothing");
}

#[test]
fn an_approved_version_moves_under_the_name_of_its_original_and_comes_back() {
    let world = World::new();
    world.git_init();
    world.write("tools/experimental/adder.py", SCRIPT);
    world.write("tools/experimental/adder_v1_1_0.py", EVOLVED);
    let engine = world.open();
    let digest = engine.library().resolve("adder@1.1.0").unwrap().digest;
    approve(&engine, "1.1.0");
    let approved = engine.library().resolve("adder").unwrap();
    assert_eq!(
        (approved.stage, approved.digest, approved.version.to_string(), approved.state),
        (Stage::Approved, digest, "1.1.0".to_owned(), ToolState::Ok)
    );
    assert!(world.exists("tools/approved/adder/adder_v1_1_0.py") && world.exists("tools/experimental/adder.py"));
    assert_eq!(engine.library().resolve("adder@1.0.0").unwrap().shadowed_by.as_ref(), Some(&approved.path));
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    let back = engine.library().resolve("adder@1.1.0").unwrap();
    assert_eq!((back.stage, back.digest), (Stage::Experimental, digest));
    assert_eq!(engine.library().resolve("adder").unwrap().version.to_string(), "1.0.0");
    // The original is approved; its version waits as the successor.
    approve(&engine, "1.0.0");
    let version = engine.library().resolve("adder@1.1.0").unwrap();
    assert_eq!((version.name.as_str(), version.digest), ("adder", digest));
    approve(&engine, "1.1.0");
    assert_eq!(engine.library().resolve("adder").unwrap().digest, digest);
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_version_in_the_tools_own_folder_is_approved_without_touching_the_original() {
    let world = World::new();
    world.write("tools/experimental/adder/tool.toml", MANIFEST);
    world.write("tools/experimental/adder/main.py", SCRIPT);
    world.write("tools/experimental/adder/versions/1.1.0/tool.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    world.write("tools/experimental/adder/versions/1.1.0/main.py", EVOLVED);
    let engine = world.open();
    let original = engine.library().resolve("adder").unwrap();
    assert_eq!(original.version.to_string(), "1.0.0");
    let record = run(&engine, "adder@1.1.0", json!({"a": 1, "b": 2}), &ada());
    assert_eq!(record.outcome, crate::domain::RunOutcome::Succeeded, "{record:?}");
    approve(&engine, "1.1.0");
    let approved = engine.library().resolve("adder").unwrap();
    assert_eq!((approved.stage, approved.version.to_string()), (Stage::Approved, "1.1.0".to_owned()));
    assert_eq!(engine.library().resolve("tools/experimental/adder/tool.toml").unwrap().digest, original.digest);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert!(world.exists("tools/experimental/adder/versions/1.1.0/main.py"));
    // The original moves away; its versions keep the name.
    approve(&engine, "1.0.0");
    let version = engine.library().resolve("adder@1.1.0").unwrap();
    assert_eq!((version.stage, version.name.as_str()), (Stage::Experimental, "adder"));
    assert_eq!(engine.library().catalog().problems, vec![]);
}

fn promotions(world: &World) -> serde_json::Value {
    let text = std::fs::read_to_string(world.root().join(".tool_promotions.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)
}

#[test]
fn an_approval_of_a_version_is_written_into_the_promotions_file_and_its_commit_and_taken_out_again() {
    let world = World::new();
    world.git_init();
    drop_family(&world);
    world.write(".tool_promotions.json", "{\"theirs\": {\"note\": 1}}\n");
    world.git(&["add", ".tool_promotions.json"]);
    world.git(&["commit", "-qm", "theirs"]);
    let engine = world.open();
    approve(&engine, "1.0.0");
    assert_eq!(promotions(&world), json!({"theirs": {"note": 1}}), "the original is no promotion");
    let done = approve(&engine, "1.1.0");
    let entry = promotions(&world)["adder"].clone();
    assert_eq!(entry["evolved_version"], json!("1.1.0"));
    assert_eq!(entry["evolved_file"], json!("tools/approved/adder/adder_v1_1_0.py"));
    assert_eq!((&entry["original_version"], &entry["reason"]), (&json!("1.0.0"), &json!("because")));
    assert_eq!(entry.as_object().unwrap().len(), 6);
    assert!(world.exists("tools/approved/adder/adder_v1_1_0.py"));
    let files = world.git(&["show", "--name-only", "--format=", "HEAD"]);
    assert!(files.contains(".tool_promotions.json") && files.contains("adder_v1_1_0.py"), "{files} {done:?}");
    assert_eq!(world.git(&["status", "--porcelain", ".tool_promotions.json"]), "");
    assert_eq!(engine.library().catalog().problems, vec![]);

    let rollback = Command::verb("rollback", &[("tool", "adder")]);
    engine.execute(rollback, &ada()).unwrap();
    assert_eq!(promotions(&world), json!({"theirs": {"note": 1}}), "rolled back to the original");
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(promotions(&world)["adder"], entry, "and forward again");
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(promotions(&world), json!({"theirs": {"note": 1}}));
    assert_eq!(world.git(&["status", "--porcelain", ".tool_promotions.json"]), "");
    assert_eq!(engine.library().resolve("adder").unwrap().version.to_string(), "1.0.0");
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_promotions_file_that_cannot_be_written_does_not_hold_an_approval_back() {
    let world = World::new();
    drop_family(&world);
    world.write(".tool_promotions.json", "{\"adder\": ");
    let engine = world.open();
    let done = approve(&engine, "1.1.0");
    assert!(done.message.contains(".tool_promotions.json was not updated"), "{}", done.message);
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved);
    assert_eq!(std::fs::read_to_string(world.root().join(".tool_promotions.json")).unwrap(), "{\"adder\": ");
}

#[test]
fn what_another_program_had_promoted_comes_back_when_the_approval_is_taken_back() {
    let world = World::new();
    drop_family(&world);
    let theirs =
        json!({"adder": {"evolved_version": "1.1.0", "evolved_file": "tools/experimental/adder_v1_1_0.py", "by": "x"}});
    world.write(".tool_promotions.json", &theirs.to_string());
    let engine = world.open();
    approve(&engine, "1.1.0");
    assert_eq!(promotions(&world)["adder"]["evolved_file"], json!("tools/approved/adder/adder_v1_1_0.py"));
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    let back = promotions(&world);
    assert_eq!(back["adder"]["evolved_file"], theirs["adder"]["evolved_file"]);
    assert_eq!(engine.library().resolve("adder").unwrap().version.to_string(), "1.1.0", "chosen by the file");
}

/// Opens the same workspace like another process, in a session.
fn in_session(world: &World, session: &str) -> Engine {
    let engine =
        Engine::open(OpenOptions { workspace: world.root(), home: world.home(), program: None, asker: Asker::Human })
            .unwrap();
    engine.grants().enter_session(Some(session.to_owned()));
    engine.library().scan(&mut |_| {}).unwrap();
    engine
}

fn use_here(engine: &Engine, name: &str) -> Result<crate::domain::Outcome, EngineError> {
    let (digest, scope) = (engine.library().resolve(name)?.digest, engine.grants().workbench_scope());
    engine.execute(Command::UseInSession { tool: name.to_owned(), digest, scope }, &ada())
}

#[test]
fn a_version_is_used_in_one_session_only_and_says_so_until_it_is_revoked() {
    let world = World::new();
    drop_family(&world);
    let (night, day) = (in_session(&world, "night"), in_session(&world, "day"));
    use_here(&night, "adder@1.1.0").unwrap();
    assert_eq!(use_here(&night, "adder@1.1.0").unwrap_err().code, ErrorCode::Conflict);
    day.library().refresh().unwrap();
    let version = |engine: &Engine| engine.library().resolve("adder").unwrap().version.to_string();
    assert_eq!((version(&night), version(&day)), ("1.1.0".to_owned(), "1.0.0".to_owned()));
    let bot = Caller::Agent("bot".to_owned());
    for caller in [&ada(), &bot] {
        let tool = night.library().resolve("adder").unwrap();
        let handle = night
            .runs()
            .start(
                &RunRequest { tool, input: Some(json!({"a": 1, "b": 2})), timeout: None, again: None, worker: None },
                caller,
            )
            .unwrap();
        let warning = handle.warning.clone().unwrap_or_default();
        assert!(warning.starts_with("adder 1.1.0 is used instead of 1.0.0 for session night"), "{warning}");
        let record = handle.wait().unwrap();
        assert_eq!(record.outcome, crate::domain::RunOutcome::Succeeded, "{record:?}");
        assert_eq!(record.isolation.profile, crate::domain::Profile::Strict);
    }
    let refused = run(&day, "adder@1.1.0", json!({"a": 1, "b": 2}), &bot);
    assert_eq!(refused.outcome, crate::domain::RunOutcome::Refused, "the leave is of one session");
    let grants = night.grants().list().unwrap().agents;
    assert_eq!((grants.len(), grants[0].is_use(), grants[0].void.clone()), (1, true, None));
    let key = night.grants().named(&grants[0].id.to_string()).unwrap();
    night.execute(Command::Revoke { grant: key }, &ada()).unwrap();
    assert_eq!(version(&night), "1.0.0");
    night.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(version(&night), "1.1.0");
    // It has no effect while a byte is changed; the message names the present bytes.
    world.write("tools/experimental/adder_v1_1_0.py", &format!("{EVOLVED}\n"));
    night.library().scan(&mut |_| {}).unwrap();
    assert_eq!(version(&night), "1.0.0");
    let changed = night.library().resolve("adder@1.1.0").unwrap().digest;
    let words = format!("its files changed: {} is now in tools/experimental/adder_v1_1_0.toml", changed.short());
    assert_eq!(night.grants().list().unwrap().agents[0].void, Some(words));
    world.write("tools/experimental/adder_v1_1_0.py", EVOLVED);
    night.library().scan(&mut |_| {}).unwrap();
    assert_eq!((version(&night), night.grants().list().unwrap().agents[0].void.clone()), ("1.1.0".to_owned(), None));
    assert_eq!(night.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_session_uses_an_experimental_version_of_an_approved_tool_and_no_agent_decides_that() {
    let world = World::new();
    drop_family(&world);
    let engine = in_session(&world, "night");
    approve(&engine, "1.0.0");
    let digest = engine.library().resolve("adder@1.1.0").unwrap().digest;
    let command =
        || Command::UseInSession { tool: "adder@1.1.0".to_owned(), digest, scope: engine.grants().workbench_scope() };
    let bot = Caller::Agent("bot".to_owned());
    assert_eq!(engine.execute(command(), &bot).unwrap_err().code, ErrorCode::HumanNeeded);
    let preview = engine.preview(&command()).unwrap();
    assert!(
        preview.lines.iter().any(|line| line.contains("agents of this session may run it too, strictly sandboxed"))
    );
    engine.execute(command(), &ada()).unwrap();
    let record = run(&engine, "adder", json!({"a": 1, "b": 2}), &bot);
    assert_eq!((record.outcome, record.digest), (crate::domain::RunOutcome::Succeeded, digest), "{record:?}");
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved);
}

#[test]
fn trim_keeps_the_first_the_last_three_the_pinned_and_the_waiting_and_undo_brings_all_back() {
    let world = World::new();
    world.drop_pair();
    for minor in 1..=7 {
        let stem = format!("tools/experimental/adder_v1_{minor}_0");
        world.write(&format!("{stem}.py"), &format!("{EVOLVED}# {minor}\n"));
        world.write(&format!("{stem}.toml"), &MANIFEST.replace("1.0.0", &format!("1.{minor}.0")));
    }
    let engine = world.open();
    let trim =
        || Command::Trim { tool: "adder".to_owned(), versions: engine.versions().trimmed("adder").unwrap_or_default() };
    assert_eq!(engine.execute(trim(), &ada()).unwrap_err().code, ErrorCode::Conflict, "all of them wait");
    for version in ["1.1.0", "1.2.0", "1.4.0"] {
        let reject = decision(&waiting(&engine, version), DecisionKind::Reject, Some("no"));
        engine.execute(reject, &ada()).unwrap();
    }
    engine.execute(Command::Verb(VerbCall::new("pin", &[("tool", "adder@1.2.0")])), &ada()).unwrap();
    let preview = engine.preview(&trim()).unwrap();
    assert_eq!(preview.title, "Trim adder: 2 versions?");
    engine.execute(trim(), &ada()).unwrap();
    let present = || -> Vec<String> {
        let view = engine.library().catalog();
        view.tools.iter().map(|tool| tool.version.to_string()).collect()
    };
    assert_eq!(present(), ["1.0.0", "1.2.0", "1.3.0", "1.5.0", "1.6.0", "1.7.0"]);
    assert!(
        !world.exists("tools/experimental/adder_v1_1_0.py") && !world.exists("tools/experimental/adder_v1_1_0.toml")
    );
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(present().len(), 8);
    let bytes = std::fs::read_to_string(world.root().join("tools/experimental/adder_v1_4_0.py")).unwrap();
    assert_eq!(bytes, format!("{EVOLVED}# 4\n"));
    engine.execute(Command::Verb(VerbCall::new("unpin", &[("tool", "adder@1.2.0")])), &ada()).unwrap();
    assert_eq!(engine.versions().trimmed("adder").unwrap().len(), 3);
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_lineage_tells_of_every_version_which_is_used_and_what_it_did() {
    let world = World::new();
    drop_family(&world);
    let engine = world.open();
    approve(&engine, "1.0.0");
    run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    approve(&engine, "1.1.0");
    engine.execute(Command::Verb(VerbCall::new("pin", &[("tool", "adder@1.0.0")])), &ada()).unwrap();
    world.write("tools/experimental/adder/versions/1.2.0/adder.py", "print(2)\n");
    engine.library().scan(&mut |_| {}).unwrap();
    let lineage = engine.versions().lineage(&engine.library().resolve("adder").unwrap()).unwrap();
    let told: Vec<_> = lineage.versions.iter().map(|v| (v.version.to_string(), v.marks(), v.runs)).collect();
    assert_eq!(
        told,
        [
            ("1.0.0".to_owned(), vec!["pinned", "copy only"], 1),
            ("1.1.0".to_owned(), vec!["in use", "approved"], 0),
            ("1.2.0".to_owned(), vec!["waiting"], 0),
        ]
    );
    assert_eq!(lineage.versions[0].success_rate, Some(1.0));
    assert!(lineage.versions[1].provenance.decision.is_some());
}

#[test]
fn three_failures_in_a_row_of_an_approved_version_offer_the_one_before() {
    let world = World::new();
    world.drop_pair();
    world.write("tools/experimental/adder_v1_1_0.py", "import sys\nsys.exit(3)\n");
    world.write("tools/experimental/adder_v1_1_0.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    let engine = world.open();
    approve(&engine, "1.0.0");
    let failing = decision(&waiting(&engine, "1.1.0"), DecisionKind::Approve, Some("because"));
    let Command::Decide(failing) = failing else { panic!("a decision: {failing:?}") };
    let failing = Command::Decide(DecisionRequest { override_reason: Some("to see it fail".to_owned()), ..failing });
    engine.execute(failing, &ada()).unwrap();
    engine.take_trouble();
    for _ in 0..2 {
        run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    }
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!((engine.versions().rollback_offer(&tool).unwrap(), engine.take_trouble().len()), (None, 0));
    run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    let wanted = "3 failures of adder 1.1.0 in 5 minutes: rollback (B) goes back to 1.0.0";
    assert_eq!(engine.versions().rollback_offer(&tool).unwrap().as_deref(), Some(wanted));
    assert!(engine.take_trouble().iter().any(|trouble| trouble.message == wanted));
    let rollback = Command::verb("rollback", &[("tool", "adder"), ("reason", "it fails")]);
    engine.execute(rollback, &ada()).unwrap();
    assert_eq!(engine.versions().rollback_offer(&engine.library().resolve("adder").unwrap()).unwrap(), None);
}

#[test]
fn changed_files_under_the_same_version_are_no_promotion_and_a_higher_one_is() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    approve(&engine, "1.0.0");
    for (version, promoted) in [("1.0.0", false), ("1.1.0", true)] {
        world.write("tools/experimental/adder/adder.py", &format!("{EVOLVED}# {version}\n"));
        world.write("tools/experimental/adder/adder.toml", &MANIFEST.replace("1.0.0", version));
        engine.library().scan(&mut |_| {}).unwrap();
        approve(&engine, version);
        assert_eq!(world.exists(".tool_promotions.json"), promoted, "{version}");
    }
    assert_eq!(promotions(&world)["adder"]["original_version"], json!("1.0.0"));
}
