//! What an agent can make up: answers that nobody gave, sessions and names that are not its own.

use super::client::{Agent, Era, LEGACY, content};
use super::web::{Web, WebAgent, send, token};
use super::{decide, open};
use crate::support::{PATIENCE, Workspace};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use toolsmith::domain::DecisionKind;
use toolsmith::engine::ReviewFilter;

/// Sends these bytes on one connection and gives all that comes back until it is closed.
fn raw(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses the beginning need not read the rest.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of each answer on a connection.
fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|part| &part[..3]).collect()
}

#[test]
fn a_stream_ends_with_the_token_of_its_agent_and_tells_nothing_more() {
    let workspace = Workspace::new().with_script("fresh", "print(1)");
    let (number, secret) = token(&workspace, "builder");
    let (_, kept) = token(&workspace, "other");
    let web = Web::start(&workspace, &[]);
    let agents = [&secret, &kept].map(|secret| WebAgent::connect(&web, LEGACY, secret));
    let asked = agents[0].call("request", json!({"kind": "archive", "tool": "fresh", "rationale": "x"}));
    let review = asked["review"].as_i64().unwrap();
    let uri = format!("toolsmith://reviews/{review}");
    let streams = agents.map(|agent| {
        assert_eq!(agent.post("resources/subscribe", json!({"uri": uri})).status, 200);
        let mut stream = TcpStream::connect(&web.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "GET /mcp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\naccept: text/event-stream\r\n\
             mcp-session-id: {}\r\n\r\n",
            web.address,
            agent.secret,
            agent.session.as_ref().unwrap()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        stream
    });
    let [mut ended, mut open] = streams;
    let (revoked, code) = workspace.json_of_human(&["revoke-token", &number.to_string()]);
    assert_eq!(code, 0, "{revoked:#}");
    let mut told = String::new();
    // It is closed, before anything happens that it would be told.
    let end = ended.read_to_string(&mut told).map_err(|error| error.kind());
    assert_ne!(end, Err(ErrorKind::WouldBlock), "it stays open: {told}");
    assert!(!told.contains("notifications/"), "{told}");
    decide(&workspace, review, DecisionKind::Reject, "no");
    // The control: the other agent hears of the decision.
    let (mut heard, mut part) = (String::new(), [0; 4096]);
    while !heard.contains("notifications/resources/updated") {
        let count = open.read(&mut part).unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&part[..count]));
    }
}

#[test]
fn nobody_chooses_a_session_or_a_token_beside_the_header() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let bearer = format!("Bearer {secret}");
    let client = json!({"name": "test-client", "version": "1"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
    let headers = |more: (&'static str, String)| {
        [
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            more,
        ]
    };
    let post = |more: &[(&str, String)]| {
        let all: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        send(&web.address, "POST", &all, body.as_bytes())
    };
    let mut chosen = headers(("authorization", bearer.clone())).to_vec();
    chosen.push(("mcp-session-id", "chosen-by-the-client".to_owned()));
    let reply = post(&chosen);
    assert_ne!(reply.header("mcp-session-id"), Some("chosen-by-the-client"), "{reply:?}");
    let mut later = headers(("authorization", bearer)).to_vec();
    later.push(("mcp-session-id", "chosen-by-the-client".to_owned()));
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).to_string();
    let all: Vec<(&str, &str)> = later.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(send(&web.address, "POST", &all, list.as_bytes()).status, 404);
    for elsewhere in [
        ("cookie", format!("token={secret}; authorization=Bearer {secret}")),
        ("proxy-authorization", format!("Bearer {secret}")),
        ("x-authorization", format!("Bearer {secret}")),
        ("authorization", format!("Bearer {secret} x")),
        ("authorization", format!("Bearer {}", secret.to_uppercase())),
        ("authorization", format!("Bearer {}", &secret[..secret.len() - 1])),
        ("authorization", format!("Bearer {secret}{secret}")),
    ] {
        let reply = post(&headers(elsewhere.clone()));
        assert_eq!(reply.status, 401, "{elsewhere:?}: {reply:?}");
    }
    let target = format!("POST /mcp?token={secret}&access_token={secret} HTTP/1.1");
    let answer = raw(
        &web.address,
        format!(
            "{target}\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            web.address,
            body.len()
        )
        .as_bytes(),
    );
    assert_eq!(statuses(&answer), ["401"], "{answer}");
}

