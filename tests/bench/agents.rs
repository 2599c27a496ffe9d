//! What an agent waits for over MCP: `cargo bench -- agents`, or `cargo bench -- agents 10000` for as many tools.
//!
//! First answers are timed from the start of the process. The run is compared with the same run by a shell, both at once
//! refused by policy: what the front end adds is measured, not the sandbox.

use crate::screen::worlds::World;
use crate::workload;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

/// How often each figure is taken; the median is printed.
const TIMES: usize = 9;

/// Measures both numbers of tools, or these.
pub fn run(words: &[String]) {
    let asked: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    println!("{:<34} {:>7} {:>12}  limit", "", "tools", "median");
    for tools in if asked.is_empty() { vec![1_000, 10_000] } else { asked } {
        measure(tools);
    }
}

fn measure(tools: usize) {
    let world = World::with(tools);
    // The first scans wait until all files are older than the grain of the clock.
    for _ in 0..3 {
        let _ = world.spawn(&["list"]).wait();
    }
    let name = workload::name(tools / 2);
    let search = json!({"name": "search", "arguments": {"words": "zebraxylophone"}});
    let run = json!({"name": "run", "arguments": {"tool": name, "input": {"path": "."}}});
    let (mut first, mut warm, mut refused, mut shell, mut left, mut memory) =
        (vec![], vec![], vec![], vec![], vec![], 0);
    for _ in 0..TIMES {
        let begun = Instant::now();
        let mut agent = Agent::connect(&world);
        agent.call(&search);
        first.push(begun.elapsed());
        warm.push(timed(|| drop(agent.call(&search))));
        refused.push(timed(|| drop(agent.call(&run))));
        memory = memory.max(agent.memory());
        left.push(timed(|| agent.leave()));
        let words = ["--as-agent", "bench", "run", &name, "--input", "{\"path\": \".\"}"];
        shell.push(timed(|| drop(world.spawn(&words).wait())));
    }
    let ms = Duration::from_millis;
    report("start and first search", tools, first, Some(if tools > 1_000 { ms(60) } else { ms(30) }));
    report("search", tools, warm, None);
    report("run, refused", tools, refused, None);
    report("run, refused, by a shell", tools, shell, None);
    report("end after the input is closed", tools, left, Some(ms(100)));
    println!("{:<34} {tools:>7} {memory:>8} MiB  40 MiB", "memory");
}

fn timed(act: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    act();
    begun.elapsed()
}

fn report(what: &str, tools: usize, mut times: Vec<Duration>, limit: Option<Duration>) {
    times.sort_unstable();
    let median = times[times.len() / 2];
    let kept = limit.map(|limit| format!("{limit:?}: {}", if median <= limit { "kept" } else { "EXCEEDED" }));
    println!("{what:<34} {tools:>7} {:>9.1} ms  {}", median.as_secs_f64() * 1000.0, kept.unwrap_or_default());
}

/// A client over pipes.
struct Agent {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Agent {
    fn connect(world: &World) -> Agent {
        let mut child = world.spawn_piped(&["--as-agent", "bench", "mcp"]);
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { panic!("no pipes") };
        let mut agent = Agent { child, input, output: BufReader::new(output), last: 0 };
        let client = json!({"name": "bench", "version": "1"});
        agent.ask("initialize", &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}));
        agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        agent
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap_or_else(|error| panic!("the server is gone: {error}"));
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line);
            assert!(read.is_ok_and(|bytes| bytes > 0), "the server is gone");
            let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            if answer["id"] == self.last {
                return answer;
            }
        }
    }

    fn call(&mut self, params: &Value) -> Value {
        self.ask("tools/call", params)
    }

    /// The most memory that it has had, in MiB.
    fn memory(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
    }

    fn leave(self) {
        let Agent { mut child, input, .. } = self;
        drop(input);
        let _ = child.wait();
    }
}
