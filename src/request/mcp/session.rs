//! The conversation with a server, without input and output: lines in, messages out.

use crate::domain::mcp::{
    LockedTool, MOST_LISTED, McpCall, McpOrder, McpProtocol, canonical, drift_of, has_large_integer, has_repeated_key,
    is_own_list, other_drifts,
};
use crate::domain::{SafeText, span};
use serde_json::{Map, Value, json};

/// Maximum number of parts of a list.
const MOST_PAGES: usize = 32;

/// Maximum number of listings if the server reports that its list has changed.
const MOST_LISTS: usize = 4;

/// The error if the server is Toolsmith itself.
const IS_OURS: &str = "the server is `toolsmith mcp`: Toolsmith does not call itself as a server";

/// Maximum nesting of a result.
const MOST_DEPTH: usize = 64;

/// Maximum size of a result, in bytes.
const MOST_RESULT: usize = 5 << 20;

/// Maximum characters of an invalid line in an error.
const MOST_NOISE: usize = 80;

/// Maximum characters of a server's error message.
const MOST_CHARS: usize = 400;

/// The result of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SessionEnd {
    /// The tools that the server lists.
    Listed { protocol: String, server: Value, capabilities: Value, instructions: String, tools: Vec<Value> },
    /// The result of the call.
    Answered(String),
    /// The tool was called and failed, with its message.
    ToolFailed(String),
    /// The tool or its server differs from the recorded state; the list is the present one. The tool was not called.
    Drifted { why: String, list: String },
    /// Anything else that went wrong.
    Failed(String),
}

/// The answer that is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    Discovery,
    List,
    /// An answer that comes after every earlier notification about a changed list.
    Barrier,
    Call,
}

/// A conversation with one server.
pub(super) struct Session {
    order: McpOrder,
    phase: Phase,
    /// Id of the unanswered request.
    waiting: u64,
    /// Whether requests carry their own metadata.
    is_inline: bool,
    protocol: String,
    server: Value,
    capabilities: Value,
    instructions: String,
    tools: Vec<Value>,
    pages: usize,
    lists: usize,
    is_stale: bool,
    /// The second listing, made before the call.
    again: Vec<Value>,
    note: Option<String>,
    /// The first invalid line since the last message.
    noise: Option<String>,
    end: Option<SessionEnd>,
}

/// Used only by the HTTP client.
#[cfg(feature = "http-generators")]
impl Session {
    /// Handles an answer that is not a message, such as an HTTP status; returns the next messages.
    pub(super) fn hear_refusal(&mut self, why: &str) -> Vec<Value> {
        if self.phase == Phase::Greeting && self.order.protocol == McpProtocol::Auto {
            self.is_inline = true;
            return vec![self.discover()];
        }
        self.fail(why.to_owned())
    }

    /// The protocol version for the headers of a request; `None` before one was agreed.
    pub(super) fn version(&self) -> Option<&str> {
        if self.is_inline {
            return Some(McpProtocol::Inline.word());
        }
        Some(self.protocol.as_str()).filter(|version| !version.is_empty())
    }

    /// Whether requests carry their own metadata.
    pub(super) fn is_inline(&self) -> bool {
        self.is_inline
    }

    /// The order of this conversation.
    pub(super) fn order(&self) -> &McpOrder {
        &self.order
    }

    /// Whether the conversation has ended.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some()
    }
}

impl Session {
    /// Begins a conversation; returns the first message.
    pub(super) fn begin(order: McpOrder) -> (Session, Value) {
        let mut session = Session {
            is_inline: order.protocol == McpProtocol::Inline,
            order,
            phase: Phase::Greeting,
            waiting: 0,
            protocol: String::new(),
            server: Value::Null,
            capabilities: Value::Null,
            instructions: String::new(),
            tools: Vec::new(),
            pages: 0,
            lists: 0,
            is_stale: false,
            again: Vec::new(),
            note: None,
            noise: None,
            end: None,
        };
        let first = if session.is_inline { session.discover() } else { session.initialize() };
        (session, first)
    }

