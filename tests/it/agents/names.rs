//! What an agent is called: one client is one agent, however often it connects.

use super::with_approved;
use crate::support::{Workspace, program};
use serde_json::Value;
use std::process::{Command, Stdio};

/// Connects once for each argument, with that name, or without any where it is empty, and lets each run the tool.
const CLIENT: &str = r#"
import json, subprocess, sys
for name in sys.argv[2:]:
    words = [sys.argv[1]] + (["--as-agent", name] if name else []) + ["mcp"]
    server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    def ask(id, method, params):
        message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
        server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        return json.loads(server.stdout.readline())
    client = {"name": "acme", "version": "1"}
    ask(1, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
    server.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    ran = ask(2, "tools/call", {"name": "run", "arguments": {"tool": "hello"}})
    assert ran["result"]["structuredContent"]["state"] == "succeeded", ran
    server.stdin.close()
    server.wait()
"#;

/// The callers of the runs of one client, first one first, and what the servers warned of.
fn callers(workspace: &Workspace, names: &[&str]) -> (Vec<String>, String) {
    let mut client = Command::new("python3");
    client.args(["-c", CLIENT]).arg(program()).args(names).current_dir(workspace.root());
    client.env_clear().envs(workspace.environment()).stdin(Stdio::null());
    let done = client.output().unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{errors}");
    let (runs, _) = workspace.json(&["runs"]);
    let caller = |run: &Value| run["caller"].as_str().unwrap().to_owned();
    (runs["runs"].as_array().unwrap().iter().rev().map(caller).collect(), errors)
}

#[test]
fn a_client_that_connects_again_is_the_same_agent() {
    let workspace = with_approved("hello", "print(1)");
    let (callers, errors) = callers(&workspace, &["", "", ""]);
    assert_eq!(callers, ["mcp:acme"; 3], "{errors}");
    assert_eq!(errors, "");
}

#[test]
fn a_second_name_of_a_client_is_not_used_and_the_server_says_so() {
    let workspace = with_approved("hello", "print(1)");
    let (callers, errors) = callers(&workspace, &["rosa", "otto"]);
    assert_eq!(callers, ["rosa"; 2], "{errors}");
    assert!(errors.contains("connected as the agent rosa already, so the name otto is not used"), "{errors}");
}
