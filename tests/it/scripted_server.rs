//! A real HTTP server on loopback that plays a model's API by a script, one reply a request.
//!
//! It speaks the four wire formats well enough for a client to be tested against, and does what servers of the world
//! do in bad hours: nothing for ever, half an answer, no end. Every connection is closed after its reply.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; null without one.
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is sent to one request.
#[derive(Debug, Clone, Default)]
pub struct Reply(Vec<Step>);

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u8>),
    /// Until the client is gone.
    Flood(Vec<u8>),
    /// Nothing, until the client is gone.
    Silence,
}

impl Reply {
    /// Nothing but silence, not even a head.
    pub fn silence() -> Reply {
        Reply(vec![Step::Silence])
    }

    /// These bytes, whatever they are, and the end of the connection.
    pub fn raw(bytes: &str) -> Reply {
        Reply(vec![Step::Send(bytes.as_bytes().to_vec())])
    }

    /// A whole response that is no stream.
    pub fn status(status: u16, headers: &str, body: &str) -> Reply {
        let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
        Reply(vec![Step::Send(format!("{head}{headers}\r\n{body}").into_bytes())])
    }

    /// The head of a stream, and these bytes.
    pub fn stream(content_type: &str, body: &str) -> Reply {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nconnection: close\r\n\r\n");
        Reply(vec![Step::Send(head.into_bytes()), Step::Send(body.as_bytes().to_vec())])
    }

    fn events(events: impl IntoIterator<Item = String>) -> Reply {
        Reply::stream("text/event-stream", &events.into_iter().collect::<String>())
    }

    /// Chat completions of OpenAI with these pieces; without an end when `is_whole` is false.
    pub fn openai_part(pieces: &[&str], is_whole: bool) -> Reply {
        let chunk = |delta: Value, finish: Value, usage: Value| {
            let choice = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
            let chunk = json!({ "id": "c1", "object": "chat.completion.chunk", "model": "scripted-1", "choices": choice, "usage": usage });
            format!("data: {chunk}\n\n")
        };
        let begin = chunk(json!({ "role": "assistant", "content": "" }), Value::Null, Value::Null);
        let text = pieces.iter().map(|piece| chunk(json!({ "content": piece }), Value::Null, Value::Null));
        let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 });
        let usage = json!({ "id": "c1", "model": "scripted-1", "choices": [], "usage": usage });
        let end =
            [chunk(json!({}), json!("stop"), Value::Null), format!("data: {usage}\n\n"), "data: [DONE]\n\n".to_owned()];
        let end = end.into_iter().filter(|_| is_whole);
        Reply::events(std::iter::once(begin).chain(text).chain(end))
    }

    /// Chat completions of OpenAI: a whole answer.
    pub fn openai(text: &str) -> Reply {
        Reply::openai_part(&halves(text), true)
    }

    /// Messages of Anthropic with these pieces; without an end when `is_whole` is false.
    pub fn anthropic_part(pieces: &[&str], is_whole: bool) -> Reply {
        let event = |data: Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
        let begin = [
            json!({ "type": "message_start", "message": { "model": "scripted-2", "usage": { "input_tokens": 11, "output_tokens": 1 } } }),
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            json!({ "type": "ping" }),
        ];
        let text = pieces.iter().map(|piece| {
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": piece } })
        });
        let end = [
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 7 } }),
            json!({ "type": "message_stop" }),
        ];
        let end = end.into_iter().filter(|_| is_whole);
        Reply::events(begin.into_iter().chain(text).chain(end).map(event))
    }

    /// Messages of Anthropic: a whole answer.
    pub fn anthropic(text: &str) -> Reply {
        Reply::anthropic_part(&halves(text), true)
    }

    /// generateContent of Gemini: a whole answer.
    pub fn gemini(text: &str) -> Reply {
        let [first, last] = halves(text);
        let part = |text: &str| json!({ "parts": [{ "text": text }], "role": "model" });
        let chunks = [
            json!({ "candidates": [{ "content": { "parts": [{ "text": "hm", "thought": true }] } }], "modelVersion": "scripted-3" }),
            json!({ "candidates": [{ "content": part(first) }] }),
            json!({
                "candidates": [{ "content": part(last), "finishReason": "STOP" }],
                "usageMetadata": { "promptTokenCount": 11, "candidatesTokenCount": 4, "thoughtsTokenCount": 3 },
            }),
        ];
        Reply::events(chunks.into_iter().map(|chunk| format!("data: {chunk}\r\n\r\n")))
    }

    /// Chat of Ollama: a whole answer.
    pub fn ollama(text: &str) -> Reply {
        let [first, last] = halves(text);
        let line = |text: &str| json!({ "model": "scripted-4", "message": { "role": "assistant", "content": text }, "done": false });
        let end = json!({ "model": "scripted-4", "message": { "content": "" }, "done": true, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7 });
        let lines = [line(first), line(last), end];
        Reply::stream("application/x-ndjson", &lines.map(|line| format!("{line}\n")).concat())
    }

    /// The same bytes, so many at a time, each sent by itself.
    pub fn in_bytes_of(self, size: usize) -> Reply {
        Reply(self.0.into_iter().flat_map(|step| step.cut(size)).collect())
    }

    /// And then nothing, while the connection stays open.
    pub fn then_silence(mut self) -> Reply {
        self.0.push(Step::Silence);
        self
    }

    /// And then this, again and again.
    pub fn then_flood(mut self, text: &str) -> Reply {
        self.0.push(Step::Flood(text.as_bytes().to_vec()));
        self
    }
}

