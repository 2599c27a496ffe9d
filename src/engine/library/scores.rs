//! How well tools perform: scores with their parts, regressions, and the figures of the dashboard.

use super::charts;
use super::facts::{MarksByVersion, marks_by_version};
use crate::check;
use crate::domain::description::{Ink, StyledLine};
use crate::domain::{
    CostTier, Digest, FailureGroup, GroupState, Instant, Severity, Stage, Tool, ToolName, Uses, grouped,
    median_recovery_ms, percent, plural, span,
};
use crate::engine::Library;
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::insight::{self, Alert, Foresight, Sample, Score};
use crate::store::{HourOfRuns, JudgedRun, ReportedUses, VersionStats};
use semver::Version;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The measured cost tier is high above 10 s of typical duration or 1 GiB of memory, and medium above 1 s or 128 MiB;
/// otherwise it is low. Values in milliseconds and bytes.
const TIERS: [(f64, u64, CostTier); 2] = [(10_000.0, 1 << 30, CostTier::High), (1_000.0, 128 << 20, CostTier::Medium)];

/// The maximum number of tools and of failure groups on the dashboard.
const TOP: usize = 8;

/// The number of newest runs over which the warnings are replayed.
const REPLAYED: usize = 20_000;

/// The number of days that the dashboard covers.
const DAYS: i64 = 14;

/// The number of incidents for the median time to recovery.
const INCIDENTS: usize = 200;

const HOUR_MS: i64 = 3_600_000;

/// Width of the name before a figure of the dashboard.
const NAME_COLUMNS: usize = 11;

/// A tool with its score.
#[derive(Debug, Clone, Serialize)]
pub struct ScoredTool {
    /// Its name.
    pub tool: ToolName,
    /// The version; `None` if it is no longer known.
    pub version: Option<Version>,
    /// Its digest.
    pub digest: Digest,
    /// The score and its parts.
    #[serde(flatten)]
    pub score: Score,
    /// The number of judged runs, which is the basis of the score.
    pub runs: u64,
    /// The number of `runs` that succeeded.
    pub succeeded: u64,
    /// The number of valid failure marks.
    pub marks: usize,
    /// Whether its quality is low: with at least five runs, their proven success rate is below 30 %.
    pub low: bool,
    /// The cost tier in its manifest; `None` if it is no longer in the catalog.
    pub tier: Option<CostTier>,
}

/// A score that is recomputed from all recorded runs.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedScore {
    /// The stored score.
    pub kept: ScoredTool,
    /// The recomputed score; `None` if no run is recorded.
    pub recounted: Option<Score>,
    /// The number of recorded judged runs.
    pub recorded_runs: u64,
    /// Whether both scores are equal, to a hundredth.
    pub agrees: bool,
    /// The cost tier that the measurements suggest.
    pub measured_tier: Option<CostTier>,
    /// Median processor time of the recorded runs, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Maximum memory of a recorded run, in bytes.
    pub memory_bytes: Option<u64>,
    /// Typical duration in the benchmark (p95, in milliseconds).
    pub benchmark_p95_ms: Option<f64>,
    /// The regressions.
    pub alerts: Vec<Alert>,
    /// The other versions of its name that ran, the most recently run first.
    pub others: Vec<ScoredTool>,
}

/// Uses of a tool that somebody reported. They were not observed here, so no score counts them.
#[derive(Debug, Clone, Serialize)]
pub struct ReportedUse {
    /// The tool name in the report.
    pub tool: ToolName,
    /// The reporter: `human`, `agent:NAME`, or `unknown`.
    pub who: String,
    /// The number of uses.
    pub uses: u64,
    /// The number of `uses` that succeeded, according to the report.
    pub succeeded: u64,
    /// The number of uses that failed, according to the report.
    pub failed: u64,
    /// Mean duration of the uses with a duration, in milliseconds; `None` if there are none.
    pub mean_ms: Option<u64>,
    /// When the newest use was reported.
    pub last_at: Instant,
}

/// A regression of a tool.
#[derive(Debug, Clone, Serialize)]
pub struct ToolAlert {
    /// Name of the tool.
    pub tool: ToolName,
    /// The figure that got worse, before and now.
    #[serde(flatten)]
    pub alert: Alert,
}

