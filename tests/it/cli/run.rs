//! `run`, `rerun`, `runs`, `output`, `cancel`, `failures` with real processes.

use super::{Answered, Shell};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(20);

fn events(answered: &Answered) -> Vec<Value> {
    answered.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for a process to end by itself.
fn ended(mut child: Child) -> Answered {
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        assert!(start.elapsed() < DEADLINE, "still running");
        std::thread::yield_now();
    };
    let (mut stdout, mut stderr) = (String::new(), String::new());
    if let Some(mut out) = child.stdout.take() {
        out.read_to_string(&mut stdout).unwrap();
    }
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Answered { code, stdout, stderr }
}

#[test]
fn both_streams_pass_unchanged_into_pipes_and_the_end_is_told_on_stderr() {
    let shell = Shell::new();
    shell.tool("experimental", "talk", "printf 'a\\033[1mb\\n'; printf 'e\\n' >&2\n", "");
    let answered = shell.call(&["run", "talk"]).exits(0);
    assert_eq!(answered.stdout, "a\u{1b}[1mb\n");
    assert!(answered.stderr.starts_with("e\n"), "{}", answered.stderr);
    let told = answered.stderr.lines().find(|line| line.starts_with("run 1 · succeeded")).unwrap_or_default();
    let runs = shell.call(&["runs", "--json"]).exits(0).json();
    let level = runs["runs"][0]["isolation"]["level"].as_str().unwrap();
    assert!(told.ends_with(level), "{level}: {}", answered.stderr);
}

#[test]
fn at_a_terminal_nothing_of_a_tool_is_raw() {
    let shell = Shell::new();
    shell.tool("experimental", "sly", "printf 'a\\033[2Jb\\033[31mred\\033[8mgone\\033[0m\\n10%%\\r20%%\\n'\n", "");
    let text = shell.at_terminal(&["run", "sly"]).exits(0).stdout;
    assert!(text.contains("a\\x1b[2Jb\u{1b}[31mredgone\u{1b}[0m\r\n10%\r\n20%\r\n"), "{text:?}");
    let kept = shell.at_terminal(&["output", "1", "--no-color"]).exits(0).stdout;
    assert_eq!(kept, "a\\x1b[2Jbredgone\r\n10%\r\n20%\r\n");
}

#[test]
fn a_run_that_fails_exits_with_one_and_is_in_the_history() {
    let shell = Shell::new();
    shell.tool("experimental", "bad", "echo 'no such thing' >&2; exit 3\n", "");
    let run = shell.call(&["run", "bad", "--json"]).exits(1).json();
    assert_eq!((&run["run"]["outcome"], &run["run"]["exit_code"]), (&json!("failed"), &json!(3)));
    assert_eq!(
        (&run["stdout"], &run["stderr"], &run["truncated"]),
        (&json!(""), &json!("no such thing\n"), &json!(false))
    );
    shell.call(&["run", "bad"]).exits(1);
    let groups = shell.call(&["failures", "--json"]).exits(0).json()["failures"].clone();
    assert_eq!((&groups[0]["tool"], &groups[0]["count"]), (&json!("bad"), &json!(2)), "{groups}");
    assert_eq!(shell.call(&["failures", "bad", "--json"]).exits(0).json()["failures"], groups);
    assert_eq!(shell.call(&["failures", "nobody", "--json"]).exits(5).error_code(), "not-found");
}

#[test]
fn success_is_a_rule_over_exit_code_and_output() {
    let shell = Shell::new();
    shell.tool("experimental", "liar", "echo '{\"success\": false, \"error\": \"division by zero\"}'\n", "");
    let run = shell.call(&["run", "liar", "--json"]).exits(1).json();
    assert_eq!((&run["run"]["outcome"], &run["run"]["exit_code"]), (&json!("failed"), &json!(0)));
    assert!(run["run"]["error"].as_str().unwrap().contains("division by zero"), "{run}");
}

const ECHO: &str = "[input]\ntype = \"object\"\nrequired = [\"name\"]\n[input.properties.name]\ntype = \"string\"\n\
    [input.properties.count]\ntype = \"integer\"\n";

