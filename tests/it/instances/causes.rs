//! What is said of a service that broke down leads to the cause.

use super::{Bench, COMPANION, kill};
use crate::support::processes_with;
use std::process::Output;

/// Ends with an error on standard error when it is asked for it.
const BREAKS: &str = r#"
import json, sys
for line in sys.stdin:
    said = json.loads(line)
    if said["message"] == "break":
        {}["prompts"]
    print(json.dumps({"response": "fine"}), flush=True)
"#;

const QUICK: &str = "[service]\nbackoff = { first = \"10ms\", factor = 1, most = \"10ms\", calm = \"60s\" }\n";

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_message_that_breaks_a_service_is_answered_with_the_cause_and_its_log_stays_reachable() {
    let bench = Bench::new();
    bench.service("breaks", BREAKS, QUICK);
    bench.ok(&["launch", "breaks", "--wait"]);
    let run = bench.instance("breaks")["run"].as_i64().unwrap();
    let (answer, _) = bench.workspace.json(&["say", "breaks", "break"]);
    let error = &answer["error"];
    let why = "breaks: it ended before it answered; last line on standard error: KeyError: 'prompts'";
    assert_eq!(error["message"], why);
    assert_eq!(error["hint"], format!("`toolsmith output {run}` prints the log of the run that ended"));
    let seen = bench.until_so("breaks", "another start", |seen| seen["incarnation"] == 2 && seen["state"] == "running");
    assert_eq!(seen["previous_run"], run);
    let keepers: Vec<_> = bench.keepers().into_iter().map(serde_json::Value::from).collect();
    assert_eq!(keepers, [seen["keeper_pid"].clone()], "{seen}");
    assert!(seen["sandbox_pid"].is_number(), "{seen}");
    for file in ["comm", "cmdline"] {
        let name = std::fs::read_to_string(format!("/proc/{}/{file}", seen["keeper_pid"])).unwrap();
        assert!(name.starts_with("toolsmith"), "{name}");
    }
    let output = bench.workspace.toolsmith(&["output", "breaks"]).output().unwrap();
    assert!(told(&output).contains(&format!("`toolsmith output {run}` prints the log of the start of breaks before")));
    let output = bench.workspace.toolsmith(&["output", &run.to_string()]).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("KeyError: 'prompts'"));
    let shown = bench.workspace.toolsmith(&["services", "breaks"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("last problem") && !shown.contains("reason"), "{shown}");
    assert!(shown.contains(&format!("the start before was run {run}")), "{shown}");
}

#[test]
fn the_hint_of_a_failed_launch_names_what_it_needs_and_no_log_that_is_not_there() {
    let bench = Bench::new();
    bench.service(
        "failer",
        "import sys\nsys.exit(3)\n",
        "[service]\nrestart = \"never\"\n[service.ready]\nline = \"ready\"\n",
    );
    bench.service("needs", COMPANION, "[service]\nafter = { failer = \"ready\" }\n");
    let hint = |args: &[&str]| {
        let (answer, code) = bench.workspace.json(args);
        assert_ne!(code, 0, "{answer}");
        answer["error"]["hint"].as_str().unwrap().to_owned()
    };
    bench.ok(&["launch", "failer"]);
    bench.until("failer", "failed");
    assert_eq!(hint(&["launch", "needs", "--wait"]), "`toolsmith services failer` says why failer does not run");
}

#[test]
fn a_name_that_is_a_service_without_an_instance_is_answered_with_how_to_launch_it() {
    let (bench, _) = Bench::with_companion("");
    let (answer, _) = bench.workspace.json(&["say", "companion", "hello"]);
    assert_eq!(
        answer["error"]["message"],
        "there is no instance companion: the service companion was not launched yet"
    );
    assert_eq!(answer["error"]["hint"], "`toolsmith launch companion` launches it");
    bench.ok(&["launch", "companion", "--instance", "mine"]);
    let (answer, _) = bench.workspace.json(&["say", "nobody", "hello"]);
    assert_eq!(answer["error"]["hint"], "instances: mine");
}

#[test]
fn ends_by_request_and_with_the_keeper_count_neither_as_success_nor_as_failure() {
    let (bench, mark) = Bench::with_companion("[service]\nrestart = \"never\"\n");
    bench.ok(&["launch", "companion", "--wait"]);
    bench.ok(&["terminate", "companion", "--wait"]);
    bench.ok(&["launch", "companion", "--wait"]);
    bench.keepers().into_iter().for_each(kill);
    Bench::until_gone(&mark);
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
    bench.until("companion", "failed");
    let runs = bench.ok(&["runs"]);
    let outcomes: Vec<_> =
        runs["runs"].as_array().unwrap().iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["interrupted", "cancelled"]);
    let tool = bench.ok(&["show", "companion"])["tool"].clone();
    assert_eq!((&tool["runs"], &tool["success_rate"]), (&0.into(), &serde_json::Value::Null), "{tool}");
    assert_eq!(bench.ok(&["failures"])["failures"], serde_json::json!([]));
    let review = bench.ok(&["reviews"])["reviews"][0]["id"].to_string();
    let shown = bench.workspace.toolsmith(&["review", &review]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("2 runs ended by request or with the machine"), "{shown}");
}
