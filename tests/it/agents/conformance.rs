//! The conformance suite of the protocol, for the revisions of both eras. `.ci/clients` installs it.
//!
//! Most of its scenarios call tools, resources and prompts of fixed names that only a server made for it has. What is
//! expected to fail is listed with the reason; a scenario that fails and is not listed, or is listed and passes, fails
//! the test.

use super::sdk::clients;
use super::web::{Web, token};
use super::{decide, open};
use crate::needs;
use crate::support::Workspace;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use toolsmith::domain::DecisionKind;
use toolsmith::engine::ReviewFilter;

/// Tools whose results hold images, audio or resources: runs give text and JSON.
const CONTENT: &[&str] =
    &["tools-call-image", "tools-call-audio", "tools-call-embedded-resource", "tools-call-mixed-content"];
/// Resources and prompts of a server made for the suite.
const FIXTURES: &[&str] = &[
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
];
/// Requests from the server to the client, on which nothing is built here: they prove no human. Also completion and
/// logging, which are not offered.
const NOT_OFFERED: &[&str] = &["completion-complete"];
const NOT_OFFERED_LEGACY: &[&str] = &[
    "logging-set-level",
    "tools-call-with-logging",
    "tools-call-sampling",
    "tools-call-elicitation",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "resources-subscribe",
    "resources-unsubscribe",
];
const NOT_OFFERED_MODERN: &[&str] = &[
    "server-stateless",
    "input-required-result-basic-elicitation",
    "input-required-result-basic-sampling",
    "input-required-result-basic-list-roots",
    "input-required-result-request-state",
    "input-required-result-multiple-input-requests",
    "input-required-result-multi-round",
    "input-required-result-non-tool-request",
    "input-required-result-result-type",
    "input-required-result-tampered-state",
    "input-required-result-capability-check",
];

/// Passes connections on to a server, with this token in each request. The suite cannot send one.
fn with_token(server: &str, secret: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (server, secret) = (server.to_owned(), secret.to_owned());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (server, secret) = (server.clone(), secret.clone());
            std::thread::spawn(move || {
                // A client or server that breaks off ends this connection only.
                let _ = pass_on(client.unwrap(), TcpStream::connect(server).unwrap(), &secret);
            });
        }
    });
    address
}

/// One request for each connection: the server is asked to close it after the answer.
fn pass_on(mut client: TcpStream, mut server: TcpStream, secret: &str) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:") && !line.is_empty());
    let head = lines.collect::<Vec<_>>().join("\r\n");
    write!(server, "{head}\r\nauthorization: Bearer {secret}\r\nconnection: close\r\n\r\n")?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let copied = std::io::copy(&mut from, &mut to);
        // The client is gone: so is its request.
        let _ = to.shutdown(std::net::Shutdown::Both);
        copied
    });
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(std::net::Shutdown::Both)
}

/// A workspace with the tools of the suite that can be had here, approved. Files of such names would be tests.
fn fixture() -> Workspace {
    let workspace = Workspace::new();
    for (name, body) in [
        ("test_simple_text", "print('This is a simple text response for testing.')"),
        ("test_error_handling", "import sys\nsys.exit('This tool intentionally returns an error for testing')"),
        ("test_tool_with_progress", "import time\ntime.sleep(1.7)\nprint('done')"),
    ] {
        let folder = format!("tools/experimental/{}", name.replace("test_", "of_suite_"));
        let manifest = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name}\"\n\n[run]\ncommand = [\"python3\", \"{{file}}\"]\nentry = \"main.py\"\ninput = \"none\"\n"
        );
        workspace.write(&format!("{folder}/tool.toml"), &manifest);
        workspace.write(&format!("{folder}/main.py"), body);
    }
    let engine = open(&workspace);
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    drop(engine);
    for review in waiting {
        decide(&workspace, review.id.0, DecisionKind::Approve, "read");
    }
    workspace
}

/// Scenarios by name, and how many of their checks failed.
fn scenarios(requirements: &str, url: &str) -> BTreeMap<String, u32> {
    let bin = clients().join("node_modules/.bin");
    let output = Command::new(bin.join("node"))
        .arg(bin.join("conformance"))
        .args(["server", "--url", url, "--requirements", requirements])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (scored, rest) = text.split_once("Not scored").unwrap_or((&text, ""));
    let unscored: Vec<&str> = rest.lines().filter_map(|line| line.trim().split(' ').nth(1)).collect();
    let summary = scored.split_once("=== SUMMARY ===").unwrap_or_else(|| panic!("{text}")).1;
    let read = |line: &str| {
        let (name, counts) = line.strip_prefix(['✓', '✗'])?.trim().split_once(": ")?;
        let failed = counts.split(", ").nth(1)?.split(' ').next()?.parse().ok()?;
        (!unscored.contains(&name)).then(|| (name.to_owned(), failed))
    };
    summary.lines().filter_map(read).collect()
}

#[test]
fn nothing_fails_in_either_era_but_what_is_not_offered() {
    if !clients().join("node_modules/.bin/conformance").exists() {
        return needs::not_run("the conformance suite is not installed: .ci/clients");
    }
    for (requirements, not_offered) in [("2025-11-25", NOT_OFFERED_LEGACY), ("2026-07-28", NOT_OFFERED_MODERN)] {
        let workspace = fixture();
        let (_, secret) = token(&workspace, "suite");
        let web = Web::start(&workspace, &["--list", "all"]);
        let address = with_token(&web.address, &secret);
        let found = scenarios(requirements, &format!("http://{address}/mcp"));
        let failed: Vec<&str> =
            found.iter().filter(|(_, failed)| **failed > 0).map(|(name, _)| name.as_str()).collect();
        let mut expected: Vec<&str> = [CONTENT, FIXTURES, NOT_OFFERED, not_offered].concat();
        expected.sort_unstable();
        assert_eq!(failed, expected, "{requirements}: {found:#?}");
        assert!(found.len() - failed.len() >= 10, "{found:#?}");
        // Four of its checks need tools that ask the client for something or write to its log.
        assert_eq!(found.get("server-stateless").copied().unwrap_or(4), 4, "{found:#?}");
    }
}
