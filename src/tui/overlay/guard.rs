//! Prevents keys that were typed before a question was read from answering it.
//!
//! A question accepts keys only after it was drawn and the keyboard was then silent for [`SILENCE_MS`]. Each earlier
//! key restarts the waiting time. There is no upper limit, because a person who is still typing is still not looking.

use crate::tui::now::Now;

/// How long the keyboard must be silent.
pub const SILENCE_MS: u64 = 500;

/// Whether a question accepts keys yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    quiet_since: Option<u64>,
    listening: bool,
}

impl Guard {
    /// The question was drawn.
    pub fn drawn(&mut self, now: Now) {
        self.quiet_since.get_or_insert(now.steady_ms);
    }

    /// A key arrived. Returns whether it is accepted.
    pub fn admits(&mut self, now: Now) -> bool {
        self.listening = self.is_listening(now);
        if !self.listening && self.quiet_since.is_some() {
            self.quiet_since = Some(now.steady_ms);
        }
        self.listening
    }

    /// An event other than typing (paste, focus, stop and continue) restarts the waiting time.
    pub fn disturb(&mut self, now: Now) {
        self.listening = false;
        if self.quiet_since.is_some() {
            self.quiet_since = Some(now.steady_ms);
        }
    }

    /// Whether a key would be accepted now.
    pub fn is_listening(&self, now: Now) -> bool {
        let silent = |since: u64| now.steady_ms.saturating_sub(since) >= SILENCE_MS;
        self.listening || self.quiet_since.is_some_and(silent)
    }

    /// When it will accept keys, as steady milliseconds; `None` if it already does or was not drawn yet.
    pub fn wakes_at(&self, now: Now) -> Option<u64> {
        if self.is_listening(now) { None } else { self.quiet_since.map(|since| since + SILENCE_MS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steady_ms: u64) -> Now {
        Now { steady_ms, ..Now::default() }
    }

    #[test]
    fn keys_before_the_drawing_and_without_silence_never_count() {
        let mut guard = Guard::default();
        assert!(!guard.admits(at(10_000)));
        guard.drawn(at(10_000));
        for press in 0..200 {
            assert!(!guard.admits(at(10_100 + press * 400)), "there is no ceiling");
        }
        assert_eq!(guard.wakes_at(at(89_701)), Some(90_200));
        assert!(guard.admits(at(90_200)));
        assert!(guard.admits(at(90_201)));
        guard.disturb(at(90_300));
        assert!(!guard.admits(at(90_400)));
    }
}
