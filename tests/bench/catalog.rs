//! Reading tools folders. To hold: 10,000 tools within 1.5 s cold and 0.5 s warm, in release.

use super::workload;
use divan::Bencher;
use toolsmith::catalog::{Cache, ScanPlan, scan};

/// Nothing is known yet: every file is read.
#[divan::bench(args = [1_000, 10_000], sample_count = 5, sample_size = 1)]
fn scan_cold(bencher: Bencher, tools: usize) {
    let folder = workload::workspace(tools);
    let plan = ScanPlan::standard(folder.path());
    bencher.bench(|| scan(&plan, &Cache::default(), &mut |_| {}).tools.len());
}

/// Nothing changed since the last scan: files are looked at, not read.
#[divan::bench(args = [1_000, 10_000], sample_count = 10, sample_size = 1)]
fn scan_warm(bencher: Bencher, tools: usize) {
    let folder = workload::workspace(tools);
    let plan = ScanPlan::standard(folder.path());
    // Files younger than the clock's grain are not trusted, so the first scans may leave some out.
    let rows = std::iter::repeat_with(|| scan(&plan, &Cache::default(), &mut |_| {}).fresh)
        .find(|fresh| fresh.len() == tools)
        .unwrap_or_default();
    let cache = Cache(rows.into_iter().collect());
    bencher.bench(|| scan(&plan, &cache, &mut |_| {}).tools.len());
}
