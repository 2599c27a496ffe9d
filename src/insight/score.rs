//! The quality score of a tool, from its runs: how much it is used, how reliably it succeeds, and how fast it is. Older
//! runs count less, few runs prove little, and marks of failures lower it.

use super::memory::demoted;
use crate::domain::{Instant, Severity, Uses};
use serde::Serialize;

/// Weights of usage, success and speed in the score.
pub const WEIGHTS: [f64; 3] = [0.4, 0.4, 0.2];

/// Number of successful runs of today that count as full usage.
pub const FULL_USAGE: f64 = 100.0;

/// Duration of a run with half of the speed, milliseconds.
pub const HALF_SPEED_MS: f64 = 1_000.0;

/// A tool whose proven success rate is below this has low quality.
pub const LOW: f64 = 0.3;

/// Minimum number of judged runs before a tool can have low quality.
pub const ENOUGH_RUNS: u64 = 5;

/// The 97.5 % quantile of the normal distribution, for two-sided bounds at 95 %.
const Z: f64 = 1.959_964;

/// The score and its parts; every part is between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// ln(1 + weight of successful runs) / ln(1 + [`FULL_USAGE`]), at most 1. Failed runs do not count as usage.
    pub usage: f64,
    /// The lower bound of the success rate, see [`wilson`].
    pub success: f64,
    /// 1 / (1 + typical milliseconds / [`HALF_SPEED_MS`]); 0 if no run succeeded.
    pub speed: f64,
    /// Geometric mean of the milliseconds of successful runs; `None` when there are none.
    pub typical_ms: Option<f64>,
    /// The sum of the three parts, weighted by [`WEIGHTS`].
    pub before_marks: f64,
    /// The score: that sum, reduced by the marks of failures.
    pub score: f64,
}

impl Score {
    /// The score of these runs, weighted by their age at `now`, and these marks, oldest first; `None` without runs.
    pub fn of(uses: Uses, now: Instant, marks: impl IntoIterator<Item = Severity>) -> Option<Score> {
        let uses = uses.at(now);
        if uses.runs <= 0.0 {
            return None;
        }
        let usage = (uses.succeeded.ln_1p() / FULL_USAGE.ln_1p()).min(1.0);
        let success = wilson(uses.succeeded, uses.runs);
        let typical_ms = (uses.succeeded > 0.0).then(|| (uses.log_ms / uses.succeeded).exp_m1().max(0.0));
        let speed = typical_ms.map_or(0.0, |ms| 1.0 / (1.0 + ms / HALF_SPEED_MS));
        let parts = [usage, success, speed];
        let before_marks: f64 = parts.iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
        Some(Score { usage, success, speed, typical_ms, before_marks, score: demoted(before_marks, marks) })
    }

    /// Whether the tool has low quality, by the lower bound of its success rate, reduced by its marks. Usage and speed
    /// do not compensate, so that a tool that failed more often is never better.
    pub fn is_low(&self, runs: u64, marks: impl IntoIterator<Item = Severity>) -> bool {
        runs >= ENOUGH_RUNS && demoted(self.success, marks) < LOW
    }
}

