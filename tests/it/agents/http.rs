//! Several agents over HTTP: who is let in, whose is what, and who is sent away.

use super::client::{Era, LEGACY};
use super::web::{Web, WebAgent, send, token};
use super::{decide, open, with_approved};
use crate::support::{PATIENCE, Workspace, processes_with, unique_seconds, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;
use toolsmith::domain::{DecisionKind, RunOutcome};

#[test]
fn each_agent_is_who_its_token_says_in_both_eras() {
    let workspace = with_approved("hello", "print('{\"a\": 1}')");
    let (_, of_ada) = token(&workspace, "builder");
    let (_, of_bob) = token(&workspace, "tester");
    let web = Web::start(&workspace, &[]);
    std::thread::scope(|scope| {
        for (era, secret) in [(LEGACY, &of_ada), (Era::Inline, &of_bob)] {
            let web = &web;
            scope.spawn(move || {
                let agent = WebAgent::connect(web, era, secret);
                for _ in 0..4 {
                    let run = agent.call("run", json!({"tool": "hello"}));
                    assert_eq!((&run["state"], &run["output"]), (&json!("succeeded"), &json!({"a": 1})), "{run:#}");
                }
            });
        }
    });
    let (runs, _) = workspace.json(&["runs"]);
    let by = |name: &str| runs["runs"].as_array().unwrap().iter().filter(|run| run["caller"] == name).count();
    assert_eq!((by("builder"), by("tester")), (4, 4), "{runs:#}");
    let (agents, _) = workspace.json(&["agents"]);
    assert_eq!(agents["agents"].as_array().unwrap().len(), 2, "{agents:#}");

    // Only digests of tokens are kept.
    let files = std::process::Command::new("grep").args(["-rl", &of_ada]).arg(workspace.root()).output().unwrap();
    assert_eq!(String::from_utf8(files.stdout).unwrap(), "");
    let (tokens, _) = workspace.json(&["tokens"]);
    assert_eq!((&tokens["tokens"][0]["agent"], tokens["tokens"][1]["used"].is_null()), (&json!("builder"), false));
}

#[test]
fn nobody_comes_in_without_a_token_and_no_agent_makes_one() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let half = format!("Bearer {}", &secret[..secret.len() - 1]);
    let query = format!("Basic {secret}");
    for headers in [vec![], vec![("authorization", half.as_str())], vec![("authorization", query.as_str())]] {
        let reply = send(&web.address, "POST", &headers, body);
        assert_eq!((reply.status, reply.header("www-authenticate").is_some()), (401, true), "{reply:?}");
        assert!(reply.body.contains("toolsmith token AGENT"), "{reply:?}");
    }
    let (refused, code) = workspace.json(&["--as-agent", "builder", "token", "other"]);
    assert_eq!(code, 4, "{refused:#}");
    let (refused, code) = workspace.json_of_human(&["token", "builder"]);
    assert_eq!(code, 4, "one token for each agent: {refused:#}");
    assert!(refused["error"]["hint"].as_str().unwrap().contains("revoke-token 1"), "{refused:#}");
}

#[test]
fn a_session_belongs_to_the_agent_that_opened_it() {
    let workspace = Workspace::new();
    let (_, first) = token(&workspace, "first");
    let (_, second) = token(&workspace, "second");
    let web = Web::start(&workspace, &[]);
    let owner = WebAgent::connect(&web, LEGACY, &first);
    let mut thief = WebAgent::connect(&web, LEGACY, &second);
    assert_eq!(owner.post("tools/list", json!({})).status, 200);
    thief.session.clone_from(&owner.session);
    assert_eq!(thief.post("tools/list", json!({})).status, 404);
    let session = owner.session.clone().unwrap();
    let end = |secret: &str| {
        let bearer = format!("Bearer {secret}");
        send(&web.address, "DELETE", &[("authorization", &bearer), ("mcp-session-id", &session)], b"").status
    };
    assert_eq!(end(&second), 404);
    assert_eq!(owner.post("tools/list", json!({})).status, 200, "it is still there");
    assert!(end(&first) < 300);
    assert_eq!(owner.post("tools/list", json!({})).status, 404);
}

