//! Calls with real files and real processes.

use super::*;
use crate::domain::{Command, Instant};
use crate::engine::SearchFor;
use crate::engine::tests::{World, ada};
use serde_json::json;

const FAILS: &str = "import sys\nsys.exit('no key for the service')\n";
const LIES: &str = "print('{\"success\": false, \"error\": \"no such language\"}')\n";
const WORKS: &str = "import json, sys\nprint(json.dumps({'text': json.load(sys.stdin)['text'].upper()}))\n";

/// Adds a tool with a description about translation, with further lines in its manifest.
fn drop_tool(world: &World, name: &str, script: &str, further: &str) {
    let manifest = format!(
        "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"Translates english text to french\"\n\
         kind = \"command\"\ntags = [\"translation\"]\n{further}\n[run]\ncommand = [\"python3\", \"{{file}}\"]\n\
         input = \"stdin-json\"\n[input]\ntype = \"object\"\n[input.properties.text]\ntype = \"string\"\n"
    );
    world.write(&format!("tools/experimental/{name}.py"), script);
    world.write(&format!("tools/experimental/{name}.toml"), &manifest);
}

fn request(tags: &[&str]) -> CallRequest {
    CallRequest {
        scenario: "translate english to french".to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        capabilities: Vec::new(),
        input: Some(json!({"text": "hello"})),
        sets: Vec::new(),
        timeout: None,
        max_attempts: DEFAULT_ATTEMPTS,
        go_on: false,
    }
}

fn called(engine: &Engine, request: &CallRequest) -> CallReport {
    let mut calling = engine.calls().begin(request, &ada()).unwrap();
    while let Some(begun) = calling.begin_next().unwrap() {
        let run = begun.handle.wait().unwrap();
        calling.ended(&run).unwrap();
    }
    calling.report()
}

fn tried(report: &CallReport) -> Vec<(&str, RunOutcome, Option<Severity>)> {
    report.attempts.iter().map(|one| (one.tool.as_str(), one.outcome, one.severity)).collect()
}

fn three() -> World {
    let world = World::new();
    drop_tool(&world, "a_translator", FAILS, "");
    drop_tool(&world, "b_translator", LIES, "");
    drop_tool(&world, "c_translator", WORKS, "");
    world
}

#[test]
fn what_fails_and_what_lies_is_marked_and_the_next_call_begins_with_who_did_it() {
    let world = three();
    let engine = world.open();
    let report = called(&engine, &request(&["translation"]));
    assert_eq!(
        (report.outcome, report.tool.as_ref().map(ToolName::as_str)),
        (CallOutcome::Answered, Some("c_translator"))
    );
    assert_eq!(
        tried(&report),
        [
            ("a_translator", RunOutcome::Failed, Some(Severity::High)),
            ("b_translator", RunOutcome::Failed, Some(Severity::Medium)),
            ("c_translator", RunOutcome::Succeeded, None)
        ]
    );
    let marks = engine.workspace.read(|q| Ok(q.all_failure_marks()?)).unwrap();
    let told: Vec<_> =
        marks.iter().map(|mark| (mark.tool.as_str(), mark.scenario.as_str(), mark.tags.join(" "))).collect();
    // No negative tags: the tool's own description covers the scenario.
    let tags = String::new();
    assert_eq!(
        told,
        [
            ("a_translator", "translate english to french", tags.clone()),
            ("b_translator", "translate english to french", tags)
        ]
    );

    // The same words in another form and order are the same call.
    let again = CallRequest { scenario: "French translation of english".to_owned(), ..request(&["translation"]) };
    let report = called(&engine, &again);
    assert_eq!(tried(&report), [("c_translator", RunOutcome::Succeeded, None)]);
    assert!(report.candidates.candidates[0].won_before && report.attempts[0].why.starts_with("succeeded last time"));

    // Another version has its own history.
    drop_tool(&world, "c_translator", &format!("{WORKS}# changed\n"), "");
    engine.library().scan(&mut |_| {}).unwrap();
    let found = engine.calls().candidates(&request(&["translation"]), &ada()).unwrap();
    assert!(found.candidates.iter().all(|candidate| !candidate.won_before));
    assert_eq!(found.candidates[0].tool.as_str(), "c_translator", "it has no marks");
    assert_eq!(found.candidates[1].failures_alike, 1);
}

#[test]
fn the_rank_is_told_with_its_parts() {
    let world = three();
    let engine = world.open();
    called(&engine, &request(&[]));
    let found = engine.calls().candidates(&request(&["other-tag-in-the-key", "translation"]), &ada()).unwrap();
    assert_eq!(found.candidates, []);
    let found = engine
        .calls()
        .candidates(&CallRequest { tags: vec!["TRANSLATION".to_owned()], ..request(&[]) }, &ada())
        .unwrap();
    let first = &found.candidates[0];
    assert_eq!((first.tool.as_str(), first.failure_demotion, first.quality), ("c_translator", 0.0, 0.667));
    let wanted = crate::engine::library::searching::rounded(first.similarity * 0.667);
    assert!((first.rank - wanted).abs() < 1e-9, "{} is not {wanted}", first.rank);
    let last = found.candidates.iter().find(|candidate| candidate.tool.as_str() == "a_translator").unwrap();
    // One failed run gives a third, minus 0.1 for the mark of severity high.
    assert_eq!((last.failures_alike, last.failure_demotion, last.quality), (1, 0.3, 0.233));
    assert_eq!(last.ruled_out_by, None, "it says of itself that it is for this");
    assert!(last.why.contains("0 of 1 run succeeded, marked 1x"), "{}", last.why);
}

