//! Numbers in the input of a call: they reach the tool as they were written, or the call is refused and says why.

use super::client::{Agent, Era, LEGACY, content};
use super::web::{Web, WebAgent, token};
use super::with_approved;
use serde_json::{Value, json};

/// Prints the number that reached it.
const ECHO: &str = "import json, sys\nprint('seen', repr(json.load(sys.stdin)['list'][1]['n']))";

/// Numbers, and what Python makes of those that reach the tool.
const NUMBERS: [(&str, Option<&str>); 12] = [
    ("9007199254740993", Some("9007199254740993")),
    ("18446744073709551615", Some("18446744073709551615")),
    ("-9223372036854775808", Some("-9223372036854775808")),
    ("0.1", Some("0.1")),
    ("-0.0", Some("-0.0")),
    ("1e300", Some("1e+300")),
    ("18446744073709551616", None),
    ("12345678901234567890123", None),
    ("3.14159265358979323846264338327950288", None),
    ("-0", None),
    ("1e400", None),
    ("-1e-400", None),
];

/// A call of `run` with this number, as text: a value could not hold it.
fn call(id: i64, number: &str, meta: &Value) -> String {
    let arguments = format!("{{\"tool\":\"echo\",\"input\":{{\"list\":[1,{{\"n\":{number}}}]}}}}");
    let params = format!("{{\"name\":\"run\",\"arguments\":{arguments},\"_meta\":{meta}}}");
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{params}}}")
}

fn is_as_promised(answer: &Value, number: &str, seen: Option<&str>) {
    let told = content(answer);
    if let Some(seen) = seen {
        assert_eq!(told["output"], format!("seen {seen}\n"), "{number}: {told:#}");
    } else {
        assert_eq!(told["error"]["code"], "usage", "{number}: {told:#}");
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("input/list/1/n: the number {number} ")), "{message}");
        assert!(told["error"]["hint"].as_str().unwrap().contains("in quotes"), "{told:#}");
        assert_eq!(told.get("run"), None::<&Value>, "nothing was started: {told:#}");
    }
}

#[test]
fn a_number_reaches_the_tool_as_written_or_the_call_is_refused() {
    let workspace = with_approved("echo", ECHO);
    let mut agent = Agent::connect(&workspace, LEGACY, &[]);
    for (id, (number, seen)) in (100..).zip(NUMBERS) {
        agent.send_line(call(id, number, &json!({})).as_bytes());
        is_as_promised(&agent.answer(id), number, seen);
    }
    // A key that is there twice: only one of them would reach the tool.
    let twice = call(200, "1,\"n\":2", &json!({}));
    agent.send_line(twice.as_bytes());
    let told = content(&agent.answer(200));
    assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains("key twice")), "{told:#}");
    assert!(agent.leave().success());
}

#[test]
fn over_http_numbers_are_treated_the_same() {
    let workspace = with_approved("echo", ECHO);
    let (_, secret) = token(&workspace, "builder");
    let web = Web::start(&workspace, &[]);
    let agent = WebAgent::connect(&web, LEGACY, &secret);
    for (number, seen) in [NUMBERS[1], NUMBERS[6], NUMBERS[9], NUMBERS[10]] {
        let reply = agent.send_text(&call(1, number, &json!({})), &[]);
        is_as_promised(&reply.message(), number, seen);
    }
    let inline = WebAgent::connect(&web, Era::Inline, &secret);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test-client", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "run")];
    for (number, seen) in [NUMBERS[0], NUMBERS[7], NUMBERS[11]] {
        let reply = inline.send_text(&call(1, number, &meta), &headers);
        is_as_promised(&reply.message(), number, seen);
    }
}
