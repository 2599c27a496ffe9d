//! Hooks of clients: the questions are those that Claude Code sends, some of them as its version 2.1.330 sent them.

use super::{open, with_approved};
use crate::support::Workspace;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// What the hook answers; `Null` for nothing.
fn asked(workspace: &Workspace, question: &Value) -> Value {
    asked_by("claude", workspace, question)
}

fn asked_by(client: &str, workspace: &Workspace, question: &Value) -> Value {
    let mut child = workspace
        .toolsmith(&["hook", client])
        .env("TOOLSMITH_AGENT", client)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).unwrap() }
}

fn bash(workspace: &Workspace, command: &str) -> Value {
    let answer = asked(
        workspace,
        &json!({
            "session_id": "s", "transcript_path": "/t.jsonl", "cwd": workspace.root(), "permission_mode": "default",
            "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": "toolu_1",
            "tool_input": {"command": command, "description": "x", "timeout": 120_000},
        }),
    );
    if answer.is_null() {
        return answer;
    }
    assert_eq!(answer["hookSpecificOutput"]["hookEventName"], "PreToolUse");
    answer["hookSpecificOutput"]["permissionDecision"].clone()
}

#[test]
fn a_client_need_not_ask_for_what_policy_decides() {
    let workspace = with_approved("greeting", "print('{}')").with_script("fresh", "print('{}')");
    drop(open(&workspace));
    std::os::unix::fs::symlink(workspace.path("tools/experimental/fresh.py"), workspace.path("link")).unwrap();
    for (command, decision) in [
        ("toolsmith run greeting", json!("allow")),
        ("toolsmith search 'greet the world'", json!("allow")),
        ("toolsmith run fresh", json!("deny")),
        ("toolsmith run nobody", json!("deny")),
        ("toolsmith request fresh --rationale 'it is needed'", json!("allow")),
        ("toolsmith request --file /etc/shadow", Value::Null),
        ("toolsmith run greeting; id", Value::Null),
        ("toolsmith run greeting --input @/etc/shadow", Value::Null),
        ("toolsmith approve 1", Value::Null),
        ("toolsmith run --scenario greeting fresh", json!("deny")),
        ("toolsmith run greeting --workspace /tmp", Value::Null),
        ("toolsmith --as-agent other run greeting", Value::Null),
        ("toolsmith --as-agent claude run greeting", json!("allow")),
        ("\u{a0}toolsmith run greeting", Value::Null),
        ("python3 -u tools/../tools/experimental/./fresh.py", json!("ask")),
        ("python3 tools/experimental/fresh.py", json!("ask")),
        ("./tools/experimental/fresh.py a b", json!("ask")),
        ("perl tools/experimental/fresh.py", json!("ask")),
        ("timeout 9 python3 tools/experimental/fresh.py", json!("ask")),
        ("sudo -n dash tools/experimental/fresh.py", json!("ask")),
        ("source tools/experimental/fresh.py", json!("ask")),
        ("cd tools && python3 experimental/fresh.py", json!("ask")),
        ("python3 tools/experimental/fresh.py > out", json!("ask")),
        ("PYTHONPATH=. python3 \"tools/experimental/fresh.py\" | head", json!("ask")),
        ("python3 < tools/experimental/fresh.py", json!("ask")),
        ("python3 link", json!("ask")),
        ("grep python3 tools/experimental/fresh.py", Value::Null),
        ("ls tools/experimental", Value::Null),
        ("cargo test", Value::Null),
    ] {
        assert_eq!(bash(&workspace, command), decision, "{command}");
    }
    for odd in [json!({}), json!([]), json!({"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": null})]
    {
        assert_eq!(asked(&workspace, &odd), Value::Null, "{odd}");
    }
    let other = json!({"hook_event_name": "Stop", "session_id": "s"});
    assert_eq!(asked(&workspace, &other), Value::Null);
}

#[test]
fn a_tool_that_was_just_written_waits_for_its_review_at_once() {
    let workspace = Workspace::new();
    drop(open(&workspace));
    let written = json!({
        "session_id": "s", "cwd": workspace.root(), "hook_event_name": "PostToolUse", "tool_name": "Write",
        "tool_input": {"file_path": workspace.path("tools/experimental/fresh.py"), "content": "print(1)"},
        "tool_response": {"success": true},
    });
    assert_eq!(asked(&workspace, &written), Value::Null, "nothing is there yet");
    let workspace = workspace.with_script("fresh", "print('{}')");
    let answer = asked(&workspace, &written);
    let told = answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap();
    assert!(told.contains("fresh") && told.contains("`toolsmith wait "), "{told}");
    let (reviews, _) = workspace.json(&["reviews"]);
    assert_eq!(reviews["reviews"].as_array().unwrap().len(), 1);
    // Each time that this file is written, also when something else made its review first.
    assert_eq!(asked(&workspace, &written), answer);
    let mut elsewhere = written.clone();
    elsewhere["tool_input"]["file_path"] = json!(workspace.path("README.md"));
    assert_eq!(asked(&workspace, &elsewhere), Value::Null, "it is told where it was written");
}

#[test]
fn an_answer_is_the_object_that_the_client_documents_and_nothing_more() {
    let workspace = with_approved("greeting", "print('{}')").with_script("fresh", "print('{}')");
    drop(open(&workspace));
    for (client, command, decision) in [
        ("claude", "python3 tools/experimental/fresh.py", "ask"),
        ("codex", "python3 tools/experimental/fresh.py", "deny"),
        ("codex", "toolsmith run fresh", "deny"),
        ("codex", "toolsmith run greeting", "allow"),
    ] {
        let question = json!({
            "cwd": workspace.root(), "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command},
        });
        let answer = asked_by(client, &workspace, &question);
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&answer), ["hookSpecificOutput"], "{answer}");
        let output = &answer["hookSpecificOutput"];
        assert_eq!(keys(output), ["hookEventName", "permissionDecision", "permissionDecisionReason"], "{answer}");
        assert_eq!(output["permissionDecision"], decision, "{client}: {command}");
    }
}

/// Questions of the real client in the order of one conversation, and what it was answered. The client took each answer.
#[test]
fn what_the_real_client_asked_is_answered_as_it_was() {
    let workspace = with_approved("greeting", "print('{}')").with_script("fresh", "print('{}')");
    drop(open(&workspace));
    let recorded = include_str!("recorded_hooks.jsonl").replace("WORKSPACE", workspace.root().to_str().unwrap());
    assert_eq!(recorded.lines().count(), 5);
    for line in recorded.lines() {
        let recorded: Value = serde_json::from_str(line).unwrap();
        let (question, input) = (&recorded["question"], &recorded["question"]["tool_input"]);
        if let (Some(path), Some(content)) = (input["file_path"].as_str(), input["content"].as_str()) {
            // It is asked after the client wrote the file.
            std::fs::write(path, content).unwrap();
        }
        assert_eq!(asked(&workspace, question), recorded["answer"], "{question:#}");
    }
}
