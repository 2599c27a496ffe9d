//! How instances end when a machine, a service manager or somebody who waits asks for it.

use super::{Bench, kill, processes_with};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Writes a line some time after it was asked to end.
const FLUSHES: &str = r#"
import signal, sys
def flush(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    signal.sigwait([signal.SIGALRM])
    print("flushed", flush=True)
    sys.exit(0)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
signal.signal(signal.SIGTERM, flush)
print("ready", flush=True)
while True:
    signal.pause()
"#;

const READY: &str = "[service]\nadapter = \"none\"\n[service.ready]\nline = \"ready\"\n";

fn flushing() -> (Bench, String) {
    let bench = Bench::new();
    let mark = bench.service("flushes", FLUSHES, READY);
    bench.ok(&["launch", "flushes", "--wait"]);
    (bench, mark)
}

fn output(bench: &Bench) -> String {
    let output = bench.workspace.toolsmith(&["output", "flushes"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn term(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
}

/// The processes below another one, without those that have this mark.
fn below(parent: i32, mark: &[i32]) -> Vec<i32> {
    let mut found = vec![parent];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        next += 1;
        for task in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let numbers = children.split_ascii_whitespace().map(|word| word.parse::<i32>().unwrap());
            found.extend(numbers.filter(|pid| !mark.contains(pid)));
        }
    }
    found.split_off(1)
}

#[test]
fn a_keeper_that_is_asked_to_end_gives_its_service_the_time_to_clean_up() {
    let (bench, mark) = flushing();
    let keeper = bench.keepers()[0];
    term(keeper);
    let seen = bench.until("flushes", "stopped");
    assert_eq!(seen["desired"], "down", "it is not started again");
    assert_eq!(output(&bench), "ready\nflushed\n");
    Bench::until_gone(&mark);
    assert_eq!(bench.ok(&["runs"])["runs"][0]["outcome"], "cancelled");
}

#[test]
fn a_machine_that_shuts_down_lets_a_service_clean_up() {
    let (bench, mark) = flushing();
    let keeper = bench.keepers()[0];
    let others = below(keeper, &processes_with(&mark));
    assert!(!others.is_empty());
    others.into_iter().chain([keeper]).for_each(term);
    bench.until("flushes", "stopped");
    assert_eq!(output(&bench), "ready\nflushed\n");
}

#[test]
fn terminate_with_wait_returns_when_the_instance_has_ended() {
    let (bench, mark) = flushing();
    let ended = bench.ok(&["terminate", "flushes", "--wait"]);
    assert_eq!(ended["message"], "flushes is stopped");
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
    assert_eq!(output(&bench), "ready\nflushed\n");
}

#[test]
fn launch_if_needed_leaves_an_instance_that_runs_and_starts_one_that_does_not() {
    let (bench, mark) = flushing();
    let before = processes_with(&mark);
    assert_eq!(bench.refused(&["launch", "flushes", "--wait"]), "flushes is already running");
    let kept = bench.ok(&["launch", "flushes", "--instance", "flushes", "--wait", "--if-needed"]);
    assert_eq!(kept["message"], "flushes is running");
    assert_eq!(processes_with(&mark), before);
    bench.ok(&["terminate", "flushes", "--wait"]);
    bench.ok(&["launch", "flushes", "--wait", "--if-needed"]);
    assert_eq!(processes_with(&mark).len(), 1);
    // The name of an instance of another service is no instance that runs.
    bench.service("other", FLUSHES, READY);
    let why = bench.refused(&["launch", "other", "--instance", "flushes", "--if-needed"]);
    assert!(why.starts_with("flushes is "), "{why}");
    processes_with(&mark).into_iter().for_each(kill);
}
