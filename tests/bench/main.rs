//! Benchmarks of what a person waits for: reading the folders, a key in the filter, a decision,
//! the output of a run.
//!
//! `cargo bench` runs all of them, `cargo bench -- search` those whose path holds the word. `cargo bench -- screen`
//! measures the workbench in a terminal instead, `cargo bench -- commands` verbs among 10,000 and 100,000 tools,
//! `cargo bench -- services` tools that keep running, `cargo bench -- agents` what an agent waits for over MCP,
//! `cargo bench -- formats DIR` how much of a folder of foreign definitions is understood, `cargo bench -- evidence` how
//! often the checks are right, `cargo bench -- team` how long `sync` takes among 30,000 decisions, `cargo bench -- worker` what a
//! worker adds to a run, and `cargo bench -- labels` how well search and the comparison of tools agree with labels.

#![expect(clippy::panic, reason = "a benchmark that cannot be set up has nothing to measure")]

mod agents;
mod buffer;
mod catalog;
mod checks;
mod commands;
mod diff;
mod documents;
mod engine;
mod evidence;
mod formats;
mod history;
mod labels;
mod opportunities;
mod redact;
mod runs;
mod screen;
mod search;
mod services;
mod store;
mod team;
mod worker;
mod workload;

fn main() -> std::process::ExitCode {
    // Each measured run starts this program again as its supervisor.
    if let Some(code) = toolsmith::runner::play_role() {
        return code.into();
    }
    // Cargo adds `--bench` to the arguments.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    match words.next().as_deref() {
        Some("screen") => screen::run(&words.collect::<Vec<_>>()),
        Some("commands") => commands::run(&words.collect::<Vec<_>>()),
        Some("evidence") => evidence::run(&words.collect::<Vec<_>>()),
        Some("formats") => formats::run(&words.collect::<Vec<_>>()),
        Some("labels") => labels::run(&words.collect::<Vec<_>>()),
        Some("agents") => agents::run(&words.collect::<Vec<_>>()),
        Some("team") => team::run(&words.collect::<Vec<_>>()),
        Some("worker") => worker::run(),
        Some("services") => services::run(&words.collect::<Vec<_>>()),
        _ => divan::main(),
    }
    std::process::ExitCode::SUCCESS
}
