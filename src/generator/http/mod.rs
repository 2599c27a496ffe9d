//! Asks a generator over HTTP: one request, and an answer that arrives in pieces.
//!
//! `ureq` handles the connection on a separate thread ([`HttpConnection`]). Its data is read here, so that a stop takes
//! effect at once, silence is measured in one place, and all data of a server is bounded. The four wire formats differ
//! as follows:
//!
//! | | `openai` | `anthropic` | `gemini` | `ollama` |
//! | --- | --- | --- | --- | --- |
//! | asked at | `/chat/completions` | `/v1/messages` | `/v1beta/models/MODEL:streamGenerateContent?alt=sse` | `/api/chat` |
//! | key in | `authorization: Bearer` | `x-api-key` | `x-goog-api-key` | `authorization: Bearer` |
//! | system text | message of role `system` | `system` | `system_instruction` | message of role `system` |
//! | stream of | events | named events | events | lines of JSON |
//! | a piece is | `choices[0].delta.content` | `delta.text` of `text_delta` | `candidates[0].content.parts[].text` | `message.content` |
//! | ends with | `[DONE]`, or a `finish_reason` | `message_stop` | a `finishReason` | `"done": true` |
//! | cut when | `length` | `max_tokens` | `MAX_TOKENS` | `length` |
//! | tokens in | `usage` of the last chunk | `message_start`, `message_delta` | `usageMetadata` | the last line |
//! | models at | `/models` | `/v1/models` | `/v1beta/models` | `/api/tags` |
//!
//! Sources: platform.openai.com/docs/api-reference/chat-streaming, docs.claude.com/en/docs/build-with-claude/streaming,
//! ai.google.dev/api/generate-content, github.com/ollama/ollama/blob/main/docs/api.md; events as in
//! html.spec.whatwg.org/multipage/server-sent-events.html.
//!
//! Redirects are not followed, because they would pass on the key. A proxy from the environment is used only for
//! `https`, where it sees neither key nor text.

mod anthropic;
mod failure;
mod frames;
mod gemini;
mod line;
mod ollama;
mod openai;
mod reach;

pub(super) use reach::reach;

use super::message::one_line;
use super::{Api, ApiKind, GeneratorAnswer, GeneratorRequest, MAX_ANSWER, NoAnswer, PATIENCE};
use crate::domain::Redactor;
use crate::evolve::course::{Trouble, Usage};
use failure::{of_connection, of_status};
use frames::{Frame, Frames};
use line::{HttpConnection, StreamEvent};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a stop request is polled while an API is asked.
const LOOK: Duration = Duration::from_millis(20);

/// How long a stream may stay open after the end of the answer was announced.
const AFTER: Duration = Duration::from_secs(2);

/// The maximum size of a stream in bytes, with all frames: some servers send 300 bytes for one token.
const MAX_STREAM: usize = 128 * MAX_ANSWER;

/// How many bytes of a body that is not a stream are kept for the error message.
const MAX_BODY: usize = 64 * 1024;

/// The same if the body may be a whole answer in one piece: the escaped text and the JSON around it.
const MAX_WHOLE: usize = 2 * MAX_ANSWER + MAX_BODY;

#[derive(Debug)]
struct HttpRequest {
    url: String,
    /// Headers in addition to the common ones; they may contain the key.
    headers: Vec<(&'static str, String)>,
    /// The body of the request; `None` makes it a GET request.
    body: Option<Value>,
}

/// How an answer ended, according to the server of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finish {
    Whole,
    /// The maximum length was reached.
    Cut,
    /// The model or its server refused to continue; contains its message.
    Unwilling(String),
}

/// The answer from the frames so far.
#[derive(Debug, Default)]
struct PartialAnswer {
    /// The text of the last frame.
    piece: String,
    /// The usage so far.
    usage: Usage,
    model: Option<String>,
    finish: Option<Finish>,
    /// No more frames will come.
    is_over: bool,
    /// The error with which the server stopped in the middle.
    failure: Option<(Trouble, String)>,
}

struct Dialect {
    /// The request for a question.
    call: fn(&Api, &GeneratorRequest<'_>) -> HttpRequest,
    /// The request for the list of models.
    models: fn(&Api) -> HttpRequest,
    /// Whether each line is a frame; otherwise frames are server-sent events.
    is_lines: bool,
    /// Reads a frame.
    take: fn(&mut PartialAnswer, &Value),
}

fn dialect(kind: ApiKind) -> &'static Dialect {
    match kind {
        ApiKind::OpenAi => &openai::DIALECT,
        ApiKind::Anthropic => &anthropic::DIALECT,
        ApiKind::Gemini => &gemini::DIALECT,
        ApiKind::Ollama => &ollama::DIALECT,
    }
}

/// Redacts the key, and text that looks like a key, in messages of the server.
fn redactor(api: &Api) -> Redactor {
    Redactor::new(api.key.iter().map(|key| ("key", key)))
}

/// The key as the value of a header, or a part of it.
fn key(api: &Api) -> Option<String> {
    api.key.as_ref().map(|key| key.expose().to_string_lossy().into_owned())
}

