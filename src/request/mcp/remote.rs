//! A server over HTTP ("Streamable HTTP"): each message is the body of a POST, and the answer is JSON or an event
//! stream. Redirects are not followed, so that no message and no token goes to another address.

use super::super::send::{agent, failure, join, location, origin_of};
use super::session::{Session, SessionEnd};
use crate::domain::mcp::McpOrder;
use crate::domain::{HttpOrigin, HttpRequest, SafeText};
use serde_json::{Map, Value};
use std::io::{self, BufRead, BufReader, Read};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::http::{Request, Response, StatusCode};

/// Maximum size of a message, in bytes.
const MAX_MESSAGE: usize = 8 << 20;

/// Maximum number of bytes that a server may send in total.
const MOST_READ: usize = 64 << 20;

/// Timeout of the request that ends a session.
const GOODBYE: Duration = Duration::from_secs(1);

/// Maximum length of a session id, in characters.
const MOST_SESSION: usize = 1024;

/// Has the conversation for an order; further notes about the server go to `tell`.
pub(super) fn converse(order: McpOrder, tell: &mut dyn FnMut(&str)) -> SessionEnd {
    let Some(definition) = &order.remote else { return SessionEnd::Failed("the order has no URL".to_owned()) };
    let request = definition.request(&Map::new(), None, &|name| std::env::var(name).ok());
    let limit = Instant::now() + Duration::from_millis(order.limit_ms);
    let link = request.and_then(|request| Ok((origin_of(&request.url)?, request)));
    let mut link = match link {
        Ok((host, request)) => Link { agent: agent(), request, host, session: None, read: 0, limit },
        Err(why) => return SessionEnd::Failed(why),
    };
    let (mut session, first) = Session::begin(order);
    let mut waiting = std::collections::VecDeque::from([first]);
    while let Some(message) = waiting.pop_front() {
        match link.exchange(&message, &mut session) {
            Ok(next) => waiting.extend(next),
            Err(Fault::Time) => session.give_up_on_time(),
            Err(Fault::Other(why)) => waiting.extend(session.hear_refusal(&why)),
        }
        if let Some(note) = session.take_note() {
            tell(&note);
        }
        if session.is_over() {
            break;
        }
    }
    session.give_up("stopped");
    link.leave();
    session.take_end().unwrap_or_else(|| SessionEnd::Failed("the server stopped".to_owned()))
}

/// Why a message has no answer.
enum Fault {
    /// The time limit was reached.
    Time,
    /// Anything else.
    Other(String),
}

/// The connection to one server.
struct Link {
    agent: Agent,
    /// A request without a body.
    request: HttpRequest,
    host: HttpOrigin,
    /// The session id, once the server has sent one.
    session: Option<String>,
    read: usize,
    limit: Instant,
}

impl Link {
    /// Sends a message and passes its answer on; returns the next messages to send.
    fn exchange(&mut self, message: &Value, session: &mut Session) -> Result<Vec<Value>, Fault> {
        let response = self.post(message, session)?;
        let is_asked = message.get("id").is_some() && message.get("method").is_some();
        let status = response.status();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = BufReader::new(response.into_body().into_reader());
        if status.as_u16() >= 300 {
            return self.refused(status, (kind.as_str(), body), session);
        }
        match kind.as_str() {
            _ if !is_asked => Ok(Vec::new()),
            "application/json" => {
                let said = self.message(body)?;
                let next = session.hear(&said);
                self.answered(next, session)
            }
            "text/event-stream" => self.events(body, session),
            other => {
                let kind = if other.is_empty() { "without a type" } else { other };
                Err(Fault::Other(format!(
                    "{} does not answer with JSON or a stream of events (HTTP {status}, {}): check the URL",
                    self.host,
                    SafeText::visible(kind)
                )))
            }
        }
    }

    /// The messages that follow an answer; an error if there was no answer.
    fn answered(&self, next: Vec<Value>, session: &Session) -> Result<Vec<Value>, Fault> {
        if next.is_empty() && !session.is_over() {
            return Err(Fault::Other(format!("{} closed the connection without an answer", self.host)));
        }
        Ok(next)
    }

