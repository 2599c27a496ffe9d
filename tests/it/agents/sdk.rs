//! The official Python SDK as a client, in each of its modes. `.ci/clients` installs it.

use super::permits::add_dear;
use super::web::{Web, token};
use super::{decide, with_approved};
use crate::needs;
use crate::support::{Workspace, program, repository};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use toolsmith::domain::DecisionKind;

/// Where `.ci/clients` installs clients.
pub fn clients() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
    target.join("clients")
}

/// The journey of `sdk.py` with this mode and target.
fn journey(workspace: &Workspace, mode: &str, target: &[&str]) -> String {
    let script = repository().join("tests/it/agents/sdk.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(mode).args(target).current_dir(workspace.root());
    command.env_clear().envs(workspace.environment()).env("PYTHONPATH", clients().join("python"));
    let mut client = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    for (kind, reason) in
        [(DecisionKind::Reject, "not yet"), (DecisionKind::Approve, "read"), (DecisionKind::Approve, "go")]
    {
        decide(workspace, next()["review"].as_i64().unwrap(), kind, reason);
    }
    let told = next();
    assert_eq!(told["asked"], 0, "{mode}: nothing is asked through the client");
    let version = told["version"].as_str().unwrap().to_owned();
    assert!(client.wait().unwrap().success(), "{mode}");
    version
}

/// Tools that may run, that nobody approved, and each run of which a human permits.
fn world() -> Workspace {
    let workspace = with_approved("greeting", "print('hello')");
    add_dear(&workspace);
    workspace.with_script("fresh", "print(1)")
}

#[test]
fn the_python_sdk_searches_runs_asks_and_waits_in_each_of_its_modes() {
    if !clients().join("python/mcp").is_dir() {
        return needs::not_run("the Python SDK is not installed: .ci/clients");
    }
    for (mode, version) in [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")] {
        let workspace = world();
        assert_eq!(journey(&workspace, mode, &[program(), "mcp", "--as-agent", "rosa"]), version, "{mode}");

        let workspace = world();
        let (_, secret) = token(&workspace, "rosa");
        let web = Web::start(&workspace, &[]);
        let url = format!("http://{}/mcp", web.address);
        assert_eq!(journey(&workspace, mode, &[&url, &secret]), version, "{mode} over HTTP");
    }
}
