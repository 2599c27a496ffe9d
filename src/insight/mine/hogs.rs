//! Tools that use most of the time, the processor, the memory or the tokens.

use super::reckon::{lower_bound, often};
use crate::domain::{Opportunity, OpportunityKind, RunId, Suggested, Witness, Worth, grouped, percent, span};
use serde::Serialize;
use std::collections::BTreeMap;

/// Minimum share of the total use of all runs for an opportunity.
pub const SHARE: f64 = 0.2;

/// Minimum number of runs of a tool.
const LEAST_RUNS: usize = 5;

/// Minimum total time, in milliseconds: less is not worth the effort.
const LEAST_MS: u64 = 10_000;

/// Minimum peak memory, in bytes: less need not be reduced.
const LEAST_BYTES: u64 = 64 << 20;

/// Minimum share of CPU time in its run time for which another language would help.
const BUSY: f64 = 0.6;

/// Maximum number of runs shown for each tool.
const SHOWN: usize = 5;

/// The resource use of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used<'a> {
    /// Number of the run.
    pub run: RunId,
    /// Name of the tool that ran.
    pub tool: &'a str,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// CPU time in milliseconds.
    pub cpu_ms: u64,
    /// Peak memory in bytes.
    pub memory_bytes: u64,
    /// Tokens of models, if the tool reports them.
    pub tokens: u64,
    /// Whether an interpreter ran it.
    pub is_interpreted: bool,
}

/// The resource use of all runs of a tool.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Consumption {
    /// Name of the tool.
    pub tool: String,
    /// Number of these runs.
    pub runs: usize,
    /// Total wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// Total CPU time in milliseconds.
    pub cpu_ms: u64,
    /// Maximum peak memory of a single run, in bytes.
    pub peak_memory_bytes: u64,
    /// Total tokens of models, as reported by the tool.
    pub tokens: u64,
    /// Its share of the time of all tools, 0 to 1.
    pub time_share: f64,
    /// Its share of the CPU time, 0 to 1.
    pub cpu_share: f64,
    /// Its share of the memory, summed over runs, 0 to 1.
    pub memory_share: f64,
    /// Its share of the tokens, 0 to 1.
    pub token_share: f64,
    #[serde(skip)]
    memory_sum: u64,
    #[serde(skip)]
    interpreted: usize,
    /// The longest runs, the longest first.
    #[serde(skip)]
    longest: Vec<(u64, RunId)>,
}

