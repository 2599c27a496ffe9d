//! The process of a server, started inside the sandbox of the run that calls it: it inherits every limit, and ends with it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Longest line that is taken, in bytes.
const MAX_LINE: usize = 8 << 20;

/// Lines that wait to be taken.
const WAITING: usize = 16;

/// How long a server may take to end when nobody speaks to it any more.
const GRACE: Duration = Duration::from_millis(500);

/// A server that runs.
pub(super) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    /// Closed when all that it wrote to standard error was passed on.
    errors: Receiver<()>,
}

impl Server {
    /// Starts it. `marks` are variables that it gets beside those of the run.
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
        if let Some(mut log) = child.stderr.take() {
            // What it writes there is the log of the run.
            std::thread::spawn(move || {
                drop(io::copy(&mut log, &mut io::stderr()));
                drop(over);
            });
        }
        let input = child.stdin.take();
        Ok(Server { child, input, lines, errors })
    }

    /// Sends it a message.
    pub(super) fn say(&mut self, message: &serde_json::Value) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let mut line = message.to_string();
        line.push('\n');
        input.write_all(line.as_bytes())?;
        input.flush()
    }

    /// The next line that it writes; `None` when there will be none.
    pub(super) fn next_line(&self) -> Option<Vec<u8>> {
        self.lines.recv().ok()
    }

    /// Ends it: its input is closed, and when it does not end by itself it is killed.
    pub(super) fn end(mut self) {
        drop(self.input.take());
        let until = Instant::now() + GRACE;
        // Its output is closed when it ended; until then it must not wait for somebody who reads.
        while self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        // One that ended already is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What it started may keep the other end open; the run ends it.
        let _ = self.errors.recv_timeout(GRACE);
    }
}

fn read_lines(output: impl Read, sender: &SyncSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line) {
            Ok(1..) if line.len() <= MAX_LINE => {
                if sender.send(line).is_err() {
                    return;
                }
            }
            // A line without an end is no message; what follows it cannot be told from it.
            Ok(_) | Err(_) => return,
        }
    }
}
