//! Consecutive failures: when to suggest a rollback to the previous version.

use crate::domain::{Instant, RunOutcome};

/// Number of consecutive failures.
pub const IN_A_ROW: usize = 3;

/// Maximum time between the first and the last of them, milliseconds.
pub const WITHIN_MS: i64 = 5 * 60 * 1_000;

/// Whether the newest runs of a version failed consecutively in a short time. `runs` are start and outcome, newest
/// first; runs that say nothing about the tool do not count.
pub fn fails_now(runs: impl Iterator<Item = (Instant, RunOutcome)>) -> bool {
    let judged: Vec<(Instant, RunOutcome)> = runs.filter(|(_, outcome)| outcome.is_judged()).take(IN_A_ROW).collect();
    match judged.as_slice() {
        [newest, .., oldest] if judged.len() == IN_A_ROW => {
            judged.iter().all(|(_, outcome)| outcome.is_failure()) && newest.0.0 - oldest.0.0 <= WITHIN_MS
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(runs: &[(i64, RunOutcome)]) -> bool {
        fails_now(runs.iter().map(|(at, outcome)| (Instant(at * 1_000), *outcome)))
    }

    #[test]
    fn three_failures_in_a_row_within_five_minutes_are_enough_and_less_is_not() {
        use RunOutcome::{Cancelled, Failed, Refused, Succeeded, TimedOut};
        assert!(failing(&[(300, Failed), (100, TimedOut), (0, Failed)]));
        assert!(failing(&[
            (300, Failed),
            (200, Cancelled),
            (150, Refused),
            (100, Failed),
            (0, Failed),
            (-9, Succeeded)
        ]));
        assert!(!failing(&[(301, Failed), (100, Failed), (0, Failed)]), "over five minutes");
        assert!(!failing(&[(3, Failed), (2, Succeeded), (1, Failed), (0, Failed)]));
        assert!(!failing(&[(4, Succeeded), (3, Failed), (2, Failed), (1, Failed)]), "it works again");
        assert!(!failing(&[(1, Failed), (0, Failed)]));
        assert!(!failing(&[]));
    }
}