#[test]
fn a_refused_request_says_what_helps() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, Era::Inline, &secret);
    for (body, headers, code) in [
        ("no json", &[][..], -32700),
        ("{}", &[], -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#,
            &[("mcp-method", "tools/call"), ("mcp-protocol-version", "2026-07-28")],
            -32020,
        ),
    ] {
        let reply = agent.send_text(body, headers);
        let error = &reply.message()["error"];
        assert_eq!(error["code"], code, "{reply:?}");
        assert!(error["data"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{reply:?}");
    }
}

#[test]
fn a_refusal_in_plain_text_says_what_helps() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let bearer = format!("Bearer {secret}");
    let (json, both) = (("content-type", "application/json"), ("accept", "application/json, text/event-stream"));
    let list: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let (none, large): (&[u8], &[u8]) = (&[], &vec![b' '; 11 << 20]);
    for (method, headers, body, status, hint) in [
        ("POST", vec![json, both, ("host", "evil.example.org")], list, 403, "--host NAME"),
        ("POST", vec![json, both, ("origin", "https://evil.example.org")], list, 403, "web pages can call only from"),
        ("POST", vec![json], list, 406, "send Accept: application/json, text/event-stream"),
        ("POST", vec![both, ("content-type", "text/plain")], list, 415, "send Content-Type: application/json"),
        ("POST", vec![json, both, ("mcp-session-id", "gone")], list, 404, "begin a new session with initialize"),
        ("DELETE", vec![("mcp-session-id", "gone")], none, 404, "begin a new one with initialize"),
        ("GET", vec![both], none, 400, "begin with initialize"),
        ("PUT", vec![both], none, 405, "POST sends a message"),
        ("POST", vec![json, both], large, 413, "10 MiB at most"),
    ] {
        let headers: Vec<_> = headers.into_iter().chain([("authorization", bearer.as_str())]).collect();
        let reply = send(&web.address, method, &headers, body);
        assert!(reply.status == status && reply.body.contains(hint), "{method} {headers:?}: {reply:?}");
    }
}

#[test]
fn pages_of_other_origins_and_names_of_other_hosts_are_refused() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &["--host", "tools.example.org"]);
    let agent = WebAgent::connect(&web, Era::Inline, &secret);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for (name, value, is_refused) in [
        ("host", "evil.example.org", true),
        ("origin", "https://evil.example.org", true),
        ("origin", "null", true),
        ("origin", "http://localhost:abc.evil.example.org", true),
        ("origin", "http://localhost:99999", true),
        ("origin", "http://evil.example.org@localhost", true),
        ("host", "tools.example.org", false),
        ("host", "localhost:1", false),
        ("origin", "http://localhost:6274", false),
        ("origin", "http://[::1]:6274", false),
    ] {
        let reply = agent.send_text(body, &[(name, value)]);
        assert_eq!(reply.status == 403, is_refused, "{name}: {value}: {reply:?}");
    }
    for host in ["evil.example.org@localhost", "evil.example.org:x@localhost", "localhost:abc"] {
        let reply = agent.send_text(body, &[("host", host)]);
        assert!(reply.status == 400 && reply.body.contains("the host cannot be read"), "{host}: {reply:?}");
    }
    // The host of a whole URL counts, whatever the header says.
    for (host, said, is_refused) in [
        ("evil.example.org", web.address.as_str(), true),
        ("evil.example.org", "tools.example.org", true),
        ("tools.example.org", web.address.as_str(), false),
        (web.address.as_str(), "evil.example.org", false),
    ] {
        let reply = agent.send_text_to(&format!("http://{host}/mcp"), body, &[("host", said)]);
        assert_eq!(reply.status == 403, is_refused, "{host}, {said}: {reply:?}");
    }
}

