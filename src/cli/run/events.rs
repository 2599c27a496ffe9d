//! A run for a script that reads along: one event per line (`--jsonl`).

use super::exit_code;
use crate::cli::call::{Call, Stop, answered};
use crate::cli::cleaner::Sink;
use crate::cli::live::follow;
use crate::cli::outlet;
use crate::domain::ansi::torn_tail;
use crate::domain::{Run, Stream};
use crate::engine::{Engine, EngineError, RunHandle};
use serde::Serialize;
use std::io;

/// Prints events as they occur. An error before the start is an event too.
pub(super) fn tell(call: &Call<'_>, started: Result<(Engine, RunHandle), EngineError>) -> Result<u8, Stop> {
    let (engine, handle) = match started {
        Ok(started) => started,
        Err(error) => {
            return answered(error.code.exit_code(), print_event(&RunEvent::Error { error: &error }));
        }
    };
    // A started run is followed to its end even if nobody reads the events: the first output that cannot be written
    // cancels it.
    let begun = print_event(&RunEvent::Started { run: &engine.runs().record(handle.id)? });
    let mut events = Events::default();
    let (run, taken) = follow(call, &engine, handle, &mut events)?;
    let told =
        begun.and(taken).and_then(|()| events.finish()).and_then(|()| print_event(&RunEvent::Ended { run: &run }));
    answered(exit_code::of(&run), told)
}

/// A line of `--jsonl`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum RunEvent<'a> {
    Started { run: &'a Run },
    Output { stream: Stream, text: String },
    Ended { run: &'a Run },
    Error { error: &'a EngineError },
}

fn print_event(event: &RunEvent<'_>) -> io::Result<()> {
    outlet::object(event)
}

#[derive(Default)]
struct Events {
    stdout: Joiner,
    stderr: Joiner,
}

impl Events {
    fn finish(&mut self) -> io::Result<()> {
        for (stream, text) in [(Stream::Stdout, self.stdout.finish()), (Stream::Stderr, self.stderr.finish())] {
            if !text.is_empty() {
                print_event(&RunEvent::Output { stream, text })?;
            }
        }
        Ok(())
    }
}

impl Sink for Events {
    fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let text = match stream {
            Stream::Stdout => self.stdout.push(bytes),
            Stream::Stderr => self.stderr.push(bytes),
        };
        if text.is_empty() { Ok(()) } else { print_event(&RunEvent::Output { stream, text }) }
    }
}

/// Turns bytes that arrive in pieces into text, without splitting characters.
#[derive(Default)]
struct Joiner {
    held: Vec<u8>,
}

impl Joiner {
    /// The text of the bytes held back and of these bytes; invalid UTF-8 becomes U+FFFD.
    fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() - torn_tail(&self.held);
        let text = String::from_utf8_lossy(&self.held[..whole]).into_owned();
        self.held.drain(..whole);
        text
    }

    /// The text of the bytes still held back.
    fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::print_json::tests::object;
    use crate::cli::runs::tests::failed_run;
    use crate::engine::ErrorCode;
    use serde_json::json;

    #[test]
    fn events_have_a_name_and_the_schema() {
        let run = failed_run();
        let output = object(&RunEvent::Output { stream: Stream::Stderr, text: "x\n".into() });
        assert_eq!(output, json!({"schema": 1, "event": "output", "stream": "stderr", "text": "x\n"}));
        let ended = object(&RunEvent::Ended { run: &run });
        assert_eq!((&ended["event"], &ended["run"]["outcome"]), (&json!("ended"), &json!("failed")));
        let error = EngineError::new(ErrorCode::NotFound, "no tool", "look");
        assert_eq!(
            object(&RunEvent::Error { error: &error }),
            json!({"schema": 1, "event": "error",
                "error": {"code": "not-found", "message": "no tool", "hint": "look"}})
        );
    }

    #[test]
    fn characters_are_not_torn_between_events() {
        let mut joiner = Joiner::default();
        let text: String = "aé日😀".as_bytes().chunks(1).map(|piece| joiner.push(piece)).collect();
        assert_eq!(text + &joiner.finish(), "aé日😀");
        assert_eq!(joiner.push(b"x\xff\xe6\x97"), "x\u{fffd}");
        assert_eq!(joiner.finish(), "\u{fffd}");
    }
}
