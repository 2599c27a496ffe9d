//! Charts of runs over time: one column for each span of hours, with dates below, and a label for the tallest column.

use crate::domain::description::{Ink, Plot, StyledLine};
use crate::domain::{Instant, grouped, percent, rfc3339, span};
use crate::store::HourOfRuns;

const HOUR_MS: i64 = 3_600_000;

/// Width of the name before a chart, including the blank after it.
const NAME: usize = 11;

/// Bars, from nothing to the most.
const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// The possible spans of a column, in hours: spans that are easy to read.
const STEPS: [i64; 4] = [1, 6, 12, 24];

/// The hours of a day.
const DAY: i64 = 24;

/// Runs, failures, success and duration of a span.
#[derive(Clone, Copy, Default)]
struct SpanOfRuns {
    runs: u64,
    succeeded: u64,
    ms: f64,
}

impl SpanOfRuns {
    /// A figure of the span; `None` if nothing ran.
    fn value(&self, of: impl Fn(&SpanOfRuns) -> f64) -> Option<f64> {
        (self.runs > 0).then(|| of(self))
    }

    fn failed(&self) -> f64 {
        (self.runs - self.succeeded) as f64
    }

    fn rate(&self) -> f64 {
        self.succeeded as f64 / self.runs as f64
    }

    fn mean_ms(&self) -> f64 {
        self.ms / self.runs as f64
    }
}

/// Spans of this many hours, oldest first; the last span contains the hour `last`.
fn spans(hours: &[HourOfRuns], last: i64, step: i64, count: i64) -> Vec<SpanOfRuns> {
    let first = last.div_euclid(step) - count + 1;
    let mut spans = vec![SpanOfRuns::default(); usize::try_from(count).unwrap_or(0)];
    for hour in hours {
        let at = usize::try_from(hour.hour.div_euclid(step) - first).ok();
        if let Some(span) = at.and_then(|at| spans.get_mut(at)) {
            span.runs += hour.runs;
            span.succeeded += hour.succeeded;
            span.ms += hour.mean_ms * hour.runs as f64;
        }
    }
    spans
}