#[test]
fn large_requests_are_taken_and_larger_ones_refused() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    let words = "x".repeat(5 << 20);
    let answer = agent.call("search", json!({"words": words}));
    assert!(answer["error"].is_object() || answer["hits"].is_array(), "{answer:.300}");
    let reply = agent.post("tools/call", json!({"name": "search", "arguments": {"words": "x".repeat(11 << 20)}}));
    assert_eq!(reply.status, 413, "{reply:?}");
    assert_eq!(agent.post("tools/list", json!({})).status, 200, "it goes on");
}

#[test]
fn a_body_that_is_no_message_gets_the_error_of_the_protocol() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    for (body, code) in [("{", -32700), ("", -32700), ("hello", -32700), ("[1]", -32600), ("{\"id\": 1}", -32600)] {
        let reply = agent.send_text(body, &[]);
        let error: serde_json::Value =
            serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{body}: {reply:?}"));
        assert_eq!((reply.status, &error["error"]["code"]), (400, &json!(code)), "{body}: {reply:?}");
    }
    let bearer = format!("Bearer {secret}");
    let accept = ("accept", "application/json, text/event-stream");
    let reply = send(&web.address, "POST", &[("authorization", &bearer), ("content-type", "text/plain"), accept], b"{");
    assert_eq!(reply.status, 415, "{reply:?}");
    assert_eq!(agent.post("tools/list", json!({})).status, 200, "it goes on");
}

#[test]
fn a_flood_of_requests_is_refused_for_a_while() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "builder");
    let (_, other) = token(&workspace, "other");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    let refused = (0..700).map(|_| agent.send_text("{", &[])).find(|reply| reply.status == 429).unwrap();
    let seconds = refused.header("retry-after").unwrap();
    assert!(seconds.parse::<u64>().unwrap() > 0, "{refused:?}");
    assert!(refused.body.contains(&format!("send again in {seconds} s")), "{refused:?}");
    WebAgent::connect(&web, LEGACY, &other);
}

#[test]
fn a_revoked_token_and_an_ended_connection_end_the_runs_of_that_agent_only() {
    for verb in ["revoke-token", "disconnect"] {
        let (mine, theirs) = (unique_seconds(), unique_seconds());
        let body = "import json, os, sys\nos.execvp('sleep', ['sleep', json.load(sys.stdin)['seconds']])";
        let workspace = with_approved("sleeper", body);
        let (number, first) = token(&workspace, "first");
        let (_, second) = token(&workspace, "second");
        let web = Web::start(&workspace, &[]);
        let agents = [(&first, &mine), (&second, &theirs)].map(|(secret, seconds)| {
            let agent = WebAgent::connect(&web, LEGACY, secret);
            let run = agent.call("run", json!({"tool": "sleeper", "input": {"seconds": seconds}, "wait_s": 1}));
            assert_eq!(run["state"], "running", "{run:#}");
            agent
        });
        until("both run", || processes_with(&mine).len() + processes_with(&theirs).len() == 2);
        let listed = workspace.json_until(&["agents"], |told| told["agents"].as_array().unwrap().len() == 2);
        let connections = listed["agents"].as_array().unwrap();
        let connection = connections.iter().find(|one| one["agent"] == "first").unwrap()["connection"].to_string();
        let argument = if verb == "disconnect" { connection } else { number.to_string() };
        let (ended, code) = workspace.json_of_human(&[verb, &argument]);
        assert_eq!(code, 0, "{ended:#}");
        until("its run has ended", || processes_with(&mine).is_empty());
        assert_eq!(processes_with(&theirs).len(), 1);
        let left = workspace.json_until(&["agents"], |told| told["agents"].as_array().unwrap().len() == 1);
        assert_eq!(left["agents"][0]["agent"], "second");
        let status = agents[0].post("tools/list", json!({})).status;
        assert_eq!(status, if verb == "disconnect" { 404 } else { 401 }, "{verb}");
        assert_eq!(agents[1].post("tools/list", json!({})).status, 200, "{verb}");
        if verb == "disconnect" {
            // With its token it may come again.
            WebAgent::connect(&web, LEGACY, &first);
        }
        kill_process(Pid::from_raw(web.pid().cast_signed()).unwrap(), Signal::TERM).unwrap();
        assert!(web.wait().success());
        until("nothing is left", || processes_with(&theirs).is_empty());
        let runs = open(&workspace).runs().list(&toolsmith::engine::RunFilter::default()).unwrap();
        assert!(runs.iter().all(|run| run.outcome == RunOutcome::Cancelled), "{runs:#?}");
    }
}

