//! A program in a pseudo-terminal, and the time of each of its frames.
//!
//! A thread reads what the program writes and notes the time of each read. Parsing happens afterwards, on the measuring
//! thread, so no figure contains it. A frame inside a synchronised update counts when the update ends.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use vt100::Parser;

/// Columns and rows.
const SIZE: (u16, u16) = (120, 40);

/// A frame that takes longer than this never comes.
const PATIENCE: Duration = Duration::from_mins(2);

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// The question of a program what the terminal is, which it sends to find the end of other answers; and the answer.
const DEVICE_ATTRIBUTES: (&[u8], &[u8]) = (b"\x1b[c", b"\x1b[?62;22c");

/// What a program wrote in one read, and when.
struct Piece {
    at: Instant,
    bytes: Vec<u8>,
}

/// A program in a terminal. It is killed when this is dropped.
pub struct Terminal {
    pieces: Receiver<Piece>,
    /// What was read and not yet parsed.
    waiting: VecDeque<Piece>,
    parser: Parser,
    is_in_update: bool,
    // Held so that the terminal stays open.
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    started: Instant,
}

impl Terminal {
    /// Starts a program with these words and variables, and `PATH`.
    pub fn start(words: &[&str], variables: &[(&str, &Path)]) -> Terminal {
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in variables {
            command.env(name, value);
        }
        let (cols, rows) = SIZE;
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
            .unwrap_or_else(|error| panic!("no pseudo-terminal: {error}"));
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap_or_else(|error| panic!("{}: {error}", words[0]));
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap_or_else(|error| panic!("{error}"));
        let writer = pair.master.take_writer().unwrap_or_else(|error| panic!("{error}"));
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut block = vec![0; 1 << 16];
            while let Ok(count @ 1..) = reader.read(&mut block) {
                let piece = Piece { at: Instant::now(), bytes: block[..count].to_vec() };
                if sender.send(piece).is_err() {
                    return;
                }
            }
        });
        let nonzero = |number| NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN);
        Terminal {
            pieces,
            waiting: VecDeque::new(),
            parser: Parser::new(nonzero(rows), nonzero(cols), 0),
            is_in_update: false,
            _master: pair.master,
            writer,
            child,
            started,
        }
    }

    /// When the program was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The text of the newest frame.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Writes keys; when that was done.
    pub fn press(&mut self, keys: &str) -> Instant {
        let at = Instant::now();
        let written = self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush());
        written.unwrap_or_else(|error| panic!("the program no longer reads keys: {error}"));
        at
    }

    /// Waits for the first frame that is as wanted; when its last bytes were read.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Instant {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let piece = match self.waiting.pop_front() {
                Some(piece) => piece,
                None => match self.pieces.recv_timeout(give_up.saturating_duration_since(Instant::now())) {
                    Ok(piece) => piece,
                    Err(error) => panic!("never on the screen ({error}): {what}\n{}", self.text()),
                },
            };
            let at = piece.at;
            if self.frames(piece, &wanted) {
                return at;
            }
        }
    }

    /// Parses a piece frame by frame; whether one of them is as wanted. What is behind that one waits.
    fn frames(&mut self, piece: Piece, wanted: &impl Fn(&str) -> bool) -> bool {
        let Piece { at, bytes } = piece;
        if holds(&bytes, DEVICE_ATTRIBUTES.0) {
            // A program that has ended reads no answer.
            let _ = self.writer.write_all(DEVICE_ATTRIBUTES.1);
        }
        let mut from = 0;
        while from < bytes.len() {
            let rest = &bytes[from..];
            let mark = if self.is_in_update { END_UPDATE } else { BEGIN_UPDATE };
            let (length, is_marked) =
                position(rest, mark).map_or((rest.len(), false), |place| (place + mark.len(), true));
            self.parser.process(&rest[..length]);
            from += length;
            let was_in_update = self.is_in_update;
            self.is_in_update ^= is_marked;
            // Before an update begins, the screen is the one that was looked at when the last one ended, or was written
            // without an update.
            let is_frame = !self.is_in_update || !was_in_update;
            if is_frame && wanted(&self.text()) {
                if from < bytes.len() {
                    self.waiting.push_front(Piece { at, bytes: bytes[from..].to_vec() });
                }
                return true;
            }
        }
        false
    }

    /// Waits until the program has written nothing for this long.
    pub fn quiet(&mut self, silence: Duration) {
        loop {
            let piece = match self.waiting.pop_front() {
                Some(piece) => piece,
                None => match self.pieces.recv_timeout(silence) {
                    Ok(piece) => piece,
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
                },
            };
            self.frames(piece, &|_: &str| false);
        }
    }

    /// Parses for this long whatever the program writes.
    pub fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Ok(piece) = self.pieces.recv_timeout(left) {
                self.frames(piece, &|_: &str| false);
            }
        }
    }

    /// Waits for the end of the program, and gives what is on its screen then. Presses this key after each piece of
    /// output that leaves this prompt on the screen.
    pub fn end(mut self, prompt: &str, key: &str) -> String {
        while let Ok(piece) = self.pieces.recv_timeout(PATIENCE) {
            self.frames(piece, &|_: &str| false);
            if self.text().contains(prompt) {
                // A program that has ended reads no key.
                let _ = self.writer.write_all(key.as_bytes());
            }
        }
        self.text()
    }

    /// Memory of the program that is its own, in MiB.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/smaps_rollup", self.child.process_id().unwrap_or_default());
        let text = fs::read_to_string(path).unwrap_or_default();
        let pss = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib = pss.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() / 1024
    }

    /// Processor time of the program and of every process below it, as the scheduler counts it.
    pub fn processor_time(&self) -> Duration {
        let mut waiting: Vec<u32> = self.child.process_id().into_iter().collect();
        let mut total = 0;
        while let Some(pid) = waiting.pop() {
            for thread in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let read = |file: &str| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
                let nanoseconds = read("schedstat").split_whitespace().next().and_then(|word| word.parse().ok());
                total += nanoseconds.unwrap_or(0);
                waiting.extend(read("children").split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        }
        Duration::from_nanos(total)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    position(bytes, what).is_some()
}
