//! Resource use of the recorded runs of a tool, and suggested limits.

use super::Services;
use crate::domain::description::{Describe, Description, Ink};
use crate::domain::{Instant, Kind, Run, RunOutcome, ToolName, plural, size, span};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::view::RunFilter;
use serde::Serialize;

/// Minimum number of runs for a suggestion.
const FEWEST_RUNS: usize = 5;

/// Number of newest runs that are evaluated.
const MOST_RUNS: usize = 1_000;

/// Suggested memory is rounded up to a multiple of this, bytes.
const MEMORY_STEP: u64 = 16 << 20;

/// Resource use of the runs of a tool, and suggested limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerformanceProfile {
    /// The tool.
    pub tool: ToolName,
    /// Number of evaluated runs: those among the newest 1,000 of all versions that are running or succeeded; for a
    /// service also those that were stopped on request or interrupted.
    pub runs: usize,
    /// Number of started runs that are left out because they failed or were cut short.
    pub left_out: usize,
    /// Whether there are too few runs for a suggestion.
    pub too_few: bool,
    /// Peak memory that 95 of 100 runs do not exceed, bytes; `None` when no run was measured.
    pub p95_memory_bytes: Option<u64>,
    /// Duration that 95 of 100 finished runs do not exceed, milliseconds; `None` when no run has finished.
    pub p95_duration_ms: Option<u64>,
    /// Maximum number of simultaneous processes in any run, as sampled.
    pub most_processes: u64,
    /// Maximum number of simultaneous runs.
    pub most_at_once: usize,
    /// Number of instances; 0 for a tool that is not a service.
    pub instances: usize,
    /// Number of automatic restarts of these instances within the last ten minutes.
    pub restarts: usize,
    /// Lines for the definition; empty when there are too few runs.
    pub proposal: String,
}

impl Services<'_> {
    /// The resource use of the recorded runs of a tool, or of the tool of an instance.
    ///
    /// # Errors
    /// `NotFound` when there is no such tool or instance.
    pub fn profile(&self, name: &str) -> Result<PerformanceProfile, EngineError> {
        let tool = match self.named(name) {
            Ok(row) => row.instance.tool,
            Err(_) => self.engine.library().resolve(name)?.name.clone(),
        };
        let kind = self.engine.library().resolve(tool.as_str()).map(|tool| tool.kind);
        let filter = RunFilter { tool: Some(tool.clone()), limit: MOST_RUNS, ..RunFilter::default() };
        let runs = self.engine.runs().list(&filter)?;
        let instances: Vec<_> = self.list(None)?.services.into_iter().filter(|one| one.instance.tool == tool).collect();
        let is_service = kind.map_or(!instances.is_empty(), |kind| kind == Kind::Service);
        let mut profile = PerformanceProfile::of(tool, &runs, is_service, now());
        profile.instances = instances.len();
        profile.restarts = instances.iter().map(|one| one.instance.life.restarts.len()).sum();
        Ok(profile)
    }
}

impl PerformanceProfile {
    fn of(tool: ToolName, runs: &[Run], is_service: bool, at: Instant) -> PerformanceProfile {
        // A failed run says nothing about the needs of a good one. A service ends normally when it is stopped on
        // request.
        let is_good = |run: &&Run| match run.outcome {
            RunOutcome::Running | RunOutcome::Succeeded => true,
            RunOutcome::Cancelled | RunOutcome::Interrupted => is_service,
            _ => false,
        };
        let started = runs.iter().filter(|run| run.outcome.has_started()).count();
        let runs: Vec<&Run> = runs.iter().filter(is_good).collect();
        let over = || runs.iter().filter(|run| run.outcome != RunOutcome::Running);
        let memory = over().map(|run| run.usage.peak_memory_bytes.max(run.usage.max_rss_bytes));
        let mut profile = PerformanceProfile {
            tool,
            runs: runs.len(),
            left_out: started - runs.len(),
            too_few: runs.len() < FEWEST_RUNS,
            p95_memory_bytes: p95(memory.filter(|bytes| *bytes > 0).collect()),
            p95_duration_ms: p95(over().map(|run| run.usage.duration_ms).collect()),
            most_processes: runs.iter().map(|run| run.usage.peak_processes).max().unwrap_or(0),
            most_at_once: most_at_once(&runs, at),
            instances: 0,
            restarts: 0,
            proposal: String::new(),
        };
        if !profile.too_few {
            profile.proposal = profile.proposed(is_service);
        }
        profile
    }

