//! What an agent waits for over MCP: `cargo bench -- agents`, or `cargo bench -- agents 10000` for as many tools.
//!
//! First answers are timed from the start of the process. The run is compared with the same run by a shell, both at once
//! refused by policy: what the front end adds is measured, not the sandbox.

use crate::screen::worlds::World;
use crate::workload;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
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
    measure_end_of_run();
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
    report_memory("memory", tools, memory);
    report_memory("memory over HTTP", tools, memory_over_http(&world, &search));
}

/// How long the end takes while a tool runs: the median, and the longest.
fn measure_end_of_run() {
    let (mut left, mut longest) = (Vec::new(), Duration::ZERO);
    for number in 0..TIMES {
        let seconds = format!("{}.{:07}{number:02}", 100_000, std::process::id());
        let world = World::sleeper(&seconds);
        let mut agent = Agent::connect(&world);
        agent.send(&json!({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params":
            {"name": "run", "arguments": {"tool": "sleeper"}}}));
        until("the tool runs", || has_process(&seconds));
        let took = timed(|| agent.leave());
        until("the tool has ended", || !has_process(&seconds));
        longest = longest.max(took);
        left.push(took);
    }
    let limit = Some(Duration::from_millis(100));
    report("end during a run", 1, left, limit);
    report("end during a run, longest", 1, vec![longest], limit);
}

fn until(what: &str, wanted: impl Fn() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}

/// Whether a process has this argument.
fn has_process(argument: &str) -> bool {
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.map(|folder| std::fs::read(folder.path().join("cmdline")).unwrap_or_default()).any(|line| {
        // Shells and sandboxes have it inside of a longer word.
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

/// The most memory of a server over HTTP that answered a search and listed its tools, in MiB.
fn memory_over_http(world: &World, search: &Value) -> u64 {
    let token = world.token("bench-http");
    let mut child = world.spawn_piped(&["--json", "mcp", "--http", "127.0.0.1:0"]);
    let mut line = String::new();
    let told = child.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
    assert!(told.is_some_and(|read| read.is_ok()), "the server says nothing");
    let told: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let url = told["url"].as_str().unwrap_or_default();
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    for (method, params) in [("tools/call", search.clone()), ("tools/list", json!({}))] {
        let answer = asked_over_http(address, &token, method, params);
        assert!(answer.contains("200 OK") && answer.contains("\"result\""), "{answer}");
    }
    let memory = most_memory(child.id());
    // It serves until it is ended.
    let _ = child.kill();
    let _ = child.wait();
    memory
}

/// The answer to one request that carries its own metadata.
fn asked_over_http(address: &str, token: &str, method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let name = params["name"].as_str().map(|name| format!("mcp-name: {name}\r\n")).unwrap_or_default();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: {method}\r\n{name}\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = String::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(head.as_bytes())?;
        stream.read_to_string(&mut answer)
    });
    asked.unwrap_or_else(|error| panic!("{address}: {error}"));
    answer
}

fn report_memory(what: &str, tools: usize, memory: u64) {
    let kept = if memory <= 40 { "kept" } else { "EXCEEDED" };
    println!("{what:<34} {tools:>7} {memory:>8} MiB  40 MiB: {kept}");
}

/// The most memory that a process has had, in MiB.
fn most_memory(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
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
        most_memory(self.child.id())
    }

    fn leave(self) {
        let Agent { mut child, input, .. } = self;
        drop(input);
        let _ = child.wait();
    }
}