    /// The result, once the conversation has ended.
    pub(super) fn take_end(&mut self) -> Option<SessionEnd> {
        self.end.take()
    }

    /// A note about the server, returned once.
    pub(super) fn take_note(&mut self) -> Option<String> {
        self.note.take()
    }

    /// Ends the conversation for an external reason: the server ended, or wrote too much.
    pub(super) fn give_up(&mut self, why: &str) {
        let doing = match self.phase {
            Phase::Greeting | Phase::Discovery => "before it answered the first message",
            Phase::List | Phase::Barrier => "before it listed its tools",
            Phase::Call => "before it answered the call",
        };
        self.fail(format!("the server {why} {doing}"));
    }

    /// Ends the conversation because of the time limit.
    pub(super) fn give_up_on_time(&mut self) {
        let limit = span(self.order.limit_ms);
        let doing = match self.phase {
            Phase::Greeting | Phase::Discovery => "answer the first message",
            Phase::List | Phase::Barrier => "list its tools",
            Phase::Call => "answer the call",
        };
        self.fail(format!("the server did not {doing} within {limit}, its time limit"));
    }

    /// Whether the tools are listed twice before the call, because no other answer would show that the list has not
    /// changed.
    fn lists_twice(&self) -> bool {
        self.is_inline || self.order.remote.is_some()
    }

