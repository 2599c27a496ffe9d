//! The program of a definition that stands between messages and a service: for services with a protocol of their own.
//! It runs in a sandbox like that of the service, begins and ends with it, and is fed line by line.

use super::{Keeper, KeeperEvent};
use crate::domain::Stream;
use crate::domain::service::StopSignal;
use crate::engine::error::EngineError;
use crate::engine::run::{CommandRules, Helper, InputPipe};
use crate::runner::{Frame, Hooks, ServiceTerms};
use rustix::pipe::PipeFlags;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Longest line of the translator or of the service that is taken, bytes.
const MAX_LINE: usize = 1 << 20;

/// How long a translator may clean up at the end.
const GRACE: Duration = Duration::from_secs(1);

/// A translator that runs.
pub(super) struct Translator {
    input: InputPipe,
    _helper: Helper,
    /// What the translator wrote since its last end of a line.
    partial: Vec<u8>,
    /// What the service wrote since its last end of a line.
    heard: Vec<u8>,
}

/// What a translator says in a line.
#[derive(Debug, PartialEq)]
enum Spoken {
    /// A line for the service.
    ToService(String),
    /// A line for the conversation.
    ToTalk(String),
    Nothing,
}

impl Translator {
    /// Writes a line; `false` when too many wait already.
    fn write(&self, line: &Value) -> bool {
        self.input.write(format!("{line}\n").into_bytes())
    }
}

/// Whole lines of what was written, with the beginning of a line that came before.
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
    /// Starts the translator of the definition, for a service that is about to start.
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

    /// Whether the service, or its translator, reads what it gets.
    pub(super) fn reads_input(&self) -> bool {
        self.process.as_ref().is_none_or(|process| match &process.translator {
            Some(translator) => translator.input.has_room(),
            None => process.input.has_room(),
        })
    }

    /// Passes a line on to the service, by way of the translator where there is one; `false` when too much waits there
    /// already. The end of a process that is over is on its way.
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

    /// Takes output of the service to the translator; `false` when there is none.
    pub(super) fn hear_by_translator(&mut self, bytes: &[u8]) -> bool {
        let Some(translator) = self.process.as_mut().and_then(|process| process.translator.as_mut()) else {
            return false;
        };
        for line in lines(&mut translator.heard, bytes) {
            // Lines that a translator does not read are lost when too many wait: they are in the log of the service.
            let _ = translator.write(&json!({ "op": "from_tool", "line": line }));
        }
        true
    }

    /// Takes output of the translator.
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
                        // What a service does not read is lost when too much waits; the message times out.
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

    /// A service whose translator is over cannot be talked to: it ends too, and its restart brings both back.
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
