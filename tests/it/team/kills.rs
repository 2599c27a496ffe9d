//! Kill -9 in the middle of an exchange: nothing is half done, and the next one completes it.

use super::world::Team;
use crate::support::terminal_input;
use rustix::process::{Pid, Signal, kill_process};
use std::process::Stdio;
use std::time::{Duration, Instant};
use toolsmith::domain::DecisionKind;

/// At how many points of time it is killed.
const KILLS: u32 = 12;

#[test]
fn an_exchange_that_is_killed_at_any_point_is_completed_by_the_next_one() {
    kill_exchanges(Team::new());
}

#[test]
fn an_exchange_over_object_storage_that_is_killed_is_completed_by_the_next_one() {
    kill_exchanges(Team::on_storage());
}

fn kill_exchanges(carrier: Team) {
    let (team, machines) = carrier.of(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    let start = || {
        let (terminal, input) = terminal_input();
        let child = ada.workspace.toolsmith(&["sync"]).stdin(input).spawn().unwrap();
        (terminal, child)
    };
    let begun = Instant::now();
    let (_terminal, mut child) = start();
    assert!(child.wait().unwrap().success());
    let whole = begun.elapsed();
    let mut killed = 0;
    for round in 0..KILLS {
        // Something to take in, and something to hand out.
        let (mine, other) = (format!("mine{round}"), format!("other{round}"));
        ada.tool(&mine, "echo 1\n");
        ada.decide(&mine, DecisionKind::Reject).unwrap();
        bob.tool(&other, "echo 1\n");
        bob.decide(&other, DecisionKind::Approve).unwrap();
        bob.sync();
        let (_terminal, mut child) = start();
        let wait = whole * round / KILLS;
        let until = Instant::now() + wait + Duration::from_millis(1);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        if child.try_wait().unwrap().is_none() {
            kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        let faults = ada.faults();
        assert!(faults.is_empty(), "after {wait:?} of {whole:?}: {faults:?}");
        ada.sync();
        let report = ada.report();
        assert_eq!((report.waiting, report.refused.len()), (0, 0), "after {wait:?}");
        assert!(ada.workspace.path(&format!("tools/approved/{other}/tool.toml")).is_file(), "after {wait:?}");
        assert_eq!(ada.faults(), Vec::<String>::new(), "after {wait:?}");
        bob.sync();
        assert_eq!(bob.report().state, report.state, "after {wait:?}");
    }
    assert!(killed >= KILLS / 2, "only {killed} were killed");
    assert_eq!(team.paths("decisions/").len(), 2 * KILLS as usize);
}

#[test]
fn a_sync_waits_for_another_one_of_the_workspace_and_says_so() {
    let (_team, machines) = Team::with(&["ada"], "");
    let lock = machines[0].engine().state_dir().join("team/lock");
    let lock = std::fs::File::open(lock).unwrap();
    lock.lock().unwrap();
    let (_terminal, input) = terminal_input();
    let mut sync = machines[0].workspace.toolsmith(&["sync"]);
    let mut child = sync.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A lock that is waited for: `1: -> FLOCK ADVISORY WRITE PID …`.
    let pid = child.id().to_string();
    let is_waiting = |line: &str| line.contains("->") && line.split_ascii_whitespace().any(|word| word == pid);
    let begun = Instant::now();
    while !std::fs::read_to_string("/proc/locks").unwrap().lines().any(is_waiting) {
        assert!(child.try_wait().unwrap().is_none(), "it does not wait");
        assert!(begun.elapsed() < Duration::from_mins(2), "it does not come to the lock");
        std::thread::yield_now();
    }
    drop(lock);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains("it waited for another sync of this workspace"), "{said}");
}