#[test]
fn who_has_not_the_tag_is_not_tried_and_nobody_left_is_an_error_that_is_kept() {
    let world = three();
    let engine = world.open();
    let error = engine.calls().begin(&request(&["poetry"]), &ada()).err().unwrap();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "no available tool has the tag poetry"));
    let other = CallRequest { scenario: "bake a cake".to_owned(), ..request(&[]) };
    assert_eq!(engine.calls().begin(&other, &ada()).err().unwrap().message, "no tool matches \"bake a cake\"");
    assert_eq!(engine.library().search(&SearchFor::words("bake a cake", 5), &ada()).unwrap(), []);
    let kept = engine.workspace.read(|q| Ok(q.unanswered(Instant(0))?)).unwrap();
    let told: Vec<_> = kept.iter().map(|one| (one.scenario.as_str(), one.kind, one.tags.len())).collect();
    assert_eq!(
        told,
        [
            ("translate english to french", UnansweredKind::NoTool, 1),
            ("bake a cake", UnansweredKind::NoTool, 0),
            ("bake a cake", UnansweredKind::Search, 0)
        ]
    );
    assert_eq!(engine.runs().list(&crate::engine::RunFilter::default()).unwrap(), []);
}

#[test]
fn when_all_fail_a_better_version_is_offered_and_only_idempotent_tools_are_tried_again() {
    let world = World::new();
    drop_tool(&world, "a_translator", FAILS, "idempotent = true");
    drop_tool(&world, "b_translator", LIES, "idempotent = false");
    let engine = world.open();
    let report = called(&engine, &request(&[]));
    assert_eq!(report.outcome, CallOutcome::AllFailed);
    assert_eq!(
        tried(&report),
        [
            ("a_translator", RunOutcome::Failed, None),
            ("b_translator", RunOutcome::Failed, None),
            ("a_translator", RunOutcome::Failed, None)
        ],
        "the input may be at fault, so nobody is marked"
    );
    assert_eq!(engine.workspace.read(|q| Ok(q.all_failure_marks()?)).unwrap(), []);
    let first = report.attempts[0].run;
    assert_eq!(
        report.hint,
        format!(
            "`toolsmith evolve a_translator 'translate english to french' --failure {first}` requests a version that can do it"
        )
    );
    let kept = engine.workspace.read(|q| Ok(q.unanswered(Instant(0))?)).unwrap();
    assert_eq!((kept.len(), kept[0].kind, kept[0].runs.len()), (1, UnansweredKind::AllFailed, 3));
    let short = CallRequest { max_attempts: 1, ..request(&[]) };
    assert_eq!(called(&engine, &short).attempts.len(), 1);
}

#[test]
fn what_may_not_run_or_cannot_take_the_input_is_left_out_and_a_successor_takes_its_place() {
    let world = World::new();
    drop_tool(&world, "a_translator", FAILS, "cost_tier = \"prohibited\"");
    drop_tool(&world, "b_translator", FAILS, "");
    drop_tool(&world, "c_translator", WORKS, "");
    drop_tool(&world, "d_translator", WORKS, "");
    world.write(
        "tools/experimental/d_translator.toml",
        &std::fs::read_to_string(world.root().join("tools/experimental/d_translator.toml"))
            .unwrap()
            .replace("type = \"string\"", "type = \"integer\""),
    );
    let engine = world.open();
    let args = [("tool", "b_translator"), ("by", "c_translator")];
    engine.execute(Command::verb("deprecate", &args), &ada()).unwrap();
    let report = called(&engine, &request(&[]));
    assert_eq!(tried(&report), [("c_translator", RunOutcome::Succeeded, None)]);
    assert!(report.attempts[0].why.starts_with("replaces the deprecated b_translator; "));
    let left: Vec<_> = report.candidates.left_out.iter().map(|left| (left.tool.as_str(), left.why.as_str())).collect();
    assert_eq!(left[0], ("a_translator", "its cost tier is prohibited"));
    assert!(
        left[1].0 == "d_translator" && left[1].1.starts_with("the input does not match its schema: text "),
        "{left:?}"
    );

    let agent = Caller::Agent("bot".to_owned());
    let error = engine.calls().begin(&request(&[]), &agent).err().unwrap();
    assert!(
        error.message.contains("agents may run approved versions only") || error.message.contains("prohibited"),
        "{error}"
    );
}

