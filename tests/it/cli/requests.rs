//! What agents ask for, and the answers they get.

use super::{Answered, Shell};
use serde_json::{Value, json};
use std::process::Child;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Posts a request as an agent does, on standard input or as a file.
fn post(shell: &Shell, request: &Value) -> Answered {
    shell.write("request.json", &request.to_string());
    shell.call(&["request", "--file", "request.json", "--as-agent", "coder", "--json"])
}

fn specification(tool: &str) -> Value {
    json!({"kind": "specification", "tool": tool, "description": "joins files", "rationale": "asked twice",
        "specification": {"input_parameters": [{"name": "a", "type": "string"}]}})
}

fn digest(shell: &Shell, review: i64) -> String {
    let review = shell.call(&["review", &review.to_string(), "--json"]).exits(0).json()["review"].clone();
    review["digest"].as_str().unwrap().to_owned()
}

fn waiter(shell: &Shell, review: &str) -> Child {
    let mut command = shell.command(&["wait", review, "--as-agent", "coder", "--json"]);
    command.stdout(std::process::Stdio::piped()).spawn().unwrap()
}

#[test]
fn an_agent_asks_goes_on_and_has_the_answer_within_a_second_also_after_a_restart() {
    let shell = Shell::new();
    let asked = post(&shell, &specification("join")).exits(0).json();
    assert_eq!((&asked["review"], &asked["operation"]), (&json!(1), &json!(1)));
    let mut first = waiter(&shell, "1");
    let early = shell.call(&["wait", "1", "--timeout", "50ms", "--json"]).exits(4).json();
    assert_eq!((&early["state"], &early["decision"]), (&json!("waiting"), &Value::Null));
    first.kill().unwrap();
    first.wait().unwrap();
    let second = waiter(&shell, "1");
    let digest = digest(&shell, 1);
    shell.at_terminal(&["approve", "1", "--digest", &digest[..8], "--reason", "build it"]).exits(0);
    let output = second.wait_with_output().unwrap();
    let returned = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &answer["state"], &answer["reason"]),
        (Some(0), &json!("approved"), &json!("build it"))
    );
    let log = shell.call(&["log", "--json"]).exits(0).json()["operations"][0].clone();
    let decided: jiff::Timestamp = log["at"].as_str().unwrap().parse().unwrap();
    let took = returned.saturating_sub(Duration::from_millis(decided.as_millisecond() as u64));
    // A second is promised; the machine of a test is busy.
    assert!(took < Duration::from_secs(4), "{took:?}");
    let again = shell.call(&["wait", "1", "--json"]).exits(0).json();
    assert_eq!(again["decision"], "approve", "the answer is kept");
    shell.call(&["wait", "99"]).exits(5);
}

#[test]
fn a_no_says_why_and_each_answer_has_its_exit_code() {
    let shell = Shell::new();
    for (tool, verb) in [("a", "reject"), ("b", "request-changes")] {
        let review = post(&shell, &specification(tool)).exits(0).json()["review"].to_string();
        shell.at_terminal(&[verb, &review, "--reason", "say what it gives"]).exits(0);
        let answer = shell.call(&["wait", &review, "--json"]).exits(1).json();
        assert_eq!((&answer["decision"], &answer["reason"]), (&json!(verb), &json!("say what it gives")));
    }
    let mut short = specification("c");
    short["expires_in"] = json!("200ms");
    let review = post(&shell, &short).exits(0).json()["review"].to_string();
    let answer = shell.call(&["wait", &review, "--json"]).exits(4).json();
    assert_eq!((&answer["state"], &answer["decision"]), (&json!("expired"), &Value::Null));
    let digest = digest(&shell, review.parse().unwrap());
    shell.at_terminal(&["approve", &review, "--digest", &digest[..8]]).exits(3);
    let text = shell.call(&["wait", "1"]).exits(1).stdout;
    assert!(text.starts_with("review 1 of a: rejected\n") && text.contains("say what it gives"), "{text}");
}