/// The figures of the dashboard.
#[derive(Debug, Clone, Serialize)]
pub struct Dashboard {
    /// When they were computed.
    pub at: Instant,
    /// Number of tools by stage; 0 for a stage without tools.
    pub stages: BTreeMap<String, usize>,
    /// Tools by cost tier.
    pub tiers: BTreeMap<String, usize>,
    /// Judged runs of the last 14 days by hour, oldest first.
    pub hours: Vec<HourOfRuns>,
    /// Number of open failure groups.
    pub open_failures: usize,
    /// The most frequent open failure groups, the most frequent first.
    pub failures: Vec<FailureGroup>,
    /// Number of pending reviews.
    pub waiting_reviews: usize,
    /// Median time to recovery of the newest incidents, in milliseconds.
    pub median_recovery_ms: Option<u64>,
    /// The accuracy of the warnings before runs, over the newest runs.
    pub warnings: Foresight,
    /// The most frequently run tools.
    pub top: Vec<ScoredTool>,
    /// Tools of low quality, the worst first.
    pub low: Vec<ScoredTool>,
    /// Tools with a recent regression.
    pub alerts: Vec<ToolAlert>,
}

impl Library<'_> {
    /// Recorded runs of a tool since a time that succeeded or failed.
    ///
    /// # Errors
    ///
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn judged_runs_of(
        &self,
        tool: &ToolName,
        since: Instant,
    ) -> Result<Vec<JudgedRun>, EngineError> {
        self.workspace.read(|q| Ok(q.judged_runs(tool, None, since)?))
    }

    /// The score of the version that each name refers to, the best first. For a name that is no longer in the catalog,
    /// the score of the version that ran last. A version that never ran has no score.
    ///
    /// # Errors
    ///
    /// `Internal` for errors of the store.
    pub fn scores(&self) -> Result<Vec<ScoredTool>, EngineError> {
        let at = now();
        let (stats, marks) = self.workspace.read(|q| Ok((q.version_stats()?, marks_by_version(q)?)))?;
        let view = self.catalog();
        let named: HashSet<&ToolName> = view.tools.iter().map(|tool| &tool.name).collect();
        let is_meant = |tool: &&Arc<Tool>| tool.shadowed_by.is_none() && tool.stage != Stage::Archived;
        let mut scored: Vec<ScoredTool> = view
            .tools
            .iter()
            .filter(is_meant)
            .filter_map(|tool| scored((&tool.name, tool.digest), Some(&**tool), &stats, &marks, at))
            .collect();
        let mut gone: BTreeMap<&ToolName, (Digest, Option<Instant>)> = BTreeMap::new();
        for ((name, digest), stats) in stats.iter().filter(|((name, _), _)| !named.contains(name)) {
            let newest = gone.entry(name).or_insert((*digest, stats.last_run_at));
            if stats.last_run_at > newest.1 {
                *newest = (*digest, stats.last_run_at);
            }
        }
        scored.extend(
            gone.into_iter().filter_map(|(name, (digest, _))| self::scored((name, digest), None, &stats, &marks, at)),
        );
        scored.sort_by(|a, b| b.score.score.total_cmp(&a.score.score).then_with(|| a.tool.cmp(&b.tool)));
        Ok(scored)
    }

    /// The score of a version, recomputed from its recorded runs; `None` if it never ran.
    ///
    /// # Errors
    ///
    /// `Internal` for errors of the store.
    pub fn explain_score(&self, tool: &Arc<Tool>) -> Result<Option<ExplainedScore>, EngineError> {
        let at = now();
        let version = (&tool.name, tool.digest);
        let (stats, marks, runs) = self.workspace.read(|q| {
            Ok((
                q.version_stats()?,
                marks_by_version(q)?,
                q.judged_runs(&tool.name, Some(tool.digest), Instant::default())?,
            ))
        })?;
        let Some(kept) = scored(version, Some(&**tool), &stats, &marks, at) else { return Ok(None) };
        let of_version = marks.get(&(tool.name.clone(), tool.digest)).map(Vec::as_slice).unwrap_or_default();
        let recounted = recounted(&runs, at, of_version);
        let agrees = recounted.is_some_and(|recounted| (recounted.score - kept.score.score).abs() < 0.01);
        let benchmark_p95_ms = self.benchmark_p95(tool)?;
        Ok(Some(ExplainedScore {
            others: self.other_versions(tool, &stats, &marks, at)?,
            recounted,
            recorded_runs: runs.len() as u64,
            agrees,
            measured_tier: measured_tier(&runs, recounted),
            cpu_ms: median(runs.iter().map(|run| run.cpu_ms)),
            memory_bytes: runs.iter().map(|run| run.memory_bytes).max(),
            alerts: insight::alerts(&samples(&runs), at, benchmark_p95_ms),
            benchmark_p95_ms,
            kept,
        }))
    }

    /// The scores of the other versions of a name, the most recently run first.
    fn other_versions(
        &self,
        tool: &Tool,
        stats: &HashMap<(ToolName, Digest), VersionStats>,
        marks: &MarksByVersion,
        at: Instant,
    ) -> Result<Vec<ScoredTool>, EngineError> {
        let known = self.workspace.read(|q| Ok(q.versions_of(&tool.name)?))?;
        let others = stats.keys().filter(|(name, digest)| *name == tool.name && *digest != tool.digest);
        let mut found: Vec<(Option<Instant>, ScoredTool)> = others
            .filter_map(|version| {
                let mut scored = scored((&version.0, version.1), None, stats, marks, at)?;
                let record = known.iter().find(|record| record.digest == version.1);
                scored.version = record.map(|record| record.version.clone());
                Some((stats.get(version)?.last_run_at, scored))
            })
            .collect();
        found.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
        Ok(found.into_iter().map(|(_, scored)| scored).collect())
    }

    /// Uses that others reported, by tool and reporter.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn reported_uses(&self) -> Result<Vec<ReportedUse>, EngineError> {
        let reported = self.workspace.read(|q| Ok(q.reported_uses(0)?))?;
        let told = |ReportedUses { tool, who, counts, last_at }: ReportedUses| ReportedUse {
            tool,
            who,
            uses: counts.uses,
            succeeded: counts.succeeded,
            failed: counts.failed,
            mean_ms: counts.duration_ms.checked_div(counts.timed),
            last_at,
        };
        Ok(reported.into_iter().map(told).collect())
    }

    /// The regressions of tools in the catalog, the worst first.
    ///
    /// # Errors
    ///
    /// `Internal` for errors of the store.
    pub fn alerts(&self) -> Result<Vec<ToolAlert>, EngineError> {
        let at = now();
        let since = Instant(at.0 - insight::NOW_MS - insight::BEFORE_MS);
        let today = at.0 - insight::NOW_MS;
        let view = self.catalog();
        let mut found = Vec::new();
        for tool in view.tools.iter().filter(|tool| tool.shadowed_by.is_none()) {
            // A tool that did not run today cannot have got worse today.
            if tool.facts.name_last_run_at.is_none_or(|last| last.0 < today) {
                continue;
            }
            let runs = self.workspace.read(|q| Ok(q.judged_runs(&tool.name, Some(tool.digest), since)?))?;
            let benchmark = self.benchmark_p95(tool)?;
            let alerts = insight::alerts(&samples(&runs), at, benchmark);
            found.extend(alerts.into_iter().map(|alert| ToolAlert { tool: tool.name.clone(), alert }));
        }
        found.sort_by_key(|found: &ToolAlert| std::cmp::Reverse(found.alert.severity));
        Ok(found)
    }

    /// The worst regression of a tool after a run, in a sentence with a remedy; `None` if there is none.
    ///
    /// # Errors
    ///
    /// `Internal` for errors of the store.
    pub fn alert_of(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        let at = now();
        let since = Instant(at.0 - insight::NOW_MS - insight::BEFORE_MS);
        let runs = self.workspace.read(|q| Ok(q.judged_runs(&tool.name, Some(tool.digest), since)?))?;
        let found = insight::alerts(&samples(&runs), at, self.benchmark_p95(tool)?);
        let remedy = if tool.stage.is_vouched() { "rollback (B) or evolve (e)" } else { "evolve (e) may fix it" };
        Ok(found.first().map(|alert| format!("{} {}: {remedy}", tool.name, alert.sentence())))
    }

    /// The p95 duration in the benchmark of a version, in milliseconds; `None` without a benchmark.
    fn benchmark_p95(&self, tool: &Tool) -> Result<Option<f64>, EngineError> {
        let verdict = self.workspace.read(|q| Ok(q.verdict(&tool.name, tool.digest)?))?;
        let benchmark = verdict.and_then(|verdict| verdict.checks.into_iter().find(|check| check.name == "benchmark"));
        Ok(benchmark.and_then(|check| check::p95_of(&check.note)))
    }

    /// The figures of the dashboard.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn dashboard(&self) -> Result<Dashboard, EngineError> {
        let at = now();
        let view = self.catalog();
        let (mut stages, mut tiers) = (BTreeMap::new(), BTreeMap::new());
        for stage in Stage::ALL {
            stages.insert(stage.word().to_owned(), 0);
        }
        for tool in &view.tools {
            *stages.entry(tool.stage.word().to_owned()).or_default() += 1;
            *tiers.entry(tool.cost_tier.word().to_owned()).or_default() += 1;
        }
        let first_hour = Instant((at.0 - DAYS * 24 * HOUR_MS).div_euclid(HOUR_MS) * HOUR_MS);
        let (hours, incidents) =
            self.workspace.read(|q| Ok((q.runs_by_hour(first_hour)?, q.incidents(None, INCIDENTS)?)))?;
        let mut failures = self.engine.failures().list(None)?;
        failures.retain(|group| group.state == GroupState::Open);
        let open_failures = failures.len();
        failures.sort_by_key(|group| std::cmp::Reverse((group.severity, group.count)));
        failures.truncate(TOP);
        let scores = self.scores()?;
        let mut low: Vec<ScoredTool> = scores.iter().filter(|scored| scored.low).rev().cloned().collect();
        low.sort_by(|a, b| a.score.success.total_cmp(&b.score.success));
        low.truncate(TOP);
        let mut top = scores;
        top.sort_by(|a, b| b.runs.cmp(&a.runs).then_with(|| a.tool.cmp(&b.tool)));
        top.truncate(TOP);
        Ok(Dashboard {
            at,
            stages,
            tiers,
            hours,
            open_failures,
            failures,
            waiting_reviews: self.engine.reviews().list(crate::engine::ReviewFilter::Waiting)?.len(),
            median_recovery_ms: median_recovery_ms(&incidents),
            warnings: Foresight::replayed(self.workspace.read(|q| Ok(q.replayed_runs(REPLAYED)?))?),
            top,
            low,
            alerts: self.alerts()?,
        })
    }
}

