//! What somebody waits for who asks what use suggests. To hold: 2 s for 100,000 runs, in release.

use divan::Bencher;
use toolsmith::domain::{Instant, RunFact, RunId, RunOutcome, ToolName};
use toolsmith::insight::mine::{MiningInput, mine};

/// So many runs of 200 tools by three callers, every tenth of them the first of a chain of four that hands a path on.
fn runs(count: i64) -> Vec<RunFact> {
    let mut dice = 42_u64;
    let mut below = |most: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % most
    };
    let mut all = Vec::new();
    let mut at = 0_i64;
    while all.len() < count as usize {
        at += if below(50) == 0 { 4_000_000 } else { 5_000 };
        let (value, caller) = (below(1_000_000), format!("agent-{}", below(3)));
        let steps = if below(10) == 0 { 4 } else { 1 };
        for step in 0..steps {
            at += 1_000;
            let (tool, input) = if steps == 4 {
                (format!("chain-{step}"), format!("{{\"path\":\"/data/{value}\",\"mode\":\"fast\"}}"))
            } else {
                (
                    format!("tool-{}", below(200)),
                    format!("{{\"path\":\"/data/{}\",\"n\":{}}}", below(1_000), below(9_999)),
                )
            };
            let outcome = if below(20) == 0 { RunOutcome::Failed } else { RunOutcome::Succeeded };
            all.push(RunFact {
                id: RunId(all.len() as i64 + 1),
                tool: ToolName::new(&tool).unwrap_or_else(|error| panic!("{error}")),
                caller: caller.clone(),
                outcome,
                started_at: Instant(at),
                duration_ms: below(1_000),
                cpu_ms: below(500),
                memory_bytes: 1 << 20,
                error: outcome.is_failure().then(|| "timeout after 3 s".to_owned()),
                input,
                is_interpreted: true,
            });
        }
    }
    all
}

/// Everything that is looked for, over 100,000 runs.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn mine_100k_runs(bencher: Bencher) {
    let material = MiningInput { runs: runs(100_000), ..MiningInput::default() };
    bencher.bench_local(|| mine(divan::black_box(&material)).opportunities.len());
}
