//! Charts of runs over time: one column for a span of hours, with the dates below and what the tallest column stands for.

use crate::domain::description::{Ink, StyledLine};
use crate::domain::{Instant, rfc3339, span};
use crate::store::HourOfRuns;

const HOUR_MS: i64 = 3_600_000;

/// Columns of the name before a chart, the blank behind it included.
const NAME: usize = 11;

/// What stands for a time without runs.
const NONE: char = '·';

/// Bars, from nothing to the most.
const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Runs, failures, success and time of so many days up to a time, in so many columns.
pub(in crate::engine) fn charts(at: Instant, hours: &[HourOfRuns], days: i64, columns: usize) -> Vec<StyledLine> {
    let last = at.0.div_euclid(HOUR_MS);
    let all = days * 24;
    let column_of = |hour: i64| ((hour - (last - all + 1)) * columns as i64).div_euclid(all);
    let mut spans: Vec<(u64, u64, f64)> = vec![(0, 0, 0.0); columns];
    for hour in hours {
        let at = usize::try_from(column_of(hour.hour)).ok().and_then(|at| spans.get_mut(at));
        if let Some((runs, succeeded, ms)) = at {
            *runs += hour.runs;
            *succeeded += hour.succeeded;
            *ms += hour.mean_ms * hour.runs as f64;
        }
    }
    let (runs, good) = spans.iter().fold((0, 0), |(a, b), (runs, good, _)| (a + runs, b + good));
    let ms: f64 = spans.iter().map(|(.., ms)| ms).sum();
    let most = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
    let values = |of: &dyn Fn(u64, u64, f64) -> f64| -> Vec<Option<f64>> {
        spans.iter().map(|(runs, good, ms)| (*runs > 0).then(|| of(*runs, *good, *ms))).collect()
    };
    let chart = |name: &str, ink: Ink, values: &[Option<f64>], top: f64, told: String| {
        let line = drawn(StyledLine::new().put(Ink::Dim, format!("{name:<10} ")), ink, &bars(values, top));
        line.put(Ink::Plain, format!(" {told}"))
    };
    let counts = values(&|runs, _, _| runs as f64);
    let failed = values(&|runs, good, _| (runs - good) as f64);
    let rates = values(&|runs, good, _| good as f64 / runs as f64);
    let times = values(&|runs, _, ms| ms / runs as f64);
    let rate = if runs == 0 { "-".to_owned() } else { format!("{:.0} %", good as f64 * 100.0 / runs as f64) };
    let mean = if runs == 0 { "-".to_owned() } else { span((ms / runs as f64).round() as u64) };
    let peak = |told: String| if runs == 0 { String::new() } else { format!(" · peak {told}") };
    let number = |values: &[Option<f64>]| match most(values) {
        0.0 => String::new(),
        most => peak(format!("{most:.0}")),
    };
    vec![
        chart("runs", Ink::Accent, &counts, most(&counts), format!("{runs} in {days} days{}", number(&counts))),
        chart("failures", Ink::Bad, &failed, most(&failed), format!("{}{}", runs - good, number(&failed))),
        chart("success", Ink::Good, &rates, 1.0, format!("{rate} · full height 100 %")),
        chart(
            "time",
            Ink::Plain,
            &times,
            most(&times),
            format!("{mean} mean{}", peak(span(most(&times).round() as u64))),
        ),
        axis(last, all, columns),
    ]
}

/// Bars in their colour; what stands for nothing has none.
fn drawn(line: StyledLine, ink: Ink, bars: &str) -> StyledLine {
    let parts = bars.split_inclusive(|c| c != NONE).flat_map(|part| {
        let at = part.find(|c| c != NONE).unwrap_or(part.len());
        [(Ink::Dim, &part[..at]), (ink, &part[at..])]
    });
    parts.filter(|(_, part)| !part.is_empty()).fold(line, |line, (ink, part)| line.put(ink, part))
}

/// Days below the columns: the first, the one in the middle, the last; and what a column and a dot stand for.
fn axis(last: i64, hours: i64, columns: usize) -> StyledLine {
    let day = |ago: i64| rfc3339(Instant((last - ago) * HOUR_MS))[5..10].to_owned();
    let mut text = vec![' '; columns];
    let mut write = |at: usize, label: &str| {
        for (cell, c) in text.iter_mut().skip(at).zip(label.chars()) {
            *cell = c;
        }
    };
    write(0, &day(hours - 1));
    if columns >= 24 {
        write(columns / 2, &day(hours / 2));
    }
    write(columns.saturating_sub(5), &day(0));
    let text: String = text.into_iter().collect();
    let each = span(u64::try_from(hours * HOUR_MS).unwrap_or(0) / columns.max(1) as u64);
    StyledLine::new().put(Ink::Dim, format!("{:NAME$}{text} one column: {each}, · no runs", ""))
}

/// Bars from nothing to the top; where there is no value, a dot.
pub(in crate::engine) fn bars(values: &[Option<f64>], top: f64) -> String {
    let bar = |value: &Option<f64>| match value {
        Some(value) if top > 0.0 => BARS[((value / top * 7.0).round() as usize).min(7)],
        Some(_) => BARS[0],
        None => "·",
    };
    values.iter().map(bar).collect()
}

/// Bars from nothing to the largest value.
pub(in crate::engine) fn scaled(values: &[Option<f64>]) -> String {
    bars(values, values.iter().flatten().copied().fold(0.0, f64::max))
}

/// A bar to the right: so much of the most, in at most so many columns.
pub(in crate::engine) fn level(value: u64, most: u64, columns: usize) -> String {
    let length = if most == 0 { 0 } else { (value as f64 / most as f64 * columns as f64).round() as usize };
    "█".repeat(length.max(usize::from(value > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[StyledLine]) -> Vec<String> {
        let view = crate::domain::description::DescriptionView { width: None, now: Instant(0) };
        lines.iter().map(|line| line.pieces(view).map(|(_, text)| text).collect()).collect()
    }

    #[test]
    fn bars_reach_from_nothing_to_the_top_and_gaps_are_dots() {
        assert_eq!(bars(&[Some(0.0), None, Some(4.0), Some(8.0)], 8.0), "▁·▅█");
        assert_eq!(bars(&[None, Some(0.0)], 0.0), "·▁");
        assert_eq!([level(10, 10, 4), level(1, 100, 4), level(0, 10, 4)], ["████", "█", ""]);
    }

    #[test]
    fn every_hour_falls_into_a_column_and_the_days_stand_below() {
        let at = Instant(1_700_000_000_000);
        let last = at.0.div_euclid(HOUR_MS);
        let hour = |ago: i64| HourOfRuns { hour: last - ago, runs: 2, succeeded: 1, mean_ms: 10.0 };
        let hours: Vec<HourOfRuns> = (0..14 * 24).rev().map(hour).collect();
        let lines = texts(&charts(at, &hours, 14, 28));
        assert!(lines[0].ends_with("672 in 14 days · peak 24") && !lines[0].contains("··"), "{}", lines[0]);
        assert!(lines[2].ends_with("50 % · full height 100 %") && lines[2].contains("▅"), "{lines:?}");
        assert!(lines[3].ends_with("10 ms mean · peak 10 ms"), "{lines:?}");
        assert_eq!(lines[4], "           10-31         11-07    11-14 one column: 12 h, · no runs");
        let none = texts(&charts(at, &[], 14, 28));
        assert!(none[0].ends_with("0 in 14 days") && none[3].ends_with("- mean"), "{none:?}");
    }
}