#[test]
fn an_agent_asks_for_the_approval_of_a_tool_by_its_name() {
    let shell = Shell::new();
    shell.write("tools/experimental/greet.sh", "#!/bin/sh\n# Greet.\necho hello\n");
    let agent = |words: &[&str]| shell.call(&[words, &["--as-agent", "coder"]].concat());
    let refused = agent(&["run", "greet"]).exits(4);
    assert!(refused.stderr.contains("`toolsmith request greet --rationale TEXT`"), "{}", refused.stderr);
    agent(&["request", "greet"]).exits(2);
    agent(&["request", "greet", "--rationale", "x", "--file", "-"]).exits(2);
    agent(&["request", "nothing", "--rationale", "x"]).exits(5);
    let asked = agent(&["request", "greet", "--rationale", "greets the reader", "--json"]).exits(0).json();
    let review = shell.call(&["review", &asked["review"].to_string()]).exits(0).stdout;
    assert!(review.contains("greets the reader") && review.contains("coder"), "{review}");
}

#[test]
fn a_request_is_refused_with_the_name_of_its_field_and_its_text_is_shown_escaped() {
    let shell = Shell::new();
    let mut wrong = specification("a");
    wrong["specification"] = json!([]);
    let refused = post(&shell, &wrong).exits(2).json()["error"]["message"].clone();
    assert!(refused.as_str().unwrap().starts_with("specification: "), "{refused}");
    shell.call(&["request", "--file", "nothing.json"]).exits(5);
    let mut hidden = specification("a");
    hidden["rationale"] = json!("harmless\u{202e}\u{1b}[2J");
    post(&shell, &hidden).exits(0);
    let text = shell.call(&["review", "1"]).exits(0).stdout;
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains("\\u{202e}"), "{text}");
    assert_eq!(shell.waiting_review()["risk"], "high", "what hides characters is risky");
}

#[test]
fn several_reviews_are_decided_in_one_act_with_a_table_and_a_question() {
    let shell = Shell::new();
    for tool in ["a", "b", "c", "d"] {
        post(&shell, &specification(tool)).exits(0);
    }
    let arguments: Vec<String> = (1..=2).map(|id| format!("{id}={}", &digest(&shell, id)[..8])).collect();
    let approve = ["approve", &arguments[0], &arguments[1]];
    shell.at_terminal(&["approve", &arguments[0], "2"]).exits(2);
    shell.at_terminal(&["approve", &arguments[0], "2=00000000", "--yes"]).exits(3);
    let no = shell.typing(&approve, "[y/N]", "n\n").exits(1);
    assert!(no.stdout.contains("nothing was decided"), "{}", no.stdout);
    let done = shell.typing(&approve, "[y/N]", "y\n").exits(0);
    assert_eq!(done.stdout.matches("done").count(), 2, "{}", done.stdout);
    let partly = shell.at_terminal(&["reject", "1", "3", "--reason", "no need", "--yes", "--no-color"]).exits(1);
    assert!(partly.stdout.contains("left     1") && partly.stdout.contains("done     3"), "{}", partly.stdout);
    let states: Vec<Value> = shell.call(&["reviews", "--state", "all", "--json"]).exits(0).json()["reviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| review["state"].clone())
        .collect();
    assert_eq!(states, ["approved", "approved", "rejected", "waiting"].map(Value::from));
}

#[test]
fn of_several_reviews_the_known_ones_are_decided_and_an_unknown_number_is_named() {
    let shell = Shell::new();
    for tool in ["a", "b", "c", "d"] {
        post(&shell, &specification(tool)).exits(0);
    }
    let reject = ["reject", "1", "998", "2", "999", "--reason", "no need"];
    let no = shell.typing(&reject, "[y/N]", "n\n").exits(1);
    let (named, asked) = (no.stdout.find("there is no review 998"), no.stdout.find("reject 2 of them?"));
    assert!(named.is_some() && named < asked, "it is said before the question: {}", no.stdout);
    let mixed = shell.at_terminal(&[&reject[..], &["--yes", "--no-color"]].concat()).exits(5);
    for part in ["done     1", "done     2", "unknown  998", "unknown  999", "there is no review 999"] {
        assert!(mixed.stdout.contains(part), "{part}: {}", mixed.stdout);
    }
    let as_json = shell.at_terminal(&["reject", "1", "3", "999", "--reason", "no", "--yes", "--json"]).exits(5);
    let at = as_json.stdout.find('{').unwrap();
    let results = serde_json::from_str::<Value>(as_json.stdout[at..].trim()).unwrap()["results"].clone();
    let done: Vec<(i64, bool, &str)> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let code = one["error"]["code"].as_str().unwrap_or_default();
            (one["review"].as_i64().unwrap(), one["done"].as_bool().unwrap(), code)
        })
        .collect();
    assert_eq!(done, [(3, true, ""), (1, false, "refused"), (999, false, "not-found")]);
    let approve = ["approve", &format!("4={}", &digest(&shell, 4)[..8]), "999=00000000", "--yes"];
    shell.at_terminal(&approve).exits(5);
    let none = shell.at_terminal(&["reject", "998", "999", "--reason", "no", "--yes"]).exits(5);
    assert!(none.stdout.contains("unknown reviews: 998, 999"), "{}", none.stdout);
    let states: Vec<Value> = shell.call(&["reviews", "--state", "all", "--json"]).exits(0).json()["reviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| review["state"].clone())
        .collect();
    assert_eq!(states, ["rejected", "rejected", "rejected", "approved"].map(Value::from));
}

