//! The results of the runs of a tool, folded into a few sums.

use super::time::Instant;
use serde::Serialize;

/// The age at which a run counts half, in milliseconds: 30 days.
pub const HALF_LIFE_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Runs of a tool folded into sums in which each run has the weight 2^(-age / [`HALF_LIFE_MS`]). Sums are moved to
/// another point in time by one factor, so that each run is folded in only once.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Uses {
    /// Weight of the runs that are evidence about the tool.
    pub runs: f64,
    /// Weight of those that succeeded.
    pub succeeded: f64,
    /// Sum over the successful runs of weight times natural logarithm of 1 + milliseconds.
    pub log_ms: f64,
    /// The point in time for which the weights hold.
    pub at: Instant,
}

impl Uses {
    /// The same sums at another point in time; a point before [`Uses::at`] changes nothing.
    pub fn at(self, now: Instant) -> Uses {
        let age = (now.0 - self.at.0).max(0);
        let factor = (-(age as f64) / HALF_LIFE_MS as f64).exp2();
        Uses {
            runs: self.runs * factor,
            succeeded: self.succeeded * factor,
            log_ms: self.log_ms * factor,
            at: Instant(self.at.0.max(now.0)),
        }
    }

    /// The sums with one more run, which ended at `now`; runs must be added in the order of their ends.
    pub fn with(self, now: Instant, succeeded: bool, duration_ms: u64) -> Uses {
        let before = self.at(now);
        let good = f64::from(u8::from(succeeded));
        Uses {
            runs: before.runs + 1.0,
            succeeded: before.succeeded + good,
            log_ms: before.log_ms + good * (duration_ms as f64).ln_1p(),
            at: before.at,
        }
    }
}
