//! Statistics of one tool over time: its runs, their durations, its failures, and its versions.

use super::versions::LineageVersion;
use crate::domain::description::{Align, Describe, Description, Ink, StyledLine, Table};
use crate::domain::{FailureGroup, GroupState, Instant, ToolName, count, grouped, percent, span};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::library::charts::{charts, level};
use crate::engine::plain_verb::{Described, PlainQuery, argument};
use crate::store::{HourOfRuns, JudgedRun};
use serde::Serialize;
use std::collections::BTreeMap;

/// Number of days covered.
const DAYS: i64 = 14;

/// Columns of its charts, one per day: the lines fit a terminal of 60 columns.
const COLUMNS: usize = 14;

/// Columns of the longest bar in the histogram of durations.
const BAR: usize = 36;

/// Maximum number of failure groups listed.
const MOST_FAILURES: usize = 8;

/// Upper limits of the duration ranges, in milliseconds, and their labels.
const SPANS: [(u64, &str); 6] =
    [(10, "< 10ms"), (100, "< 100ms"), (1_000, "< 1s"), (10_000, "< 10s"), (60_000, "< 1m"), (u64::MAX, "longer")];

const HOUR_MS: i64 = 3_600_000;

/// Shows statistics of one tool over time.
pub(super) const FIGURES: PlainQuery = PlainQuery {
    name: "figures",
    needs_catalog: true,
    answer: |engine, call, _| Described::of(&figures(engine, argument(call, "tool")?)?),
};

/// Number of runs in a range of durations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct DurationSpan {
    /// The range in words.
    span: &'static str,
    /// Its upper limit, in milliseconds; `None` for the last range.
    below_ms: Option<u64>,
    runs: u64,
}

/// The statistics of one tool.
#[derive(Debug, Clone, Serialize)]
struct ToolFigures {
    tool: ToolName,
    at: Instant,
    /// Number of days covered by runs and durations.
    days: i64,
    /// Judged runs by hour, oldest first; hours without runs are left out.
    hours: Vec<HourOfRuns>,
    durations: Vec<DurationSpan>,
    /// Duration that half of the runs, or 95 of 100 runs, do not exceed, in milliseconds.
    median_ms: Option<u64>,
    p95_ms: Option<u64>,
    longest_ms: Option<u64>,
    /// Open ones first, then newest first.
    failures: Vec<FailureGroup>,
    versions: Vec<LineageVersion>,
}

/// Minimum number of runs for the 95th percentile.
const FEWEST_FOR_P95: u64 = 20;

fn figures(engine: &Engine, name: &str) -> Result<ToolFigures, EngineError> {
    let library = engine.library();
    let tool = library.resolve(name)?;
    let at = now();
    let since = Instant((at.0 - DAYS * 24 * HOUR_MS).div_euclid(HOUR_MS) * HOUR_MS);
    let runs = library.judged_runs_of(&tool.name, since)?;
    let mut times: Vec<u64> = runs.iter().map(|run| run.duration_ms).collect();
    times.sort_unstable();
    // Nearest rank.
    let share = |part: usize| times.get((times.len() * part).div_ceil(100).saturating_sub(1)).copied();
    let mut failures = engine.failures().list(Some(&tool.name))?;
    failures.sort_by_key(|group| (group.state != GroupState::Open, std::cmp::Reverse(group.last_at)));
    failures.truncate(MOST_FAILURES);
    Ok(ToolFigures {
        at,
        days: DAYS,
        hours: by_hour(&runs),
        durations: by_duration(&times),
        median_ms: share(50),
        p95_ms: share(95),
        longest_ms: times.last().copied(),
        failures,
        versions: engine.versions().lineage(&tool)?.versions,
        tool: tool.name.clone(),
    })
}

fn by_hour(runs: &[JudgedRun]) -> Vec<HourOfRuns> {
    let mut hours: BTreeMap<i64, (u64, u64, u64)> = BTreeMap::new();
    for run in runs {
        let (count, succeeded, ms) = hours.entry(run.at.0.div_euclid(HOUR_MS)).or_default();
        *count += 1;
        *succeeded += u64::from(run.succeeded);
        *ms += run.duration_ms;
    }
    let told = |(hour, (runs, succeeded, ms)): (i64, (u64, u64, u64))| HourOfRuns {
        hour,
        runs,
        succeeded,
        mean_ms: ms as f64 / runs.max(1) as f64,
    };
    hours.into_iter().map(told).collect()
}

