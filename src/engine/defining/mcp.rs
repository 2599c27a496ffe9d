//! Asking a program for its tools by the Model Context Protocol over standard input and output: the three messages that
//! are needed for that, bounded in time and size. The program runs under the strictest rules.

use crate::domain::service::{LogRule, StopSignal};
use crate::domain::{Caller, Stream, ToolDetail};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::run::{CommandRules, InputPipe};
use crate::runner::{Frame, Hooks, ServiceTerms};
use rustix::pipe::PipeFlags;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(20);

/// How long the program may clean up at the end.
const GRACE: Duration = Duration::from_secs(1);

/// Longest line that is taken, bytes.
const MAX_LINE: usize = 1 << 20;

/// What is kept of its output while it runs.
const LOG: LogRule = LogRule { most_bytes: 1 << 20, keep: 0 };

/// How much of what it writes is read, bytes.
const MAX_READ: usize = 4 << 20;

/// Tools that are listed at most.
const MOST_TOOLS: usize = 200;

/// Parts in which a list may come.
const MOST_PAGES: usize = 16;

/// The version of the protocol that is asked for. A program that speaks another one says so, and continues with it.
const VERSION: &str = "2025-06-18";

/// Tools by name and description, or why there are none.
type Listing = Result<Vec<(String, String)>, String>;

/// What the program does next on its way to us.
enum Heard {
    Output(Vec<u8>),
    Ended,
}

/// The tools that a program lists, by name and description; an error says why there are none, one line.
///
/// # Errors
/// `Refused` or `HumanNeeded` where policy says no; `Failed` when it cannot be started.
pub(super) fn tools_of(
    engine: &Engine,
    detail: &ToolDetail,
    caller: &Caller,
    command: &[String],
) -> Result<Listing, EngineError> {
    let (reads, writes) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
        .map_err(|error| EngineError::internal(format!("no pipe: {error}")))?;
    let terms = ServiceTerms { stdin: Some(reads), stop: StopSignal::Term, grace: GRACE, log: LOG };
    let (output, heard) = sync_channel(16);
    let ended = output.clone();
    let hooks = Hooks {
        on_output: Some(Box::new(move |frame: &Frame| {
            if frame.stream == Stream::Stdout {
                drop(output.send(Heard::Output(frame.bytes.clone())));
            }
        })),
        on_end: Box::new(move |_| drop(ended.send(Heard::Ended))),
        ..Hooks::default()
    };
    let helper = engine.runs().help(detail, caller, (command, CommandRules::Strict), (terms, hooks))?;
    let input = InputPipe::start(writes)?;
    // A program that does not read its few short lines lists no tools in time.
    let told = converse(&heard, &mut |line| {
        let _ = input.write(format!("{line}\n").into_bytes());
    });
    // Its thread must not wait for somebody who listens while it is asked to end.
    drop(heard);
    drop(helper);
    Ok(told)
}

/// Talks until the tools are listed, or it is clear that they will not be.
fn converse(heard: &Receiver<Heard>, say: &mut dyn FnMut(Value)) -> Listing {
    let until = Instant::now() + LONGEST;
    let mut session = Session::default();
    say(Session::greeting());
    let (mut line, mut read) = (Vec::new(), 0);
    loop {
        match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Heard::Output(bytes)) => {
                read += bytes.len();
                for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
                    let room = MAX_LINE.saturating_sub(line.len());
                    line.extend_from_slice(&piece[..piece.len().min(room)]);
                    if piece.ends_with(b"\n") {
                        session.hear(&line, say);
                        line.clear();
                    }
                }
            }
            Ok(Heard::Ended) | Err(RecvTimeoutError::Disconnected) => {
                session.ends("it ended before it listed its tools");
            }
            Err(RecvTimeoutError::Timeout) => session.ends(&format!("no list of tools within {}s", LONGEST.as_secs())),
        }
        if read > MAX_READ {
            session.ends("it wrote too much");
        }
        if let Some(end) = session.end.take() {
            return end;
        }
    }
}

/// What was said so far.
#[derive(Default)]
struct Session {
    /// Requests that were sent beside the greeting.
    pages: usize,
    tools: Vec<(String, String)>,
    end: Option<Listing>,
}

