//! The control socket of a keeper: many callers, callers that leave, and callers that write more than is read.

use super::{Bench, PATIENCE};
use crate::support::processes_with;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long the control socket takes nothing before a test says that it is full.
const FULL: Duration = Duration::from_secs(2);

/// Messages that one service may have at one time: one that it answers, and those that wait.
const MOST_MESSAGES: usize = 257;

impl Bench {
    /// A connection to the control socket of the only instance. Its path can be longer than an address may be.
    fn connect(&self) -> UnixStream {
        let folder = self.state().join("instances");
        let name = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().file_name();
        let opened = File::open(&folder).unwrap();
        let path = format!("/proc/self/fd/{}/{}", opened.as_raw_fd(), name.to_str().unwrap());
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn ask(&self, request: &Value) -> UnixStream {
        let mut stream = self.connect();
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        stream
    }

    /// Sends a message; the answer may take so many milliseconds.
    pub(super) fn ask_message(&self, message: &str, timeout_ms: u64) -> UnixStream {
        self.ask(&json!({ "op": "say", "message": message, "who": "human", "timeout_ms": timeout_ms }))
    }

    /// Attaches; the answer says whether it was possible.
    fn attach(&self) -> (UnixStream, Value) {
        let stream = self.ask(&json!({ "op": "attach" }));
        let answer = answer(&stream);
        (stream, answer)
    }

    fn attach_until_possible(&self) -> UnixStream {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let (stream, answer) = self.attach();
            if answer["answer"] == "attached" {
                return stream;
            }
            assert!(Instant::now() < give_up, "no place becomes free: {answer}");
        }
    }
}

/// The line that a keeper answers.
pub(super) fn answer(stream: &UnixStream) -> Value {
    let mut line = String::new();
    let read = BufReader::new(stream).read_line(&mut line);
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("no answer: {error} {read:?} {line:?}"))
}

fn signal(mark: &str, signal: Signal) {
    let found = processes_with(mark);
    assert_eq!(found.len(), 1, "the process of the service");
    kill_process(Pid::from_raw(found[0]).unwrap(), signal).unwrap();
}

#[test]
fn whoever_leaves_an_attached_service_frees_the_place_and_takes_none_from_messages() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    for _ in 0..80 {
        drop(bench.attach_until_possible());
    }
    let mut held = Vec::new();
    let refused = loop {
        let (stream, answer) = bench.attach();
        if answer["answer"] != "attached" {
            break answer;
        }
        held.push(stream);
        assert!(held.len() <= 80, "a control: there is a limit");
    };
    assert_eq!(refused["message"], format!("companion has {} attached terminals already", held.len()));
    assert_eq!(bench.say("companion", "hello"), "1: hello");
    drop(held);
    bench.attach_until_possible();
}

#[test]
fn messages_at_one_time_are_all_answered_or_refused_with_the_reason() {
    let (bench, mark) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let asked: Vec<UnixStream> = (0..200).map(|number| bench.ask_message(&format!("m{number}"), 60_000)).collect();
    for (number, stream) in asked.iter().enumerate() {
        let answer = answer(stream);
        assert_eq!(answer["answer"], "said", "{number}: {answer}");
        assert!(answer["text"].as_str().unwrap().ends_with(&format!(": m{number}")), "{answer}");
    }
    drop(asked);
    // While it answers nothing, those that find no room are refused at once.
    signal(&mark, Signal::STOP);
    let asked: Vec<UnixStream> = (0..300).map(|number| bench.ask_message(&format!("n{number}"), 60_000)).collect();
    // One of them is refused: there is no room any more, whoever comes.
    let mut wanted: Vec<PollFd> = asked.iter().map(|stream| PollFd::new(stream, PollFlags::IN)).collect();
    let patience = Timespec::try_from(PATIENCE).unwrap();
    assert!(poll(&mut wanted, Some(&patience)).unwrap() > 0, "none is refused");
    let late = bench.refused(&["say", "companion", "one more"]);
    assert_eq!(late, "companion: busy, 256 messages are waiting");
    signal(&mark, Signal::CONT);
    let answers: Vec<Value> = asked.iter().map(answer).collect();
    let (said, refused): (Vec<&Value>, Vec<&Value>) = answers.iter().partition(|answer| answer["answer"] == "said");
    assert_eq!((said.len(), refused.len()), (MOST_MESSAGES, 300 - MOST_MESSAGES));
    for answer in refused {
        assert_eq!(answer["message"], "companion: busy, 256 messages are waiting", "{answer}");
    }
    assert_eq!(bench.say("companion", "hello"), format!("{}: hello", 200 + MOST_MESSAGES + 1));
}

