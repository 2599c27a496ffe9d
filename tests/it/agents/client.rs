//! A client that speaks the protocol over pipes, as far as the tests need it.

use crate::support::{PATIENCE, Workspace};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// The two ways to speak the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// A handshake with `initialize`.
    Handshake(&'static str),
    /// Requests that say of themselves which revision they are of.
    Inline,
}

/// The newest revision with a handshake.
pub const LEGACY: Era = Era::Handshake("2025-11-25");

/// An agent that is connected.
pub struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    era: Era,
    last: i64,
    early: HashMap<i64, Value>,
    /// What the server said without being asked.
    pub notices: Vec<Value>,
    /// What it answered to the first message.
    pub greeting: Value,
}

impl Agent {
    /// Connects with these arguments before `mcp`.
    pub fn connect(workspace: &Workspace, era: Era, args: &[&str]) -> Agent {
        Agent::connect_with(workspace, era, args, &[])
    }

    /// Connects to a server that has these variables.
    pub fn connect_with(workspace: &Workspace, era: Era, args: &[&str], variables: &[(&str, &str)]) -> Agent {
        let mut agent = Agent::start_with(workspace, era, args, variables);
        agent.greeting = match era {
            Era::Handshake(version) => {
                let client = json!({"name": "test-client", "version": "1"});
                let answer = agent
                    .ask("initialize", json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client}));
                agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
                answer
            }
            Era::Inline => agent.ask("server/discover", json!({})),
        };
        agent
    }

    /// Starts the server and says nothing yet.
    pub fn start(workspace: &Workspace, era: Era, args: &[&str]) -> Agent {
        Agent::start_with(workspace, era, args, &[])
    }

    fn start_with(workspace: &Workspace, era: Era, args: &[&str], variables: &[(&str, &str)]) -> Agent {
        let mut child = workspace
            .toolsmith(&if args.contains(&"mcp") { args.to_vec() } else { [args, &["mcp"]].concat() })
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let (early, notices, greeting) = (HashMap::new(), Vec::new(), Value::Null);
        Agent { child, input, lines, era, last: 0, early, notices, greeting }
    }

    /// Sends a line as it is.
    pub fn send_line(&mut self, line: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    pub fn send(&mut self, message: &Value) {
        self.send_line(message.to_string().as_bytes());
    }

    /// Sends a request and gives its number.
    pub fn post(&mut self, method: &str, mut params: Value) -> i64 {
        self.last += 1;
        if self.era == Era::Inline {
            let meta = &mut params["_meta"];
            if meta.is_null() {
                *meta = json!({});
            }
            meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
            meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "test-client", "version": "1"});
            meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        self.send(&json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}));
        self.last
    }

    /// The next message. Everything on standard output must be one.
    ///
    /// # Panics
    /// When there is none in time, or a line is no message.
    fn message(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the server says nothing"));
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a message: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    }

    /// The answer to a request.
    pub fn answer(&mut self, id: i64) -> Value {
        loop {
            if let Some(answer) = self.early.remove(&id) {
                return answer;
            }
            let message = self.message();
            match message["id"].as_i64() {
                Some(of) if message.get("method").is_none() => drop(self.early.insert(of, message)),
                _ => self.notices.push(message),
            }
        }
    }

    /// Waits for something that the server says without being asked.
    pub fn notice(&mut self, method: &str) -> Value {
        loop {
            if let Some(at) = self.notices.iter().position(|notice| notice["method"] == method) {
                return self.notices.remove(at);
            }
            let message = self.message();
            match message["id"].as_i64() {
                Some(of) if message.get("method").is_none() => drop(self.early.insert(of, message)),
                _ => self.notices.push(message),
            }
        }
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.post(method, params);
        self.answer(id)
    }

    /// Calls a tool and gives the structured content of what it answers. The text must say the same.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the object where they call")]
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        content(&answer)
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Closes the input and waits for the end.
    pub fn leave(mut self) -> ExitStatus {
        drop(self.input.take());
        self.child.wait().unwrap()
    }

    /// Closes the input.
    pub fn hang_up(&mut self) {
        drop(self.input.take());
    }

    /// Kills the server.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The structured content of an answer to a call.
pub fn content(answer: &Value) -> Value {
    let result = &answer["result"];
    let content = &result["structuredContent"];
    assert!(content.is_object(), "{answer:#}");
    let ran_badly = ["failed", "timed-out", "killed", "limit-exceeded", "invalid-output", "spawn-failed"];
    let is_error = content.get("error").is_some_and(Value::is_object)
        || content["state"].as_str().is_some_and(|state| ran_badly.contains(&state));
    // Reading about a run that failed is no error.
    let is_read = content.get("stream").is_some();
    assert_eq!(result["isError"], is_error && !is_read, "{content:#}");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(&text, content);
    content.clone()
}