#[test]
fn input_comes_from_the_argument_a_file_or_standard_input_and_set_is_typed() {
    let shell = Shell::new();
    shell.tool("experimental", "echo-in", "cat\n", ECHO);
    shell.write("in.json", "{\"name\": \"file\"}");
    let sent = |args: &[&str]| -> Value {
        let answered = shell.call(&[&["run", "echo-in"], args].concat()).exits(0);
        serde_json::from_str(&answered.stdout).unwrap()
    };
    assert_eq!(sent(&["--input", "{\"name\": \"x\"}"]), json!({"name": "x"}));
    assert_eq!(sent(&["--input", "@in.json", "--set", "count=3"]), json!({"name": "file", "count": 3}));
    assert_eq!(sent(&["--set", "name=7"]), json!({"name": "7"}));
    let invalid = shell.call(&["run", "echo-in", "--json"]).exits(1).json();
    assert_eq!(invalid["run"]["outcome"], "invalid-input");
    assert_eq!(shell.call(&["run", "echo-in", "--json", "--input", "[1]"]).exits(2).error_code(), "usage");
    assert_eq!(shell.call(&["run", "echo-in", "--json", "--input", "@nowhere"]).exits(5).error_code(), "not-found");
}

#[test]
fn events_come_a_line_each_while_it_runs() {
    let shell = Shell::new();
    shell.tool("experimental", "talk", "echo out; echo err >&2; exit 2\n", "");
    let all = events(&shell.call(&["run", "talk", "--jsonl"]).exits(1));
    assert!(all.iter().all(|event| event["schema"] == 1), "{all:?}");
    let names: Vec<&str> = all.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("started", "ended"));
    let text = |stream: &str| -> String {
        let of = all.iter().filter(|event| event["stream"] == stream);
        of.map(|event| event["text"].as_str().unwrap()).collect()
    };
    assert_eq!((text("stdout"), text("stderr")), ("out\n".to_owned(), "err\n".to_owned()));
    assert_eq!(all[all.len() - 1]["run"]["outcome"], "failed");
    let lost = events(&shell.call(&["run", "nobody", "--jsonl"]).exits(5));
    assert_eq!((&lost[0]["event"], &lost[0]["error"]["code"]), (&json!("error"), &json!("not-found")));
}

#[test]
fn two_formats_at_once_are_refused_before_anything_runs() {
    let shell = Shell::new();
    shell.tool("experimental", "hello", "echo ran\n", "");
    shell.call(&["run", "hello"]).exits(0);
    assert_eq!(shell.call(&["run", "hello", "--json", "--jsonl"]).exits(2).error_code(), "usage");
    assert_eq!(shell.call(&["rerun", "1", "--json", "--jsonl"]).exits(2).error_code(), "usage");
    let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
}

#[test]
fn a_failed_run_is_no_success_when_nobody_reads_the_answer() {
    let shell = Shell::new();
    shell.tool("experimental", "fails", "exit 3\n", "");
    for form in [&[][..], &["--json"], &["--jsonl"]] {
        // A pipe whose reader is gone before anything is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = shell.command(&[&["run", "fails"], form].concat()).stdout(writer).spawn().unwrap();
        ended(child).exits(1);
    }
}