fn by_duration(times: &[u64]) -> Vec<DurationSpan> {
    let mut from = 0;
    let of_span = |(below, name): (u64, &'static str)| {
        let runs = times.iter().filter(|ms| (from..below).contains(*ms)).count() as u64;
        from = below;
        DurationSpan { span: name, below_ms: (below < u64::MAX).then_some(below), runs }
    };
    SPANS.into_iter().map(of_span).collect()
}

impl Describe for ToolFigures {
    fn describe(&self) -> Description {
        let mut told = Description::new().titled(self.tool.as_str(), &format!("the last {} days", self.days));
        for line in charts(self.at, &self.hours, self.days, COLUMNS) {
            told.line(line);
        }
        self.describe_durations(&mut told);
        self.describe_failures(&mut told);
        self.describe_versions(&mut told);
        told
    }
}

impl ToolFigures {
    fn describe_versions(&self, told: &mut Description) {
        // A tool that a server lists has the versions of its server.
        if self.versions.is_empty() {
            return;
        }
        told.line(StyledLine::new());
        told.line(StyledLine::new().put(Ink::Strong, count(self.versions.len(), "version")));
        let heads = [
            ("version", Align::Left),
            ("stage", Align::Left),
            ("runs", Align::Right),
            ("ok", Align::Right),
            ("state", Align::Left),
        ];
        let mut table = Table::new(&heads);
        for version in &self.versions {
            let (rate, ink) = match version.success_rate {
                Some(rate) if rate < 0.5 => (percent(rate), Ink::Bad),
                Some(rate) if rate < 0.9 => (percent(rate), Ink::Warn),
                Some(rate) => (percent(rate), Ink::Good),
                None => ("-".to_owned(), Ink::Dim),
            };
            table.row([
                (Ink::Strong, version.version.to_string()),
                (Ink::Plain, version.stage.word().to_owned()),
                (Ink::Plain, grouped(version.runs)),
                (ink, rate),
                (if version.active { Ink::Accent } else { Ink::Dim }, version.marks().join(", ")),
            ]);
        }
        told.table(table);
    }

    fn describe_durations(&self, told: &mut Description) {
        let (Some(median), Some(p95), Some(longest)) = (self.median_ms, self.p95_ms, self.longest_ms) else { return };
        told.line(StyledLine::new());
        // Of a few runs, it is the longest one.
        let runs: u64 = self.durations.iter().map(|one| one.runs).sum();
        let p95 = if runs < FEWEST_FOR_P95 { String::new() } else { format!("p95 {} · ", span(p95)) };
        let words = format!("median {} · {p95}longest {}", span(median), span(longest));
        told.line(StyledLine::new().put(Ink::Strong, "Durations  ").put(Ink::Plain, words).hanging(11));
        let most = self.durations.iter().map(|one| one.runs).max().unwrap_or(0);
        for one in &self.durations {
            let bar = level(one.runs, most, BAR);
            let line = StyledLine::new().put(Ink::Dim, format!("{:<10} ", one.span));
            let line = line.drawn(Ink::Accent, &format!("{bar} "), "");
            told.line(line.put(Ink::Plain, grouped(one.runs)));
        }
    }

    fn describe_failures(&self, told: &mut Description) {
        if self.failures.is_empty() {
            return;
        }
        told.line(StyledLine::new());
        told.line(StyledLine::new().put(Ink::Strong, "Failures"));
        for group in &self.failures {
            let is_open = group.state == GroupState::Open;
            let (ink, word) = if is_open { (Ink::Bad, "open") } else { (Ink::Dim, "resolved") };
            let message = group.sample_message.lines().next().unwrap_or_default();
            let line =
                StyledLine::new().put(ink, format!("{word:<10} ")).put(Ink::Plain, format!("{}×  ", group.count));
            told.line(line.put(Ink::Plain, message).put(Ink::Dim, "  ").at(Ink::Dim, group.last_at).hanging(11));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_by_hour_and_by_duration() {
        let run = |hour: i64, succeeded, duration_ms| JudgedRun {
            at: Instant(hour * HOUR_MS + 5),
            succeeded,
            duration_ms,
            cpu_ms: 1,
            memory_bytes: 1,
        };
        let hours = by_hour(&[run(3, true, 10), run(3, false, 20), run(5, true, 90_000)]);
        let told: Vec<_> = hours.iter().map(|hour| (hour.hour, hour.runs, hour.succeeded, hour.mean_ms)).collect();
        assert_eq!(told, [(3, 2, 1, 15.0), (5, 1, 1, 90_000.0)]);
        let spans: Vec<u64> = by_duration(&[0, 9, 10, 999, 60_000]).iter().map(|one| one.runs).collect();
        assert_eq!(spans, [2, 1, 1, 0, 0, 1]);
    }
}
