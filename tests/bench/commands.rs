//! What a verb of the command line costs among many tools: `cargo bench -- commands`, or `cargo bench -- commands 10000`
//! for as many tools.
//!
//! Processor time counts, for it is what a busy machine does not change much. The workload is that of the other
//! benchmarks; nothing has changed since the verb before, unless the row says "cold".

use crate::screen::worlds::{MANY, MOST, World};
use crate::workload;
use std::time::{Duration, Instant};

/// How often each verb is started.
const TIMES: u32 = 7;

/// Most processor time, and the most memory in MiB.
struct Limit(Duration, u64);

/// Measures all verbs for both numbers of tools, or for these.
pub fn run(words: &[String]) {
    let asked: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    println!("{:<22} {:>8} {:>14} {:>12} {:>10}  limit", "", "tools", "processor", "time", "memory");
    for tools in if asked.is_empty() { vec![MANY, MOST] } else { asked } {
        measure(tools);
    }
}

fn measure(tools: usize) {
    let mut world = World::with(tools);
    let name = workload::name(tools / 2);
    let is_large = tools > MANY;
    world.forget();
    let ms = Duration::from_millis;
    let limit = |small, large| Limit(ms(if is_large { large } else { small }), if is_large { 300 } else { 120 });
    report("list, cold", tools, &cost(&world, &["list"], 1), &limit(2_000, 8_000));
    // The first ones wait until all files are older than the grain of the clock.
    cost(&world, &["list"], 2);
    report("list", tools, &cost(&world, &["list"], TIMES), &limit(120, 1_000));
    report("names for a shell", tools, &cost(&world, &["candidates", "tools"], TIMES), &limit(150, 1_500));
    report("show", tools, &cost(&world, &["show", &name], TIMES), &limit(30, 100));
    let run = ["run", &name, "--input", "{\"path\": \".\"}"];
    report("run, with its process", tools, &cost(&world, &run, TIMES), &limit(80, 150));
}

/// What a verb cost, on average.
struct Cost {
    processor: Duration,
    time: Duration,
    memory: u64,
}

fn cost(world: &World, words: &[&str], times: u32) -> Cost {
    let (before, begun, mut memory) = (processor_time_of_children(), Instant::now(), 0);
    for _ in 0..times {
        let mut child = world.spawn(words);
        while child.try_wait().is_ok_and(|ended| ended.is_none()) {
            memory = memory.max(highest_memory(child.id()));
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    Cost {
        processor: processor_time_of_children().saturating_sub(before) / times,
        time: begun.elapsed() / times,
        memory,
    }
}

fn report(verb: &str, tools: usize, cost: &Cost, Limit(processor, memory): &Limit) {
    let is_kept = cost.processor <= *processor && cost.memory <= *memory;
    println!(
        "{verb:<22} {tools:>8} {:>11.1} ms {:>9.1} ms {:>6} MiB  {processor:?}, {memory} MiB: {}",
        cost.processor.as_secs_f64() * 1000.0,
        cost.time.as_secs_f64() * 1000.0,
        cost.memory,
        if is_kept { "kept" } else { "EXCEEDED" },
    );
}

/// Processor time of all processes that this one has waited for, in steps of 10 ms.
fn processor_time_of_children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [13, 14].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that a process has had, in MiB.
fn highest_memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
