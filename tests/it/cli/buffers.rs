//! `buffer` with real processes: what is acknowledged is kept, what is due is flushed, also when nobody calls.

use super::Shell;
use crate::support::{Terminal, Workspace};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(30);

fn status(shell: &Shell, id: &str) -> Value {
    shell.call(&["buffer", "status", "--buffer", id, "--json"]).exits(0).json()
}

/// Asks until the buffer is as wanted.
fn until(shell: &Shell, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let give_up = Instant::now() + DEADLINE;
    loop {
        let now = status(shell, id);
        if wanted(&now) {
            return now;
        }
        assert!(Instant::now() < give_up, "never as wanted: {now:#}");
    }
}

fn write(shell: &Shell, id: &str, item: &str, more: &[&str]) -> Value {
    let args = [&["buffer", "write", item, "--buffer", id, "--json"], more].concat();
    shell.call(&args).exits(0).json()
}

/// What a flush prints, one value a line.
fn flushed(shell: &Shell, id: &str) -> Vec<Value> {
    let answered = shell.call(&["buffer", "flush", "--buffer", id]).exits(0);
    answered.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Processes that flush by time in this workspace.
fn clocks(shell: &Shell) -> Vec<u32> {
    clocks_in(&shell.workspace())
}

fn clocks_in(workspace: &Path) -> Vec<u32> {
    let workspace = workspace.canonicalize().unwrap();
    let is_clock = |pid: u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.get(1) == Some(&b"--as-buffer-clock".as_slice())
            && words.get(2) == Some(&workspace.as_os_str().as_encoded_bytes())
    };
    let pids =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let found: Vec<u32> = pids.filter(|pid| is_clock(*pid)).collect();
    // A clock that starts a program (git, to know whose workspace it is) is there twice until the program is.
    let parent = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse::<u32>().ok())
    };
    found.iter().copied().filter(|pid| parent(*pid).is_none_or(|parent| !found.contains(&parent))).collect()
}

/// Items that were ever flushed, as the store has it.
fn flushed_in_store(shell: &Shell, id: &str) -> i64 {
    flushed_in(&shell.home().join("data"), id)
}

fn flushed_in(data: &Path, id: &str) -> i64 {
    let workspaces = std::fs::read_dir(data.join("workspaces")).unwrap();
    let store = workspaces.flatten().map(|entry| entry.path().join("store.db")).next().unwrap();
    let store = rusqlite::Connection::open(store).unwrap();
    store.query_row("SELECT total_flushed FROM buffers WHERE id = ?1", [id], |row| row.get(0)).unwrap()
}

