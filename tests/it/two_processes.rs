//! Two processes on one workspace: this one, with the engine, and the program.

use crate::support::{Terminal, Workspace};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use toolsmith::domain::{Caller, Command, DecisionKind, DecisionRequest, DisplayRecord, ReviewState, RunOutcome};
use toolsmith::engine::{Change, Engine, ErrorCode, Home, OpenOptions, ReviewFilter, RunFilter, RunRequest};

const PATIENCE: Duration = Duration::from_secs(30);

fn ada() -> Caller {
    Caller::Human("Ada Reviewer <ada@example.org>".to_owned())
}

fn open(workspace: &Workspace) -> Engine {
    let home = workspace.home().join("toolsmith");
    let home = Home { config: home.join("config"), data: home.join("data") };
    let engine = Engine::open(OpenOptions {
        workspace: workspace.root(),
        home,
        program: Some(env!("CARGO_BIN_EXE_toolsmith").into()),
        asker: toolsmith::engine::Asker::Human,
    })
    .unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    engine
}

/// Waits for changes until one of them makes the wanted state true.
fn until(changes: &Receiver<Change>, what: &str, wanted: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let left = give_up.saturating_duration_since(Instant::now());
        let change = changes.recv_timeout(left).unwrap_or_else(|_| panic!("never told: {what}"));
        if let Change::Trouble(error) = change {
            panic!("trouble while waiting for {what}: {error}");
        }
        if wanted() {
            return;
        }
    }
}

fn decide(engine: &Engine, kind: DecisionKind) -> Result<(), ErrorCode> {
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    let reason = Some("because".to_owned());
    let shown = DisplayRecord { lines: 1, lines_shown: 1, tail_shown: true, open_ms: 1, ..DisplayRecord::default() };
    let command = Command::Decide(DecisionRequest { reason, shown, ..DecisionRequest::of(&review, kind) });
    engine.execute(command, &ada()).map(drop).map_err(|error| error.code)
}

fn at_terminal(workspace: &Workspace, args: &[&str]) -> u32 {
    Terminal::toolsmith(workspace, args, (120, 40)).wait_end().exit_code()
}

#[test]
fn what_another_process_does_is_told_and_seen() {
    let workspace = Workspace::new().with_git();
    let engine = open(&workspace);
    let (sender, changes): (Sender<Change>, _) = channel();
    let sender = Mutex::new(sender);
    let _watch =
        engine.library().watch(&(Arc::new(move |change| drop(sender.lock().unwrap().send(change))) as _)).unwrap();

    let workspace = workspace.with_script("hello", "print('{}')");
    until(&changes, "a new tool", || engine.library().catalog().tools.iter().any(|tool| tool.name.as_str() == "hello"));
    let (answer, code) = workspace.json(&["run", "hello"]);
    assert_eq!(code, 0, "{answer}");
    until(&changes, "a run", || {
        let runs = engine.runs().list(&RunFilter::default()).unwrap();
        runs.len() == 1 && runs[0].outcome == RunOutcome::Succeeded
    });
    assert_eq!(at_terminal(&workspace, &["reject", "1", "--reason", "not yet"]), 0);
    until(&changes, "a decision", || {
        engine.reviews().list(ReviewFilter::All).unwrap().iter().any(|review| review.state == ReviewState::Rejected)
    });
    assert_eq!(at_terminal(&workspace, &["undo"]), 0);
    until(&changes, "an undo", || {
        engine.history().operations(1, None).unwrap().first().is_some_and(|op| op.verb == "undo")
    });
    assert_eq!(at_terminal(&workspace, &["archive", "hello"]), 0);
    until(&changes, "a move", || {
        engine.library().catalog().tools.iter().all(|tool| tool.path.starts_with("tools/archived/hello/"))
    });
}

