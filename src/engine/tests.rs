//! The engine on real files, a real store, real git and real processes.

use super::*;
use crate::domain::{
    Caller, Command, DecisionKind, DecisionRequest, DisplayRecord, ReviewKind, ReviewState, RunOutcome, Stage,
    ToolReview, ToolState,
};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant as Clock;
use std::time::SystemTime;
use tempfile::TempDir;

/// A workspace with its own home.
pub(super) struct World {
    dir: TempDir,
}

pub(super) const SCRIPT: &str =
    "import json, sys\ndata = json.load(sys.stdin)\nprint(json.dumps({'sum': data['a'] + data['b']}))\n";
pub(super) const MANIFEST: &str = r#"name = "adder"
version = "1.0.0"
description = "Adds two numbers"
kind = "command"
cost_tier = "low"
[run]
command = ["python3", "{file}"]
input = "stdin-json"
[input]
type = "object"
required = ["a", "b"]
[input.properties.a]
type = "integer"
[input.properties.b]
type = "integer"
"#;

impl World {
    pub(super) fn new() -> World {
        let world = World { dir: TempDir::new().unwrap() };
        std::fs::create_dir_all(world.root().join("tools/experimental")).unwrap();
        world
    }

    pub(super) fn root(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub(super) fn home(&self) -> Home {
        Home { config: self.dir.path().join("config"), data: self.dir.path().join("data") }
    }

    pub(super) fn open(&self) -> Engine {
        let engine =
            Engine::open(OpenOptions { workspace: self.root(), home: self.home(), program: None, asker: Asker::Human })
                .unwrap();
        engine.library().scan(&mut |_| {}).unwrap();
        engine
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Creates a script and its sidecar, as agents do.
    pub(super) fn drop_pair(&self) {
        self.write("tools/experimental/adder.py", SCRIPT);
        self.write("tools/experimental/adder.toml", MANIFEST);
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = Process::new("git").args(args).current_dir(self.root()).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(super) fn git_init(&self) {
        self.git(&["init", "-q"]);
        self.git(&["config", "user.name", "Ada"]);
        self.git(&["config", "user.email", "ada@example.org"]);
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.root().join(path).exists()
    }
}

pub(super) fn ada() -> Caller {
    Caller::Human("Ada <ada@example.org>".to_owned())
}

pub(super) fn seen() -> DisplayRecord {
    DisplayRecord { lines: 10, lines_shown: 10, tail_shown: true, open_ms: 1_000, parts: Vec::new() }
}

pub(super) fn decision(review: &crate::domain::Review, kind: DecisionKind, reason: Option<&str>) -> Command {
    let reason = reason.map(str::to_owned);
    Command::Decide(DecisionRequest { reason, shown: seen(), ..DecisionRequest::of(review, kind) })
}

pub(super) fn decide(engine: &Engine, kind: DecisionKind) -> Result<crate::domain::Outcome, EngineError> {
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decision(&review, kind, Some("because")), &ada())
}

pub(super) fn run(engine: &Engine, name: &str, input: serde_json::Value, caller: &Caller) -> crate::domain::Run {
    let tool = engine.library().resolve(name).unwrap();
    engine
        .runs()
        .start(&RunRequest { tool, input: Some(input), timeout: None, again: None, worker: None }, caller)
        .unwrap()
        .wait()
        .unwrap()
}

#[test]
fn isolation_that_is_demanded_in_words_nobody_understands_refuses_every_run() {
    for (config, says) in [
        (
            "theme = \"dark\"\n[isolation]\nexperimental = \"isolatd\"\n",
            "config.toml:3: isolation.experimental is not a level",
        ),
        ("[isolation]\nexperimantal = \"isolated\"\n", "config.toml:2: unknown setting isolation.experimantal"),
        ("[isolation]\nbubblewrap = \"bwrap\"\n", "config.toml:2: isolation.bubblewrap is not a program"),
        ("isolation = \"isolated\"\n", "config.toml:1: isolation is a string, but must be a table"),
        ("[isolaton]\nexperimental = \"isolated\"\n", "config.toml:1: unknown setting isolaton"),
        ("theme = \n[isolation]\n", "config.toml:1: the settings are not valid TOML"),
    ] {
        let world = World::new();
        world.drop_pair();
        std::fs::create_dir_all(world.home().config).unwrap();
        std::fs::write(world.home().config_file(), config).unwrap();
        let record = run(&world.open(), "adder", json!({"a": 1, "b": 2}), &ada());
        let message = record.error.unwrap_or_default();
        assert_eq!((record.outcome, record.isolation.missing), (RunOutcome::Refused, vec![message.clone()]), "{says}");
        assert!(message.contains(says) && message.contains("; runs are refused until it is fixed"), "{message}");
    }
}

#[test]
fn a_script_is_found_run_approved_and_committed() {
    let world = World::new();
    world.git_init();
    world.drop_pair();
    let engine = world.open();
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!((tool.stage, tool.facts.review, tool.runnable), (Stage::Experimental, ToolReview::Waiting, true));

    let first = run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    assert_eq!(first.outcome, RunOutcome::Succeeded, "{first:?}");

    let outcome = decide(&engine, DecisionKind::Approve).unwrap();
    let commit = outcome.commit.unwrap();
    assert!(world.git(&["log", "-1", "--format=%h"]).starts_with(&commit[..7]));
    let body = world.git(&["log", "-1", "--format=%B"]);
    assert!(body.contains(&format!("Toolsmith-Digest: {}", tool.digest)), "{body}");
    assert!(world.exists("tools/approved/adder/adder.py") && world.exists("tools/approved/adder/approval.toml"));
    assert!(!world.exists("tools/experimental/adder.py") && !world.exists("tools/experimental/adder.toml"));

    let approved = engine.library().resolve("adder").unwrap();
    assert_eq!((approved.stage, approved.digest, approved.state), (Stage::Approved, tool.digest, ToolState::Ok));
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap(), vec![]);
    let again = run(&engine, "adder", json!({"a": 1, "b": 2}), &Caller::Agent("bot".to_owned()));
    assert_eq!(again.outcome, RunOutcome::Succeeded, "{again:?}");
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn what_a_version_lacks_is_evidence_and_refuses_its_runs_and_what_ran_one_is_recorded() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let fine = run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    let interpreter = fine.interpreter.unwrap();
    assert!(interpreter.path.contains("python") && interpreter.version.starts_with("3."), "{interpreter:?}");
    assert_eq!(interpreter.digest, crate::domain::Digest::of_bytes(&std::fs::read(&interpreter.path).unwrap()));

    world.write("tools/experimental/adder.py", &format!("import absent_a\n{SCRIPT}"));
    engine.library().scan(&mut |_| {}).unwrap();
    let lacking = run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    let message = lacking.error.unwrap();
    assert_eq!((lacking.outcome, lacking.interpreter), (RunOutcome::SpawnFailed, None));
    assert!(message.starts_with("python package absent_a is not installed for python3 "), "{message}");
    let tool = engine.library().resolve("adder").unwrap();
    let review =
        engine.reviews().list(ReviewFilter::Waiting).unwrap().into_iter().find(|r| r.digest == tool.digest).unwrap();
    let evidence = engine.reviews().detail(review.id).unwrap().evidence;
    let line = evidence.iter().find(|line| line.label == "missing").unwrap();
    assert_eq!((line.weight, line.text.as_str()), (Weight::Warn, message.as_str()));
}

#[test]
fn undo_puts_everything_back_and_can_be_followed_by_another_approval() {
    let world = World::new();
    world.git_init();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert!(world.exists("tools/experimental/adder.py") && world.exists("tools/experimental/adder.toml"));
    assert!(!world.exists("tools/approved/adder"));
    assert_eq!(std::fs::read_to_string(world.root().join("tools/experimental/adder.py")).unwrap(), SCRIPT);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    assert!(review.decisions[0].undone);
    decide(&engine, DecisionKind::Approve).unwrap();
    assert!(world.exists("tools/approved/adder/adder.py"));
    assert_eq!(world.git(&["rev-list", "--count", "HEAD"]), "3");
}

#[test]
fn a_changed_file_voids_the_approval_and_opens_a_drift_review() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    world.write("tools/approved/adder/adder.py", "print('something else')\n");
    engine.library().scan(&mut |_| {}).unwrap();
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!(tool.state, ToolState::Changed);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    assert_eq!(review.kind, ReviewKind::Drift);
    let refused = run(&engine, "adder", json!({"a": 1, "b": 2}), &Caller::Agent("bot".to_owned()));
    assert_eq!(refused.outcome, RunOutcome::Refused);
    decide(&engine, DecisionKind::Approve).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().state, ToolState::Ok);
}