#[test]
fn no_call_of_fifty_is_lost_to_one_broken_tool() {
    let world = World::new();
    drop_tool(&world, "a_translator", FAILS, "");
    drop_tool(&world, "c_translator", WORKS, "");
    let engine = world.open();
    for number in 0..50 {
        let report = called(&engine, &request(&[]));
        assert_eq!((report.outcome, report.attempts.len()), (CallOutcome::Answered, if number == 0 { 2 } else { 1 }));
    }
    let filter = crate::engine::RunFilter { limit: 1_000, ..crate::engine::RunFilter::default() };
    assert_eq!(engine.runs().list(&filter).unwrap().len(), 51);
    let winner = engine.workspace.read(|q| Ok(q.winner("english french translat", "")?)).unwrap().unwrap();
    assert_eq!((winner.tool.as_str(), winner.wins), ("c_translator", 50));
}

#[test]
fn a_mark_ends_that_it_did_it_the_last_time_and_one_failure_is_no_verdict() {
    let world = World::new();
    drop_tool(&world, "a_translator", WORKS, "");
    drop_tool(&world, "b_translator", WORKS, "");
    let engine = world.open();
    called(&engine, &request(&[]));
    let first = || engine.calls().candidates(&request(&[]), &ada()).unwrap().candidates;
    assert!(first()[0].won_before && first()[0].tool.as_str() == "a_translator");
    let mark = crate::engine::MarkRequest {
        tool: "a_translator".to_owned(),
        run: None,
        scenario: request(&[]).scenario,
        error: "it is no French".to_owned(),
        severity: Severity::High,
    };
    engine.failures().mark(&mark, &ada()).unwrap();
    let now = first();
    assert_eq!((now[0].tool.as_str(), now[0].won_before), ("b_translator", false));
    assert_eq!((now[1].won_before, now[1].quality), (false, 0.567), "two thirds less 0.1");
}

/// Adds a tool for another subject that accepts any input.
fn drop_other(world: &World) {
    drop_tool(world, "z_other", WORKS, "");
    let manifest = std::fs::read_to_string(world.root().join("tools/experimental/z_other.toml")).unwrap();
    let manifest = manifest
        .replace("Translates english text to french", "Shows the english and the french flag")
        .replace("translation", "flag");
    world.write("tools/experimental/z_other.toml", &manifest);
}

/// A tool that accepts only numbers, and a tool for another subject that accepts any input.
fn number_and_other() -> World {
    let world = World::new();
    drop_tool(&world, "a_translator", "import json, sys\nprint(int(json.load(sys.stdin)['text']))\n", "");
    drop_other(&world);
    world
}

#[test]
fn a_bad_input_does_not_put_the_right_tool_behind_another_one() {
    let world = number_and_other();
    let engine = world.open();
    let with = |text: &str| CallRequest { input: Some(json!({"text": text})), ..request(&[]) };
    for text in ["2o20", "x9", "x8"] {
        called(&engine, &with(text));
    }
    let report = called(&engine, &with("2020"));
    assert_eq!(tried(&report), [("a_translator", RunOutcome::Succeeded, None)]);
    engine.library().scan(&mut |_| {}).unwrap();
    let first = &engine.calls().candidates(&with("1"), &ada()).unwrap().candidates[0];
    assert!(first.why.contains("1 of 4 runs succeeded, the input of 3 was at fault"), "{}", first.why);
}

#[test]
fn a_proven_tool_is_tried_before_one_that_never_ran_and_is_about_as_similar() {
    let world = World::new();
    drop_tool(&world, "english_to_french_translator", FAILS, "");
    drop_tool(&world, "lingo", WORKS, "");
    let engine = world.open();
    let untried = &engine.calls().candidates(&request(&[]), &ada()).unwrap().candidates[0];
    assert_eq!(untried.tool.as_str(), "english_to_french_translator");
    for _ in 0..2 {
        crate::engine::tests::run(&engine, "lingo", json!({"text": "a"}), &ada());
    }
    engine.library().scan(&mut |_| {}).unwrap();
    let candidates = engine.calls().candidates(&request(&[]), &ada()).unwrap().candidates;
    assert_eq!(candidates[0].tool.as_str(), "lingo", "{candidates:?}");
}

#[test]
fn a_tool_that_is_about_something_else_teaches_nothing_by_its_success() {
    let world = World::new();
    for name in ["a_translator", "b_translator", "c_translator"] {
        drop_tool(&world, name, FAILS, "");
    }
    drop_other(&world);
    let engine = world.open();
    let report = called(&engine, &request(&[]));
    let last = ("z_other", RunOutcome::Succeeded, None);
    assert_eq!((tried(&report).len(), tried(&report).last()), (4, Some(&last)));
    assert!(report.attempts.iter().all(|attempt| attempt.mark.is_none()), "nobody is marked");
    assert!(report.hint.starts_with("z_other speaks of little that was asked for"), "{}", report.hint);
    let found = engine.calls().candidates(&request(&[]), &ada()).unwrap();
    assert!(found.candidates.iter().all(|candidate| !candidate.won_before));
    assert_eq!(found.candidates[0].tool.as_str(), "a_translator");
}