fn stream(shell: &Shell, args: &[&str]) -> Child {
    let mut command = shell.command(&[&["buffer", "write", "-"], args].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_buffer_batches_by_size() {
    let shell = Shell::new();
    five_scenarios(&shell);
    // The same again, with what the first time left behind.
    five_scenarios(&shell);
}

/// What the tests of the tool that this took the place of look at, with what it should have said.
fn five_scenarios(shell: &Shell) {
    let before = |id: &str| shell.call(&["buffer", "status", "--buffer", id, "--json"]).json();
    let waited = before("batch")["buffered_count"].as_u64().unwrap_or(0);
    let mut batches = 0;
    for number in 1..=7 {
        let item = json!({"item_number": number}).to_string();
        let answer = write(shell, "batch", &item, &["--max-size", "5", "--interval", "0"]);
        batches += u64::from(answer["flushed"] == json!(true));
        assert_eq!(answer["flushed_count"].as_u64().unwrap(), if answer["flushed"] == json!(true) { 5 } else { 0 });
    }
    assert_eq!(batches, (waited + 7) / 5);
    assert_eq!(status(shell, "batch")["buffered_count"], (waited + 7) % 5);

    let total = before("time")["total_flushed"].as_u64().unwrap_or(0);
    for number in 1..=3 {
        write(shell, "time", &number.to_string(), &["--interval", "300ms"]);
    }
    let later = until(shell, "time", |now| now["buffered_count"] == 0);
    assert_eq!(later["total_flushed"], total + 3);

    let waited = before("status")["buffered_count"].as_u64().unwrap_or(0);
    for number in 1..=3 {
        write(shell, "status", &number.to_string(), &["--max-size", "10", "--interval", "0"]);
    }
    let now = status(shell, "status");
    assert_eq!((&now["buffered_count"], &now["max_size"]), (&json!(waited + 3), &json!(10)));
    assert_eq!(now["flush_strategy"], "batched");
    assert!(now["time_since_last_flush"].as_f64().unwrap() >= 0.0, "{now}");

    for number in 1..=6 {
        let answer = write(shell, "manual", &number.to_string(), &["--max-size", "5", "--strategy", "manual"]);
        assert_eq!((&answer["flushed"], &answer["buffered_count"]), (&json!(false), &json!(number)));
    }
    let answer = shell.call(&["buffer", "flush", "--buffer", "manual", "--json"]).exits(0).json();
    assert_eq!((&answer["flushed_count"], &answer["items"]), (&json!(6), &json!([1, 2, 3, 4, 5, 6])));

    for number in 1..=3 {
        write(shell, "clear", &number.to_string(), &["--strategy", "manual"]);
    }
    let answer = shell.call(&["buffer", "clear", "--buffer", "clear", "--json"]).exits(0).json();
    assert_eq!((&answer["cleared_count"], &answer["buffered_count"]), (&json!(3), &json!(0)));
}

#[test]
fn one_write_is_flushed_by_time_though_nobody_calls_and_the_clock_ends_by_itself() {
    let shell = Shell::new();
    let answer = write(&shell, "a", "{\"n\": 1}", &["--interval", "1s"]);
    assert_eq!((&answer["buffered_count"], &answer["flushed"]), (&json!(1), &json!(false)));
    let give_up = Instant::now() + DEADLINE;
    loop {
        let running = clocks(&shell).len();
        assert!(running <= 1, "{running} clocks");
        // Not with a call of the program, which would start a clock where none runs.
        if flushed_in_store(&shell, "a") == 1 && running == 0 {
            break;
        }
        assert!(Instant::now() < give_up, "never flushed; {running} clocks now");
        std::thread::yield_now();
    }
    let now = status(&shell, "a");
    assert_eq!((&now["buffered_count"], &now["total_flushed"], &now["kept_count"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!(flushed(&shell, "a"), [json!({"n": 1})]);
    assert_eq!(flushed(&shell, "a"), Vec::<Value>::new());
}

#[test]
fn the_workbench_starts_a_clock_in_place_of_one_that_died() {
    let workspace = Workspace::new();
    workspace.json(&["buffer", "write", "1", "--buffer", "a", "--interval", "2s"]);
    let data = workspace.home().join("toolsmith/data");
    let give_up = Instant::now() + DEADLINE;
    while let Some(clock) = clocks_in(&workspace.root()).first().and_then(|clock| Pid::from_raw(*clock as i32)) {
        // It may have ended by now.
        let _ = kill_process(clock, Signal::KILL);
        assert!(Instant::now() < give_up, "the clock does not end");
    }
    assert_eq!(flushed_in(&data, "a"), 0, "it was killed in time");
    let mut workbench = Terminal::toolsmith(&workspace, &[], (100, 30));
    while flushed_in(&data, "a") == 0 {
        assert!(Instant::now() < give_up, "never flushed");
        std::thread::yield_now();
    }
    workbench.send("q").wait_end();
}

#[test]
fn no_clock_where_no_time_is_waited_for() {
    let shell = Shell::new();
    write(&shell, "a", "1", &["--interval", "0"]);
    write(&shell, "b", "1", &["--strategy", "manual"]);
    write(&shell, "c", "1", &["--strategy", "immediate"]);
    assert_eq!(clocks(&shell), Vec::<u32>::new());
}

#[test]
fn buffers_are_independent_and_a_path_is_no_name() {
    let shell = Shell::new();
    for round in 0..2 {
        for id in ["a", "b", "c"] {
            write(&shell, id, &format!("{id}{round}"), &["--strategy", "manual"]);
        }
    }
    for id in ["a", "b", "c"] {
        assert_eq!(flushed(&shell, id), [json!(format!("{id}0")), json!(format!("{id}1"))]);
    }
    for name in ["../x", "a/b", "", "A"] {
        let refused = shell.call(&["buffer", "write", "1", "--buffer", name, "--json"]).exits(2);
        assert_eq!(refused.error_code(), "usage");
    }
    assert_eq!(shell.call(&["buffer", "flush", "--buffer", "nobody", "--json"]).exits(5).error_code(), "not-found");
}

#[test]
fn a_hundred_writers_at_once_keep_a_hundred_items() {
    let shell = Shell::new();
    write(&shell, "a", "\"first\"", &["--strategy", "manual"]);
    let children: Vec<Child> = (0..100)
        .map(|number| {
            let number = number.to_string();
            let mut command = shell.command(&["buffer", "write", &number, "--buffer", "a"]);
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let mut items: Vec<i64> = flushed(&shell, "a").iter().filter_map(Value::as_i64).collect();
    items.sort_unstable();
    assert_eq!(items, (0..100).collect::<Vec<_>>());
}

#[test]
fn kill_9_loses_no_line_that_was_accepted() {
    let shell = Shell::new();
    for round in 0..3 {
        let id = format!("killed{round}");
        let mut child = stream(&shell, &["--buffer", &id, "--jsonl", "--strategy", "manual"]);
        let mut input = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || {
            // It ends when the reader is dead.
            for number in 0..1_000_000 {
                if writeln!(input, "{number}").is_err() {
                    return;
                }
            }
        });
        let mut accepted = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            assert_eq!((&event["event"], &event["line"]), (&json!("accepted"), &json!(accepted + 1)), "{event}");
            accepted += 1;
            if accepted == 500 + 333 * round {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        writer.join().unwrap();
        let kept = flushed(&shell, &id);
        assert!(kept.len() as u64 >= accepted, "{} of {accepted}", kept.len());
        assert!(kept.iter().enumerate().all(|(at, item)| *item == json!(at)), "in their order, none twice");
    }
}

const TAKER: &str = "in=$(cat); case \"$in\" in *bad*) echo 'it is full' >&2; exit 1;; esac; printf '%s' \"$in\"\n";

#[test]
fn a_tool_gets_batches_as_its_input_in_a_recorded_run() {
    let shell = Shell::new();
    shell.tool("experimental", "taker", TAKER, "[input]\ntype = \"object\"\n");
    let to = ["--to", "taker", "--max-size", "2", "--interval", "0", "--with", "{\"collection\": \"uses\"}"];
    write(&shell, "a", "{\"n\": 1}", &to);
    let answer = write(&shell, "a", "two", &to);
    assert_eq!(
        (&answer["flushed"], &answer["flushed_count"], &answer["total_flushed"]),
        (&json!(true), &json!(2), &json!(2))
    );
    let input = &answer["pass_through_result"];
    assert_eq!((&input["buffered_items"], &input["collection"]), (&json!([{"n": 1}, "two"]), &json!("uses")));
    let metadata = &input["metadata"];
    assert_eq!((&metadata["buffer_id"], &metadata["count"]), (&json!("a"), &json!(2)));
    assert!(metadata["flushed_at"].as_str().unwrap().ends_with('Z'), "{metadata}");
    let runs = shell.call(&["runs", "taker", "--json"]).exits(0).json();
    assert_eq!((&runs["runs"][0]["outcome"], &runs["runs"][0]["id"]), (&json!("succeeded"), &answer["runs"][0]));
    let log = shell.call(&["log", "--grep", "taker", "--json"]).exits(0).json();
    assert_eq!(log["operations"].as_array().unwrap().len(), 1, "{log}");
}

#[test]
fn what_a_tool_does_not_take_is_kept_and_the_call_fails() {
    let shell = Shell::new();
    shell.tool("experimental", "taker", TAKER, "[input]\ntype = \"object\"\n");
    let to = ["--to", "taker", "--max-size", "2", "--interval", "0"];
    write(&shell, "a", "bad", &to);
    let failed = shell.call(&["buffer", "write", "2", "--buffer", "a", "--json"]).exits(1).json();
    assert_eq!(
        (&failed["flushed"], &failed["buffered_count"], &failed["total_flushed"]),
        (&json!(false), &json!(2), &json!(0))
    );
    assert!(failed["error"]["message"].as_str().unwrap().contains("taker failed"), "{failed}");
    // It is not tried again with each write.
    let third = write(&shell, "a", "3", &[]);
    assert_eq!(
        (&third["flushed"], &third["buffered_count"], &third["failed_flushes"]),
        (&json!(false), &json!(3), &json!(1))
    );
    let asked = shell.call(&["buffer", "flush", "--buffer", "a", "--json"]).exits(1).json();
    assert_eq!((&asked["buffered_count"], &asked["failed_flushes"]), (&json!(3), &json!(2)));
    assert_eq!(shell.call(&["runs", "taker", "--json"]).json()["runs"].as_array().unwrap().len(), 2);
    shell.tool("experimental", "taker", "cat\n", "[input]\ntype = \"object\"\n");
    let asked = shell.call(&["buffer", "flush", "--buffer", "a", "--json"]).exits(0).json();
    assert_eq!(
        (&asked["flushed_count"], &asked["total_flushed"], &asked["buffered_count"]),
        (&json!(3), &json!(3), &json!(0))
    );
    assert_eq!(asked["runs"].as_array().unwrap().len(), 2, "batches of two at most");
}

#[test]
fn an_agent_hands_batches_to_approved_tools_only() {
    let shell = Shell::new();
    shell.tool("experimental", "taker", TAKER, "[input]\ntype = \"object\"\n");
    let to = ["--to", "taker", "--strategy", "immediate"];
    let args = [&["--as-agent", "bot", "buffer", "write", "1", "--buffer", "a", "--json"], to.as_slice()].concat();
    let refused = shell.call(&args).exits(4).json();
    assert_eq!((&refused["error"]["code"], &refused["buffered_count"]), (&json!("refused"), &json!(1)));
    // Also when a human writes to it: the tool was the agent's choice.
    let human = shell.call(&["buffer", "write", "2", "--buffer", "a", "--json"]).exits(4).json();
    assert_eq!(human["buffered_count"], 2);
}

#[test]
fn the_clock_hands_batches_to_a_tool_too() {
    let shell = Shell::new();
    shell.tool("experimental", "taker", TAKER, "[input]\ntype = \"object\"\n");
    write(&shell, "a", "1", &["--to", "taker", "--interval", "200ms"]);
    until(&shell, "a", |now| now["total_flushed"] == 1);
    let runs = shell.call(&["runs", "taker", "--json"]).exits(0).json();
    assert_eq!(runs["runs"][0]["outcome"], "succeeded");
}

#[test]
fn a_stream_takes_lines_refuses_what_is_too_long_and_counts_all() {
    let shell = Shell::new();
    let mut child = stream(&shell, &["--buffer", "a", "--json", "--interval", "0"]);
    let mut input = child.stdin.take().unwrap();
    let text = (0..250).map(|number| format!("{{\"n\": {number}}}")).collect::<Vec<_>>().join("\n");
    write!(input, "{text}\n{}\n\nplain text", "x".repeat(70_000)).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{answer}");
    assert_eq!((&answer["accepted"], &answer["refused"]), (&json!(251), &json!(1)));
    assert_eq!((&answer["flushed_count"], &answer["buffered_count"]), (&json!(200), &json!(51)));
    let items = flushed(&shell, "a");
    assert_eq!((items.len(), &items[249], &items[250]), (251, &json!({"n": 249}), &json!("plain text")));
}

#[test]
fn a_stream_hands_batches_over_while_it_reads() {
    let shell = Shell::new();
    shell.tool("experimental", "taker", TAKER, "[input]\ntype = \"object\"\n");
    let mut child = stream(&shell, &["--buffer", "a", "--json", "--interval", "0", "--to", "taker"]);
    let mut input = child.stdin.take().unwrap();
    for number in 0..250 {
        writeln!(input, "{number}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{answer}");
    assert_eq!(
        (&answer["flushed_count"], &answer["runs"], &answer["buffered_count"]),
        (&json!(200), &json!(2), &json!(50))
    );
}

#[test]
fn uses_of_tools_elsewhere_are_counted_apart_from_its_runs() {
    let shell = Shell::new();
    shell.tool("experimental", "adder", "cat\n", "");
    shell.call(&["list"]).exits(0);
    let mut child = stream(&shell, &["--buffer", "usage", "--jsonl"]);
    let mut input = child.stdin.take().unwrap();
    for number in 0..100 {
        writeln!(input, "{{\"tool\": \"adder\", \"success\": {}, \"duration_ms\": 12}}", number % 4 != 0).unwrap();
    }
    writeln!(input, "{{\"success\": true}}").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((count("accepted"), count("refused"), count("ended")), (100, 1, 1));
    let tool = shell.call(&["list", "adder", "--json"]).exits(0).json()["tools"][0].clone();
    assert_eq!((&tool["runs"], &tool["success_rate"]), (&json!(0), &Value::Null), "{tool}");
}

#[test]
fn what_does_not_fit_together_is_a_usage_error() {
    let shell = Shell::new();
    for args in [
        &["buffer", "write", "--json"][..],
        &["buffer", "flush", "x", "--json"],
        &["buffer", "write", "1", "--with", "{}", "--json"],
        &["buffer", "write", "1", "--interval", "soon", "--json"],
        &["buffer", "write", "1", "--max-size", "10001", "--json"],
        &["buffer", "write", "1", "--jsonl", "--json"],
        &["buffer", "write", "1", "--buffer", "usage", "--json"],
    ] {
        assert_eq!(shell.call(args).exits(2).error_code(), "usage", "{args:?}");
    }
    let none = shell.call(&["buffer", "status", "--json"]).exits(0).json();
    assert_eq!(none["buffers"], json!([]));
}