/// The score of a version and its parts; `None` if it never ran.
fn scored(
    (name, digest): (&ToolName, Digest),
    row: Option<&Tool>,
    stats: &HashMap<(ToolName, Digest), VersionStats>,
    marks: &MarksByVersion,
    at: Instant,
) -> Option<ScoredTool> {
    let key = (name.clone(), digest);
    let stats = stats.get(&key)?;
    let marks = marks.get(&key).map(Vec::as_slice).unwrap_or_default();
    let score = Score::of(stats.uses, at, marks.iter().copied())?;
    Some(ScoredTool {
        tool: key.0,
        version: row.map(|row| row.version.clone()),
        digest,
        tier: row.map(|row| row.cost_tier),
        low: score.is_low(stats.runs, marks.iter().copied()),
        runs: stats.runs,
        succeeded: stats.succeeded,
        marks: marks.len(),
        score,
    })
}

/// The score of these runs, computed from the runs only; they are sorted, oldest first.
fn recounted(runs: &[JudgedRun], at: Instant, marks: &[Severity]) -> Option<Score> {
    let uses = runs.iter().fold(Uses::default(), |uses, run| uses.with(run.at, run.succeeded, run.duration_ms));
    Score::of(uses, at, marks.iter().copied())
}

fn samples(runs: &[JudgedRun]) -> Vec<Sample> {
    let sample = |run: &JudgedRun| Sample { at: run.at, succeeded: run.succeeded, duration_ms: run.duration_ms };
    runs.iter().map(sample).collect()
}

