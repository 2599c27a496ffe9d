//! The translator of a definition: a program between messages and a service with its own protocol. It runs in a sandbox
//! like that of the service, starts and ends with the service, and gets its input line by line.

use super::{Keeper, KeeperEvent};
use crate::domain::Stream;
use crate::domain::service::StopSignal;
use crate::engine::error::EngineError;
use crate::engine::run::{CommandRules, Helper, InputPipe};
use crate::runner::{Frame, Hooks, ServiceTerms};
use rustix::pipe::PipeFlags;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Maximum length of a line of the translator or of the service, bytes.
const MAX_LINE: usize = 1 << 20;

/// Time for a translator to clean up at its end.
const GRACE: Duration = Duration::from_secs(1);

/// A running translator.
pub(super) struct Translator {
    input: InputPipe,
    _helper: Helper,
    /// Output of the translator since its last line break.
    partial: Vec<u8>,
    /// Output of the service since its last line break.
    heard: Vec<u8>,
}

/// The meaning of a line of the translator.
#[derive(Debug, PartialEq)]
enum Spoken {
    /// A line for the service.
    ToService(String),
    /// A line for the message queue.
    ToTalk(String),
    Nothing,
}

impl Translator {
    /// Writes a line; `false` when too much input is waiting.
    fn write(&self, line: &Value) -> bool {
        self.input.write(format!("{line}\n").into_bytes())
    }
}

/// The complete lines in the output, including the beginning that arrived before.
fn lines(partial: &mut Vec<u8>, bytes: &[u8]) -> Vec<String> {
    let mut whole = Vec::new();
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        let room = MAX_LINE.saturating_sub(partial.len());
        partial.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.ends_with(b"\n") {
            whole.push(String::from_utf8_lossy(partial.trim_ascii_end()).into_owned());
            partial.clear();
        }
    }
    whole
}

fn spoken(line: &str) -> Spoken {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(line) else { return Spoken::Nothing };
    if let Some(line) = fields.get("line").and_then(Value::as_str) {
        return Spoken::ToService(format!("{}\n", line.trim_end_matches('\n')));
    }
    let said = |key: &str| fields.get(key).filter(|value| !value.is_null()).cloned();
    let Some(answer) = said("answer").or_else(|| said("error")) else { return Spoken::Nothing };
    let mut told = Map::new();
    told.insert("response".to_owned(), answer);
    if let Some(id) = said("id") {
        told.insert("id".to_owned(), id);
    }
    Spoken::ToTalk(format!("{}\n", Value::Object(told)))
}

impl Keeper {
    /// Starts the translator of the definition for a service that is about to start.
    pub(super) fn start_translator(&self, number: u64) -> Result<Option<Translator>, EngineError> {
        if self.definition.translator.is_empty() {
            return Ok(None);
        }
        let (reads, writes) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
            .map_err(|error| EngineError::internal(format!("no pipe: {error}")))?;
        let terms = ServiceTerms { stdin: Some(reads), stop: StopSignal::Term, grace: GRACE, log: self.definition.log };
        let (output, ended) = (self.sender.clone(), self.sender.clone());
        let hooks = Hooks {
            on_output: Some(Box::new(move |frame: &Frame| {
                drop(output.send(KeeperEvent::Translated(number, frame.clone())));
            })),
            on_end: Box::new(move |_| drop(ended.send(KeeperEvent::TranslatorEnded(number)))),
            ..Hooks::default()
        };
        let helper = self.engine.runs().help(
            &self.detail,
            &self.caller,
            (&self.definition.translator, CommandRules::OfService),
            (terms, hooks),
        )?;
        Ok(Some(Translator {
            input: InputPipe::start(writes)?,
            _helper: helper,
            partial: Vec::new(),
            heard: Vec::new(),
        }))
    }

    /// Whether the service, or its translator, reads its input.
    pub(super) fn reads_input(&self) -> bool {
        self.process.as_ref().is_none_or(|process| match &process.translator {
            Some(translator) => translator.input.has_room(),
            None => process.input.has_room(),
        })
    }

