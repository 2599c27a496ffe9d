//! The word by which the store knows a process: runs, leases and intents belong to whoever wrote it.

use crate::domain::Digest;
use crate::engine::clock::now;
use crate::runner;

/// This process as an owner: its number and start time, so that a reused number is not mistaken for it.
pub(in crate::engine) fn owner_word() -> String {
    let pid = std::process::id();
    let started = i32::try_from(pid).ok().and_then(runner::process_started).unwrap_or_default();
    format!("{pid}:{started}:{}", &Digest::of_bytes(format!("{pid} {started} {}", now().0).as_bytes()).hex()[..8])
}

/// Whether the process behind an owner word is alive.
pub(in crate::engine) fn owner_alive(owner: &str) -> bool {
    let mut parts = owner.split(':');
    let pid = parts.next().and_then(|text| text.parse::<i32>().ok());
    let started = parts.next().and_then(|text| text.parse::<u64>().ok());
    match (pid, started) {
        (Some(pid), Some(started)) => runner::process_started(pid) == Some(started),
        _ => false,
    }
}