#[test]
fn what_was_decided_on_must_still_be_on_disk() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    world.write("tools/experimental/adder.py", "print('swapped')\n");
    let error = decide(&engine, DecisionKind::Approve).unwrap_err();
    assert_eq!(error.code, ErrorCode::Conflict);
    assert!(!world.exists("tools/approved/adder"));
}

#[test]
fn a_new_version_replaces_the_approved_one_and_undo_brings_that_back() {
    let world = World::new();
    world.git_init();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    let old = engine.library().resolve("adder").unwrap().digest;
    world.write("tools/experimental/adder.py", &SCRIPT.replace("sum", "total"));
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    assert_eq!((review.kind, review.base_digest), (ReviewKind::Evolved, Some(old)));
    decide(&engine, DecisionKind::Approve).unwrap();
    let new = engine.library().resolve("adder").unwrap();
    assert_eq!((new.stage, new.version.to_string()), (Stage::Approved, "1.1.0".to_owned()));
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    let back = engine.library().resolve("adder").unwrap();
    assert_eq!((back.stage, back.digest, back.state), (Stage::Approved, old, ToolState::Ok));
    assert!(world.exists("tools/experimental/adder.py"));
    assert_eq!(run(&engine, &format!("adder@{}", &old.hex()[..8]), json!({"a": 1, "b": 2}), &ada()).digest, old);
}

