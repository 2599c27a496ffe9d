//! Tools that cost so much that a human permits each run of an agent.

use super::client::{Agent, LEGACY};
use super::{decide, open};
use crate::support::Workspace;
use serde_json::{Value, json};
use toolsmith::domain::{Caller, DecisionKind, ReviewId, RunOutcome};
use toolsmith::engine::{ReviewFilter, RunRequest};

const DEPLOY: &str = "import json, sys\nprint(json.dumps(json.load(sys.stdin)))";

fn dear() -> Workspace {
    let workspace = Workspace::new();
    add_dear(&workspace);
    workspace
}

/// Adds the tool `deploy`, each run of which a human permits, and approves it.
pub(super) fn add_dear(workspace: &Workspace) {
    workspace.write(
        "tools/experimental/deploy/tool.toml",
        "name = \"deploy\"\nversion = \"1.0.0\"\ndescription = \"Deploys\"\ncost_tier = \"high\"\n[run]\n\
command = [\"python3\", \"{file}\"]\nentry = \"deploy.py\"\ninput = \"stdin-json\"\n[input]\ntype = \"object\"\n",
    );
    workspace.write("tools/experimental/deploy/deploy.py", DEPLOY);
    let engine = open(workspace);
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let review = waiting.iter().find(|review| review.tool.as_str() == "deploy").unwrap().id;
    drop(engine);
    decide(workspace, review.0, DecisionKind::Approve, "read");
}

fn run(agent: &mut Agent, input: &Value) -> Value {
    agent.call("run", json!({"tool": "deploy", "input": input}))
}

/// The review that asks for this run.
fn asked(refused: &Value) -> i64 {
    assert_eq!(
        (&refused["error"]["code"], &refused["next"]["tool"]),
        (&json!("human-needed"), &json!("wait")),
        "{refused:#}"
    );
    refused["next"]["arguments"]["review"].as_i64().unwrap()
}

#[test]
fn a_yes_is_good_for_one_run_with_exactly_this_input_of_exactly_this_agent() {
    let workspace = dear();
    let mut agent = Agent::connect(&workspace, LEGACY, &["--as-agent", "rosa"]);
    let input = json!({"target": "production", "dry": false});
    let review = asked(&run(&mut agent, &input));
    assert_eq!(asked(&run(&mut agent, &input)), review, "the same question is asked once");

    let shown = open(&workspace).reviews().detail(ReviewId(review)).unwrap();
    let text = String::from_utf8(shown.files[0].bytes.clone()).unwrap();
    for part in ["\"agent\": \"rosa\"", "\"target\": \"production\"", "\"digest\": "] {
        assert!(text.contains(part), "the human reads what the run depends on: {text}");
    }
    assert!(shown.evidence.iter().any(|line| line.label == "reach"), "{:?}", shown.evidence);

    decide(&workspace, review, DecisionKind::Approve, "go");
    let decided = agent.call("wait", json!({"review": review}));
    assert_eq!(decided["next"]["tool"], "run", "{decided:#}");
    let mut other = Agent::connect(&workspace, LEGACY, &["--as-agent", "otto"]);
    assert_ne!(asked(&run(&mut other, &input)), review, "another agent asks for itself");
    assert_ne!(asked(&run(&mut agent, &json!({"target": "staging", "dry": false}))), review);
    let ran = run(&mut agent, &json!({"dry": false, "target": "production"}));
    assert_eq!(
        (&ran["state"], &ran["output"]),
        (&json!("succeeded"), &input),
        "the order of fields is nothing: {ran:#}"
    );
    assert_ne!(asked(&run(&mut agent, &input)), review, "a permit that was used is none");
}

#[test]
fn a_no_reaches_the_agent_with_its_reason_and_a_changed_tool_needs_another_yes() {
    let workspace = dear();
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let review = asked(&run(&mut agent, &json!({"n": 1})));
    decide(&workspace, review, DecisionKind::Reject, "not on a Friday");
    assert_eq!(agent.call("wait", json!({"review": review}))["reason"], "not on a Friday");
    let refused = run(&mut agent, &json!({"n": 1}));
    assert_eq!(refused["error"]["code"], "refused");
    assert!(refused["error"]["message"].as_str().unwrap().contains("not on a Friday"), "{refused:#}");

    let review = asked(&run(&mut agent, &json!({"n": 2})));
    decide(&workspace, review, DecisionKind::Approve, "go");
    workspace.write("tools/approved/deploy/deploy.py", &format!("{DEPLOY}\n"));
    let refused = run(&mut agent, &json!({"n": 2}));
    assert_eq!(refused["error"]["code"], "refused", "one byte after the yes: {refused:#}");
}

#[test]
fn a_yes_that_was_taken_back_is_none() {
    let workspace = dear();
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let review = asked(&run(&mut agent, &json!({"n": 1})));
    decide(&workspace, review, DecisionKind::Approve, "go");
    let (_, code) = workspace.json_of_human(&["undo"]);
    assert_eq!(code, 0);
    assert_eq!(asked(&run(&mut agent, &json!({"n": 1}))), review, "the question waits again");
}