impl Session {
    fn greeting() -> Value {
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": VERSION,
            "capabilities": {},
            "clientInfo": {"name": "toolsmith", "version": env!("CARGO_PKG_VERSION")},
        }})
    }

    /// Ends with what there is, or with the reason why there is nothing.
    fn ends(&mut self, why: &str) {
        let tools = std::mem::take(&mut self.tools);
        self.end.get_or_insert_with(|| if tools.is_empty() { Err(why.to_owned()) } else { Ok(tools) });
    }

    /// Takes a line of the program. Lines that are no messages are passed over: some programs write other things there.
    fn hear(&mut self, line: &[u8], say: &mut dyn FnMut(Value)) {
        let Ok(Value::Object(message)) = serde_json::from_slice::<Value>(line.trim_ascii()) else { return };
        if self.end.is_some() || message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return;
        }
        let id = message.get("id").filter(|id| !id.is_null());
        if let Some(method) = message.get("method").and_then(Value::as_str) {
            // A request of the program; a notification has no number and wants no answer.
            if let Some(id) = id {
                let mut answer = json!({"jsonrpc": "2.0", "id": id});
                match method {
                    "ping" => answer["result"] = json!({}),
                    _ => answer["error"] = json!({"code": -32601, "message": "not supported"}),
                }
                say(answer);
            }
            return;
        }
        if id.and_then(Value::as_u64) != Some(self.pages as u64) {
            return;
        }
        let Some(result) = message.get("result") else {
            return self.ends("it refused to list its tools");
        };
        if self.pages == 0 {
            say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
            return self.ask(None, say);
        }
        self.take(result);
        match result.get("nextCursor").and_then(Value::as_str) {
            Some(cursor) if self.pages < MOST_PAGES && self.tools.len() < MOST_TOOLS => self.ask(Some(cursor), say),
            _ => self.ends("it lists no tools"),
        }
    }

    fn ask(&mut self, cursor: Option<&str>, say: &mut dyn FnMut(Value)) {
        self.pages += 1;
        let params = cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor}));
        say(json!({"jsonrpc": "2.0", "id": self.pages, "method": "tools/list", "params": params}));
    }

    fn take(&mut self, result: &Value) {
        let tools = result.get("tools").and_then(Value::as_array).into_iter().flatten();
        for tool in tools.take(MOST_TOOLS - self.tools.len().min(MOST_TOOLS)) {
            let text = |key: &str| tool.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            self.tools.push((text("name"), text("description")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said to a program that writes these lines, and the end of it.
    fn said(lines: &[&str]) -> (Vec<Value>, Option<Listing>) {
        let (mut session, mut said) = (Session::default(), Vec::new());
        for line in lines {
            session.hear(line.as_bytes(), &mut |message| said.push(message));
        }
        (said, session.end)
    }

    const WELCOME: &str =
        r#"{"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}}}"#;

    #[test]
    fn tools_are_asked_for_after_the_greeting_part_by_part() {
        let (said, end) = said(&[
            "starting up",
            WELCOME,
            r#"{"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "search", "description": "Search the web"}], "nextCursor": "2"}}"#,
            r#"{"jsonrpc": "2.0", "method": "notifications/message", "params": {}}"#,
            r#"{"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "fetch"}, 7]}}"#,
            r#"{"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "late"}]}}"#,
        ]);
        let methods: Vec<&str> = said.iter().filter_map(|message| message["method"].as_str()).collect();
        assert_eq!(methods, ["notifications/initialized", "tools/list", "tools/list"]);
        assert_eq!((&said[1]["id"], &said[2]["params"]), (&json!(1), &json!({"cursor": "2"})));
        let pairs = [("search", "Search the web"), ("fetch", ""), ("", "")];
        let pairs = pairs.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(end, Some(Ok(pairs.to_vec())));
    }

    #[test]
    fn requests_of_the_program_are_answered_and_errors_end_it() {
        let (said, end) = said(&[
            WELCOME,
            r#"{"jsonrpc": "2.0", "id": "a", "method": "ping"}"#,
            r#"{"jsonrpc": "2.0", "id": 9, "method": "roots/list"}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no"}}"#,
        ]);
        assert_eq!(said[2], json!({"jsonrpc": "2.0", "id": "a", "result": {}}));
        assert_eq!(said[3]["error"]["code"], json!(-32601));
        assert_eq!(end, Some(Err("it refused to list its tools".to_owned())));
    }

    #[test]
    fn answers_to_nothing_and_endless_lists_are_bounded() {
        // An answer that nobody asked for, a companion that does not speak the protocol.
        assert_eq!(
            said(&[r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#, r#"{"response": "hello"}"#]).0,
            Vec::<Value>::new()
        );
        let (mut session, mut asked) = (Session::default(), 0);
        session.hear(WELCOME.as_bytes(), &mut |_| ());
        while session.end.is_none() {
            let page = json!({"jsonrpc": "2.0", "id": session.pages, "result": {"tools": [{"name": "x"}], "nextCursor": "again"}});
            session.hear(page.to_string().as_bytes(), &mut |_| asked += 1);
        }
        assert_eq!((asked, session.end.unwrap().unwrap().len()), (MOST_PAGES - 1, MOST_PAGES));
        let many: Vec<Value> = (0..1_000).map(|_| json!({"name": "x"})).collect();
        let page = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": many}}).to_string();
        assert_eq!(said(&[WELCOME, &page]).1.unwrap().unwrap().len(), MOST_TOOLS);
    }

    #[test]
    fn a_program_that_ends_or_floods_is_given_up() {
        let (sender, heard) = sync_channel(4);
        sender.send(Heard::Output(vec![b'x'; MAX_READ + 1])).unwrap();
        assert_eq!(converse(&heard, &mut |_| ()), Err("it wrote too much".to_owned()));
        sender.send(Heard::Ended).unwrap();
        assert_eq!(converse(&heard, &mut |_| ()), Err("it ended before it listed its tools".to_owned()));
    }
}