#[test]
fn the_queue_is_read_by_age_or_by_risk() {
    let shell = Shell::new();
    post(&shell, &specification("a")).exits(0);
    shell.tool("experimental", "loud", "echo\n", "[permissions]\nnetwork = [\"full\"]\n");
    let order = |args: &[&str]| -> Vec<Value> {
        let reviews = shell.call(&[&["reviews", "--json"], args].concat()).exits(0).json()["reviews"].clone();
        reviews.as_array().unwrap().iter().map(|review| review["id"].clone()).collect()
    };
    assert_eq!(order(&[]), [1, 2]);
    assert_eq!(order(&["--sort", "risk"]), [2, 1]);
}

#[test]
fn a_changed_tool_is_put_back_forked_rolled_back_and_deprecated_from_the_shell() {
    let shell = Shell::new();
    shell.tool("experimental", "hello", "echo hello\n", "");
    let first = digest(&shell, 1);
    shell.at_terminal(&["approve", &format!("1={}", &first[..8])]).exits(0);
    shell.call(&["run", "hello", "--as-agent", "coder"]).exits(0);
    shell.write("tools/approved/hello/hello.sh", "echo changed\n");
    shell.call(&["run", "hello", "--as-agent", "coder"]).exits(4);
    shell.at_terminal(&["restore-files", "hello"]).exits(0);
    shell.call(&["run", "hello", "--as-agent", "coder"]).exits(0);
    shell.write("tools/approved/hello/hello.sh", "echo changed\n");
    shell.at_terminal(&["fork", "hello", "hallo"]).exits(0);
    assert_eq!(shell.call(&["show", "hallo", "--json"]).exits(0).json()["tool"]["stage"], "experimental");
    assert_eq!(shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"]["digest"], json!(first));
    shell.at_terminal(&["rollback", "hello"]).exits(5);
    let marked = shell.at_terminal(&["deprecate", "hello", "--by", "hallo", "--reason", "misspelt"]).exits(0);
    assert!(marked.stdout.contains("hello is deprecated; use hallo instead"), "{}", marked.stdout);
    let tool = shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"].clone();
    assert_eq!((&tool["deprecated"]["by"], &tool["deprecated"]["reason"]), (&json!("hallo"), &json!("misspelt")));
    assert!(shell.call(&["list"]).exits(0).stdout.contains("deprecated"));
    let ran = shell.call(&["run", "hello"]).exits(0);
    assert!(ran.stderr.contains("use hallo instead"), "{}", ran.stderr);
    shell.at_terminal(&["undo"]).exits(0);
    assert_eq!(shell.call(&["show", "hello", "--json"]).exits(0).json()["tool"]["deprecated"], Value::Null);
    shell.call(&["verify"]).exits(0);
}
