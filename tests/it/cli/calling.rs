//! `search` and `call` with real scripts.

use super::Shell;
use serde_json::{Value, json};

const TRANSLATES: &str = "tags = [\"translation\"]\nkeywords = [\"english\", \"french\", \"translate\"]";
const CALL: [&str; 4] = ["call", "translate english to french", "--tag", "translation"];

/// Three tools that say the same of themselves: the first fails, the second lies, the third does it.
fn three() -> Shell {
    let shell = Shell::new();
    shell.tool("experimental", "a-translate", "echo half; echo 'no key' >&2; exit 1\n", TRANSLATES);
    shell.tool("experimental", "b-translate", "echo '{\"success\": false}'\n", TRANSLATES);
    shell.tool("experimental", "c-translate", "echo '{\"text\": \"bonjour\"}'\n", TRANSLATES);
    shell.tool("experimental", "d-bake", "echo cake\n", "tags = [\"kitchen\"]");
    shell
}

fn tried(answer: &Value) -> Vec<(&str, &str)> {
    let attempts = answer["attempts"].as_array().unwrap().iter();
    attempts.map(|one| (one["tool"].as_str().unwrap(), one["outcome"].as_str().unwrap())).collect()
}

#[test]
fn a_call_answers_with_the_tool_that_works_and_begins_with_it_the_next_time() {
    let shell = three();
    let first = shell.call(&CALL).exits(0);
    assert_eq!(first.stdout, "{\"text\": \"bonjour\"}\n", "what failed before left nothing in the answer");
    let told = ["attempt 1 of 5: a-translate", "attempt 2 of 5: b-translate", "attempt 3 of 5: c-translate"];
    let places: Vec<_> = told.iter().map(|line| first.stderr.find(line)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}", first.stderr);
    assert!(first.stderr.contains("marked high") && first.stderr.contains("marked medium"), "{}", first.stderr);
    assert!(first.stderr.contains("c-translate succeeded after 3 attempts"), "{}", first.stderr);

    let again = shell.call(&[&CALL[..], &["--json"]].concat()).exits(0).json();
    assert_eq!((&again["outcome"], &again["tool"]), (&json!("answered"), &json!("c-translate")));
    assert_eq!(tried(&again), [("c-translate", "succeeded")]);
    assert_eq!(
        (&again["run"]["outcome"], &again["stdout"]),
        (&json!("succeeded"), &json!("{\"text\": \"bonjour\"}\n"))
    );
    assert_eq!(again["candidates"][0]["won_before"], json!(true));
    let marked = shell.call(&["log", "--grep", "mark-failure", "--json"]).exits(0).json();
    assert_eq!(marked["operations"].as_array().unwrap().len(), 2);
    let runs = shell.call(&["runs", "--json"]).exits(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 4, "every attempt is a run");
}

#[test]
fn who_would_be_tried_is_shown_with_reasons_and_nothing_runs() {
    let shell = three();
    let text = shell.call(&[&CALL[..], &["--show"]].concat()).exits(0).stdout;
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0].starts_with(" 1  a-translate 1.0.0  experimental"), "{text}");
    assert!(rows[1].contains(" - 0) x 0.5 = ") && rows[1].contains("\"english\" in keywords"), "{text}");
    let shown = shell.call(&[&CALL[..], &["--show", "--json"]].concat()).exits(0).json();
    let first = &shown["candidates"][0];
    let parts = ["similarity", "quality", "rank"].map(|part| first[part].as_f64().unwrap());
    assert!((parts[0] * parts[1] - parts[2]).abs() < 0.001, "{first}");
    assert_eq!(shell.call(&["runs", "--json"]).exits(0).json()["runs"], json!([]));
}

#[test]
fn nobody_to_call_is_an_error_and_a_call_that_failed_offers_to_evolve() {
    let shell = three();
    let none = shell.call(&["call", "translate english to french", "--tag", "poetry"]).exits(5);
    assert!(none.stderr.contains("no available tool has the tag poetry"), "{}", none.stderr);
    let error = shell.call(&["call", "launch a rocket", "--json"]).exits(5).json();
    assert_eq!(error["error"]["code"], json!("not-found"));
    shell.call(&["call", "the of"]).exits(5);
    shell.call(&["call", " "]).exits(2);
    shell.call(&["call", "bake", "--max-attempts", "0"]).exits(2);

    let failed = shell.call(&[&CALL[..], &["--max-attempts", "2", "--json"]].concat()).exits(1).json();
    assert_eq!(failed["outcome"], json!("all-failed"));
    assert_eq!(tried(&failed), [("a-translate", "failed"), ("b-translate", "failed")]);
    let hint = failed["hint"].as_str().unwrap();
    assert!(hint.contains("toolsmith evolve a-translate 'translate english to french' --failure 1"), "{hint}");
}

#[test]
fn an_agent_calls_only_what_it_may_run() {
    let shell = three();
    let refused = shell.call(&[&CALL[..], &["--as-agent", "bot"]].concat()).exits(4);
    assert!(refused.stderr.contains("agents may run approved versions only"), "{}", refused.stderr);
    assert_eq!(shell.call(&["runs", "--json"]).exits(0).json()["runs"], json!([]), "what it may not run is not tried");
}

#[test]
fn a_search_tells_why_and_holds_back_what_failed_at_it() {
    let shell = three();
    let names = |words: &str| -> Vec<String> {
        let found = shell.call(&["search", words, "--json"]).exits(0).json();
        found["hits"].as_array().unwrap().iter().map(|hit| hit["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("french translation"), ["a-translate", "b-translate", "c-translate"]);
    let text = shell.call(&["search", "french translation"]).exits(0).stdout;
    assert!(text.contains("\"french\" in keywords; \"translation\" in name, tags, keywords, description"), "{text}");
    // They say of themselves that they are for French, so a failure gives no such tag.
    shell.call(&CALL).exits(0);
    assert_eq!(names("french translation"), ["a-translate", "b-translate", "c-translate"]);
    shell.call(&["mark-failure", "a-translate", "--scenario", "translate a french poem"]).exits(0);
    assert_eq!(names("french poem translation"), ["b-translate", "c-translate", "a-translate"]);
    let text = shell.call(&["search", "french poem translation"]).exits(0).stdout;
    assert!(text.contains("ranked last, tagged not-for-poem"), "{text}");
    shell.call(&["search", "launch a rocket"]).exits(1);
}