fn bearer(api: &Api) -> Vec<(&'static str, String)> {
    key(api).map(|key| ("authorization", format!("Bearer {key}"))).into_iter().collect()
}

pub(super) fn ask(
    api: &Api,
    timeout: Duration,
    question: &GeneratorRequest<'_>,
    on_text: &mut dyn FnMut(&str),
    stop: &AtomicBool,
) -> Result<GeneratorAnswer, NoAnswer> {
    let dialect = dialect(api.kind);
    let line = HttpConnection::open(&(dialect.call)(api, question), api.ca.as_deref(), timeout)
        .map_err(|message| NoAnswer::new(Trouble::Refused, one_line(&message, &redactor(api))))?;
    let mut asking = Asking::new(api, dialect, timeout);
    let end = asking.listen(&line, on_text, stop);
    asking.conclude(end)
}

/// A question in progress.
struct Asking<'a> {
    api: &'a Api,
    dialect: &'static Dialect,
    timeout: Duration,
    begun: Instant,
    /// When the last bytes arrived.
    last: Instant,
    heard: PartialAnswer,
    text: String,
    frames: Frames,
    /// The head of the response, once it has arrived.
    status: Option<line::ResponseHead>,
    /// The body, if it is not a stream.
    body: Vec<u8>,
    bytes: usize,
    is_stream: bool,
}

