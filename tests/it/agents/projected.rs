//! Tools of the library as tools of the protocol.

use super::client::{Agent, Era, LEGACY};
use super::{decide, open, with_approved};
use crate::support::{Workspace, shared};
use serde_json::{Value, json};
use toolsmith::domain::DecisionKind;
use toolsmith::engine::ReviewFilter;

fn names(agent: &mut Agent) -> Vec<String> {
    let listed = agent.ask("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn approve_all(workspace: &Workspace) {
    let engine = open(workspace);
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    drop(engine);
    for review in waiting {
        decide(workspace, review.id.0, DecisionKind::Approve, "read");
    }
}

#[test]
fn what_an_agent_may_run_is_listed_called_by_name_and_the_client_is_told_when_that_changes() {
    for era in [LEGACY, Era::Inline] {
        let workspace = with_approved("greeting", "print('{\"hello\": 1}')").with_script("fresh", "print('{}')");
        let mut agent = Agent::connect(&workspace, era, &["mcp", "--list", "all"]);
        if era == Era::Inline {
            agent.post("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
        }
        let listed = names(&mut agent);
        assert_eq!(listed.len(), 12, "{listed:?}");
        assert_eq!(listed[11], "greeting");
        assert_eq!(agent.call("greeting", json!({}))["output"], json!({"hello": 1}));
        let unknown = agent.ask("tools/call", json!({"name": "fresh", "arguments": {}}));
        assert_eq!(unknown["error"]["code"], -32602, "nobody approved it: {unknown}");

        approve_all(&workspace);
        agent.notice("notifications/tools/list_changed");
        assert_eq!(names(&mut agent).len(), 13);
        assert_eq!(agent.call("fresh", json!({}))["state"], "succeeded");
    }
    let workspace = with_approved("greeting", "print('{}')");
    let mut plain = Agent::connect(&workspace, LEGACY, &[]);
    assert_eq!(names(&mut plain).len(), 11);
    let unknown = plain.ask("tools/call", json!({"name": "greeting", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

#[test]
fn pinned_lists_the_tools_of_the_set_in_use() {
    let workspace = Workspace::new().with_script("one", "print('{}')").with_script("two", "print('{}')");
    approve_all(&workspace);
    let mut agent = Agent::connect(&workspace, LEGACY, &["--tools", "two", "mcp", "--list", "pinned"]);
    let listed = names(&mut agent);
    assert_eq!(&listed[11..], ["two"], "{listed:?}");
}

/// Real definitions become tools that the meta-schema and the rules of clients take.
#[test]
fn real_schemas_are_tools_that_clients_take() {
    let Some(shared) = shared() else { return };
    let workspace = Workspace::new();
    crate::support::copy_folder(&shared.join("corpora/code_evolver"), &workspace.path("tools/approved/corpus"));
    let mut agent = Agent::connect(&workspace, LEGACY, &["mcp", "--list", "all"]);
    let listed = agent.ask("tools/list", json!({}));
    let mut seen = std::collections::BTreeSet::new();
    for tool in listed["result"]["tools"].as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        assert!(seen.insert(name.to_owned()), "{name} twice");
        assert!(name.len() <= 37 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "{name}");
        for word in ["oneOf", "anyOf", "allOf"] {
            assert_eq!(schema.get(word), None::<&Value>, "{name}");
        }
    }
}