impl Step {
    fn cut(self, size: usize) -> Vec<Step> {
        match self {
            Step::Send(bytes) => bytes.chunks(size).map(|piece| Step::Send(piece.to_vec())).collect(),
            other @ (Step::Flood(_) | Step::Silence) => vec![other],
        }
    }
}

/// A text in two parts.
fn halves(text: &str) -> [&str; 2] {
    let middle = (text.len() / 2..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let (first, last) = text.split_at(middle);
    [first, last]
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

struct Stage {
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
    connections: Mutex<Vec<TcpStream>>,
    open: AtomicUsize,
    is_over: AtomicBool,
}

/// The server; gone when dropped.
pub struct ScriptedServer {
    address: SocketAddr,
    stage: Arc<Stage>,
    listening: Option<JoinHandle<()>>,
}

impl ScriptedServer {
    /// Gives these replies to questions, one after the other; a question too many gets a 500. Lists of models are
    /// always empty.
    pub fn with(replies: impl IntoIterator<Item = Reply>) -> ScriptedServer {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        ScriptedServer::new(move |asked| {
            if asked.method == "GET" {
                return Reply::status(200, "", r#"{"data":[],"models":[]}"#);
            }
            let next = replies.lock().unwrap().pop_front();
            next.unwrap_or_else(|| Reply::status(500, "", r#"{"error":{"message":"the script is over"}}"#))
        })
    }

    /// Asks `script` what to reply.
    pub fn new(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> ScriptedServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stage = Arc::new(Stage {
            script: Box::new(script),
            asked: Mutex::default(),
            connections: Mutex::default(),
            open: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&stage);
        let listening = std::thread::spawn(move || listen(&listener, &shared));
        ScriptedServer { address, stage, listening: Some(listening) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in the order in which they came.
    pub fn asked(&self) -> Vec<Asked> {
        self.stage.asked.lock().unwrap().clone()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.stage.open.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.stage.is_over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            listening.join().unwrap();
        }
    }
}

fn listen(listener: &TcpListener, stage: &Arc<Stage>) {
    let mut playing = Vec::new();
    for stream in listener.incoming() {
        if stage.is_over.load(Ordering::SeqCst) {
            break;
        }
        let Ok(stream) = stream else { continue };
        stage.connections.lock().unwrap().extend(stream.try_clone());
        stage.open.fetch_add(1, Ordering::SeqCst);
        let stage = Arc::clone(stage);
        playing.push(std::thread::spawn(move || {
            // A client that goes away in the middle is what some tests are about.
            drop(play(&stream, &stage));
            drop(stream.shutdown(Shutdown::Both));
            stage.open.fetch_sub(1, Ordering::SeqCst);
        }));
    }
    for connection in stage.connections.lock().unwrap().iter() {
        drop(connection.shutdown(Shutdown::Both));
    }
    for thread in playing {
        thread.join().unwrap();
    }
}

fn play(mut stream: &TcpStream, stage: &Stage) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let asked = receive(stream)?;
    let reply = (stage.script)(&asked);
    stage.asked.lock().unwrap().push(asked);
    for step in reply.0 {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes)?,
            Step::Flood(bytes) => loop {
                stream.write_all(&bytes)?;
            },
            Step::Silence => while stream.read(&mut [0; 64])? > 0 {},
        }
    }
    // Closed with something unread, the end of what was sent could get lost.
    stream.shutdown(Shutdown::Write)?;
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}

fn receive(mut stream: &TcpStream) -> std::io::Result<Asked> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let mut more = |bytes: &mut Vec<u8>| -> std::io::Result<()> {
        let got = stream.read(&mut piece)?;
        if got == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..got]);
        Ok(())
    };
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(&mut bytes)?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        more(&mut bytes)?;
    }
    let body = serde_json::from_slice(&bytes[end + 4..]).unwrap_or_default();
    Ok(Asked { method, path, headers, body })
}
