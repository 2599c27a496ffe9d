//! Detects that a tool got worse: the last day compared with the week before, and with its benchmark.

use crate::domain::{Instant, Severity, percent, span};
use serde::Serialize;

/// The length of "now", milliseconds: 24 hours.
pub const NOW_MS: i64 = 24 * 60 * 60 * 1_000;

/// The length of the time before, milliseconds: 7 days.
pub const BEFORE_MS: i64 = 7 * NOW_MS;

/// Minimum number of runs on each side.
pub const ENOUGH: usize = 5;

/// Minimum drop of the success rate for each severity, as a fraction.
const DROPS: [(f64, Severity); 3] = [(0.30, Severity::High), (0.20, Severity::Medium), (0.15, Severity::Low)];

/// Minimum factor of slowdown for an alert.
const SLOWER: f64 = 2.0;

/// The values of a run that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Start of the run.
    pub at: Instant,
    /// Whether the run succeeded or failed.
    pub succeeded: bool,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
}

/// The figure in which a tool got worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// It fails more often.
    Success,
    /// Its median duration is at least twice as long.
    Slower,
    /// Its 95th percentile duration is at least twice that of its benchmark.
    Benchmark,
}

/// An alert that a tool got worse.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    /// The figure that got worse.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: Severity,
    /// What it was before: a rate from 0 to 1, or milliseconds.
    pub before: f64,
    /// What it is now.
    pub now: f64,
    /// Runs of the last day.
    pub runs_now: usize,
    /// Runs of the week before; 0 for the benchmark.
    pub runs_before: usize,
}

impl Alert {
    /// One line for a human.
    pub fn sentence(&self) -> String {
        let time = |ms: f64| span(ms.round().max(0.0) as u64);
        let Alert { before, now, runs_now, .. } = self;
        match self.kind {
            AlertKind::Success => format!(
                "success {} of {runs_now} runs in the last day, {} in the week before",
                percent(*now),
                percent(*before)
            ),
            AlertKind::Slower => {
                format!("takes {} in the last day, {} in the week before", time(*now), time(*before))
            }
            AlertKind::Benchmark => {
                format!("p95 is {} in the last day, {} in its benchmark", time(*now), time(*before))
            }
        }
    }
}

/// The figures in which the runs of the last day are worse than those of the week before, or than a benchmark (p95,
/// milliseconds); the most severe first. Needs at least [`ENOUGH`] runs in each compared period.
pub fn alerts(samples: &[Sample], now: Instant, benchmark_p95_ms: Option<f64>) -> Vec<Alert> {
    let age = |sample: &&Sample| now.0 - sample.at.0;
    let today: Vec<&Sample> = samples.iter().filter(|s| (0..NOW_MS).contains(&age(s))).collect();
    let before: Vec<&Sample> = samples.iter().filter(|s| (NOW_MS..NOW_MS + BEFORE_MS).contains(&age(s))).collect();
    let mut found = Vec::new();
    if today.len() >= ENOUGH && before.len() >= ENOUGH {
        found.extend(success(&today, &before));
        found.extend(slower(&today, &before));
    }
    if let Some(p95) = benchmark_p95_ms {
        found.extend(beyond_benchmark(&today, p95));
    }
    found.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    found
}

fn success(today: &[&Sample], before: &[&Sample]) -> Option<Alert> {
    let [old, new] = [rate(before), rate(today)];
    // A rounding error must not exclude a drop of exactly 15 points.
    let (_, severity) = DROPS.into_iter().find(|(drop, _)| old - new >= drop - 1e-9)?;
    Some(alert(AlertKind::Success, severity, (old, new), (today, before)))
}

fn slower(today: &[&Sample], before: &[&Sample]) -> Option<Alert> {
    let [old, new] = [quantile(before, 0.5)?, quantile(today, 0.5)?];
    (old > 0.0 && new >= SLOWER * old).then(|| alert(AlertKind::Slower, Severity::Medium, (old, new), (today, before)))
}