/// The resource use of each tool, the most time first.
pub fn consumption(runs: &[Used<'_>]) -> Vec<Consumption> {
    let mut tools: BTreeMap<&str, Consumption> = BTreeMap::new();
    for run in runs {
        let one = tools
            .entry(run.tool)
            .or_insert_with(|| Consumption { tool: run.tool.to_owned(), ..Consumption::default() });
        one.runs += 1;
        one.duration_ms += run.duration_ms;
        one.cpu_ms += run.cpu_ms;
        one.peak_memory_bytes = one.peak_memory_bytes.max(run.memory_bytes);
        one.memory_sum += run.memory_bytes;
        one.tokens += run.tokens;
        one.interpreted += usize::from(run.is_interpreted);
        one.longest.push((run.duration_ms, run.run));
        if one.longest.len() > 4 * SHOWN {
            keep_longest(&mut one.longest);
        }
    }
    let mut all: Vec<Consumption> = tools.into_values().collect();
    let sum = |of: fn(&Consumption) -> u64| all.iter().map(of).sum::<u64>().max(1) as f64;
    let sums = [sum(|one| one.duration_ms), sum(|one| one.cpu_ms), sum(|one| one.memory_sum), sum(|one| one.tokens)];
    for one in &mut all {
        keep_longest(&mut one.longest);
        one.time_share = one.duration_ms as f64 / sums[0];
        one.cpu_share = one.cpu_ms as f64 / sums[1];
        one.memory_share = one.memory_sum as f64 / sums[2];
        one.token_share = one.tokens as f64 / sums[3];
    }
    all.sort_by(|a, b| b.duration_ms.cmp(&a.duration_ms).then_with(|| a.tool.cmp(&b.tool)));
    all
}

fn keep_longest(longest: &mut Vec<(u64, RunId)>) {
    longest.sort_unstable_by(|a, b| b.cmp(a));
    longest.truncate(SHOWN);
}

/// The opportunities from heavy tools. Impact is the share itself; complexity is 0.6 for a better algorithm and 0.7 for
/// a compiled binary; confidence grows with the runs.
pub fn opportunities(all: &[Consumption]) -> Vec<Opportunity> {
    // A single tool always has the whole share, which means nothing.
    if all.len() < 2 {
        return Vec::new();
    }
    // With few tools, each has a large share even if all are similar.
    let least = SHARE.max((1.2 / all.len() as f64).min(0.5));
    all.iter().filter(|one| one.runs >= LEAST_RUNS).flat_map(|one| of_tool(one, least)).collect()
}

fn of_tool(one: &Consumption, least: f64) -> Vec<Opportunity> {
    let is_busy = one.cpu_ms as f64 >= BUSY * one.duration_ms as f64 && one.interpreted * 2 > one.runs;
    let time = one.time_share.max(one.cpu_share);
    let mut found = Vec::new();
    if time >= least && one.duration_ms >= LEAST_MS {
        let spent = format!("{} of run time, {} of CPU time", percent(one.time_share), percent(one.cpu_share));
        let took = format!("{} in {} runs", span(one.duration_ms), grouped(one.runs));
        found.push(if is_busy {
            let wish = "It spends most of its time computing in an interpreted language: use a compiled binary";
            suggest(one, OpportunityKind::CompiledBinary, "time", time, &format!("{spent}: {took}"), wish)
        } else {
            let wish = "Use a better algorithm, or fewer and larger steps";
            suggest(one, OpportunityKind::BetterAlgorithm, "time", time, &format!("{spent}: {took}"), wish)
        });
    }
    if one.memory_share >= least && one.peak_memory_bytes >= LEAST_BYTES {
        let held = format!("{} of memory, {} MiB at most", percent(one.memory_share), one.peak_memory_bytes >> 20);
        let wish = "Use an algorithm that does not keep everything in memory";
        found.push(suggest(one, OpportunityKind::BetterAlgorithm, "memory", one.memory_share, &held, wish));
    }
    if one.token_share >= least && one.tokens > 0 {
        let used = format!(
            "{} of tokens, {} of them",
            percent(one.token_share),
            grouped(usize::try_from(one.tokens).unwrap_or(usize::MAX))
        );
        let wish = "Use an algorithm that calls a model less often, or never";
        found.push(suggest(one, OpportunityKind::BetterAlgorithm, "tokens", one.token_share, &used, wish));
    }
    found
}

fn suggest(one: &Consumption, kind: OpportunityKind, of: &str, share: f64, used: &str, wish: &str) -> Opportunity {
    let is_compiled = kind == OpportunityKind::CompiledBinary;
    let numbers = one.longest.iter().map(|(_, run)| run.0.unsigned_abs()).collect();
    Opportunity::of(Suggested {
        kind,
        about: format!("{}\n{of}", one.tool),
        name: format!("{} {}", one.tool, if is_compiled { "compiled" } else { "better" }),
        title: format!("{} takes {used}", one.tool),
        description: format!("{wish}: {} takes {used}.", one.tool),
        count: one.runs as u64,
        worth: Worth {
            frequency: often(one.runs),
            impact: share,
            complexity: if is_compiled { 0.7 } else { 0.6 },
            confidence: lower_bound(one.runs, one.runs),
        },
        parameters: Vec::new(),
        expected_output: None,
        tools: vec![one.tool.clone()],
        evidence: vec![Witness { source: "run".to_owned(), numbers, text: "the slowest ones".to_owned() }],
        implementation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(run: i64, tool: &str, duration_ms: u64, cpu_ms: u64) -> Used<'_> {
        Used { run: RunId(run), tool, duration_ms, cpu_ms, memory_bytes: 1 << 20, tokens: 0, is_interpreted: true }
    }

    #[test]
    fn the_list_equals_the_log_and_the_one_that_computes_wants_to_be_compiled() {
        let mut runs: Vec<Used<'_>> = (0..10).map(|n| used(n, "crunch", 9_000 + n as u64, 8_500)).collect();
        runs.extend((10..20).map(|n| used(n, "wait", 7_000, 20)));
        runs.extend((20..120).map(|n| used(n, "quick", 10, 5)));
        let all = consumption(&runs);
        let list: Vec<_> = all.iter().map(|one| (one.tool.as_str(), one.runs, one.duration_ms, one.cpu_ms)).collect();
        assert_eq!(list, [("crunch", 10, 90_045, 85_000), ("wait", 10, 70_000, 200), ("quick", 100, 1_000, 500)]);
        assert!((all.iter().map(|one| one.time_share).sum::<f64>() - 1.0).abs() < 1e-9);
        let found = opportunities(&all);
        let told: Vec<_> = found.iter().map(|one| (one.kind, one.name.as_str())).collect();
        assert_eq!(
            told,
            [(OpportunityKind::CompiledBinary, "crunch-compiled"), (OpportunityKind::BetterAlgorithm, "wait-better")]
        );
        assert_eq!(found[0].evidence[0].numbers, [9, 8, 7, 6, 5], "the longest first");
    }

    #[test]
    fn memory_and_reported_tokens_are_shares_of_their_own() {
        let mut runs: Vec<Used<'_>> = (0..9).map(|n| used(n, "ask", 10, 1)).collect();
        for run in &mut runs {
            run.tokens = 1_000;
        }
        runs.extend((9..18).map(|n| Used { memory_bytes: 512 << 20, ..used(n, "load", 10, 1) }));
        let found = opportunities(&consumption(&runs));
        let told: Vec<_> = found.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(told, ["ask takes 100% of tokens, 9,000 of them", "load takes 100% of memory, 512 MiB at most"]);
    }

    #[test]
    fn a_few_runs_or_a_few_seconds_are_no_hog() {
        let runs: Vec<Used<'_>> =
            (0..4).map(|n| used(n, "slow", 60_000, 1)).chain((4..9).map(|n| used(n, "b", 1, 1))).collect();
        assert_eq!(opportunities(&consumption(&runs)), []);
        let runs: Vec<Used<'_>> =
            (0..9).map(|n| used(n, "slow", 1_000, 1)).chain((9..19).map(|n| used(n, "b", 1, 1))).collect();
        assert_eq!(opportunities(&consumption(&runs)), []);
    }
}
