//! The usual resource use of a run of one version: medians, so that one unusual run has little effect.

use super::run::RunUsage;
use serde::{Deserialize, Serialize};

/// Medians over the newest runs of a version that were not stopped from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typical {
    /// The number of runs.
    pub runs: u64,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// User and system time in milliseconds.
    pub cpu_ms: u64,
    /// Peak memory in bytes.
    pub peak_memory_bytes: u64,
    /// Peak number of processes.
    pub peak_processes: u64,
    /// Bytes left on disk.
    pub disk_bytes: u64,
}

impl RunUsage {
    /// The known peak memory in bytes: the sampled one, or that of the largest process as counted by the kernel if it
    /// is higher (a short run ends before the first sample).
    pub fn most_memory_bytes(&self) -> u64 {
        self.peak_memory_bytes.max(self.max_rss_bytes)
    }
}

impl Typical {
    /// The medians of these runs; `None` if there are none. For an even number, the lower middle.
    pub fn of(usages: &[RunUsage]) -> Option<Typical> {
        let median = |of: &dyn Fn(&RunUsage) -> u64| {
            let mut values: Vec<u64> = usages.iter().map(of).collect();
            values.sort_unstable();
            values.get(values.len().saturating_sub(1) / 2).copied()
        };
        Some(Typical {
            runs: usages.len() as u64,
            duration_ms: median(&|usage| usage.duration_ms)?,
            cpu_ms: median(&|usage| usage.cpu_ms)?,
            peak_memory_bytes: median(&RunUsage::most_memory_bytes)?,
            peak_processes: median(&|usage| usage.peak_processes)?,
            disk_bytes: median(&|usage| usage.disk_bytes)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_own_median_and_one_odd_run_moves_none() {
        let run = |duration_ms, cpu_ms, peak_memory_bytes| RunUsage {
            duration_ms,
            cpu_ms,
            peak_memory_bytes,
            max_rss_bytes: 40,
            peak_processes: 2,
            ..RunUsage::default()
        };
        let runs = [run(30, 1, 0), run(10, 900, 70), run(20, 2, 50), run(90_000, 3, 1 << 30)];
        let expected =
            Typical { runs: 4, duration_ms: 20, cpu_ms: 2, peak_memory_bytes: 50, peak_processes: 2, disk_bytes: 0 };
        assert_eq!(Typical::of(&runs), Some(expected));
        assert_eq!(Typical::of(&runs[..1]).map(|one| one.peak_memory_bytes), Some(40), "what the kernel counted");
        assert_eq!(Typical::of(&[]), None);
    }
}
