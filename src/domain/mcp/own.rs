//! Recognises Toolsmith's own list of tools for agents, whatever the server calls itself: behind another program,
//! Toolsmith would call itself.

use serde_json::Value;
use std::collections::BTreeSet;

/// The inputs of each tool that Toolsmith offers to agents, in order.
pub const OWN_INPUTS: [&[&str]; 11] = [
    &["detail", "kind", "limit", "tag", "words"],
    &["tool"],
    &["digest", "input", "on", "scenario", "tool", "wait_s"],
    &["digest", "input", "on", "tool", "wait_s"],
    &["input", "max_attempts", "scenario", "tag", "wait_s"],
    &["run"],
    &["offset", "run", "stream", "wait_s"],
    &["error", "run", "scenario", "severity", "tool"],
    &["failure", "hint", "tool"],
    &[
        "changes",
        "description",
        "expires_in",
        "files",
        "kind",
        "metadata",
        "path",
        "plan",
        "rationale",
        "specification",
        "successor",
        "test_results",
        "tool",
    ],
    &["review", "wait_s"],
];

/// The minimum number of matching tools: one or two tools of another server may match by chance.
const LEAST: usize = 7;

/// Whether a list of tools is Toolsmith's own, judged by the inputs of its tools.
pub fn is_own_list(tools: &[Value]) -> bool {
    let inputs = |tool: &Value| -> Option<BTreeSet<String>> {
        Some(tool.get("inputSchema")?.get("properties")?.as_object()?.keys().cloned().collect())
    };
    let listed: BTreeSet<BTreeSet<String>> = tools.iter().filter_map(inputs).collect();
    let is_listed = |own: &&&[&str]| {
        let own: BTreeSet<String> = own.iter().map(|name| (*name).to_owned()).collect();
        listed.contains(&own)
    };
    OWN_INPUTS.iter().filter(is_listed).count() >= LEAST
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_server_that_is_alike_in_some_tools_is_another_one() {
        let tool = |own: &&[&str]| {
            let properties: serde_json::Map<String, Value> =
                own.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
            json!({"name": "x", "inputSchema": {"properties": properties}})
        };
        let all: Vec<Value> = OWN_INPUTS.iter().map(tool).collect();
        assert!(is_own_list(&all));
        assert!(is_own_list(&all[2..]), "with some of them left out");
        assert!(!is_own_list(&all[..3]));
        assert!(!is_own_list(&[json!({}), json!({"inputSchema": 7})]));
    }
}