    /// Lines for the definition. Memory and time are one and a half times what 95 of 100 runs needed, so that a
    /// slightly larger run is not an error.
    fn proposed(&self, is_service: bool) -> String {
        let mut tables = Vec::new();
        if let Some(bytes) = self.p95_memory_bytes {
            let steps = (bytes + bytes / 2).div_ceil(MEMORY_STEP).max(1);
            tables.push(format!("[limits]\nmemory = \"{}MiB\"\n", steps * (MEMORY_STEP >> 20)));
        }
        match self.p95_duration_ms {
            // A service runs until it is terminated.
            _ if is_service => tables.push(format!("[service]\ninstances = {}\n", self.most_at_once.clamp(1, 1_000))),
            Some(ms) => {
                let seconds = (ms + ms / 2).div_ceil(1_000).max(1);
                tables.push(format!("[run]\ntimeout = \"{seconds}s\"\n"));
            }
            None => {}
        }
        tables.join("\n")
    }
}

/// The value that 95 of 100 do not exceed (nearest rank).
fn p95(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * 95).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

/// The maximum number of simultaneous runs. A run that ends when another starts does not overlap with it.
fn most_at_once(runs: &[&Run], at: Instant) -> usize {
    let end = |run: &Run| match run.outcome {
        RunOutcome::Running => at.0.max(run.started_at.0.saturating_add(1)),
        _ => run.started_at.0.saturating_add(i64::try_from(run.usage.duration_ms).unwrap_or(i64::MAX)),
    };
    let mut steps: Vec<(i64, i64)> = runs.iter().flat_map(|run| [(run.started_at.0, 1), (end(run), -1)]).collect();
    // Ends sort before starts at the same time.
    steps.sort_unstable();
    let (mut running, mut most) = (0_i64, usize::from(!runs.is_empty()));
    for (_, step) in steps {
        running += step;
        most = most.max(usize::try_from(running).unwrap_or(0));
    }
    most
}

impl Describe for PerformanceProfile {
    fn describe(&self) -> Description {
        let mut told = Description::new().titled(self.tool.as_str(), "performance profile");
        let left_out = match self.left_out {
            0 => String::new(),
            number => format!("; {} that failed or were cut short are left out", plural(number, "run", "runs")),
        };
        told.field("runs", Ink::Plain, format!("{}{left_out}", self.runs));
        if let Some(bytes) = self.p95_memory_bytes {
            told.field("memory", Ink::Plain, format!("{} in 95 of 100 runs", size(bytes)));
        }
        if let Some(ms) = self.p95_duration_ms {
            told.field("time", Ink::Plain, format!("{} in 95 of 100 runs", span(ms)));
        }
        told.field("processes", Ink::Plain, format!("{} at most", self.most_processes));
        told.field("at one time", Ink::Plain, format!("{} at most", plural(self.most_at_once, "run", "runs")));
        if self.instances > 0 {
            let restarts = format!("{}, restarted {} times within ten minutes", self.instances, self.restarts);
            told.field("instances", Ink::Plain, restarts);
        }
        if self.too_few {
            told.note(Ink::Warn, "too few runs", format!("limits are proposed from {FEWEST_RUNS} good runs on"));
            return told;
        }
        told.summary(format!("proposal from {} runs; put these lines into the definition:", self.runs));
        for line in self.proposal.lines() {
            told.detail(Ink::Plain, line);
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_95th_of_a_hundred_is_found_by_nearest_rank() {
        assert_eq!(p95(vec![]), None);
        assert_eq!(p95(vec![7]), Some(7));
        assert_eq!(p95((1..=100).rev().collect()), Some(95));
        assert_eq!(p95((1..=20).collect()), Some(19));
    }
}