    /// Whether the server has written invalid lines and has not listed its tools: it may never do so.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.noise.is_some() && self.phase != Phase::Call
    }

    /// Ends the conversation because the server writes lines that are not messages.
    pub(super) fn give_up_on_noise(&mut self) {
        let noise: String = self.noise.as_deref().unwrap_or_default().chars().take(MOST_NOISE).collect();
        self.fail(format!("the server does not speak JSON-RPC; it writes lines such as {noise:?}"));
    }

    /// Handles a line of the server; returns the next messages. Ignores lines that are not messages.
    pub(super) fn hear(&mut self, line: &[u8]) -> Vec<Value> {
        let line = line.trim_ascii();
        let message = match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(message)) if message.get("jsonrpc").and_then(Value::as_str) == Some("2.0") => message,
            Err(error) if line.starts_with(b"{") => {
                return self.fail(format!("the server wrote a message that cannot be read: {error}"));
            }
            Ok(_) | Err(_) => {
                if !line.is_empty() {
                    self.noise.get_or_insert_with(|| SafeText::visible(&String::from_utf8_lossy(line)).into_owned());
                }
                return Vec::new();
            }
        };
        if self.end.is_some() {
            return Vec::new();
        }
        self.noise = None;
        if self.phase == Phase::List && has_large_integer(line) {
            return self
                .fail("the server uses an integer of more than 64 bits, which cannot be compared exactly".to_owned());
        }
        if self.phase != Phase::Call && has_repeated_key(line) {
            return self.fail("an object in a message of the server has a key twice".to_owned());
        }
        let id = message.get("id").filter(|id| !id.is_null());
        if let Some(method) = message.get("method").and_then(Value::as_str) {
            self.is_stale |= id.is_none() && method == "notifications/tools/list_changed";
            return id.map(|id| answer_to(method, id)).into_iter().collect();
        }
        if id.and_then(Value::as_u64) != Some(self.waiting) {
            return Vec::new();
        }
        match (message.get("result"), message.get("error")) {
            (Some(result), None) => self.answered(result),
            (_, error) => self.refused(error.unwrap_or(&Value::Null)),
        }
    }

    fn answered(&mut self, result: &Value) -> Vec<Value> {
        match self.phase {
            Phase::Greeting => {
                self.protocol = text(result, "protocolVersion");
                if self.is_ours(result, &result["serverInfo"]) {
                    return Vec::new();
                }
                vec![json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), self.list(None)]
            }
            Phase::Discovery => {
                let versions = result["supportedVersions"].as_array().cloned().unwrap_or_default();
                let wanted = McpProtocol::Inline.word();
                if !versions.iter().any(|version| version == wanted) {
                    return self.fail(format!("the server does not speak the version {wanted} of the protocol"));
                }
                wanted.clone_into(&mut self.protocol);
                let in_meta = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
                let info = if in_meta.is_null() { &result["serverInfo"] } else { in_meta };
                if self.is_ours(result, info) {
                    return Vec::new();
                }
                vec![self.list(None)]
            }
            Phase::List => self.listed(result),
            Phase::Barrier => self.past_barrier(Some(result)),
            Phase::Call => {
                self.end = Some(result_of(result));
                Vec::new()
            }
        }
    }

    fn refused(&mut self, error: &Value) -> Vec<Value> {
        let message = error.get("message").and_then(Value::as_str).unwrap_or("no reason given");
        let message: String = SafeText::visible(message).chars().take(MOST_CHARS).collect();
        match self.phase {
            Phase::Greeting if self.order.protocol == McpProtocol::Auto => {
                self.is_inline = true;
                vec![self.discover()]
            }
            Phase::Greeting | Phase::Discovery => {
                self.fail(format!("the server refused to speak the protocol: {message}"))
            }
            Phase::List => self.fail(format!("the server refused to list its tools: {message}")),
            Phase::Barrier if self.lists_twice() => {
                self.fail(format!("the server refused to list its tools: {message}"))
            }
            // Any answer is sufficient.
            Phase::Barrier => self.past_barrier(None),
            Phase::Call => {
                self.end = Some(SessionEnd::ToolFailed(message));
                Vec::new()
            }
        }
    }

    /// Records what a server says about itself; returns whether it is Toolsmith itself, which is not called.
    fn is_ours(&mut self, result: &Value, info: &Value) -> bool {
        self.server = info.clone();
        self.instructions = text(result, "instructions");
        self.capabilities = result.get("capabilities").cloned().unwrap_or_default();
        let is_ours = info["name"] == client()["name"];
        if is_ours {
            self.fail(IS_OURS.to_owned());
        }
        is_ours
    }

    fn listed(&mut self, result: &Value) -> Vec<Value> {
        let Some(tools) = result.get("tools").and_then(Value::as_array) else {
            return self.fail("the server lists no tools".to_owned());
        };
        self.tools.extend(tools.iter().cloned());
        if self.tools.len() > MOST_LISTED {
            return self.fail(format!("the server lists more than {MOST_LISTED} tools"));
        }
        match result.get("nextCursor").and_then(Value::as_str) {
            Some(_) if self.pages >= MOST_PAGES => self.fail(format!("the list has more than {MOST_PAGES} parts")),
            Some(cursor) => {
                let cursor = cursor.to_owned();
                vec![self.list(Some(&cursor))]
            }
            None => self.whole_list(),
        }
    }

    /// Continues when the list is complete.
    fn whole_list(&mut self) -> Vec<Value> {
        if is_own_list(&self.tools) {
            return self.fail(IS_OURS.to_owned());
        }
        if self.phase == Phase::List && self.drift().is_some_and(|why| self.drifted(why)) {
            return Vec::new();
        }
        self.phase = Phase::Barrier;
        let tools = json!({});
        vec![if self.lists_twice() { self.request("tools/list", tools) } else { self.request("ping", tools) }]
    }

    /// Why the tool must not be called in its present state.
    fn drift(&self) -> Option<String> {
        let McpCall { tool, lock, .. } = self.order.call.as_ref()?;
        // The review also covered the server's instructions for models, its name, and its protocol.
        let is_other_name =
            !lock.server.is_null() && !is_as_kept(&text(&lock.server, "name"), &text(&self.server, "name"));
        let can_other =
            !lock.capabilities.is_null() && !is_as_kept(&canonical(&lock.capabilities), &canonical(&self.capabilities));
        let mut why: Vec<String> = [
            (lock.protocol != self.protocol, "the version of the protocol"),
            (!is_as_kept(&lock.instructions, &self.instructions), "the instructions of the server"),
            (is_other_name, "the name of the server"),
            (can_other, "what the server can do"),
        ]
        .into_iter()
        .filter(|(has_changed, _)| *has_changed)
        .map(|(_, what)| format!("{what} changed since its review"))
        .collect();
        let now: Vec<LockedTool> = self.tools.iter().cloned().map(LockedTool::of).collect();
        why.extend(drift_of(lock, tool, &now));
        if why.is_empty() {
            return None;
        }
        // The review covers the whole server, so all other changes are named as well.
        why.extend(other_drifts(lock, tool, &now));
        Some(why.join("; "))
    }

    fn drifted(&mut self, why: String) -> bool {
        // Everything that a review covers, so that each state of the server is asked about once.
        let about = [&self.server["name"], &self.capabilities];
        let list = canonical(&json!([self.protocol, about, self.instructions, self.tools]));
        self.end = Some(SessionEnd::Drifted { why, list });
        true
    }

    /// Continues after the barrier: all earlier notifications about the list have arrived.
    fn past_barrier(&mut self, result: Option<&Value>) -> Vec<Value> {
        if self.lists_twice() {
            // The second listing is compared completely; any difference means that the list has changed.
            let result = result.unwrap_or(&Value::Null);
            let Some(tools) = result.get("tools").and_then(Value::as_array) else {
                return self.fail("the server lists no tools".to_owned());
            };
            self.again.extend(tools.iter().cloned());
            let cursor = result.get("nextCursor").and_then(Value::as_str);
            if let Some(cursor) = cursor.filter(|_| self.again.len() <= self.tools.len()) {
                let cursor = json!({"cursor": cursor});
                self.pages += 1;
                if self.pages > 2 * MOST_PAGES {
                    return self.fail(format!("the list has more than {MOST_PAGES} parts"));
                }
                return vec![self.request("tools/list", cursor)];
            }
            self.is_stale |= self.again != self.tools;
        }
        if self.is_stale {
            self.lists += 1;
            if self.lists >= MOST_LISTS {
                return self.fail("the server keeps changing its list of tools".to_owned());
            }
            return vec![self.list(None)];
        }
        let Some(call) = self.order.call.clone() else {
            self.end = Some(SessionEnd::Listed {
                protocol: self.protocol.clone(),
                server: self.server.clone(),
                capabilities: self.capabilities.clone(),
                instructions: self.instructions.clone(),
                tools: std::mem::take(&mut self.tools),
            });
            return Vec::new();
        };
        let other = other_changes(&call, &self.tools, &self.order.server);
        let is_same = call.lock.server == self.server;
        let renamed =
            (!is_same).then(|| "the server says that it is another version than the one that was reviewed".to_owned());
        let notes: Vec<String> = renamed.into_iter().chain(other).collect();
        self.note = (!notes.is_empty()).then(|| notes.join("; "));
        self.phase = Phase::Call;
        vec![self.request("tools/call", json!({"name": call.tool, "arguments": call.arguments}))]
    }

    fn fail(&mut self, why: String) -> Vec<Value> {
        self.end.get_or_insert(SessionEnd::Failed(why));
        Vec::new()
    }

    fn initialize(&mut self) -> Value {
        self.phase = Phase::Greeting;
        self.request(
            "initialize",
            json!({"protocolVersion": McpProtocol::Handshake.word(), "capabilities": {}, "clientInfo": client()}),
        )
    }

    fn discover(&mut self) -> Value {
        self.phase = Phase::Discovery;
        self.request("server/discover", json!({}))
    }

    fn list(&mut self, cursor: Option<&str>) -> Value {
        if cursor.is_none() {
            self.tools.clear();
            self.again.clear();
            self.pages = 0;
            self.is_stale = false;
        }
        self.pages += 1;
        self.phase = Phase::List;
        self.request("tools/list", cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor})))
    }

    fn request(&mut self, method: &str, mut params: Value) -> Value {
        self.waiting += 1;
        if self.is_inline {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": McpProtocol::Inline.word(),
                "io.modelcontextprotocol/clientInfo": client(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        json!({"jsonrpc": "2.0", "id": self.waiting, "method": method, "params": params})
    }
}

fn client() -> Value {
    json!({"name": "toolsmith", "version": env!("CARGO_PKG_VERSION")})
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The answer to a request of the server: this client offers nothing.
fn answer_to(method: &str, id: &Value) -> Value {
    match method {
        "ping" => json!({"jsonrpc": "2.0", "id": id, "result": {}}),
        _ => json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "not supported"}}),
    }
}