#[test]
fn what_an_agent_asked_is_answered_after_a_restart_of_the_server() {
    let workspace = Workspace::new().with_script("fresh", "print(1)");
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    let refused = agent.call("run", json!({"tool": "fresh"}));
    assert_eq!(refused["error"]["code"], "refused", "{refused:#}");
    let help = &refused["next"];
    assert_eq!(help["tool"], "wait", "{refused:#}");
    let review = help["arguments"]["review"].as_i64().unwrap();
    drop((agent, web));
    decide(&workspace, review, DecisionKind::Approve, "read");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    assert_eq!(agent.call("wait", json!({"review": review}))["state"], "approved");
    assert_eq!(agent.call("run", json!({"tool": "fresh"}))["state"], "succeeded");
}

#[test]
fn a_second_request_with_an_id_that_is_in_use_gets_an_error_and_the_first_its_own_answer() {
    let workspace = with_approved("sleeper", "import os\nos.execvp('sleep', ['sleep', '100'])");
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    assert_eq!(agent.call("run", json!({"tool": "sleeper", "wait_s": 1}))["state"], "running");
    let call = json!({"name": "output", "arguments": {"run": 1, "wait_s": 3}});
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..2).map(|_| scope.spawn(|| agent.post("tools/call", call.clone()))).collect();
        let replies: Vec<_> = asked.into_iter().map(|asked| asked.join().unwrap()).collect();
        let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 400).collect();
        assert_eq!(refused.len(), 1, "{replies:?}");
        assert!(refused[0].body.contains("-32600") && refused[0].body.contains("\"id\":1"), "{refused:?}");
    });
    assert_eq!(agent.post("ping", json!({})).status, 200, "the id is free again");
}

#[test]
fn a_stream_that_broke_goes_on_or_its_client_is_told() {
    let workspace = with_approved("sleeper", "import os\nos.execvp('sleep', ['sleep', '100'])");
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    assert_eq!(agent.call("run", json!({"tool": "sleeper", "wait_s": 1}))["state"], "running");
    let (bearer, session) = (format!("Bearer {secret}"), agent.session.clone().unwrap());
    let listen = |event: &str| {
        let accept = ("accept", "text/event-stream");
        let headers =
            [("authorization", bearer.as_str()), ("mcp-session-id", &session), accept, ("last-event-id", event)];
        send(&web.address, "GET", &headers, b"")
    };
    let event_of = |text: &str| text.lines().find_map(|line| Some(line.strip_prefix("id: ")?.trim().to_owned()));

    // The client hangs up with the first event of a request, and comes back before the answer: it has ten seconds for that.
    let call = json!({"name": "output", "arguments": {"run": 1, "wait_s": 10}});
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call}).to_string();
    let mut stream = std::net::TcpStream::connect(&web.address).unwrap();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nhost: {}\r\nauthorization: {bearer}\r\nmcp-session-id: {session}\r\ncontent-type: \
         application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
        web.address,
        body.len()
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let (mut read, mut bytes) = (String::new(), [0; 4096]);
    while event_of(&read).is_none() {
        let count = std::io::Read::read(&mut stream, &mut bytes).unwrap();
        assert!(count > 0, "{read}");
        read.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    drop(stream);
    let event = event_of(&read).unwrap();
    let reply = listen(&event);
    assert!(reply.status == 200 && reply.body.contains("\"id\":7"), "{reply:?}");

    // It was answered: the same event leads nowhere now, and that is said.
    for gone in [event.as_str(), "99/99", "nonsense"] {
        let reply = listen(gone);
        assert_eq!(reply.status, 400, "{gone}: {reply:?}");
        assert!(reply.body.contains("is not kept") && reply.body.contains("ask again: `output`"), "{gone}: {reply:?}");
    }
}