#[test]
fn interrupting_the_call_cancels_the_run() {
    let shell = Shell::new();
    shell.tool("experimental", "slow", "echo ready; exec sleep 600\n", "");
    for name in ["INT", "TERM"] {
        let mut child = shell.command(&["run", "slow"]).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        signal(&child, name);
        let answered = ended(child).exits(1);
        assert!(answered.stderr.contains("cancelled"), "{}", answered.stderr);
    }
    let outcomes = shell.call(&["runs", "slow", "--json", "--outcome", "cancelled"]).exits(0).json();
    assert_eq!(outcomes["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_run_can_be_cancelled_from_another_process() {
    let shell = Shell::new();
    shell.tool("experimental", "slow", "echo ready; exec sleep 600\n", "");
    let mut child = shell.command(&["run", "slow"]).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    shell.call(&["cancel", "1"]).exits(0);
    let answered = ended(child).exits(1);
    assert!(answered.stderr.contains("cancelled"), "{}", answered.stderr);
    assert_eq!(shell.call(&["cancel", "99", "--json"]).exits(5).error_code(), "not-found");
}

#[test]
fn endless_output_stops_when_its_reader_leaves() {
    let shell = Shell::new();
    shell.tool("experimental", "flood", "exec yes\n", "");
    for args in [&["run", "flood"][..], &["run", "flood", "--jsonl"]] {
        let mut child = shell.command(args).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        let mut first = [0; 2];
        out.read_exact(&mut first).unwrap();
        drop(out);
        ended(child).exits(1);
    }
    let runs = shell.call(&["runs", "--json"]).exits(0).json()["runs"].clone();
    for run in runs.as_array().unwrap() {
        assert!(run["outcome"] == "cancelled" || run["outcome"] == "limit-exceeded", "{run}");
    }
    assert_eq!(runs.as_array().unwrap().len(), 2);
}

#[test]
fn a_time_limit_ends_a_run() {
    let shell = Shell::new();
    shell.tool("experimental", "slow", "exec sleep 600\n", "");
    let run = shell.call(&["run", "slow", "--timeout", "200ms", "--json"]).exits(1).json();
    assert_eq!(run["run"]["outcome"], "timed-out");
}

#[test]
fn runs_are_listed_and_their_output_is_kept_byte_for_byte() {
    let shell = Shell::new();
    shell.tool("experimental", "talk", "printf 'o\\377\\n'; echo e >&2\n", "");
    shell.call(&["run", "talk"]).exits(0);
    shell.call(&["rerun", "1"]).exits(0);
    let ids: Vec<Value> = shell.call(&["runs", "talk", "--json"]).exits(0).json()["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].clone())
        .collect();
    assert_eq!(ids, [json!(2), json!(1)]);
    assert_eq!(shell.call(&["runs", "--json", "--limit", "1"]).exits(0).json()["runs"].as_array().unwrap().len(), 1);
    assert_eq!(shell.call(&["runs", "--json", "--outcome", "failed"]).exits(0).json()["runs"], json!([]));
    let stdout = shell.command(&["output", "1", "--stream", "stdout"]).output().unwrap().stdout;
    assert_eq!(stdout, b"o\xff\n");
    let kept = shell.call(&["output", "2", "--json", "--stream", "stderr"]).exits(0).json();
    assert_eq!((&kept["stdout"], &kept["stderr"]), (&json!(""), &json!("e\n")));
    assert_eq!(shell.call(&["output", "99", "--json"]).exits(5).error_code(), "not-found");
}

#[test]
fn rerun_sends_the_same_input_and_says_when_the_tool_is_another_version() {
    let shell = Shell::new();
    shell.tool("experimental", "echo-in", "cat\n", ECHO);
    shell.call(&["run", "echo-in", "--set", "name=x"]).exits(0);
    let same = shell.call(&["rerun", "1"]).exits(0);
    assert_eq!(serde_json::from_str::<Value>(&same.stdout).unwrap(), json!({"name": "x"}));
    shell.tool("experimental", "echo-in", "cat; echo\n", ECHO);
    let other = shell.call(&["rerun", "1"]).exits(0);
    assert!(other.stderr.contains("run 1 used 1.0.0"), "{}", other.stderr);
}

#[test]
fn policy_refuses_with_four() {
    let shell = Shell::new();
    shell.tool("experimental", "talk", "echo hi\n", "");
    shell.write(
        "tools/experimental/never/tool.toml",
        "name = \"never\"\ncost_tier = \"prohibited\"\n[run]\ncommand = [\"sh\", \"-c\", \"echo hi\"]\n",
    );
    let agent = shell.call(&["run", "talk", "--as-agent", "coder", "--json"]).exits(4);
    assert!(!agent.stdout.contains("hi\\n"), "{}", agent.stdout);
    shell.call(&["run", "never"]).exits(4);
}