#[test]
fn what_this_process_does_is_seen_by_another() {
    let workspace = Workspace::new().with_git().with_script("hello", "print('{}')");
    let engine = open(&workspace);
    decide(&engine, DecisionKind::Approve).unwrap();
    let (shown, _) = workspace.json(&["show", "hello"]);
    assert_eq!((&shown["tool"]["stage"], &shown["tool"]["review"]), (&json!("approved"), &json!("approved")));
    let (log, _) = workspace.json(&["log"]);
    assert_eq!(log["operations"].as_array().unwrap().len(), 1);
    let (_, code) = workspace.json(&["verify"]);
    assert_eq!(code, 0);
}

#[test]
fn a_run_is_stopped_from_the_other_process() {
    let workspace = Workspace::new().with_script("slow", "import time\nprint('on', flush=True)\ntime.sleep(1000)");
    let engine = open(&workspace);
    let tool = engine.library().resolve("slow").unwrap();
    let handle = engine
        .runs()
        .start(&RunRequest { tool, input: None, timeout: None, again: None, worker: None }, &ada())
        .unwrap();
    workspace.json_until(&["runs"], |answer| answer["runs"][0]["outcome"] == "running");
    assert_eq!(workspace.json(&["cancel", &handle.id.to_string()]).1, 0);
    assert_eq!(handle.wait().unwrap().outcome, RunOutcome::Cancelled);

    let mut child = workspace.toolsmith(&["run", "slow"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "on\n");
    let run = engine.runs().list(&RunFilter::default()).unwrap().remove(0);
    assert_eq!(run.outcome, RunOutcome::Running);
    engine.execute(Command::Cancel { run: run.id }, &ada()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(engine.runs().record(run.id).unwrap().outcome, RunOutcome::Cancelled);
}

#[test]
fn of_two_decisions_at_once_one_counts() {
    let workspace = Workspace::new().with_git().with_script("hello", "print(1)");
    let (reviews, _) = workspace.json(&["reviews"]);
    let digest = reviews["reviews"][0]["digest"].as_str().unwrap()[..12].to_owned();
    let approve = || {
        Terminal::toolsmith(
            &workspace,
            &["approve", "1", "--digest", &digest, "--unread", "--reason", "a test"],
            (120, 40),
        )
    };
    let mut both = [approve(), approve()];
    let mut codes = both.each_mut().map(|terminal| terminal.wait_end().exit_code());
    codes.sort_unstable();
    assert_eq!(codes, [0, 3], "{}\n{}", both[0].text(), both[1].text());
    assert_eq!(workspace.commits(), 2);
    let (log, _) = workspace.json(&["log"]);
    assert_eq!(log["operations"].as_array().unwrap().len(), 1);
}

#[test]
fn a_decision_on_files_that_another_process_moved_is_a_conflict() {
    let workspace = Workspace::new().with_git().with_script("hello", "print(1)");
    // What the engine knows of the folder is from before the move; it does not watch.
    let engine = open(&workspace);
    assert_eq!(at_terminal(&workspace, &["archive", "hello"]), 0);
    let archive = Command::verb("archive", &[("tool", "hello")]);
    assert_eq!(engine.execute(archive, &ada()).map_err(|error| error.code), Err(ErrorCode::Conflict));
    assert_eq!(workspace.commits(), 2);
    assert!(workspace.path("tools/archived/hello/hello.py").exists());
    assert_eq!(std::fs::read_dir(workspace.path("tools/archived")).unwrap().count(), 1);
}

#[test]
fn a_move_is_not_taken_back_below_a_later_one() {
    let workspace = Workspace::new().with_git().with_script("hello", "print(1)");
    let engine = open(&workspace);
    decide(&engine, DecisionKind::Approve).unwrap();
    let archive = Command::verb("archive", &[("tool", "hello")]);
    engine.execute(archive, &ada()).unwrap();
    assert_eq!(at_terminal(&workspace, &["undo", "1"]), 3);
    assert_eq!([at_terminal(&workspace, &["undo", "2"]), at_terminal(&workspace, &["undo", "1"])], [0, 0]);
    let (list, _) = workspace.json(&["list"]);
    let places: Vec<&Value> = list["tools"].as_array().unwrap().iter().map(|tool| &tool["path"]).collect();
    assert_eq!(places, ["tools/experimental/hello.py"]);
    assert_eq!(workspace.git(&["status", "--porcelain"]), "");
}
