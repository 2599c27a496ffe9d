//! The history of failures through the program: groups, incidents, marks, runs compared.

use crate::cli::Shell;
use serde_json::{Value, json};

const MANIFEST: &str = r#"name = "divider"
version = "1.0.0"
description = "Divides one hundred by a number"
cost_tier = "low"

[run]
command = ["python3", "{file}"]
entry = "divider.py"
input = "stdin-json"
"#;

const SCRIPT: &str = r#"import json, sys
n = json.load(sys.stdin)["n"]
print(json.dumps({"quotient": 100 / n}))
"#;

fn shell() -> Shell {
    let shell = Shell::new();
    shell.write("tools/experimental/divider/tool.toml", MANIFEST);
    shell.write("tools/experimental/divider/divider.py", SCRIPT);
    shell
}

fn divide(shell: &Shell, n: i64, code: i32) -> Value {
    shell.call(&["--json", "run", "divider", "--set", &format!("n={n}")]).exits(code).json()
}

fn only_failure(shell: &Shell) -> Value {
    let found = shell.call(&["--json", "failures"]).exits(0).json();
    assert_eq!(found["failures"].as_array().unwrap().len(), 1, "{found:#}");
    found["failures"][0].clone()
}

#[test]
fn a_group_tells_its_versions_inputs_and_how_long_the_tool_did_not_work() {
    let shell = shell();
    for (n, code) in [(0, 1), (0, 1), (4, 0)] {
        divide(&shell, n, code);
    }
    let group = only_failure(&shell);
    assert_eq!(group["count"], json!(2));
    let signature = group["signature"].as_str().unwrap();
    let detail = shell.call(&["--json", "failure", &signature[..6]]).exits(0).json();
    assert_eq!(detail["versions"][0]["count"], json!(2), "{detail:#}");
    let inputs: Vec<&Value> = detail["runs"].as_array().unwrap().iter().map(|run| &run["input"]).collect();
    assert_eq!(inputs, [&json!("{\"n\":0}"), &json!("{\"n\":0}")]);
    let incident = &detail["incidents"][0];
    assert_eq!((&incident["failures"], &incident["recovered_by"]), (&json!(2), &json!(3)), "{detail:#}");
    assert!(detail["median_recovery_ms"].is_u64());
    let text = shell.call(&["failure", signature]).exits(0).stdout;
    assert!(text.contains("median time to recovery") && text.contains("run 3 of 1.0.0"), "{text}");
    let all = shell.call(&["--json", "failures", "--incidents"]).exits(0).json();
    assert_eq!(all["incidents"], detail["incidents"]);
    assert_eq!(shell.call(&["--json", "failure", "ffff"]).exits(5).error_code(), "not-found");
}

#[test]
fn lists_are_narrowed_by_state_severity_time_and_text() {
    let shell = shell();
    divide(&shell, 0, 1);
    let count = |args: &[&str]| {
        let all: Vec<&str> = ["--json", "failures"].iter().chain(args).copied().collect();
        shell.call(&all).exits(0).json()["failures"].as_array().unwrap().len()
    };
    assert_eq!([count(&["--state", "open"]), count(&["--state", "resolved"])], [1, 0]);
    assert_eq!([count(&["--severity", "medium"]), count(&["--severity", "high"])], [1, 0]);
    assert_eq!([count(&["--grep", "zerodivision"]), count(&["--grep", "keyerror"])], [1, 0]);
    assert_eq!([count(&["--since", "1h"]), count(&["divider"])], [1, 1]);
}

#[test]
fn a_failed_run_is_compared_with_the_newest_that_succeeded_with_the_same_input_if_there_is_one() {
    let shell = shell();
    assert_eq!(shell.call(&["--json", "compare", "9"]).exits(5).error_code(), "not-found");
    divide(&shell, 0, 1);
    assert_eq!(shell.call(&["--json", "compare", "1"]).exits(5).error_code(), "not-found");
    divide(&shell, 5, 0);
    divide(&shell, 4, 0);
    let compared = shell.call(&["--json", "compare", "1"]).exits(0).json();
    assert_eq!((&compared["before"]["id"], &compared["after"]["id"]), (&json!(1), &json!(3)));
    let lines = |name: &str| compared[name].as_str().unwrap().to_owned();
    assert!(lines("input").contains("-  \"n\": 0\n+  \"n\": 4"), "{}", lines("input"));
    assert!(lines("stdout").contains("+{\"quotient\": 25.0}"), "{}", lines("stdout"));
    assert!(lines("stderr").contains("-ZeroDivisionError"), "{}", lines("stderr"));
    let same = shell.call(&["compare", "2", "3"]).exits(0).stdout;
    assert!(same.contains("standard error: identical"), "{same}");
}

#[test]
fn agents_mark_failures_humans_take_tags_away_and_resolve() {
    let shell = shell();
    divide(&shell, 0, 1);
    let mark = ["mark-failure", "divider", "--scenario", "parse JSON data", "--severity", "high", "--run", "1"];
    let told = shell.call(&[&["--as-agent", "bot", "--json"], &mark[..]].concat()).exits(0).json();
    assert_eq!(told["detail"]["tags"], json!(["not-for-json"]), "{told:#}");
    let group = only_failure(&shell);
    assert_eq!((&group["severity"], &group["count"]), (&json!("high"), &json!(1)), "it is the failure of run 1");
    assert_eq!(group["scenarios"], json!(["parse JSON data"]));
    let refused = shell.call(&["--as-agent", "bot", "--json", "untag", "divider", "not-for-json"]).exits(4);
    assert_eq!(refused.error_code(), "human-needed");
    shell.at_terminal(&["untag", "divider", "not-for-json"]).exits(0);
    let marks = || shell.call(&["--json", "failures", "--marks"]).exits(0).json()["marks"].clone();
    assert_eq!(marks()[0]["tags"], json!([]));
    shell.at_terminal(&["undo"]).exits(0);
    assert_eq!(marks()[0]["tags"], json!(["not-for-json"]));
    let signature = group["signature"].as_str().unwrap().to_owned();
    shell.at_terminal(&["resolve", &signature[..8], "--reason", "checked by the caller"]).exits(0);
    assert_eq!(only_failure(&shell)["state"], json!("resolved"));
    shell.at_terminal(&["undo"]).exits(0);
    assert_eq!(only_failure(&shell)["state"], json!("open"));
    shell.at_terminal(&["resolve", &signature]).exits(0);
    divide(&shell, 0, 1);
    assert_eq!(only_failure(&shell)["state"], json!("open"), "it was seen again");
}

#[test]
fn a_mark_that_is_taken_back_leaves_no_open_failure_that_only_it_told_of() {
    let shell = shell();
    let mark = ["mark-failure", "divider", "--scenario", "round a sum", "--error", "wrong by one"];
    shell.call(&mark).exits(0);
    let group = only_failure(&shell);
    assert_eq!((&group["sample_run"], &group["state"]), (&Value::Null, &json!("open")));
    shell.at_terminal(&["undo"]).exits(0);
    let group = only_failure(&shell);
    assert_eq!((&group["scenarios"], &group["state"]), (&json!([]), &json!("resolved")));
}