#[test]
fn undo_never_approves_what_was_not_approved() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    world.write("tools/approved/adder/adder.py", "print('smuggled')\n");
    world.write("tools/experimental/adder.py", &SCRIPT.replace("sum", "total"));
    world.write("tools/experimental/adder.toml", &MANIFEST.replace("1.0.0", "1.1.0"));
    engine.library().scan(&mut |_| {}).unwrap();
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let evolved = waiting.iter().find(|r| r.kind == ReviewKind::Evolved).unwrap();
    engine.execute(decision(evolved, DecisionKind::Approve, None), &ada()).unwrap();
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    let tool = engine.library().resolve("adder").unwrap();
    assert_eq!((tool.stage, tool.state), (Stage::Approved, ToolState::Changed));
}

#[test]
fn an_approval_stays_written_beside_the_tool_wherever_it_is_vouched_for() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    let note = || std::fs::read_to_string(world.root().join("tools/approved/adder/approval.toml")).unwrap();
    let first = note();
    engine.execute(Command::verb("archive", &[("tool", "adder")]), &ada()).unwrap();
    assert!(!world.exists("tools/archived/adder/approval.toml"));
    engine.execute(Command::verb("restore", &[("tool", "adder")]), &ada()).unwrap();
    assert_eq!(note(), first);
    world.write("tools/approved/adder/adder.py", "print('other')\n");
    engine.library().scan(&mut |_| {}).unwrap();
    decide(&engine, DecisionKind::Approve).unwrap();
    assert!(note().contains(&engine.library().resolve("adder").unwrap().digest.hex()));
}

#[test]
fn stages_cannot_be_skipped_and_core_needs_its_own_review() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let promote = |to| engine.execute(Command::Promote { tool: "adder".to_owned(), to }, &ada());
    assert_eq!(promote(Stage::Core).unwrap_err().code, ErrorCode::Refused);
    assert!(promote(Stage::Approved).unwrap().review.is_some());
    decide(&engine, DecisionKind::Approve).unwrap();
    promote(Stage::Core).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved);
    decide(&engine, DecisionKind::Approve).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Core);
    assert!(world.exists("tools/core/adder/adder.py") && !world.exists("tools/approved/adder"));
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(engine.library().resolve("adder").unwrap().stage, Stage::Approved);
    assert_eq!(engine.library().resolve("adder").unwrap().state, ToolState::Ok);
}

#[test]
fn archive_hides_and_restore_brings_identical_bytes_back() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let before = engine.library().resolve("adder").unwrap();
    engine.execute(Command::verb("archive", &[("tool", "adder")]), &ada()).unwrap();
    assert!(world.exists("tools/archived/adder/adder.py") && !world.exists("tools/experimental/adder.py"));
    let refused = run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    assert_eq!(refused.outcome, RunOutcome::Refused);
    engine.execute(Command::verb("restore", &[("tool", "adder")]), &ada()).unwrap();
    let after = engine.library().resolve("adder").unwrap();
    assert_eq!((after.digest, &after.path, after.stage), (before.digest, &before.path, before.stage));
}

#[test]
fn rejecting_needs_a_reason_and_keeps_the_tool_from_asking_again() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    let without = decision(&review, DecisionKind::Reject, None);
    assert_eq!(engine.execute(without, &ada()).unwrap_err().code, ErrorCode::Usage);
    decide(&engine, DecisionKind::Reject).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap(), vec![]);
    assert_eq!(engine.library().resolve("adder").unwrap().facts.review, ToolReview::Rejected);
    let again = engine.execute(decision(&review, DecisionKind::Approve, None), &ada());
    assert_eq!(again.unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn agents_decide_nothing() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let bot = Caller::Agent("bot".to_owned());
    for command in [
        Command::verb("archive", &[("tool", "adder")]),
        Command::Promote { tool: "adder".to_owned(), to: Stage::Approved },
        Command::Undo { operation: None },
    ] {
        assert_eq!(engine.execute(command, &bot).unwrap_err().code, ErrorCode::HumanNeeded);
    }
    assert_eq!(run(&engine, "adder", json!({"a": 1, "b": 2}), &bot).outcome, RunOutcome::Refused);
}

