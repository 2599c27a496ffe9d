//! Services that misbehave.

use super::{Bench, COMPANION};
use crate::support::processes_with;

/// Forks away from its process group and session, ignores every signal that it can, and goes on.
const STUBBORN: &str = r#"
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", sys.argv[1]])
    os._exit(0)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"#;

#[test]
fn a_service_that_forks_away_and_ignores_signals_ends_within_its_time() {
    let bench = Bench::new();
    let mark = bench.service("stubborn", STUBBORN, "[service]\nadapter = \"none\"\nstop = { signal = \"TERM\", within = \"200ms\" }\n[service.ready]\nline = \"^ready$\"\nwithin = \"30s\"\n");
    bench.ok(&["launch", "stubborn", "--wait"]);
    assert!(processes_with(&mark).len() >= 2, "it forked away");
    bench.ok(&["terminate", "stubborn"]);
    bench.until("stubborn", "stopped");
    Bench::until_gone(&mark);
}

#[test]
fn a_service_with_a_long_grace_time_is_killed_when_a_human_does_not_wait_for_it() {
    let bench = Bench::new();
    let mark = bench.service("stubborn", STUBBORN, "[service]\nadapter = \"none\"\nstop = { signal = \"TERM\", within = \"1h\" }\n[service.ready]\nline = \"^ready$\"\nwithin = \"30s\"\n");
    bench.ok(&["launch", "stubborn", "--wait"]);
    bench.ok(&["terminate", "stubborn"]);
    bench.until("stubborn", "stopping");
    assert!(!processes_with(&mark).is_empty(), "a control: it is still there");
    bench.ok(&["terminate", "stubborn", "--now"]);
    bench.until("stubborn", "stopped");
    Bench::until_gone(&mark);
}

#[test]
fn a_flood_keeps_a_bounded_log_and_a_keeper_that_obeys() {
    let bench = Bench::new();
    let flood = "import os\nblock = b'x' * 65535 + b'\\n'\nwhile True:\n    os.write(1, block)\n";
    let mark = bench.service("flood", flood, "[service]\nlog = { most = \"256KiB\", keep = 2 }\n");
    bench.ok(&["launch", "flood", "--wait"]);
    let run = bench.instance("flood")["run"].to_string();
    let state = bench.state();
    let logs = || -> Vec<u64> {
        let all = std::fs::read_dir(state.join("runs")).unwrap().flatten();
        let mine = all.filter(|entry| entry.file_name().to_string_lossy().starts_with(&format!("{run}.spool")));
        mine.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect()
    };
    let give_up = std::time::Instant::now() + super::PATIENCE;
    while logs().len() < 3 {
        assert!(std::time::Instant::now() < give_up, "the log is never turned over: {:?}", logs());
    }
    let kept: u64 = logs().iter().sum();
    assert!(kept <= 4 * 256 * 1024 + 3 * 70_000, "{kept} bytes are kept");
    bench.ok(&["terminate", "flood"]);
    bench.until("flood", "stopped");
    Bench::until_gone(&mark);
}

#[test]
fn a_service_cannot_reach_the_socket_of_its_keeper() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let sockets = bench.state().join("instances");
    assert_eq!(std::fs::read_dir(&sockets).unwrap().count(), 1, "a control: it is there");
    let spy = format!(
        "import os\ntry:\n    print(len(os.listdir({:?})), flush=True)\nexcept OSError as error:\n    print('refused', flush=True)\nimport time\nwhile True:\n    time.sleep(1)\n",
        sockets.display().to_string()
    );
    bench.service(
        "spy",
        &spy,
        "[service]\nadapter = \"none\"\n[service.ready]\nline = \"refused|[0-9]+\"\nwithin = \"30s\"\n",
    );
    bench.ok(&["launch", "spy", "--wait"]);
    let output = bench.workspace.toolsmith(&["output", "spy"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "refused");
}

#[test]
fn a_service_that_answers_with_control_characters_shows_none() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    let output =
        bench.workspace.toolsmith(&["say", "companion", "raw \u{1b}[31mred\u{1b}]52;c;eA==\u{7}"]).output().unwrap();
    assert!(!output.stdout.contains(&0x1b) && !output.stdout.contains(&7), "{output:?}");
    let output = bench.workspace.toolsmith(&["services", "companion"]).output().unwrap();
    assert!(!output.stdout.contains(&0x1b), "{output:?}");
}

#[test]
fn a_service_that_never_becomes_ready_is_ended_and_tried_again() {
    let bench = Bench::new();
    bench.service("slow", COMPANION, "[service]\nmost_restarts = 1\nbackoff = { first = \"1ms\", factor = 1, most = \"1ms\", calm = \"60s\" }\n[service.ready]\nline = \"never\"\nwithin = \"300ms\"\n");
    let why = bench.refused(&["launch", "slow", "--wait"]);
    assert!(why.contains("not ready within 300ms"), "{why}");
    assert_eq!(bench.until("slow", "failed")["incarnation"], 2);
}
