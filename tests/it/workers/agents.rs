//! Agents name a worker only where a human allowed it for them.

use super::World;
use crate::agents::{Agent, Era};
use serde_json::json;

#[test]
fn an_agent_names_a_worker_only_where_a_human_allowed_it() {
    let world = World::plain();
    world.tool("alpha", "echo hello\n", "");
    world.approve("alpha");
    for verb in ["run", "check"] {
        let (refused, code) = world.workspace.json(&["--as-agent", "bot", verb, "alpha", "--on", "two"]);
        assert_eq!(code, 4, "{verb}: {refused:#}");
        assert_eq!(refused["error"]["message"], "agent bot cannot use worker two", "{verb}");
    }
    let mut agent = Agent::connect(&world.workspace, Era::Inline, &[]);
    let asked = json!({"tool": "alpha", "on": "two"});
    let refused = agent.call("run", asked.clone());
    assert!(refused.to_string().contains("cannot use worker two"), "{refused:#}");
    assert_eq!(agent.leave().code(), Some(0));

    world.configure("exec \"$@\"", "agents = true\n");
    let mut agent = Agent::connect(&world.workspace, Era::Inline, &[]);
    for verb in ["run", "run-strict"] {
        let answer = agent.call(verb, asked.clone());
        assert!(answer.to_string().contains("hello"), "{answer:#}");
    }
    assert_eq!(agent.leave().code(), Some(0));
    let runs = world.workspace.json(&["runs"]).0;
    assert_eq!((&runs["runs"][0]["worker"], &runs["runs"][1]["worker"]), (&json!("two"), &json!("two")), "{runs:#}");
    let listed = world.workspace.json(&["workers"]).0;
    assert_eq!(listed["workers"][0]["agents"], true, "{listed:#}");
}