fn beyond_benchmark(today: &[&Sample], promised: f64) -> Option<Alert> {
    let live = quantile(today, 0.95)?;
    (today.len() >= ENOUGH && promised > 0.0 && live >= SLOWER * promised)
        .then(|| alert(AlertKind::Benchmark, Severity::Low, (promised, live), (today, &[])))
}

fn alert(
    kind: AlertKind,
    severity: Severity,
    (before, now): (f64, f64),
    (today, week): (&[&Sample], &[&Sample]),
) -> Alert {
    Alert { kind, severity, before, now, runs_now: today.len(), runs_before: week.len() }
}

fn rate(samples: &[&Sample]) -> f64 {
    samples.iter().filter(|sample| sample.succeeded).count() as f64 / samples.len().max(1) as f64
}

/// The nearest-rank quantile of the durations of successful runs, milliseconds; `None` when none succeeded.
fn quantile(samples: &[&Sample], part: f64) -> Option<f64> {
    let mut times: Vec<u64> = samples.iter().filter(|s| s.succeeded).map(|s| s.duration_ms).collect();
    times.sort_unstable();
    let rank = (times.len() as f64 * part).ceil().max(1.0) as usize;
    times.get(rank - 1).map(|ms| *ms as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_767_323_045_000);

    /// Runs one hour apart, the newest `hours_ago` hours ago, of which the first `succeeded` succeeded.
    fn runs(hours_ago: i64, succeeded: usize, number: usize, ms: u64) -> Vec<Sample> {
        let at = |run: usize| Instant(NOW.0 - (hours_ago * 60 + run as i64) * 60_000);
        (0..number).map(|run| Sample { at: at(run), succeeded: run < succeeded, duration_ms: ms }).collect()
    }

    fn kinds(samples: &[Sample], p95: Option<f64>) -> Vec<(AlertKind, Severity)> {
        alerts(samples, NOW, p95).iter().map(|alert| (alert.kind, alert.severity)).collect()
    }

    #[test]
    fn a_success_rate_that_fell_by_fifteen_twenty_or_thirty_points_is_an_alert() {
        let fell_to = |succeeded| kinds(&[runs(48, 20, 20, 10), runs(1, succeeded, 20, 10)].concat(), None);
        assert_eq!(fell_to(18), []);
        assert_eq!(fell_to(17), [(AlertKind::Success, Severity::Low)]);
        assert_eq!(fell_to(16), [(AlertKind::Success, Severity::Medium)]);
        assert_eq!(fell_to(14), [(AlertKind::Success, Severity::High)]);
    }

    #[test]
    fn twice_as_slow_as_before_or_as_the_benchmark_is_an_alert() {
        let [week, day] = [runs(48, 10, 10, 100), runs(1, 10, 10, 200)];
        assert_eq!(kinds(&[week.clone(), day.clone()].concat(), None), [(AlertKind::Slower, Severity::Medium)]);
        assert_eq!(kinds(&[week, runs(1, 10, 10, 199)].concat(), None), []);
        assert_eq!(kinds(&day, Some(100.0)), [(AlertKind::Benchmark, Severity::Low)]);
        assert_eq!(kinds(&day, Some(101.0)), []);
    }

    #[test]
    fn few_runs_and_runs_outside_the_eight_days_say_nothing() {
        assert_eq!(kinds(&[runs(48, 4, 4, 10), runs(1, 0, 20, 10)].concat(), None), []);
        assert_eq!(kinds(&[runs(48, 20, 20, 10), runs(1, 0, 4, 10)].concat(), None), []);
        assert_eq!(kinds(&[runs(24 * 9, 20, 20, 10), runs(1, 0, 20, 10)].concat(), None), []);
        assert_eq!(kinds(&[], Some(1.0)), []);
    }

    #[test]
    fn an_alert_says_what_was_and_what_is() {
        let found = alerts(&[runs(48, 20, 20, 10), runs(1, 10, 20, 10)].concat(), NOW, None);
        let told = "success 50% of 20 runs in the last day, 100% in the week before";
        assert_eq!(found[0].sentence(), told);
    }
}
