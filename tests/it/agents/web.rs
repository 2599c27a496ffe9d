//! A client of the server over HTTP, as far as the tests need it.

use super::client::{Era, content};
use crate::support::{PATIENCE, Workspace};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ExitStatus, Stdio};

/// A server over HTTP.
pub struct Web {
    child: Child,
    /// Host and port.
    pub address: String,
}

impl Web {
    /// Starts a server for a workspace.
    pub fn start(workspace: &Workspace, args: &[&str]) -> Web {
        let mut command = workspace.toolsmith(&[&["--json", "mcp", "--http", "127.0.0.1:0"], args].concat());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = told["url"].as_str().unwrap().strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap();
        Web { child, address: address.to_owned() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A human creates a token for this agent.
pub fn token(workspace: &Workspace, agent: &str) -> (i64, String) {
    let (made, code) = workspace.json_of_human(&["token", agent]);
    assert_eq!(code, 0, "{made:#}");
    (made["detail"]["token"].as_i64().unwrap(), made["detail"]["secret"].as_str().unwrap().to_owned())
}

/// What came back: the status, the header lines, and the body.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name))?;
        Some(line.1)
    }

    /// The last message of the body, of an event stream or plain.
    pub fn message(&self) -> Value {
        let mut events =
            self.body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| !data.is_empty());
        let text = events.next_back().unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Sends a request on a connection of its own.
pub fn send(address: &str, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    send_to(address, &format!("{method} /mcp"), headers, body)
}

/// Sends a request with this method and target.
fn send_to(address: &str, first: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let host =
        if headers.iter().any(|(name, _)| *name == "host") { String::new() } else { format!("host: {address}\r\n") };
    let lines: String = headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let length = body.len();
    let head = format!("{first} HTTP/1.1\r\n{host}{lines}connection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses a body need not read all of it.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let mut part = [0; 1 << 13];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..read]);
    }
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let is_chunked = head.contains("transfer-encoding: chunked");
    let body = if is_chunked { unchunked(body) } else { body.to_owned() };
    Reply { status, head: head.to_owned(), body }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&rest[..size]);
        body = rest[size..].strip_prefix("\r\n").unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    whole
}

/// An agent that is connected over HTTP.
pub struct WebAgent {
    pub address: String,
    pub secret: String,
    pub era: Era,
    pub session: Option<String>,
}

impl WebAgent {
    pub fn connect(web: &Web, era: Era, secret: &str) -> WebAgent {
        let mut agent = WebAgent { address: web.address.clone(), secret: secret.to_owned(), era, session: None };
        if let Era::Handshake(version) = era {
            let client = json!({"name": "test-client", "version": "1"});
            let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
            let reply = agent.post("initialize", params);
            assert_eq!(reply.status, 200, "{reply:?}");
            agent.session = reply.header("mcp-session-id").map(str::to_owned);
            assert!(agent.session.is_some(), "{reply:?}");
            let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            assert_eq!(agent.send_text(&told.to_string(), &[]).status, 202);
        }
        agent
    }

    /// Sends a body with the headers that the era wants, and these.
    pub fn send_text(&self, body: &str, more: &[(&str, &str)]) -> Reply {
        self.send_text_to("/mcp", body, more)
    }

    /// The same to another target.
    pub fn send_text_to(&self, target: &str, body: &str, more: &[(&str, &str)]) -> Reply {
        let bearer = format!("Bearer {}", self.secret);
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        headers.extend(self.session.iter().map(|session| ("mcp-session-id", session.as_str())));
        headers.extend_from_slice(more);
        send_to(&self.address, &format!("POST {target}"), &headers, body.as_bytes())
    }

    pub fn post(&self, method: &str, mut params: Value) -> Reply {
        let name = params["name"].as_str().map(str::to_owned);
        let mut more = Vec::new();
        if self.era == Era::Inline {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test-client", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            more.extend([("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)]);
            more.extend(name.iter().map(|name| ("mcp-name", name.as_str())));
        }
        self.send_text(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string(), &more)
    }

    /// Sends a request of the era without a handshake and hangs up.
    pub fn begin(&self, method: &str, mut params: Value) {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test-client", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\naccept: application/json, \
             text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.secret,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        // Until the answer begins.
        let _ = stream.read(&mut [0]);
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write the object where they call")]
    pub fn call(&self, tool: &str, arguments: Value) -> Value {
        let reply = self.post("tools/call", json!({"name": tool, "arguments": arguments}));
        assert_eq!(reply.status, 200, "{reply:?}");
        content(&reply.message())
    }
}
