//! The accuracy of warnings before a run: what they would have predicted, compared with the outcome.

use serde::Serialize;
use std::collections::HashMap;
use std::hash::Hash;

/// A run gets a warning if the same version failed at least this often with the same input.
pub const WARN_FROM: u64 = 2;

/// The result of warnings, computed afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Foresight {
    /// Runs that succeeded or failed.
    pub runs: u64,
    /// How many of `runs` failed.
    pub failed: u64,
    /// Number of runs with a warning.
    pub warned: u64,
    /// How many of the runs with a warning failed.
    pub hits: u64,
}

impl Foresight {
    /// Replays runs, oldest first: version and input, and whether the run failed.
    pub fn replayed<K: Eq + Hash>(runs: impl IntoIterator<Item = (K, bool)>) -> Foresight {
        let mut failures: HashMap<K, u64> = HashMap::new();
        let mut seen = Foresight::default();
        for (what, failed) in runs {
            let before = failures.entry(what).or_default();
            let (warned, failed) = (u64::from(*before >= WARN_FROM), u64::from(failed));
            seen.runs += 1;
            seen.failed += failed;
            seen.warned += warned;
            seen.hits += warned * failed;
            *before += failed;
        }
        seen
    }

    /// The share of warnings after which the run failed, 0 to 1; `None` without warnings.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.warned > 0).then(|| self.hits as f64 / self.warned as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_begins_after_the_second_failure_with_the_same_input() {
        let runs = [("a", true), ("b", true), ("a", true), ("a", true), ("a", false), ("b", true), ("a", true)];
        let seen = Foresight::replayed(runs);
        assert_eq!(seen, Foresight { runs: 7, failed: 6, warned: 3, hits: 2 });
        assert_eq!(seen.hit_rate(), Some(2.0 / 3.0));
        assert_eq!(Foresight::replayed([("a", false)]).hit_rate(), None);
    }
}