    fn post(&mut self, message: &Value, session: &Session) -> Result<Response<ureq::Body>, Fault> {
        let mut built = Request::post(&self.request.url);
        for (name, value) in &self.request.headers {
            built = built.header(name, value);
        }
        built = built.header("content-type", "application/json");
        built = built.header("accept", "application/json, text/event-stream");
        for (name, value) in headers(message, session, self.session.as_deref()) {
            built = built.header(name, value);
        }
        // The error text does not contain header values.
        let built = built.body(message.to_string());
        let built = built.map_err(|error| Fault::Other(format!("the request cannot be made: {error}")))?;
        let left = self.limit.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let built = self.agent.configure_request(built).timeout_global(Some(left)).build();
        let response = self.agent.run(built).map_err(|error| {
            if Instant::now() >= self.limit { Fault::Time } else { Fault::Other(failure(&error, &self.host)) }
        })?;
        if let Some(location) = location(&response) {
            let url = join(&self.request.url, &location);
            let next = url.and_then(|url| origin_of(&url).ok());
            let next = next.map_or_else(|| "no valid URL".to_owned(), |next| next.to_string());
            let status = response.status();
            let why = format!("{status}: {} redirects to {next}; write the URL that answers in [mcp]", self.host);
            return Err(Fault::Other(why));
        }
        let named = response.headers().get("mcp-session-id").and_then(|name| name.to_str().ok());
        if let Some(name) = named.filter(|name| self.session.is_none() && name.len() <= MOST_SESSION) {
            self.session = Some(name.to_owned());
        }
        Ok(response)
    }

    /// Handles an answer with an error status, which may contain a message.
    fn refused(
        &mut self,
        status: StatusCode,
        (kind, body): (&str, impl Read),
        session: &mut Session,
    ) -> Result<Vec<Value>, Fault> {
        let said = if kind == "application/json" { self.message(body)? } else { Vec::new() };
        let error = serde_json::from_slice::<Value>(&said).ok().filter(|message| message["error"].is_object());
        if let Some(error) = &error
            && !error["id"].is_null()
        {
            let next = session.hear(&said);
            return self.answered(next, session);
        }
        let reason = error.as_ref().and_then(|error| error["error"]["message"].as_str()).unwrap_or_default();
        let reason: String = SafeText::visible(reason).chars().take(MOST_REASON).collect();
        let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
        let hint = match status.as_u16() {
            401 | 403 => "; check the token in the headers of [mcp]",
            404 => "; check the url in [mcp]",
            _ => "",
        };
        Err(Fault::Other(format!("{} answered with HTTP {status}{reason}{hint}", self.host)))
    }

    /// Reads events until one answers the request. Answers requests of the server meanwhile.
    fn events(&mut self, mut body: impl BufRead, session: &mut Session) -> Result<Vec<Value>, Fault> {
        let mut data = Vec::new();
        loop {
            let mut line = Vec::new();
            let most = (MAX_MESSAGE.saturating_sub(data.len()) + 1) as u64;
            let read = (&mut body).take(most).read_until(b'\n', &mut line);
            let count = read.map_err(|error| self.broken(&error))?;
            self.count(count)?;
            if line.len() as u64 >= most {
                return Err(self.too_large());
            }
            let text = line.trim_ascii_end();
            if let Some(more) = text.strip_prefix(b"data:") {
                data.extend_from_slice(more.strip_prefix(b" ").unwrap_or(more));
                data.push(b'\n');
            }
            if text.is_empty() && !data.is_empty() {
                let (ours, next): (Vec<Value>, Vec<Value>) =
                    session.hear(&std::mem::take(&mut data)).into_iter().partition(|said| said.get("method").is_none());
                for answer in ours {
                    self.post(&answer, session)?;
                }
                if !next.is_empty() || session.is_over() {
                    return Ok(next);
                }
            }
            if count == 0 {
                return self.answered(Vec::new(), session);
            }
        }
    }