/// Charts of runs, failures, success and duration over the days before a time, at most `room` columns wide. Screen
/// readers get a number for each day.
pub(in crate::engine) fn charts(at: Instant, hours: &[HourOfRuns], days: i64, room: usize) -> Vec<StyledLine> {
    let last = at.0.div_euclid(HOUR_MS);
    let fits = |step: &i64| usize::try_from(days * DAY / step).is_ok_and(|columns| columns <= room);
    let step = STEPS.into_iter().find(fits).unwrap_or(DAY);
    let drawn = spans(hours, last, step, days * DAY / step);
    let daily = spans(hours, last, DAY, days);
    let all = drawn.iter().fold(SpanOfRuns::default(), |sum, span| SpanOfRuns {
        runs: sum.runs + span.runs,
        succeeded: sum.succeeded + span.succeeded,
        ms: sum.ms + span.ms,
    });
    let values = |of: fn(&SpanOfRuns) -> f64| -> Vec<Option<f64>> { drawn.iter().map(|span| span.value(of)).collect() };
    let most = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
    let by_day = |of: fn(&SpanOfRuns) -> f64, words: fn(f64) -> String| -> String {
        let told = daily.iter().zip(last.div_euclid(DAY) - days + 1..);
        let told = told.filter_map(|(span, day)| Some(format!("{} {}", date(day * DAY), words(span.value(of)?))));
        told.collect::<Vec<_>>().join(", ")
    };
    let chart = |name: &str, ink: Ink, values: &[Option<f64>], top: f64, (told, aloud): (String, String)| {
        let head = StyledLine::new().put(Ink::Dim, format!("{name:<10} "));
        let line = drawn_bars(head, ink, &bars(values, top), values);
        let line = line.drawn(Ink::Plain, " ", "").put(Ink::Plain, told);
        let line = if name == "success" { line.drawn(Ink::Plain, " · full height 100%", "") } else { line };
        let aloud = if aloud.is_empty() { aloud } else { format!(". By day: {aloud}") };
        let ink = if top > 0.0 { ink } else { Ink::Dim };
        let plot = Plot { left: NAME, ink, columns: thousandths(values, top) };
        line.drawn(Ink::Plain, "", &aloud).hanging(NAME).plotted(plot)
    };
    let number = |value: f64| grouped(format!("{value:.0}"));
    let time = |ms: f64| span(ms.round() as u64);
    let (counts, failed) = (values(|span| span.runs as f64), values(SpanOfRuns::failed));
    let (rates, times) = (values(SpanOfRuns::rate), values(SpanOfRuns::mean_ms));
    let known = |words: String| if all.runs == 0 { "-".to_owned() } else { words };
    let peak = |values: &[Option<f64>], words: fn(f64) -> String| match most(values) {
        0.0 => String::new(),
        most => format!(" · peak {}", words(most)),
    };
    let failures = all.runs - all.succeeded;
    vec![
        chart(
            "runs",
            Ink::Accent,
            &counts,
            most(&counts),
            (
                format!("{} in {days} days{}", grouped(all.runs), peak(&counts, number)),
                by_day(|span| span.runs as f64, number),
            ),
        ),
        chart(
            "failures",
            Ink::Bad,
            &failed,
            most(&failed),
            (format!("{}{}", grouped(failures), peak(&failed, number)), by_day(SpanOfRuns::failed, number)),
        ),
        chart("success", Ink::Good, &rates, 1.0, (known(percent(all.rate())), by_day(SpanOfRuns::rate, percent))),
        chart(
            "time",
            Ink::Plain,
            &times,
            most(&times),
            (format!("{} mean{}", known(time(all.mean_ms())), peak(&times, time)), by_day(SpanOfRuns::mean_ms, time)),
        ),
        axis(last, step, drawn.len(), days),
    ]
}

/// The date of an hour, without its year.
fn date(hour: i64) -> String {
    rfc3339(Instant(hour * HOUR_MS))[5..10].to_owned()
}

/// Bars in their colour; what stands for nothing, and a value of nothing, has none.
fn drawn_bars(line: StyledLine, ink: Ink, bars: &str, values: &[Option<f64>]) -> StyledLine {
    let mut parts: Vec<(Ink, String)> = Vec::new();
    for (bar, value) in bars.chars().zip(values) {
        let ink = if value.is_some_and(|value| value > 0.0) { ink } else { Ink::Dim };
        match parts.last_mut() {
            Some((last, part)) if *last == ink => part.push(bar),
            _ => parts.push((ink, bar.to_string())),
        }
    }
    parts.into_iter().fold(line, |line, (ink, part)| line.drawn(ink, &part, ""))
}

/// The axis below the columns: the first, the middle and the last date, and the meaning of a column and a dot.
fn axis(last: i64, step: i64, columns: usize, days: i64) -> StyledLine {
    let first = (last.div_euclid(step) + 1) * step - days * DAY;
    let mut text = vec![' '; columns];
    let mut write = |at: usize, label: &str| {
        for (cell, c) in text.iter_mut().skip(at).zip(label.chars()) {
            *cell = c;
        }
    };
    write(0, &date(first));
    if columns >= 24 {
        let middle = columns / 2;
        write(middle, &date(first + i64::try_from(middle).unwrap_or(0) * step));
    }
    write(columns.saturating_sub(5), &date(last));
    let text: String = text.into_iter().collect();
    let each = if step == DAY { "1 day".to_owned() } else { format!("{step}h") };
    let aloud = "days without runs are left out";
    StyledLine::new().drawn(Ink::Dim, &format!("{:NAME$}{text} each bar {each}, · no runs", ""), aloud)
}

