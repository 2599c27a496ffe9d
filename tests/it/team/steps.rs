//! Kill -9 at every step of an exchange: before everything that it changes on disk, in the middle of each write, and before
//! each program that it starts. What counts afterwards is the state before or the state after, and the next exchange makes
//! it the state after, file by file. `steps.c` finds the steps.

use super::world::{Machine, Team};
use crate::needs;
use crate::support::terminal_input;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use toolsmith::domain::{DecisionKind, Digest, RunOutcome};

/// More steps than this are a fault of the test.
const MOST: usize = 2_000;

#[test]
fn an_exchange_through_git_is_killed_at_each_of_its_steps() {
    at_every_step(Team::new());
}

#[test]
fn an_exchange_through_object_storage_is_killed_at_each_of_its_steps() {
    at_every_step(Team::on_storage());
}

/// The library that counts steps and kills; `None` without a compiler.
fn library(folder: &Path) -> Option<PathBuf> {
    if !needs::has(&[&needs::CC]) {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/team/steps.c");
    let library = folder.join("steps.so");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
    assert!(compile.status().unwrap().success());
    Some(library)
}

/// Folders as they were, to begin from again and again.
struct Saved {
    copies: tempfile::TempDir,
    places: Vec<PathBuf>,
}

impl Saved {
    fn of(places: &[PathBuf]) -> Saved {
        let saved = Saved { copies: tempfile::tempdir().unwrap(), places: places.to_vec() };
        for (number, place) in places.iter().enumerate() {
            copy(place, &saved.copies.path().join(number.to_string()));
        }
        saved
    }

    /// The folders themselves stay: a workspace is known by its own.
    fn restore(&self) {
        for (number, place) in self.places.iter().enumerate() {
            for entry in fs::read_dir(place).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
            }
            copy(&self.copies.path().join(number.to_string()), place);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}

/// What an exchange leads to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The digest of what the team decided.
    state: Digest,
    waiting: usize,
    /// The files below `tools`, by path.
    tools: BTreeMap<String, Vec<u8>>,
    /// Where files lie at the carrier; times in names left out.
    carried: Vec<String>,
    /// Whether what the other one approved may run.
    ran: RunOutcome,
}

fn outcome(team: &Team, ada: &Machine) -> Outcome {
    let report = ada.report();
    let mut tools = BTreeMap::new();
    read(&ada.workspace.path("tools"), "", &mut tools);
    let folders = ["decisions/", "policies/", "versions/"];
    let name = |path: String| path.rsplit('-').next().map(str::to_owned).unwrap_or_default();
    let mut carried: Vec<String> = folders.iter().flat_map(|folder| team.paths(folder)).map(name).collect();
    carried.sort();
    Outcome { state: report.state, waiting: report.waiting, tools, carried, ran: ada.run("theirs").outcome }
}

fn read(folder: &Path, at: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{at}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            read(&entry.path(), &path, into);
        } else {
            into.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// What is known of versions and files in the middle of an exchange that was cut off.
fn check_cut(ada: &Machine, before: Digest, after: &Outcome, step: &str) {
    let faults = ada.faults();
    assert!(faults.is_empty(), "{step}: {faults:?}");
    let state = ada.report().state;
    assert!([before, after.state].contains(&state), "{step}: neither the state before nor the one after");
    // One of the two is in use, whole and approved.
    let (version, digest, approved) = ada.in_use("updated");
    let script = fs::read_to_string(ada.workspace.path("tools/approved/updated/updated.sh")).unwrap();
    let wanted = if version == "1.0.0" { "echo 3\n" } else { "echo 4\n" };
    assert_eq!((script.as_str(), approved), (wanted, true), "{step}: {version} {digest}");
    // What has landed is whole, or is not taken for the version that was approved.
    let tool = ada.workspace.path("tools/approved/theirs");
    let mut there = BTreeMap::new();
    if tool.is_dir() {
        read(&tool, "/approved/theirs", &mut there);
    }
    let is_whole = there.iter().all(|(path, bytes)| after.tools.get(path) == Some(bytes));
    let wanted = after.tools.keys().filter(|path| path.starts_with("/approved/theirs/")).count();
    if !is_whole || there.len() != wanted {
        let engine = ada.engine();
        let counts = engine.library().resolve("theirs").is_ok_and(|tool| tool.runnable);
        assert!(!counts, "{step}: half a version would run: {:?}", there.keys());
    }
}

fn at_every_step(carrier: Team) {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = library(folder.path()) else { return };
    let (team, mut machines) = carrier.of(&["ada", "bob"], "");
    machines[0].trust_team();
    let [ada, bob] = machines.as_slice() else { panic!() };
    // A version to take in, one that replaces another, a decision about one that is here, and something to hand out, with
    // files.
    bob.publish("updated", "1.0.0", "echo 3\n");
    ada.sync();
    bob.publish("updated", "1.1.0", "echo 4\n");
    for machine in [ada, bob] {
        machine.tool("disputed", "echo 0\n");
    }
    bob.decide("disputed", DecisionKind::Reject).unwrap();
    bob.tool("theirs", "echo 1\n");
    bob.decide("theirs", DecisionKind::Approve).unwrap();
    bob.sync();
    ada.tool("mine", "echo 2\n");
    ada.decide("mine", DecisionKind::Approve).unwrap();
    let before = ada.report().state;

    let home = ada.workspace.home();
    let saved = Saved::of(&[ada.workspace.root(), home, team.folder.path().to_owned()]);
    let log = folder.path().join("steps");
    let sync = |at: usize| {
        let (_terminal, input) = terminal_input();
        let _ = fs::remove_file(&log);
        let mut command = ada.workspace.toolsmith(&["sync"]);
        command.env("LD_PRELOAD", &library).env("STEPS_AT", at.to_string()).env("STEPS_LOG", &log);
        let output = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        let steps = fs::read_to_string(&log).unwrap();
        (output, steps)
    };
    let (output, all) = sync(0);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let after = outcome(&team, ada);
    assert_eq!((after.waiting, after.ran), (0, RunOutcome::Succeeded), "an undisturbed exchange");
    assert_eq!((ada.in_use("updated").0.as_str(), ada.in_use("updated").2), ("1.1.0", true));
    assert_ne!(before, after.state);
    let mut killed = 0;
    for at in 1..MOST {
        saved.restore();
        let (output, steps) = sync(at);
        let step = steps.lines().last().unwrap_or_default().to_owned();
        if output.status.success() {
            assert!(steps.lines().count() < at, "{step}: it was to be killed");
            break;
        }
        assert_eq!(output.status.signal(), Some(9), "{step}: {}", String::from_utf8_lossy(&output.stderr));
        killed += 1;
        check_cut(ada, before, &after, &step);
        let told = ada.sync();
        assert_eq!(outcome(&team, ada), after, "{step}: {told}");
        assert_eq!(ada.faults(), Vec::<String>::new(), "{step}");
    }
    let count = all.lines().count();
    assert!(killed > 20 && killed + 10 > count, "{killed} of {count} steps:\n{all}");
    bob.sync();
    assert_eq!(bob.report().state, after.state);
}