    /// Reads a whole body.
    fn message(&mut self, body: impl Read) -> Result<Vec<u8>, Fault> {
        let mut said = Vec::new();
        let read = body.take(MAX_MESSAGE as u64 + 1).read_to_end(&mut said);
        read.map_err(|error| self.broken(&error))?;
        self.count(said.len())?;
        if said.len() > MAX_MESSAGE { Err(self.too_large()) } else { Ok(said) }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.read += bytes;
        if self.read > MOST_READ { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&self) -> Fault {
        Fault::Other(format!("{} sent more than {} MiB in one message", self.host, MAX_MESSAGE >> 20))
    }

    fn broken(&self, error: &io::Error) -> Fault {
        if Instant::now() >= self.limit {
            return Fault::Time;
        }
        Fault::Other(format!("the answer of {} ended unexpectedly: {error}", self.host))
    }

    /// Ends the session, if any. The server need not answer.
    fn leave(&self) {
        let Some(name) = &self.session else { return };
        let mut built = Request::delete(&self.request.url);
        for (name, value) in &self.request.headers {
            built = built.header(name, value);
        }
        if let Ok(built) = built.header("mcp-session-id", name).body(()) {
            let built = self.agent.configure_request(built).timeout_global(Some(GOODBYE)).build();
            let _ = self.agent.run(built);
        }
    }
}

/// Maximum length of a reported reason, in characters.
const MOST_REASON: usize = 200;

/// The headers that the protocol requires for a message.
fn headers(message: &Value, session: &Session, name: Option<&str>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: &str| found.push((name.to_owned(), value.to_owned()));
    if let Some(version) = session.version() {
        add("mcp-protocol-version", version);
    }
    if let Some(name) = name {
        add("mcp-session-id", name);
    }
    let Some(method) = message["method"].as_str().filter(|_| session.is_inline()) else { return found };
    add("mcp-method", method);
    let call = session.order().call.as_ref().filter(|_| method == "tools/call");
    if let Some(call) = call {
        add("mcp-name", &header_value(&call.tool));
        let schema = call.lock.tool(&call.tool).and_then(|locked| locked.schema("inputSchema"));
        for (name, value) in schema.map(|schema| wanted(schema, &call.arguments)).unwrap_or_default() {
            add(&format!("mcp-param-{name}"), &header_value(&value));
        }
    }
    found
}

/// The inputs that a schema repeats in headers (`x-mcp-header`).
fn wanted(schema: &Value, input: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, field) in fields {
        let Some(value) = input.get(name) else { continue };
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let header = field.get("x-mcp-header").and_then(Value::as_str);
        if let (Some(header), Some(text)) = (header, text) {
            found.push((header.to_owned(), text));
        }
        found.extend(wanted(field, value));
    }
    found
}

/// A text as a header value: base64 if it is not plain ASCII.
fn header_value(text: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text;
    if is_plain && !text.starts_with("=?base64?") {
        return text.to_owned();
    }
    format!("=?base64?{}?=", BASE64_STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn inputs_are_repeated_in_headers_where_the_schema_wants_it() {
        let schema = json!({"properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "inner": {"properties": {"count": {"type": "integer", "x-mcp-header": "Count"}}},
            "other": {"type": "string"},
            "list": {"x-mcp-header": "List"},
        }});
        let input = json!({"region": "eu", "inner": {"count": 3}, "other": "x", "list": [1]});
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut found = wanted(&schema, &input);
        found.sort();
        assert_eq!(found, [pair("Count", "3"), pair("Region", "eu")]);
    }

    #[test]
    fn values_of_headers_are_plain() {
        for (text, value) in
            [("echo", "echo"), (" a", "=?base64?IGE=?="), ("a\r\nb", "=?base64?YQ0KYg==?="), ("é", "=?base64?w6k=?=")]
        {
            assert_eq!(header_value(text), value);
        }
    }
}