#[test]
fn a_failing_run_lands_in_the_failure_history_once() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    world.write("tools/experimental/adder.py", "import json\nprint(json.dumps({'success': False, 'error': 'no'}))\n");
    engine.library().scan(&mut |_| {}).unwrap();
    for _ in 0..2 {
        assert_eq!(run(&engine, "adder", json!({"a": 1, "b": 2}), &ada()).outcome, RunOutcome::Failed);
    }
    let groups = engine.failures().list(None).unwrap();
    assert_eq!((groups.len(), groups[0].count), (1, 2));
    let invalid = run(&engine, "adder", json!({"a": "x", "b": 2}), &ada());
    assert_eq!(invalid.outcome, RunOutcome::InvalidInput);
    assert_eq!(engine.failures().list(None).unwrap().len(), 1);
}

#[test]
fn approved_tools_that_came_with_the_workspace_wait_for_one_adoption() {
    let world = World::new();
    world.write("tools/approved/adder/adder.py", SCRIPT);
    world.write("tools/approved/adder/adder.toml", MANIFEST);
    let engine = world.open();
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    assert_eq!((review.kind, review.members.len()), (ReviewKind::Adoption, 1));
    assert_eq!(
        run(&engine, "adder", json!({"a": 1, "b": 2}), &Caller::Agent("bot".to_owned())).outcome,
        RunOutcome::Refused
    );
    decide(&engine, DecisionKind::Approve).unwrap();
    assert_eq!(
        run(&engine, "adder", json!({"a": 1, "b": 2}), &Caller::Agent("bot".to_owned())).outcome,
        RunOutcome::Succeeded
    );
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(engine.reviews().list(ReviewFilter::Waiting).unwrap().len(), 1);
}

#[test]
fn two_engines_on_one_workspace_cannot_both_decide() {
    let world = World::new();
    world.drop_pair();
    let (one, two) = (world.open(), world.open());
    decide(&one, DecisionKind::Reject).unwrap();
    let review = one.reviews().list(ReviewFilter::Decided).unwrap().remove(0);
    assert_eq!(review.state, ReviewState::Rejected);
    let late = two.execute(decision(&review, DecisionKind::Approve, None), &ada());
    assert_eq!(late.unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn scanning_twice_writes_nothing_the_second_time() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    let before = engine.workspace.read(|q| Ok(q.last_seq()?)).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(engine.workspace.read(|q| Ok(q.last_seq()?)).unwrap(), before);
}

#[test]
fn a_second_opening_shows_the_rows_of_the_last_scan_while_it_reads_again() {
    let world = World::new();
    world.drop_pair();
    for name in ["adder.py", "adder.toml"] {
        // Files that are only milliseconds old are never cached: they may still be written to.
        let file =
            std::fs::File::options().write(true).open(world.root().join("tools/experimental").join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
    }
    drop(world.open());
    let engine =
        Engine::open(OpenOptions { workspace: world.root(), home: world.home(), program: None, asker: Asker::Human })
            .unwrap();
    let mut shown = Vec::new();
    engine.library().scan(&mut |view| shown.push((view.state, view.tools.len()))).unwrap();
    assert_eq!(shown.first(), Some(&(CatalogState::Loading { done: 0, total: 0 }, 1)));
    assert_eq!(shown.last(), Some(&(CatalogState::Ready, 1)));
}

#[test]
fn a_watched_folder_tells_of_a_new_tool() {
    let world = World::new();
    let engine = world.open();
    let (sender, changes) = std::sync::mpsc::channel();
    let sender = Mutex::new(sender);
    let _watch = engine
        .library()
        .watch(
            &(Arc::new(move |change: Change| {
                let _ = lock(&sender).send(change);
            }) as OnChange),
        )
        .unwrap();
    world.drop_pair();
    let deadline = Clock::now() + Duration::from_secs(20);
    loop {
        let left = deadline.saturating_duration_since(Clock::now());
        match changes.recv_timeout(left).expect("the tool was never announced") {
            Change::Catalog(view) if view.tools.iter().any(|t| t.name.as_str() == "adder" && t.runnable) => break,
            _ => {}
        }
    }
}