/// The cost tier that the durations and the memory of runs suggest.
fn measured_tier(runs: &[JudgedRun], score: Option<Score>) -> Option<CostTier> {
    let typical = score?.typical_ms?;
    let memory = runs.iter().map(|run| run.memory_bytes).max()?;
    let found = TIERS.into_iter().find(|(ms, bytes, _)| typical > *ms || memory > *bytes);
    Some(found.map_or(CostTier::Low, |(.., tier)| tier))
}

fn median(numbers: impl Iterator<Item = u64>) -> Option<u64> {
    let mut sorted: Vec<u64> = numbers.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

impl Dashboard {
    /// The dashboard for a human, in lines of at most this many columns. Text of tools in it is not escaped.
    pub fn lines(&self, width: usize) -> Vec<StyledLine> {
        let counts = |of: &BTreeMap<String, usize>| {
            let some = of.iter().filter(|(_, number)| **number > 0);
            some.map(|(word, number)| format!("{word} {}", grouped(number))).collect::<Vec<_>>().join(" · ")
        };
        let plain = |text: String| StyledLine::new().put(Ink::Plain, text);
        let mut lines = vec![
            format!("tools      {}", counts(&self.stages)),
            format!("cost       {}", counts(&self.tiers)),
            format!(
                "pending    {} · {}{}",
                plural(self.waiting_reviews, "review", "reviews"),
                plural(self.open_failures, "open failure", "open failures"),
                self.recovery()
            ),
        ];
        lines.extend(self.foreseen());
        let mut lines: Vec<StyledLine> = lines.into_iter().map(|text| plain(text).hanging(NAME_COLUMNS)).collect();
        lines.push(StyledLine::new());
        lines.extend(self.charts(width));
        let section = |lines: &mut Vec<StyledLine>, title: &str, rows: Vec<(Ink, String)>| {
            if !rows.is_empty() {
                lines.push(StyledLine::new());
                lines.push(StyledLine::new().put(Ink::Strong, title));
                lines.extend(rows.into_iter().map(|(ink, row)| StyledLine::new().put(ink, row)));
            }
        };
        let names = (width / 3).clamp(12, 22);
        let rows = |rows: &[ScoredTool]| rows.iter().map(|row| (Ink::Plain, row.line(names))).collect();
        section(
            &mut lines,
            "Regressions",
            self.alerts.iter().map(|a| (Ink::Warn, format!("  ! {} {}", a.tool, a.alert.sentence()))).collect(),
        );
        section(&mut lines, "Most used, with score", rows(&self.top));
        section(&mut lines, "Low quality, by score", rows(&self.low));
        let failure = |group: &FailureGroup| {
            let message = group.sample_message.lines().next().unwrap_or_default();
            (Ink::Plain, format!("  {:>4}× {:<names$} {message}", group.count, group.tool))
        };
        section(&mut lines, "Failures", self.failures.iter().map(failure).collect());
        lines
    }

    /// How many warnings were followed by a failure; `None` if there were no warnings.
    fn foreseen(&self) -> Option<String> {
        let Foresight { warned, hits, failed, .. } = self.warnings;
        let rate = percent(self.warnings.hit_rate()?);
        Some(format!("warnings   {hits} of {warned} came true ({rate}) · {failed} runs failed in all"))
    }

    fn recovery(&self) -> String {
        let told = |ms| format!(" · median time to recovery {}", span(ms));
        self.median_recovery_ms.map(told).unwrap_or_default()
    }

    /// The charts as coloured lines; each column is a span of hours.
    fn charts(&self, width: usize) -> Vec<StyledLine> {
        charts::charts(self.at, &self.hours, DAYS, width.saturating_sub(48).clamp(14, (DAYS * 24) as usize / 4))
    }
}

impl ScoredTool {
    /// Its version, or the first digits of its digest.
    pub fn version_word(&self) -> String {
        self.version.as_ref().map_or_else(|| self.digest.short(), Version::to_string)
    }

    /// One line of the dashboard, with this many columns for the name.
    fn line(&self, names: usize) -> String {
        let Score { usage, success, speed, score, .. } = self.score;
        let marks =
            if self.marks == 0 { String::new() } else { format!(" · {}", plural(self.marks, "mark", "marks")) };
        format!(
            "  {score:.2}  {:<names$} {}/{} runs · usage {usage:.2} · success {success:.2} · speed {speed:.2}{marks}",
            self.tool, self.succeeded, self.runs
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(at: i64, succeeded: bool, duration_ms: u64, memory_bytes: u64) -> JudgedRun {
        JudgedRun { at: Instant(at), succeeded, duration_ms, cpu_ms: 5, memory_bytes }
    }

    #[test]
    fn what_was_measured_speaks_for_a_tier() {
        let tier = |ms, bytes| {
            let runs = [run(0, true, ms, bytes)];
            measured_tier(&runs, recounted(&runs, Instant(0), &[])).unwrap()
        };
        assert_eq!(tier(900, 1 << 20), CostTier::Low);
        assert_eq!([tier(1_100, 1 << 20), tier(10, 200 << 20)], [CostTier::Medium; 2]);
        assert_eq!([tier(20_000, 1 << 20), tier(10, 2 << 30)], [CostTier::High; 2]);
        assert_eq!(measured_tier(&[run(0, false, 1, 1)], recounted(&[run(0, false, 1, 1)], Instant(0), &[])), None);
    }
}