#[test]
fn a_caller_who_finds_no_free_connection_is_told_so() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let idle: Vec<UnixStream> = (0..500).map(|_| bench.connect()).collect();
    let message = bench.refused(&["say", "companion", "hello"]);
    assert_eq!(message, "companion: busy, its keeper has 384 connections");
    drop(idle);
    let give_up = Instant::now() + PATIENCE;
    while bench.workspace.json(&["say", "companion", "hello"]).1 != 0 {
        assert!(Instant::now() < give_up, "no connection becomes free");
    }
}

#[test]
fn what_is_typed_waits_at_the_terminal_while_the_service_does_not_read() {
    const MOST: usize = 64 << 20;
    let counts = "import sys\ncount = 0\nfor line in sys.stdin.buffer:\n    if line == b'count\\n':\n        print(count, flush=True)\n    else:\n        count += len(line)\n";
    let bench = Bench::new();
    let mark = bench.service("counter", counts, "[service]\nadapter = \"text\"\n");
    bench.ok(&["launch", "counter", "--wait"]);
    signal(&mark, Signal::STOP);
    let mut typed = bench.attach_until_possible();
    typed.set_write_timeout(Some(FULL)).unwrap();
    let line = [&[b'a'; 63][..], b"\n"].concat().repeat(1024);
    let mut taken = 0;
    // Until nothing more is taken.
    let rest = loop {
        let begun = taken % line.len();
        match typed.write(&line[begun..]) {
            Ok(got) => taken += got,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
                break &line[begun..];
            }
        }
        assert!(taken < MOST, "{taken} bytes were taken for a service that does not read");
    };
    signal(&mark, Signal::CONT);
    typed.write_all(rest).unwrap();
    let wanted = taken + rest.len();
    let give_up = Instant::now() + PATIENCE;
    let counted = loop {
        let counted: usize = bench.say("counter", "count").parse().unwrap();
        if counted >= wanted {
            break counted;
        }
        assert!(Instant::now() < give_up, "what was typed is lost");
    };
    assert_eq!(counted, wanted);
    // Whoever leaves frees the place, although nothing is read.
    signal(&mark, Signal::STOP);
    for _ in 0..80 {
        let mut stream = bench.attach_until_possible();
        stream.write_all(&line).unwrap();
    }
}

#[test]
fn an_answer_of_control_characters_arrives_whole() {
    let bench = Bench::new();
    let writes = "import sys\nfor line in sys.stdin:\n    print('\\x01' * int(line), flush=True)\n";
    bench.service("control", writes, "[service]\nadapter = \"text\"\n");
    bench.ok(&["launch", "control", "--wait"]);
    assert_eq!(bench.say("control", "3"), "\u{1}".repeat(3), "a control");
    assert_eq!(bench.say("control", "900000"), "\u{1}".repeat(900_000));
}

#[test]
fn whoever_says_something_learns_that_it_could_not_be_stored() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let store = bench.store();
    for (role, wanted) in [
        ("message", "companion: the message could not be stored: "),
        ("answer", "companion answered, but the answer could not be stored: "),
    ] {
        let refuses = format!(
            "CREATE TRIGGER refuses BEFORE INSERT ON exchanges WHEN NEW.role = '{role}' \
             BEGIN SELECT RAISE(ABORT, 'no room on the disk'); END"
        );
        store.execute(&refuses, []).unwrap();
        let why = bench.refused(&["say", "companion", "hello"]);
        assert!(why.starts_with(wanted) && why.ends_with("no room on the disk"), "{why}");
        store.execute("DROP TRIGGER refuses", []).unwrap();
        assert!(bench.say("companion", "again").ends_with(": again"), "a control: it goes on");
    }
    assert_eq!(bench.instance("companion")["incarnation"], 1);
}

#[test]
fn a_keeper_makes_its_socket_again_when_somebody_deletes_it() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let folder = bench.state().join("instances");
    let sockets = || fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(sockets(), 1, "a control: it is there");
    for number in 1..=3 {
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(bench.say("companion", "hello"), format!("{number}: hello"));
        assert_eq!(sockets(), 1);
    }
    assert_eq!(bench.instance("companion")["incarnation"], 1);
    bench.ok(&["terminate", "companion"]);
    bench.until("companion", "stopped");
    let give_up = Instant::now() + PATIENCE;
    while sockets() > 0 {
        assert!(Instant::now() < give_up, "a socket is left");
    }
}
