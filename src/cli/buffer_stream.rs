//! `buffer write -`: each line of standard input is an item. A line is reported as accepted once it is stored durably.

use super::call::{Answer, Call, Stop};
use super::outlet;
use super::print_text::{Ink, Page, StyledLine, counted};
use crate::domain::{BufferId, Caller, MAX_ITEM_BYTES};
use crate::engine::{
    BufferChange, BufferStatus, BufferWrite, Engine, EngineError, ErrorCode, Gather, HandedOver, Pending, item_fits,
};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The maximum number of lines that are read before they are written.
const AHEAD: usize = 1_000;

/// A line from standard input, or why it cannot be used.
type LineRead = Result<String, EngineError>;

/// The result of a stream.
#[derive(Serialize)]
struct Streamed {
    operation: &'static str,
    #[serde(flatten)]
    status: BufferStatus,
    accepted: u64,
    refused: u64,
    flushed: bool,
    flushed_count: u64,
    /// Number of runs of the tool that received batches.
    runs: usize,
    /// The latest reason for refusing a line or a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<EngineError>,
}

/// A line of the output of `--jsonl`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Told<'a> {
    Accepted { line: u64, buffered_count: u64 },
    Refused { line: u64, error: &'a EngineError },
    Flushed { flushed_count: u64, error: Option<&'a EngineError> },
    Ended(&'a Streamed),
}

/// Reads lines until the input ends, and writes them in groups.
pub(super) fn stream(call: &Call<'_>, write: BufferWrite) -> Result<u8, Stop> {
    let engine = call.open()?;
    let caller = call.caller(&engine);
    // The settings are changed before the first line arrives, so that their errors are reported at once.
    let (answer, pending) = engine.buffers().fill(&write, &caller)?;
    let hander = Hander::start(&engine);
    let streamed = Streamed {
        operation: "write",
        status: answer.status,
        accepted: 0,
        refused: 0,
        flushed: false,
        flushed_count: answer.flushed_count,
        runs: 0,
        error: None,
    };
    let mut stream = Stream { call, engine, caller, buffer: write.buffer, hander, streamed, told: Vec::new() };
    stream.hander.give(pending);
    let ended = stream.follow();
    stream.finish(ended)
}

struct Stream<'a> {
    call: &'a Call<'a>,
    engine: Engine,
    caller: Caller,
    buffer: BufferId,
    hander: Hander,
    streamed: Streamed,
    /// Output lines of `--jsonl` that are written together.
    told: Vec<serde_json::Value>,
}

impl Stream<'_> {
    fn follow(&mut self) -> Result<(), Stop> {
        let lines = read_lines();
        let (begun, mut gather, mut number) = (Instant::now(), Gather::default(), 0);
        loop {
            let at = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let next = match gather.left_ms(at()) {
                Some(left) => lines.recv_timeout(Duration::from_millis(left)),
                None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let group = match next {
                Ok(line) => {
                    number += 1;
                    let item = line.map(|text| item_of(&text)).and_then(|item| {
                        item_fits(&self.buffer, &item)?;
                        Ok(item)
                    });
                    match item {
                        Ok(item) => gather.push((number, item), at()).or_else(|| gather.due(at())),
                        Err(error) => {
                            self.refuse(number, &error);
                            gather.due(at())
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => gather.due(at()),
                Err(RecvTimeoutError::Disconnected) => {
                    return self.write(gather.rest());
                }
            };
            if let Some(group) = group {
                self.write(group)?;
            }
        }
    }

    /// Stores a group durably and reports it.
    fn write(&mut self, group: Vec<(u64, String)>) -> Result<(), Stop> {
        let (numbers, items): (Vec<u64>, Vec<String>) = group.into_iter().unzip();
        if !items.is_empty() {
            let write = BufferWrite { buffer: self.buffer.clone(), change: BufferChange::default(), items };
            let (answer, pending) = match self.engine.buffers().fill(&write, &self.caller) {
                Ok(filled) => filled,
                Err(error) => {
                    for line in numbers {
                        self.refuse(line, &error);
                    }
                    self.tell_lines()?;
                    return Err(error.into());
                }
            };
            self.hander.give(pending);
            let buffered_count = answer.status.buffered_count;
            self.streamed.accepted += numbers.len() as u64;
            self.streamed.flushed_count += answer.flushed_count;
            self.streamed.status = answer.status;
            for line in numbers {
                self.tell(&Told::Accepted { line, buffered_count });
            }
            if answer.flushed_count > 0 {
                self.tell(&Told::Flushed { flushed_count: answer.flushed_count, error: None });
            }
        }
        for over in self.hander.done() {
            self.took(over);
        }
        self.tell_lines()
    }

    fn took(&mut self, over: HandedOver) {
        self.streamed.flushed_count += over.flushed;
        self.streamed.runs += over.runs.len();
        self.tell(&Told::Flushed { flushed_count: over.flushed, error: over.error.as_ref() });
        if let Some(error) = over.error {
            if !self.call.switch("jsonl") {
                self.call.note(&StyledLine::new().put(Ink::Bad, "not flushed: ").put(Ink::Plain, &error.message));
            }
            self.streamed.error = Some(error);
        }
        if let Some(status) = over.status {
            self.streamed.status = status;
        }
    }

    fn refuse(&mut self, line: u64, error: &EngineError) {
        self.streamed.refused += 1;
        self.streamed.error = Some(error.clone());
        if self.call.switch("jsonl") {
            self.tell(&Told::Refused { line, error });
        } else {
            let text = format!("line {line}: {}", error.message);
            self.call.note(&StyledLine::new().put(Ink::Bad, "refused: ").put(Ink::Plain, text));
        }
    }

    fn tell(&mut self, told: &Told<'_>) {
        if self.call.switch("jsonl") {
            self.told.extend(serde_json::to_value(told).ok());
        }
    }

    fn tell_lines(&mut self) -> Result<(), Stop> {
        let told = std::mem::take(&mut self.told);
        Ok(outlet::objects(&told)?)
    }

    /// Waits for batches in progress and reports the totals.
    fn finish(mut self, ended: Result<(), Stop>) -> Result<u8, Stop> {
        let hander = std::mem::replace(&mut self.hander, Hander::idle());
        for over in hander.end() {
            self.took(over);
        }
        self.call.tell_trouble(&self.engine);
        self.streamed.flushed = self.streamed.flushed_count > 0;
        if self.call.switch("jsonl") {
            let ended = serde_json::to_value(Told::Ended(&self.streamed)).ok();
            self.told.extend(ended);
            self.tell_lines()?;
        }
        if let Err(Stop::Output(error)) = ended {
            return Err(Stop::Output(error));
        }
        if !self.call.switch("jsonl") {
            return self.call.print(&self.streamed);
        }
        Ok(self.streamed.exit_code())
    }
}

impl Answer for Streamed {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let count = |items: u64| counted(usize::try_from(items).unwrap_or(usize::MAX), "item", "items");
        let refused = if self.refused > 0 { format!(", {} rejected", self.refused) } else { String::new() };
        let rest = format!("{} flushed, {} waiting", self.flushed_count, self.status.buffered_count);
        page.say(format!("{}: {} accepted{refused}; {rest}", self.status.buffer_id, count(self.accepted)))
    }

    fn exit_code(&self) -> u8 {
        self.error.as_ref().map_or(0, |error| match error.code {
            ErrorCode::Usage => ErrorCode::Failed.exit_code(),
            code => code.exit_code(),
        })
    }
}

/// Reads standard input on a separate thread, so that a slow line does not delay others.
fn read_lines() -> Receiver<LineRead> {
    let (sender, lines) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next_line(&mut input) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// The next non-empty line. A line that is too long is skipped and refused.
fn next_line(input: &mut impl BufRead) -> Option<LineRead> {
    let most = MAX_ITEM_BYTES as u64;
    loop {
        let mut bytes = Vec::new();
        let failed = |error: &io::Error| {
            let message = format!("cannot read standard input: {error}");
            EngineError::new(ErrorCode::Failed, message, "")
        };
        match input.by_ref().take(most + 1).read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(failed(&error))),
        }
        let is_whole = bytes.last() == Some(&b'\n') || bytes.len() as u64 <= most;
        if !is_whole {
            if let Err(error) = input.skip_until(b'\n') {
                return Some(Err(failed(&error)));
            }
            let message = format!("the line is longer than {most} bytes");
            let hint = "write the content to a file and buffer its path";
            return Some(Err(EngineError::new(ErrorCode::Usage, message, hint)));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.is_empty() {
            return Some(Ok(text.to_owned()));
        }
    }
}

/// Hands batches to the tool while more lines are read.
struct Hander {
    batches: Option<Sender<Pending>>,
    over: Receiver<HandedOver>,
    thread: Option<JoinHandle<()>>,
}

impl Hander {
    fn start(engine: &Engine) -> Hander {
        let ((batches, waiting), (sender, over)) = (channel::<Pending>(), channel());
        let engine = engine.clone();
        let thread = std::thread::spawn(move || {
            for pending in waiting {
                // The receiver exists until this thread ends.
                let _ = sender.send(engine.buffers().hand_over(pending));
            }
        });
        Hander { batches: Some(batches), over, thread: Some(thread) }
    }

    fn idle() -> Hander {
        Hander { batches: None, over: channel().1, thread: None }
    }

    fn give(&self, pending: Option<Pending>) {
        if let (Some(batches), Some(pending)) = (&self.batches, pending) {
            // The thread receives until this sender is dropped.
            let _ = batches.send(pending);
        }
    }

    fn done(&self) -> Vec<HandedOver> {
        self.over.try_iter().collect()
    }

    fn end(mut self) -> Vec<HandedOver> {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has sent nothing to report.
            let _ = thread.join();
        }
        self.over.try_iter().collect()
    }
}

/// The typed text as JSON: JSON stays unchanged, other text becomes a JSON string.
pub(super) fn item_of(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => value.to_string(),
        Err(_) => Value::String(text.to_owned()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Result<String, ErrorCode>> {
        let mut input = text.as_bytes();
        let mut found = Vec::new();
        while let Some(line) = next_line(&mut input) {
            found.push(line.map_err(|error| error.code));
        }
        found
    }

    #[test]
    fn empty_lines_are_none_and_one_without_an_end_is_refused_alone() {
        let long = "x".repeat(MAX_ITEM_BYTES + 1);
        let found = lines(&format!("\u{feff}1\r\n\n  \n{long}\n\"b\""));
        assert_eq!(found, [Ok("1".to_owned()), Err(ErrorCode::Usage), Ok("\"b\"".to_owned())]);
        assert_eq!(lines(&"y".repeat(MAX_ITEM_BYTES)).len(), 1);
    }
}
