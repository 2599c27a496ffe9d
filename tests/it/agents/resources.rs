//! Resources and prompts, over standard input and output in both eras.

use super::client::{Agent, Era, LEGACY};
use super::{decide, with_approved};
use crate::support::Workspace;
use serde_json::{Value, json};
use toolsmith::domain::DecisionKind;

fn read(agent: &mut Agent, uri: &str) -> Value {
    agent.ask("resources/read", json!({"uri": uri}))
}

fn text(answer: &Value) -> String {
    answer["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
}

#[test]
fn tools_their_source_output_and_reviews_have_addresses() {
    let workspace = with_approved("hello", "print('said \\x1b[2J')");
    let mut other = Agent::connect(&workspace, LEGACY, &["--as-agent", "other"]);
    other.call("run", json!({"tool": "hello"}));
    for era in [LEGACY, Era::Inline] {
        let mut agent = Agent::connect(&workspace, era, &["--as-agent", "rosa"]);
        let listed = agent.ask("resources/list", json!({}));
        let uri = listed["result"]["resources"][0]["uri"].as_str().unwrap().to_owned();
        assert_eq!(uri, "toolsmith://tools/hello");
        let shown: Value = serde_json::from_str(&text(&read(&mut agent, &uri))).unwrap();
        assert_eq!((&shown["name"], &shown["may_run"]), (&json!("hello"), &json!(true)));
        assert!(text(&read(&mut agent, "toolsmith://tools/hello/source")).contains("print('said"));
        let templates = agent.ask("resources/templates/list", json!({}));
        assert_eq!(templates["result"]["resourceTemplates"].as_array().unwrap().len(), 5);

        let run = agent.call("run", json!({"tool": "hello"}))["run"].as_i64().unwrap();
        let written = text(&read(&mut agent, &format!("toolsmith://runs/{run}/stdout")));
        assert!(written.starts_with("said \\") && !written.contains('\x1b'), "{written:?}");
        for wrong in
            ["toolsmith://runs/1/stdout", "toolsmith://tools/nothing", "toolsmith://reviews/99", "file:///etc/passwd"]
        {
            let refused = read(&mut agent, wrong);
            assert_eq!((&refused["error"]["code"], &refused["error"]["data"]["uri"]), (&json!(-32602), &json!(wrong)));
        }
    }
}

#[test]
fn the_list_of_a_large_library_comes_in_parts() {
    let mut workspace = Workspace::new();
    for number in 0..120 {
        workspace = workspace.with_script(&format!("tool_{number:03}"), "print(1)");
    }
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    let first = agent.ask("resources/list", json!({}));
    let cursor = first["result"]["nextCursor"].as_str().unwrap().to_owned();
    let second = agent.ask("resources/list", json!({"cursor": cursor}));
    let uris = |part: &Value| {
        let all = part["result"]["resources"].as_array().unwrap().clone();
        all.iter().map(|one| one["uri"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all: std::collections::BTreeSet<String> = uris(&first).into_iter().chain(uris(&second)).collect();
    assert_eq!((all.len(), second["result"]["nextCursor"].is_null()), (120, true));
    assert_eq!(agent.ask("resources/list", json!({"cursor": "x"}))["error"]["code"], -32602);
}

#[test]
fn a_client_hears_of_the_decision_about_a_review_that_it_watches() {
    for era in [LEGACY, Era::Inline] {
        let workspace = Workspace::new().with_script("fresh", "print(1)");
        let mut agent = Agent::connect(&workspace, era, &["--as-agent", "rosa"]);
        let asked = agent.call("request", json!({"kind": "archive", "tool": "fresh", "rationale": "nobody needs it"}));
        let review = asked["review"].as_i64().unwrap();
        let uri = format!("toolsmith://reviews/{review}");
        if era == Era::Inline {
            agent.post("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": [uri]}}));
            agent.notice("notifications/subscriptions/acknowledged");
        } else {
            assert!(agent.ask("resources/subscribe", json!({"uri": uri}))["error"].is_null());
        }
        // The server looks at what a stream watches once it has acknowledged it; a call later, it has.
        agent.call("wait", json!({"review": review, "wait_s": 1}));
        decide(&workspace, review, DecisionKind::Reject, "it is needed");
        let notice = agent.notice("notifications/resources/updated");
        assert_eq!(notice["params"]["uri"], json!(uri));
        let now: Value = serde_json::from_str(&text(&read(&mut agent, &uri))).unwrap();
        assert_eq!((&now["state"], &now["reason"]), (&json!("rejected"), &json!("it is needed")));
        if era == LEGACY {
            assert!(agent.ask("resources/unsubscribe", json!({"uri": uri}))["error"].is_null());
        }
    }
}

#[test]
fn prompts_say_how_to_propose_and_repair() {
    for era in [LEGACY, Era::Inline] {
        let workspace = Workspace::new();
        let mut agent = Agent::connect(&workspace, era, &[]);
        let listed = agent.ask("prompts/list", json!({}));
        let names: Vec<&Value> =
            listed["result"]["prompts"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["propose-tool", "repair-tool"]);
        let got = agent.ask("prompts/get", json!({"name": "propose-tool", "arguments": {"purpose": "count words"}}));
        let said = got["result"]["messages"][0]["content"]["text"].as_str().unwrap();
        assert!(said.contains("count words") && said.contains("request"), "{said}");
        let missing = agent.ask("prompts/get", json!({"name": "repair-tool", "arguments": {}}));
        assert_eq!(missing["error"]["code"], -32602, "{missing:#}");
        let unknown = agent.ask("prompts/get", json!({"name": "repair-tool", "arguments": {"tool": "no-such"}}));
        assert_eq!(unknown["error"]["code"], -32602, "{unknown:#}");
        assert!(unknown["error"]["message"].as_str().unwrap().contains("no-such"), "{unknown:#}");
    }
}