/// The heights of columns, in thousandths of `top`.
fn thousandths(values: &[Option<f64>], top: f64) -> Vec<Option<u16>> {
    let height = |value: f64| if top > 0.0 { (value / top * 1_000.0).round().clamp(0.0, 1_000.0) as u16 } else { 0 };
    values.iter().map(|value| value.map(height)).collect()
}

/// Bars, scaled to `top`; a dot for a missing value.
pub(in crate::engine) fn bars(values: &[Option<f64>], top: f64) -> String {
    let bar = |value: &Option<f64>| match value {
        Some(value) if top > 0.0 => BARS[((value / top * 7.0).round() as usize).min(7)],
        Some(_) => BARS[0],
        None => "·",
    };
    values.iter().map(bar).collect()
}

/// Bars, scaled to the largest value.
pub(in crate::engine) fn scaled(values: &[Option<f64>]) -> String {
    bars(values, values.iter().flatten().copied().fold(0.0, f64::max))
}

/// A horizontal bar for `value` of `most`, in at most this many columns.
pub(in crate::engine) fn level(value: u64, most: u64, columns: usize) -> String {
    let length = if most == 0 { 0 } else { (value as f64 / most as f64 * columns as f64).round() as usize };
    "█".repeat(length.max(usize::from(value > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[StyledLine]) -> Vec<String> {
        seen(lines, false)
    }

    fn seen(lines: &[StyledLine], accessible: bool) -> Vec<String> {
        let view = crate::domain::description::DescriptionView { width: None, now: Instant(0), accessible };
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
        // 2023-11-14, 22:00.
        let at = Instant(1_700_000_000_000);
        let last = at.0.div_euclid(HOUR_MS);
        let hour = |ago: i64| HourOfRuns { hour: last - ago, runs: 2, succeeded: 1, mean_ms: 10.0 };
        let hours: Vec<HourOfRuns> = (0..14 * 24).rev().map(hour).collect();
        let lines = texts(&charts(at, &hours, 14, 28));
        assert!(lines[0].ends_with("670 in 14 days · peak 24") && !lines[0].contains("··"), "{}", lines[0]);
        assert!(lines[2].ends_with("50% · full height 100%") && lines[2].contains("▅"), "{lines:?}");
        assert!(lines[3].ends_with("10ms mean · peak 10ms"), "{lines:?}");
        assert_eq!(lines[4], "           11-01         11-08    11-14 each bar 12h, · no runs");
        let none = texts(&charts(at, &[], 14, 28));
        assert!(none[0].ends_with("0 in 14 days") && none[3].ends_with("- mean"), "{none:?}");
    }

    #[test]
    fn a_column_stands_for_a_span_that_people_count_in() {
        for (room, each, columns) in [(5, "1 day", 14), (27, "1 day", 14), (52, "12h", 28), (84, "6h", 56)] {
            let lines = texts(&charts(Instant(1_700_000_000_000), &[], 14, room));
            assert!(lines[4].contains(&format!("each bar {each},")), "{room}: {}", lines[4]);
            assert_eq!(lines[0].matches('·').count(), columns, "{room}: {}", lines[0]);
        }
    }

    #[test]
    fn read_aloud_a_chart_is_a_number_for_each_day() {
        let at = Instant(1_700_000_000_000);
        let last = at.0.div_euclid(HOUR_MS);
        let hour = |ago: i64, runs| HourOfRuns { hour: last - ago, runs, succeeded: 1, mean_ms: 10.0 };
        let lines = seen(&charts(at, &[hour(50, 4), hour(1, 1)], 3, 60), true);
        assert_eq!(
            lines,
            [
                "runs       5 in 3 days · peak 4. By day: 11-12 4, 11-14 1",
                "failures   3 · peak 3. By day: 11-12 3, 11-14 0",
                "success    40%. By day: 11-12 25%, 11-14 100%",
                "time       10ms mean · peak 10ms. By day: 11-12 10ms, 11-14 10ms",
                "days without runs are left out",
            ]
        );
    }
}