    /// Passes a line on to the service, through the translator if there is one; `false` when too much input is waiting.
    /// Returns `true` if the process has ended, because an event reports that.
    pub(super) fn write_line(&self, id: i64, line: &str) -> bool {
        let Some(process) = &self.process else { return true };
        let Some(translator) = &process.translator else { return process.input.write(line.as_bytes().to_vec()) };
        let Ok(Value::Object(mut fields)) = serde_json::from_str::<Value>(line) else { return true };
        if id > 0 {
            fields.insert("op".to_owned(), json!("to_tool"));
        } else {
            let kind = fields.remove("type").unwrap_or(Value::Null);
            fields = Map::from_iter([("op".to_owned(), json!("health")), ("kind".to_owned(), kind)]);
        }
        translator.write(&Value::Object(fields))
    }

    /// Passes output of the service to the translator; `false` when there is none.
    pub(super) fn hear_by_translator(&mut self, bytes: &[u8]) -> bool {
        let Some(translator) = self.process.as_mut().and_then(|process| process.translator.as_mut()) else {
            return false;
        };
        for line in lines(&mut translator.heard, bytes) {
            // If too much waits for the translator, the line is lost; the log of the service contains it.
            let _ = translator.write(&json!({ "op": "from_tool", "line": line }));
        }
        true
    }

    /// Handles output of the translator.
    pub(super) fn translated(&mut self, number: u64, frame: &Frame) -> Result<(), EngineError> {
        let Some(process) = self.process.as_mut().filter(|process| process.incarnation == number) else {
            return Ok(());
        };
        let Some(translator) = process.translator.as_mut().filter(|_| frame.stream == Stream::Stdout) else {
            return Ok(());
        };
        let said: Vec<Spoken> = lines(&mut translator.partial, &frame.bytes).iter().map(|line| spoken(line)).collect();
        for spoken in said {
            match spoken {
                Spoken::ToService(line) => {
                    if let Some(process) = &self.process {
                        // If too much waits for the service, the line is lost, and the message times out.
                        let _ = process.input.write(line.into_bytes());
                    }
                }
                Spoken::ToTalk(line) => {
                    let orders = self.exchange_queue.hear(line.as_bytes());
                    self.carry_out(orders)?;
                }
                Spoken::Nothing => {}
            }
        }
        Ok(())
    }

    /// Stops a service whose translator has ended, because it can no longer get messages. Its restart starts both.
    pub(super) fn translator_ended(&mut self, number: u64) {
        if let Some(process) = self.process.as_ref().filter(|process| process.incarnation == number) {
            process.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_translator_says_goes_to_the_service_or_into_the_conversation() {
        for (line, wanted) in [
            (r#"{"line": "ASK x\n"}"#, Spoken::ToService("ASK x\n".into())),
            (r#"{"answer": "y", "id": 7}"#, Spoken::ToTalk("{\"response\":\"y\",\"id\":7}\n".into())),
            (r#"{"error": "no", "id": 7}"#, Spoken::ToTalk("{\"response\":\"no\",\"id\":7}\n".into())),
            (r#"{"answer": null}"#, Spoken::Nothing),
            ("no json", Spoken::Nothing),
            ("[1]", Spoken::Nothing),
        ] {
            assert_eq!(spoken(line), wanted, "{line}");
        }
    }

    #[test]
    fn lines_are_put_together_and_bounded() {
        let mut partial = Vec::new();
        assert_eq!(lines(&mut partial, b"a\nb"), ["a"]);
        assert_eq!(lines(&mut partial, b"c\r\n\n"), ["bc", ""]);
        for _ in 0..20 {
            lines(&mut partial, &vec![b'x'; 1 << 17]);
        }
        assert_eq!(lines(&mut partial, b"\n")[0].len(), MAX_LINE);
    }
}
