//! Versions of a name, from the folder to the decision.

use super::tests::{MANIFEST, SCRIPT, World, ada, decision, run};
use super::*;
use crate::domain::{Caller, Command, DecisionKind, Review, Stage, ToolState};
use serde_json::json;

pub(super) const EVOLVED: &str = "import json, sys\ndata = json.load(sys.stdin)\nprint(json.dumps({'sum': data['a'] + data['b'], 'evolved': True}))\n";

/// A script with a sidecar, and an evolved version beside it as the loop writes it.
pub(super) fn drop_family(world: &World) {
    world.drop_pair();
    world.write("tools/experimental/adder_v1_1_0.py", EVOLVED);
    world.write("tools/experimental/adder_v1_1_0.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
}

/// The review that waits for a version.
pub(super) fn waiting(engine: &Engine, version: &str) -> Review {
    let mut waiting = engine.reviews(ReviewFilter::Waiting).unwrap().into_iter();
    waiting.find(|review| review.version.to_string() == version).unwrap()
}

pub(super) fn approve(engine: &Engine, version: &str) -> crate::domain::Outcome {
    engine.execute(decision(&waiting(engine, version), DecisionKind::Approve, Some("because")), &ada()).unwrap()
}

#[test]
fn a_name_means_the_original_and_a_version_is_named_by_its_number_digest_or_path() {
    let world = World::new();
    drop_family(&world);
    let engine = world.open();
    let version = |text: &str| engine.resolve(text).unwrap().version.to_string();
    assert_eq!(version("adder"), "1.0.0");
    assert_eq!(version("adder@1.1.0"), "1.1.0");
    assert_eq!(version("tools/experimental/adder_v1_1_0.toml"), "1.1.0");
    let digest = engine.resolve("adder@1.1.0").unwrap().digest.hex();
    assert_eq!(version(&format!("adder@{}", &digest[..8])), "1.1.0");
    world.write(
        ".tool_promotions.json",
        r#"{"adder": {"evolved_version": "1.1.0", "evolved_file": "tools/experimental/adder_v1_1_0.py"}}"#,
    );
    engine.scan(&mut |_| {}).unwrap();
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
    let digest = engine.resolve("adder@1.1.0").unwrap().digest;
    approve(&engine, "1.1.0");
    let approved = engine.resolve("adder").unwrap();
    assert_eq!(
        (approved.stage, approved.digest, approved.version.to_string(), approved.state),
        (Stage::Approved, digest, "1.1.0".to_owned(), ToolState::Ok)
    );
    assert!(world.exists("tools/approved/adder/adder_v1_1_0.py") && world.exists("tools/experimental/adder.py"));
    assert_eq!(engine.resolve("adder@1.0.0").unwrap().shadowed_by.as_ref(), Some(&approved.path));
    assert_eq!(engine.verify().unwrap().faults, Vec::<String>::new());
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    let back = engine.resolve("adder@1.1.0").unwrap();
    assert_eq!((back.stage, back.digest), (Stage::Experimental, digest));
    assert_eq!(engine.resolve("adder").unwrap().version.to_string(), "1.0.0");
    // The original is approved; its version stays and waits as the one that comes after it.
    approve(&engine, "1.0.0");
    let version = engine.resolve("adder@1.1.0").unwrap();
    assert_eq!((version.name.as_str(), version.digest), ("adder", digest));
    approve(&engine, "1.1.0");
    assert_eq!(engine.resolve("adder").unwrap().digest, digest);
    assert_eq!(engine.verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_version_in_the_tools_own_folder_is_approved_without_touching_the_original() {
    let world = World::new();
    world.write("tools/experimental/adder/tool.toml", MANIFEST);
    world.write("tools/experimental/adder/main.py", SCRIPT);
    world.write("tools/experimental/adder/versions/1.1.0/tool.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    world.write("tools/experimental/adder/versions/1.1.0/main.py", EVOLVED);
    let engine = world.open();
    let original = engine.resolve("adder").unwrap();
    assert_eq!(original.version.to_string(), "1.0.0");
    let record = run(&engine, "adder@1.1.0", json!({"a": 1, "b": 2}), &ada());
    assert_eq!(record.outcome, crate::domain::RunOutcome::Succeeded, "{record:?}");
    approve(&engine, "1.1.0");
    let approved = engine.resolve("adder").unwrap();
    assert_eq!((approved.stage, approved.version.to_string()), (Stage::Approved, "1.1.0".to_owned()));
    assert_eq!(engine.resolve("tools/experimental/adder/tool.toml").unwrap().digest, original.digest);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert!(world.exists("tools/experimental/adder/versions/1.1.0/main.py"));
    // The original goes, its versions stay with the name.
    approve(&engine, "1.0.0");
    let version = engine.resolve("adder@1.1.0").unwrap();
    assert_eq!((version.stage, version.name.as_str()), (Stage::Experimental, "adder"));
    assert_eq!(engine.catalog().problems, vec![]);
}
