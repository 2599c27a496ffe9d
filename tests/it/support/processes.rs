//! Processes of tools, as seen by the host. Inside a sandbox they have other process numbers, so they are found by a
//! unique argument.

use super::workspace::PATIENCE;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

/// An argument for `sleep` that lasts longer than any test and that no other process has.
pub fn unique_seconds() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{:07}{:05}", 100_000, std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Live processes with this argument.
pub fn processes_with(argument: &str) -> Vec<i32> {
    let has = |pid: i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes()) && is_alive(pid)
    };
    let numbers = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| has(*pid)).collect()
}

/// Waits for a process with this argument and kills it.
pub fn end_process_with(argument: &str) {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(pid) = processes_with(argument).pop().and_then(Pid::from_raw) {
            return kill_process(pid, Signal::KILL).unwrap();
        }
        assert!(Instant::now() < give_up, "never a process with {argument}");
    }
}

/// Whether a process is alive, that is, exists and is not a zombie.
fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X'])))
}

/// Waits until the condition is true.
///
/// # Panics
/// If the condition is still false after [`PATIENCE`].
pub fn until(what: &str, mut wanted: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}
