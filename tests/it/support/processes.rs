//! Processes of tools as the host sees them. Inside of a sandbox they have other numbers, so they are found by
//! an argument that nobody else has.

use super::workspace::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// An argument for `sleep` that is longer than any test and that no other process has.
pub fn unique_seconds() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{:07}{:05}", 100_000, std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Processes that live and have this argument.
pub fn processes_with(argument: &str) -> Vec<i32> {
    let has = |pid: i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()) && is_alive(pid)
    };
    let numbers = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| has(*pid)).collect()
}

/// Waits for a process that has this argument and ends it.
pub fn end_process_with(argument: &str) {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(pid) = processes_with(argument).pop().and_then(Pid::from_raw) {
            return kill_process(pid, Signal::KILL).unwrap();
        }
        assert!(Instant::now() < give_up, "never a process with {argument}");
    }
}

/// Whether a process is there and not only waits to be buried.
fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X'])))
}

/// Waits until something holds.
///
/// # Panics
/// After [`PATIENCE`].
pub fn until(what: &str, mut wanted: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}