#[test]
fn of_many_runs_at_once_one_makes_use_of_a_permit() {
    let workspace = dear();
    let engine = open(&workspace);
    let tool = engine.library().resolve("deploy").unwrap();
    let rosa = Caller::Agent("rosa".to_owned());
    let request = RunRequest { tool, input: Some(json!({"n": 1})), timeout: None, again: None, worker: None };
    let review = engine.runs().start(&request, &rosa).unwrap().asked.unwrap();
    decide(&workspace, review.0, DecisionKind::Approve, "go");
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let start = || engine.runs().start(&request, &rosa).and_then(toolsmith::engine::RunHandle::wait);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ran = outcomes.iter().filter(|run| run.as_ref().is_ok_and(|run| run.outcome == RunOutcome::Succeeded));
    assert_eq!(ran.count(), 1, "{outcomes:?}");
    let asked = outcomes.iter().filter(|run| run.as_ref().is_ok_and(|run| run.outcome == RunOutcome::Refused));
    assert_eq!(asked.count(), 7, "the others ask again, as any later run does: {outcomes:?}");
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    assert_eq!(waiting.len(), 1, "once: {waiting:#?}");
}

#[test]
fn a_call_by_scenario_asks_for_a_permit_as_a_run_does() {
    let workspace = dear();
    let mut agent = Agent::connect(&workspace, LEGACY, &["--as-agent", "rosa"]);
    let (input, scenario) = (json!({"n": 1}), json!({"scenario": "deploys", "input": {"n": 1}}));
    let review = asked(&agent.call("call", scenario.clone()));
    assert_eq!(asked(&run(&mut agent, &input)), review, "the same question");
    decide(&workspace, review, DecisionKind::Approve, "go");
    let ran = agent.call("call", scenario.clone());
    assert_eq!((&ran["state"], &ran["output"]), (&json!("succeeded"), &input), "{ran:#}");
    assert_ne!(asked(&agent.call("call", scenario)), review, "a permit is good once");
}

#[test]
fn nobody_posts_a_call_as_a_request() {
    let workspace = dear();
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let refused = agent.call("request", json!({"kind": "call", "tool": "deploy", "rationale": "x"}));
    assert_eq!(refused["error"]["code"], "usage", "{refused:#}");
    workspace.write(
        "request.json",
        "{\"kind\": \"call\", \"tool\": \"deploy\", \"rationale\": \"x\", \"description\": \"x\"}",
    );
    let (refused, code) = workspace.json(&["--as-agent", "rosa", "request", "--file", "request.json"]);
    assert_eq!((code, &refused["error"]["code"]), (2, &json!("usage")), "{refused:#}");
    let (refused, code) = workspace.json(&["--as-agent", "rosa", "run", "deploy"]);
    assert_eq!(code, 4, "{refused:#}");
    assert!(
        refused["run"]["error"].as_str().unwrap().contains("`toolsmith wait "),
        "the same by the shell: {refused:#}"
    );
}

#[test]
fn a_permit_covers_the_steps_of_a_composite_and_neither_another_time_limit_nor_another_environment() {
    let workspace = dear();
    workspace.write(
        "tools/experimental/release/tool.toml",
        "name = \"release\"\nversion = \"1.0.0\"\ndescription = \"Releases\"\nkind = \"composite\"\n[input]\ntype = \"object\"\n\
[[steps]]\nid = \"one\"\ntool = \"deploy\"\ninput = { n = 1 }\n",
    );
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0).id;
    drop(engine);
    decide(&workspace, review.0, DecisionKind::Approve, "read");
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let call = json!({"tool": "release", "input": {}});
    let review = asked(&agent.call("run", call.clone()));
    let shown = open(&workspace).reviews().detail(ReviewId(review)).unwrap();
    assert!(String::from_utf8_lossy(&shown.files[0].bytes).contains("\"tool\": \"deploy\""), "the steps are named");
    decide(&workspace, review, DecisionKind::Approve, "go");
    let ran = agent.call("run", call);
    assert_eq!((&ran["state"], &ran["output"]), (&json!("succeeded"), &json!({"n": 1})), "{ran:#}");

    let review = asked(&run(&mut agent, &json!({"n": 5})));
    decide(&workspace, review, DecisionKind::Approve, "go");
    let longer = ["--as-agent", "mcp:test-client", "run", "deploy", "--input", "{\"n\": 5}", "--timeout", "5h"];
    let (refused, code) = workspace.json(&longer);
    assert_eq!(code, 4, "{refused:#}");
    assert_eq!(run(&mut agent, &json!({"n": 5}))["state"], "succeeded");
    let (refused, code) = workspace.json_of_human(&["undo"]);
    assert_eq!(code, 3, "nobody takes back what a run has used: {refused:#}");
}

#[test]
fn a_secret_in_the_input_is_not_shown_to_whoever_reads_the_question() {
    let workspace = dear();
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let input = json!({"password": "correct-horse-battery", "n": 1});
    let review = asked(&run(&mut agent, &input));
    let shown = open(&workspace).reviews().detail(ReviewId(review)).unwrap();
    let text = String::from_utf8_lossy(&shown.files[0].bytes).into_owned();
    assert!(text.contains("[redacted") && !text.contains("correct-horse"), "{text}");
    assert!(!agent.call("wait", json!({"review": review, "wait_s": 1})).to_string().contains("correct-horse"));
    let other = json!({"password": "another-one-of-these", "n": 1});
    assert_ne!(asked(&run(&mut agent, &other)), review, "what is not shown counts as well");
    let long = json!({"text": "x".repeat(100_000)});
    assert_eq!(run(&mut agent, &long)["error"]["code"], "refused", "nobody could read it");
}