/// The lower bound of the Wilson score interval (E. B. Wilson, "Probable inference, the law of succession, and
/// statistical inference", 1927) at 95 %: the success rate that these runs prove. Weights may be fractions.
pub fn wilson(succeeded: f64, runs: f64) -> f64 {
    if runs <= 0.0 {
        return 0.0;
    }
    let rate = (succeeded / runs).clamp(0.0, 1.0);
    let z2 = Z * Z;
    let centre = rate + z2 / (2.0 * runs);
    let spread = Z * (rate * (1.0 - rate) / runs + z2 / (4.0 * runs * runs)).sqrt();
    ((centre - spread) / (1.0 + z2 / runs)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::HALF_LIFE_MS;
    use proptest::prelude::*;

    const NOW: Instant = Instant(1_767_323_045_000);

    fn uses(succeeded: u32, runs: u32, ms: u64) -> Uses {
        (0..runs).fold(Uses { at: NOW, ..Uses::default() }, |uses, run| uses.with(NOW, run < succeeded, ms))
    }

    fn score(succeeded: u32, runs: u32, ms: u64) -> Score {
        Score::of(uses(succeeded, runs, ms), NOW, []).unwrap()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 0.000_5
    }

    #[test]
    fn who_fails_more_often_is_never_better() {
        for runs in [25, 34, 500] {
            assert!(score(0, runs, 50).is_low(u64::from(runs), []), "0 of {runs}");
        }
        assert!(!score(5, 5, 50).is_low(5, []) && !score(0, 4, 50).is_low(4, []));
        assert!(score(5, 5, 50).is_low(5, [Severity::High; 3]), "0.57 less 0.3");
    }

    #[test]
    fn the_golden_table_of_scores() {
        // Succeeded, runs, milliseconds; usage, success, speed, score.
        let table = [
            (1, 1, 100, [0.150, 0.207, 0.909, 0.325]),
            (95, 100, 100, [0.989, 0.888, 0.909, 0.933]),
            (5, 10, 1_000, [0.388, 0.237, 0.500, 0.350]),
            (10, 10, 1_000, [0.520, 0.722, 0.500, 0.597]),
            (0, 20, 50, [0.000, 0.000, 0.000, 0.000]),
            (100, 100, 9_000, [1.000, 0.963, 0.100, 0.805]),
            (1000, 1000, 0, [1.000, 0.996, 1.000, 0.998]),
        ];
        for (succeeded, runs, ms, wanted) in table {
            let Score { usage, success, speed, score, .. } = score(succeeded, runs, ms);
            let found = [usage, success, speed, score];
            assert!(found.iter().zip(wanted).all(|(a, b)| near(*a, b)), "{succeeded}/{runs} {ms} ms: {found:?}");
        }
    }

    #[test]
    fn one_good_run_proves_less_than_ninety_five_of_a_hundred() {
        assert!(score(1, 1, 100).score < score(95, 100, 100).score);
        assert!(score(1, 1, 100).success < score(95, 100, 100).success);
    }

    #[test]
    fn a_run_counts_half_after_thirty_days_and_marks_lower_the_score() {
        let later = Instant(NOW.0 + HALF_LIFE_MS);
        let old = uses(10, 10, 100).at(later);
        assert!(near(old.runs, 5.0) && near(old.succeeded, 5.0), "{old:?}");
        assert!(near(Score::of(old, later, []).unwrap().typical_ms.unwrap(), 100.0), "its speed stays");
        let marked = Score::of(uses(10, 10, 1_000), NOW, [Severity::High, Severity::Low]).unwrap();
        assert!(near(marked.before_marks - marked.score, 0.11), "{marked:?}");
        assert_eq!(Score::of(Uses::default(), NOW, []), None);
    }

    proptest! {
        #[test]
        fn folding_runs_one_by_one_is_summing_them_all(
            runs in prop::collection::vec((0_i64..90 * 86_400_000, any::<bool>(), 0_u64..100_000), 1..60),
        ) {
            let mut runs = runs;
            runs.sort_by_key(|(at, ..)| *at);
            let folded = runs.iter().fold(Uses::default(), |uses, (at, good, ms)| uses.with(Instant(*at), *good, *ms));
            let now = Instant(100 * 86_400_000);
            let weight = |at: i64| (-((now.0 - at) as f64) / HALF_LIFE_MS as f64).exp2();
            let summed: f64 = runs.iter().map(|(at, ..)| weight(*at)).sum();
            let good: f64 = runs.iter().filter(|(_, good, _)| *good).map(|(at, ..)| weight(*at)).sum();
            let folded = folded.at(now);
            prop_assert!((folded.runs - summed).abs() < 1e-9 && (folded.succeeded - good).abs() < 1e-9);
        }

        #[test]
        fn failing_never_raises_a_score(good in 0_u32..120, bad in 0_u32..120, ms in 0_u64..100_000) {
            prop_assume!(good + bad > 0);
            let (before, after) = (score(good, good + bad, ms), score(good, good + bad + 1, ms));
            prop_assert!(after.score <= before.score + 1e-9, "{before:?} {after:?}");
        }

        #[test]
        fn every_part_stays_between_nothing_and_one(good in 0_u32..300, more in 0_u32..300, ms in any::<u64>()) {
            prop_assume!(good + more > 0);
            let Score { usage, success, speed, before_marks, score, .. } = score(good, good + more, ms);
            for part in [usage, success, speed, before_marks, score] {
                prop_assert!((0.0..=1.0).contains(&part), "{part}");
            }
            prop_assert!(success <= f64::from(good) / f64::from(good + more) + 1e-9);
        }
    }
}