/// Whether a text of the server equals the kept one. Secrets in the kept text are redacted, so only the text around
/// them is compared.
fn is_as_kept(kept: &str, now: &str) -> bool {
    const REDACTED: &str = "[redacted ";
    let Some((before, after)) = kept.split_once(REDACTED) else { return kept == now };
    let Some(rest) = now.strip_prefix(before) else { return false };
    let after = after.split_once(']').map_or(after, |(_, after)| after);
    match after.split_once(REDACTED) {
        Some((between, _)) => rest.contains(between),
        None => rest.ends_with(after),
    }
}

/// A note with the number of other tools that were changed, without their names, because nobody reviewed those.
fn other_changes(call: &McpCall, now: &[Value], server: &str) -> Option<String> {
    let now: Vec<LockedTool> = now.iter().cloned().map(LockedTool::of).collect();
    let new = now.iter().filter(|tool| call.lock.tool(tool.name()).is_none()).count();
    let changed = |tool: &&LockedTool| call.lock.tool(tool.name()).is_some_and(|known| known.sha256 != tool.sha256);
    let changed = now.iter().filter(changed).count();
    let gone = call.lock.tools.iter().filter(|known| now.iter().all(|tool| tool.name() != known.name())).count();
    let parts = [(new, "new"), (changed, "changed"), (gone, "gone")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (!parts.is_empty()).then(|| {
        format!(
            "other tools of the server: {}; a human lists them with `toolsmith list-tools {server}`",
            parts.join(", ")
        )
    })
}

/// Interprets the result of a call.
fn result_of(result: &Value) -> SessionEnd {
    if result.get("resultType").and_then(Value::as_str).is_some_and(|kind| kind != "complete") {
        return SessionEnd::Failed("the tool asks for more input during the call, which is not supported".to_owned());
    }
    if depth(result) > MOST_DEPTH {
        return SessionEnd::Failed(format!("the result is nested deeper than {MOST_DEPTH} levels"));
    }
    let content = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let words = || content.iter().map(part).collect::<Vec<_>>().join("\n");
    let is_error = result.get("isError").and_then(Value::as_bool) == Some(true);
    let told = match result.get("structuredContent").filter(|value| !value.is_null() && !is_error) {
        Some(value) => value.to_string(),
        None => words(),
    };
    match told.len() {
        length if length > MOST_RESULT => {
            SessionEnd::Failed(format!("the result is larger than {} MiB", MOST_RESULT >> 20))
        }
        0 if is_error => SessionEnd::ToolFailed("the tool failed and says nothing".to_owned()),
        _ if is_error => SessionEnd::ToolFailed(told),
        _ => SessionEnd::Answered(told),
    }
}

/// A content item of a result as text.
fn part(part: &Value) -> String {
    let said = |key: &str| part.get(key).and_then(Value::as_str);
    let resource = part.get("resource").and_then(|resource| resource.get("text")).and_then(Value::as_str);
    match (said("type"), said("text").or(resource)) {
        (Some("text" | "resource"), Some(text)) => text.to_owned(),
        (Some("resource_link"), _) => said("uri").unwrap_or_default().to_owned(),
        (kind, _) => {
            let kind = kind.unwrap_or("unknown");
            let size = said("data").map(|data| format!(", {} characters of base64", data.len())).unwrap_or_default();
            format!("[{kind}{size}: not shown]")
        }
    }
}

/// The nesting depth of a value, computed without recursion.
fn depth(value: &Value) -> usize {
    let (mut deepest, mut waiting) = (0, vec![(value, 1)]);
    while let Some((value, level)) = waiting.pop() {
        deepest = deepest.max(level);
        match value {
            Value::Array(items) => waiting.extend(items.iter().map(|item| (item, level + 1))),
            Value::Object(fields) => waiting.extend(Map::values(fields).map(|item| (item, level + 1))),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