impl<'a> Asking<'a> {
    fn new(api: &'a Api, dialect: &'static Dialect, timeout: Duration) -> Asking<'a> {
        let now = Instant::now();
        Asking {
            api,
            dialect,
            timeout,
            begun: now,
            last: now,
            heard: PartialAnswer::default(),
            text: String::new(),
            frames: Frames::new(dialect.is_lines),
            status: None,
            body: Vec::new(),
            bytes: 0,
            is_stream: false,
        }
    }

    /// Reads the response until it ends or becomes useless; returns the reason.
    fn listen(
        &mut self,
        line: &HttpConnection,
        on_text: &mut dyn FnMut(&str),
        stop: &AtomicBool,
    ) -> Result<(), NoAnswer> {
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(NoAnswer::stopped());
            }
            match line.next(LOOK) {
                None => self.mind_the_time()?,
                Some(StreamEvent::Head(head)) => {
                    self.last = Instant::now();
                    self.status = Some(head);
                }
                Some(StreamEvent::Bytes(bytes)) => {
                    self.last = Instant::now();
                    self.bytes += bytes.len();
                    if !self.is_fine() {
                        self.keep(&bytes);
                        if self.body.len() >= MAX_BODY {
                            return Ok(());
                        }
                        continue;
                    }
                    self.take(&bytes, on_text)?;
                    if self.heard.is_over || self.heard.failure.is_some() {
                        return Ok(());
                    }
                }
                Some(StreamEvent::End) => {
                    for frame in self.frames.finish() {
                        self.take_frame(&frame, on_text)?;
                    }
                    return self.take_whole(on_text);
                }
                Some(StreamEvent::Broken(error)) => {
                    let has_begun = self.status.is_some();
                    return Err(of_connection(&error, has_begun, &self.api.url, &redactor(self.api)));
                }
            }
        }
    }

    fn is_fine(&self) -> bool {
        self.status.as_ref().is_some_and(|head| (200..300).contains(&head.status))
    }

    fn mind_the_time(&self) -> Result<(), NoAnswer> {
        let silence = self.last.elapsed();
        if self.heard.finish.is_some() && silence > AFTER {
            return Err(NoAnswer::new(Trouble::CutStream, "the stream stayed open"));
        }
        let timed_out =
            |what: &str, time: Duration| NoAnswer::new(Trouble::TimedOut, format!("{what} {}s", time.as_secs_f64()));
        if silence > self.timeout {
            return Err(timed_out("it sent nothing for", self.timeout));
        }
        let longest = self.timeout.saturating_mul(PATIENCE);
        if self.begun.elapsed() > longest {
            return Err(timed_out("it did not finish within", longest));
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let most = if self.is_fine() { MAX_WHOLE } else { MAX_BODY };
        let room = most.saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self, bytes: &[u8], on_text: &mut dyn FnMut(&str)) -> Result<(), NoAnswer> {
        if !self.is_stream {
            self.keep(bytes);
        }
        if self.bytes > MAX_STREAM {
            return Err(too_long());
        }
        let frames = self.frames.push(bytes).map_err(|()| too_long())?;
        for frame in frames {
            self.take_frame(&frame, on_text)?;
            if self.heard.is_over || self.heard.failure.is_some() {
                break;
            }
        }
        // A stream of comments, or one from a fast server, is not silent, but its total time is limited as well.
        if self.begun.elapsed() > self.timeout.saturating_mul(PATIENCE) { self.mind_the_time() } else { Ok(()) }
    }

    /// Reads the answer of a server that does not stream: one document, or a list of the frames that it would have
    /// streamed.
    fn take_whole(&mut self, on_text: &mut dyn FnMut(&str)) -> Result<(), NoAnswer> {
        if self.is_stream || !self.is_fine() || self.body.len() >= MAX_WHOLE {
            return Ok(());
        }
        let Ok(value) = serde_json::from_slice::<Value>(&self.body) else { return Ok(()) };
        let pieces = match value {
            Value::Array(pieces) => pieces,
            whole => vec![whole],
        };
        for value in pieces.iter().filter(|value| value.is_object()) {
            self.take_value(value, on_text)?;
        }
        // If the wire format knows no part of it, the response comes from another service.
        self.is_stream = !self.text.is_empty() || self.heard.finish.is_some() || self.heard.failure.is_some();
        Ok(())
    }

    fn take_frame(&mut self, frame: &Frame, on_text: &mut dyn FnMut(&str)) -> Result<(), NoAnswer> {
        if frame.data.trim() == "[DONE]" {
            self.heard.is_over = true;
            return Ok(());
        }
        let Ok(value) = serde_json::from_str::<Value>(&frame.data) else {
            // Before the first frame it may be a page for humans; the kept part of the body shows that.
            if !self.is_stream && self.dialect.is_lines {
                return Ok(());
            }
            let shown = one_line(&frame.data, &redactor(self.api));
            return Err(NoAnswer::new(Trouble::Broke, format!("it sent invalid JSON: {shown}")));
        };
        self.is_stream = true;
        self.take_value(&value, on_text)
    }

    fn take_value(&mut self, value: &Value, on_text: &mut dyn FnMut(&str)) -> Result<(), NoAnswer> {
        (self.dialect.take)(&mut self.heard, value);
        let piece = std::mem::take(&mut self.heard.piece);
        if self.text.len() + piece.len() > MAX_ANSWER {
            return Err(too_long());
        }
        if !piece.is_empty() {
            self.text.push_str(&piece);
            on_text(&piece);
        }
        Ok(())
    }

    /// The result, with its cost.
    fn conclude(mut self, end: Result<(), NoAnswer>) -> Result<GeneratorAnswer, NoAnswer> {
        let usage = self.priced();
        let text = std::mem::take(&mut self.text);
        self.judge(end, &text).map_err(|no| NoAnswer { usage, ..no })?;
        Ok(GeneratorAnswer { text, usage, model: self.heard.model })
    }

    fn judge(&self, end: Result<(), NoAnswer>, text: &str) -> Result<(), NoAnswer> {
        let redactor = redactor(self.api);
        let is_whole = self.heard.is_over || self.heard.finish.is_some();
        match end {
            // Errors after a complete answer do no harm, but a stop request still counts.
            Err(no) if !is_whole || no.trouble == Trouble::Refused || no == NoAnswer::stopped() => return Err(no),
            _ => {}
        }
        if let Some(head) = self.status.as_ref().filter(|_| !self.is_fine()) {
            return Err(of_status(head, &self.body, &self.api.url, &redactor));
        }
        if let Some((trouble, message)) = &self.heard.failure {
            return Err(NoAnswer::new(*trouble, one_line(message, &redactor)));
        }
        match &self.heard.finish {
            Some(Finish::Cut) => {
                let message = "the answer was truncated at the token limit; raise max_tokens of this generator";
                Err(NoAnswer::new(Trouble::Refused, message))
            }
            Some(Finish::Unwilling(why)) => {
                Err(NoAnswer::new(Trouble::Refused, format!("the model did not finish: {}", one_line(why, &redactor))))
            }
            _ if !self.is_stream => {
                let shown = one_line(&String::from_utf8_lossy(&self.body), &redactor);
                let message = format!("there is no {} API at {}: {shown}", self.api.kind, self.api.url);
                Err(NoAnswer::new(Trouble::Refused, message))
            }
            _ if !is_whole => Err(NoAnswer::new(Trouble::CutStream, "the response ended unexpectedly")),
            _ if text.trim().is_empty() => Err(NoAnswer::new(Trouble::Broke, "its answer was empty")),
            _ => Ok(()),
        }
    }

    /// The usage, with the cost from the server, otherwise computed from the user's token prices.
    fn priced(&self) -> Usage {
        let usage = self.heard.usage;
        let cost = |tokens: Option<u64>, price: Option<u64>| Some(u128::from(tokens?) * u128::from(price?) / 1_000_000);
        let price = self.api.price;
        let costs = [cost(usage.input_tokens, price.input_micros), cost(usage.output_tokens, price.output_micros)];
        let computed = costs.iter().any(Option::is_some).then(|| costs.iter().flatten().sum::<u128>());
        let computed = computed.and_then(|micros| u64::try_from(micros).ok());
        Usage { cost_micros: usage.cost_micros.or(computed), ..usage }
    }
}

fn too_long() -> NoAnswer {
    NoAnswer::new(Trouble::Refused, format!("its answer is longer than {} MiB", MAX_ANSWER >> 20))
}

/// The number at a JSON pointer.
fn number(value: &Value, path: &str) -> Option<u64> {
    value.pointer(path)?.as_u64()
}

/// The text at a JSON pointer.
fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path)?.as_str()
}

/// The error message of a server, in any of the usual places.
fn message_of(value: &Value) -> Option<&str> {
    let places = ["/error/message", "/error", "/message", "/detail", "/0/error/message"];
    places.iter().find_map(|place| text(value, place))
}
