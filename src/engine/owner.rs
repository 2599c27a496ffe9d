//! The owner word: identifies a process in the store. Runs, leases and intents belong to the process that wrote them.

use crate::domain::Digest;
use crate::engine::clock::now;
use crate::runner;
use std::sync::OnceLock;

/// This process as an owner: its number and start time, so that a reused number is not mistaken for it, and the boot id
/// of the machine, because start times are relative to the boot.
pub(in crate::engine) fn owner_word() -> String {
    let pid = std::process::id();
    let started = i32::try_from(pid).ok().and_then(runner::process_started).unwrap_or_default();
    let unique = Digest::of_bytes(format!("{pid} {started} {}", now().0).as_bytes());
    format!("{pid}:{started}:{}:{}", &unique.hex()[..8], boot())
}

/// The last part of the owner word of a process that serves agents.
const SERVES_AGENTS: &str = "agents";

/// The owner word of a process that serves agents.
pub(in crate::engine) fn serving_owner_word() -> String {
    format!("{}:{SERVES_AGENTS}", owner_word())
}

/// Whether a process serves agents: its runs end with it, as if their agent had cancelled them.
pub(in crate::engine) fn serves_agents(owner: &str) -> bool {
    owner.split(':').nth(4) == Some(SERVES_AGENTS)
}

/// Whether the process behind an owner word is alive.
pub(in crate::engine) fn owner_alive(owner: &str) -> bool {
    is_alive_in(owner, boot())
}

/// Whether the machine was rebooted since an owner word was written. `false` for owner words of older programs, which
/// do not contain the boot id.
pub(in crate::engine) fn has_rebooted(owner: &str) -> bool {
    has_rebooted_since(owner, boot())
}

/// The process that an owner word names; `None` when that process has ended.
pub(in crate::engine) fn live_process(owner: &str) -> Option<i32> {
    owner.split(':').next()?.parse().ok().filter(|_| owner_alive(owner))
}

fn is_alive_in(owner: &str, boot: &str) -> bool {
    let mut parts = owner.split(':');
    let pid = parts.next().and_then(|text| text.parse::<i32>().ok());
    let started = parts.next().and_then(|text| text.parse::<u64>().ok());
    match (pid, started) {
        (Some(pid), Some(started)) => !has_rebooted_since(owner, boot) && runner::process_started(pid) == Some(started),
        _ => false,
    }
}

fn has_rebooted_since(owner: &str, boot: &str) -> bool {
    owner.split(':').nth(3).is_some_and(|then| then != boot)
}

/// The first digits of the kernel's boot id; empty if it is unknown.
fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.chars().filter(char::is_ascii_hexdigit).take(8).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_serves_agents_is_known_by_its_word() {
        let serving = serving_owner_word();
        assert!(owner_alive(&serving) && !has_rebooted(&serving) && live_process(&serving).is_some());
        assert!(serves_agents(&serving) && !serves_agents(&owner_word()) && !serves_agents("nobody"));
    }

    #[test]
    fn an_owner_is_this_very_process_of_this_boot() {
        let mine = owner_word();
        assert!(owner_alive(&mine) && !has_rebooted(&mine));
        let mut parts: Vec<&str> = mine.split(':').collect();
        // A word of an older program has three parts.
        assert!(owner_alive(&parts[..3].join(":")) && !has_rebooted(&parts[..3].join(":")));
        parts[1] = "1";
        assert!(!owner_alive(&parts.join(":")), "the number was used again");
        assert!(!is_alive_in(&mine, "another"), "the machine was started again");
        assert!(has_rebooted_since(&mine, "another"));
        assert!(!owner_alive("nobody"));
    }
}
