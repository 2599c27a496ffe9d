//! The process of a server, started inside the sandbox of the calling run: it inherits every limit, and ends with the
//! run.

use crate::domain::SafeText;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Maximum length of a line, in bytes.
pub(super) const MAX_LINE: usize = 8 << 20;

/// Maximum number of lines in the queue.
const WAITING: usize = 16;

/// Time for a server to end after its input was closed.
const GRACE: Duration = Duration::from_millis(500);

/// Interval between checks whether a silent server has ended: its child processes may keep its output open.
const STEP: Duration = Duration::from_millis(200);

/// Maximum number of lines, and of characters, of its last standard error that are reported.
const LAST_LINES: usize = 3;
const LAST_CHARS: usize = 160;

/// An event from a server.
pub(super) enum Heard {
    /// A line.
    Line(Vec<u8>),
    /// A message that exceeds the maximum length.
    TooLong,
    /// Nothing before the timeout.
    Nothing,
    /// The server has ended, or closed its output.
    End,
}

/// The last part of a server's standard error.
#[derive(Clone, Default)]
pub(super) struct LastWords(Arc<Mutex<VecDeque<u8>>>);

impl LastWords {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(LAST_CHARS * 4);
        kept.drain(..surplus);
    }

    /// The last lines as one short line of plain text; `None` if there are none.
    pub(super) fn told(&self) -> Option<String> {
        let bytes: Vec<u8> = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join(" | ");
        let told = SafeText::visible(&last);
        if told.chars().count() <= LAST_CHARS {
            return (!told.is_empty()).then(|| told.into_owned());
        }
        // A partial word is left out, because the rest of a secret would not be recognized as one.
        let start = told.char_indices().rev().take(LAST_CHARS).last().map_or(0, |(at, _)| at);
        let words = told[start..].find(' ').map_or("", |space| &told[start + space..]);
        Some(format!("…{words}"))
    }
}

/// A running server.
pub(super) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Heard>,
    /// Closed when all of its standard error was passed on.
    errors: Receiver<()>,
    last_words: LastWords,
}

impl Server {
    /// Starts it. `marks` are variables in addition to those of the run.
    pub(super) fn start(command: &[String], marks: &[(&str, &str)]) -> io::Result<Server> {
        let (program, args) = command.split_first().ok_or_else(|| io::Error::other("no command"))?;
        let mut child = Command::new(program)
            .args(args)
            .envs(marks.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = sync_channel(WAITING);
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || read_lines(output, &sender));
        }
        let (over, errors) = sync_channel(0);
        let last_words = LastWords::default();
        if let Some(log) = child.stderr.take() {
            let last_words = last_words.clone();
            std::thread::spawn(move || {
                pass_on(log, &last_words);
                drop(over);
            });
        }
        let input = child.stdin.take();
        Ok(Server { child, input, lines, errors, last_words })
    }

    /// Sends it a message.
    pub(super) fn say(&mut self, message: &serde_json::Value) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let mut line = message.to_string();
        line.push('\n');
        input.write_all(line.as_bytes())?;
        input.flush()
    }

    /// The next event, or `Nothing` at this time.
    pub(super) fn hear(&mut self, until: Instant) -> Heard {
        loop {
            // A server that has ended may have left lines behind.
            let has_ended = matches!(self.child.try_wait(), Ok(Some(_)));
            let step = until.saturating_duration_since(Instant::now()).min(STEP);
            match self.lines.recv_timeout(step) {
                Ok(heard) => return heard,
                Err(RecvTimeoutError::Disconnected) => return Heard::End,
                Err(RecvTimeoutError::Timeout) if has_ended => return Heard::End,
                Err(RecvTimeoutError::Timeout) if until <= Instant::now() => return Heard::Nothing,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// The last part of its standard error; complete once the server has ended.
    pub(super) fn last_words(&self) -> LastWords {
        self.last_words.clone()
    }

    /// Ends it: closes its input, and kills it if it does not end by itself.
    pub(super) fn end(mut self) {
        drop(self.input.take());
        let until = Instant::now() + GRACE;
        // Reads its output until it is closed, so that the server does not block on writing.
        while self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        // A server that has already ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its child processes may keep standard error open; the run ends them.
        let _ = self.errors.recv_timeout(GRACE);
    }
}

/// Passes on a server's standard error, which is the log of the run.
fn pass_on(mut log: impl Read, last_words: &LastWords) {
    let mut bytes = [0; 8192];
    loop {
        match log.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => {
                last_words.add(&bytes[..count]);
                // A closed log must not block the server.
                let _ = io::stderr().write_all(&bytes[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn read_lines(output: impl Read, sender: &SyncSender<Heard>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line) {
            Ok(1..) if line.len() <= MAX_LINE => {
                if sender.send(Heard::Line(line)).is_err() {
                    return;
                }
            }
            Ok(1..) => {
                // The start of the next message is unknown. The receiver may no longer exist.
                let _ = sender.send(Heard::TooLong);
                return;
            }
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_long_is_not_taken_for_the_end() {
        let heard = |output: Vec<u8>| {
            let (sender, lines) = sync_channel(WAITING);
            read_lines(output.as_slice(), &sender);
            drop(sender);
            lines.iter().map(|one| if let Heard::Line(line) = one { line.len() } else { 0 }).collect::<Vec<_>>()
        };
        let line = |length: usize| [vec![b'x'; length - 1], vec![b'\n']].concat();
        assert_eq!(heard([line(MAX_LINE), line(3)].concat()), [MAX_LINE, 3]);
        assert_eq!(heard([line(3), line(MAX_LINE + 1), line(3)].concat()), [3, 0], "it is named, and nothing follows");
        assert_eq!(heard(vec![b'x'; MAX_LINE + 1]), [0], "also before its end");
    }

    #[test]
    fn the_last_lines_are_told_short_and_plain() {
        let words = LastWords::default();
        assert_eq!(words.told(), None);
        words.add(b"one\ntwo\n\nthree \x1b[2J\nfo");
        words.add(b"ur\n");
        assert_eq!(words.told().unwrap(), "two | three \\x1b[2J | four");
        words.add(format!("{} a b\n", "é".repeat(1000)).as_bytes());
        assert_eq!(words.told().unwrap(), "… a b");
        words.add("word ".repeat(100).as_bytes());
        let told = words.told().unwrap();
        assert!(told.starts_with("… word") && told.chars().count() <= LAST_CHARS + 1, "{told}");
    }
}