#[test]
fn a_new_token_is_nobody_elses_however_soon_it_follows() {
    let seconds = unique_seconds();
    let workspace = with_approved("sleeper", &format!("import os\nos.execvp('sleep', ['sleep', '{seconds}'])"));
    let (number, first) = token(&workspace, "first");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &first);
    assert_eq!(agent.call("run", json!({"tool": "sleeper", "wait_s": 1}))["state"], "running");
    workspace.json_of_human(&["revoke-token", &number.to_string()]);
    let (next, second) = token(&workspace, "second");
    assert!(next > number, "numbers are never used twice");
    let newcomer = WebAgent::connect(&web, LEGACY, &second);
    let refused = newcomer.call("output", json!({"run": 1}));
    assert_eq!(refused["error"]["code"], "refused", "{refused:#}");
    until("the run of the first has ended", || processes_with(&seconds).is_empty());
    let left = workspace.json_until(&["agents"], |told| told["agents"].as_array().unwrap().len() == 1);
    assert_eq!(left["agents"][0]["agent"], "second");
}

#[test]
fn what_arrives_after_its_token_was_revoked_is_not_done() {
    let workspace = with_approved("hello", "print(1)");
    let (number, secret) = token(&workspace, "late");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    let session = agent.session.clone().unwrap();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "mark-failure", "arguments": {"tool": "hello", "scenario": "late", "error": "late"}}});
    let body = body.to_string();
    let held = |revoke: bool| {
        let mut stream = TcpStream::connect(&web.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-session-id: {session}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            web.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body.as_bytes()[..10]).unwrap();
        if revoke {
            workspace.json_of_human(&["revoke-token", &number.to_string()]);
        }
        stream.write_all(&body.as_bytes()[10..]).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let marks = || workspace.json(&["log"]).0.to_string().matches("mark-failure").count();
    assert!(held(false).starts_with("HTTP/1.1 200"));
    let before = marks();
    assert!(before > 0, "a body in two parts is a request like any other");
    let answer = held(true);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(marks(), before);
    workspace.json_until(&["agents"], |told| told["agents"].as_array().unwrap().is_empty());
}

#[test]
fn long_lists_of_addresses_and_silent_connections_keep_nobody_waiting() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "greedy");
    let (_, other) = token(&workspace, "patient");
    let web = Web::start(&workspace, &[]);
    let silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(&web.address).unwrap()).collect();
    let uris: Vec<String> = (0..200_000).map(|number| format!("toolsmith://reviews/{number}")).collect();
    let greedy = WebAgent::connect(&web, Era::Inline, &secret);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| greedy.begin("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": uris}})));
        let patient = WebAgent::connect(&web, LEGACY, &other);
        assert_eq!(patient.post("tools/list", json!({})).status, 200);
    });
    // Silent connections are closed after ten seconds, and the comparison of 200,000 addresses takes minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(9), "{:?}", begun.elapsed());
    drop(silent);
    kill_process(Pid::from_raw(web.pid().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert!(web.wait().success());
}

#[test]
fn an_agent_has_so_many_sessions_and_no_more_and_no_header_twice() {
    let workspace = Workspace::new();
    let (_, secret) = token(&workspace, "greedy");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    let stranger = WebAgent { session: None, ..agent };
    let client = json!({"name": "test-client", "version": "1"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
    let open = |_| stranger.send_text(&body, &[("mcp-protocol-version", "2025-11-25")]).status;
    let opened: Vec<u16> = (0..70).map(open).collect();
    assert_eq!(opened.iter().filter(|status| **status == 200).count(), 63, "one was open: {opened:?}");
    assert_eq!(opened.last(), Some(&429));
    assert_eq!(stranger.send_text(&body, &[("authorization", "Bearer x")]).status, 400);
}