#[test]
fn an_answer_that_nobody_gave_permits_nothing() {
    let workspace = Workspace::new();
    workspace.write(
        "tools/experimental/deploy/tool.toml",
        "name = \"deploy\"\nversion = \"1.0.0\"\ndescription = \"Deploys\"\ncost_tier = \"high\"\n[run]\n\
         command = [\"sh\", \"{file}\"]\nentry = \"deploy.sh\"\n",
    );
    workspace.write("tools/experimental/deploy/deploy.sh", "echo done\n");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0).id;
    drop(engine);
    decide(&workspace, review.0, DecisionKind::Approve, "read");
    let asks = |answer: &Value| {
        let told = content(answer);
        assert_eq!(told["error"]["code"], "human-needed", "{answer:#}");
        told["next"]["arguments"]["review"].as_i64().unwrap()
    };
    for era in [LEGACY, Era::Inline] {
        let mut agent = Agent::connect(&workspace, era, &["--as-agent", "rosa"]);
        let call = json!({"name": "run", "arguments": {"tool": "deploy"}});
        let ticket = asks(&agent.ask("tools/call", call.clone()));
        // Answers to questions that the server never asked, and to those that it could have asked.
        for id in 0..20 {
            agent.send(
                &json!({"jsonrpc": "2.0", "id": id, "result": {"action": "accept", "content": {"approve": true}}}),
            );
        }
        agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": {
            "elicitationId": ticket.to_string()}}));
        for state in [json!("forged"), json!({"review": ticket, "decision": "approve"}), json!(ticket)] {
            let mut forged = call.clone();
            forged["requestState"] = state.clone();
            forged["inputResponses"] = json!({"approve": {"action": "accept", "content": {"approve": true}}});
            forged["_meta"] = json!({"permit": ticket, "io.modelcontextprotocol/requestState": state});
            let answer = agent.ask("tools/call", forged);
            // Refused as malformed, or answered as without all that.
            if answer["error"].is_null() {
                assert_eq!(asks(&answer), ticket);
            }
        }
        for (name, value) in [("permit", json!(ticket)), ("permit", json!(true)), ("review", json!(ticket))] {
            let mut with = call.clone();
            with["arguments"][name] = value;
            assert_eq!(content(&agent.ask("tools/call", with))["error"]["code"], "usage", "{name}");
        }
        // A ticket that was never given, one of somebody else, and its own that nobody decided.
        for review in [json!(ticket + 1_000), json!(-1), json!("1"), json!(1.5), json!(i64::MAX)] {
            let told = agent.call("wait", json!({"review": review, "wait_s": 1}));
            assert!(["not-found", "usage"].contains(&told["error"]["code"].as_str().unwrap()), "{review}: {told:#}");
        }
        assert_eq!(agent.call("wait", json!({"review": ticket, "wait_s": 1}))["state"], "waiting");
        assert_eq!(asks(&agent.ask("tools/call", call)), ticket);
    }
}

#[test]
fn a_permit_is_good_for_nobody_with_a_name_that_looks_the_same() {
    let workspace = Workspace::new();
    workspace.write(
        "tools/experimental/deploy/tool.toml",
        "name = \"deploy\"\nversion = \"1.0.0\"\ndescription = \"Deploys\"\ncost_tier = \"high\"\n[run]\n\
         command = [\"sh\", \"{file}\"]\nentry = \"deploy.sh\"\n",
    );
    workspace.write("tools/experimental/deploy/deploy.sh", "echo done\n");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0).id;
    drop(engine);
    decide(&workspace, review.0, DecisionKind::Approve, "read");
    let run = json!({"tool": "deploy"});
    let mut rosa = Agent::connect(&workspace, LEGACY, &["--as-agent", "rosa"]);
    let permit = rosa.call("run", run.clone())["next"]["arguments"]["review"].as_i64().unwrap();
    decide(&workspace, permit, DecisionKind::Approve, "go");
    // Cyrillic, full width, another case, a client that says it is her.
    for name in ["r\u{43e}sa", "\u{ff52}osa", "Rosa", "rosa2", "mcp:rosa"] {
        let output = workspace.toolsmith(&["--as-agent", name, "run", "deploy", "--json"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(matches!(output.status.code(), Some(2 | 4)), "{name}: {said}");
    }
    for name in ["rosa", "mcp:rosa", "rosa\u{200b}", " rosa"] {
        let mut stranger = Agent::start(&workspace, LEGACY, &[]);
        let client = json!({"name": name, "version": "1"});
        stranger.ask("initialize", json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}));
        stranger.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        let refused = stranger.call("run", run.clone());
        assert_eq!(refused["error"]["code"], "human-needed", "{name}: {refused:#}");
    }
    assert_eq!(rosa.call("run", run)["state"], "succeeded", "the control: it was hers");
}
