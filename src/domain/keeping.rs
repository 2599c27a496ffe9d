//! Which kept output of runs may be removed. Only the output is removed; the records of runs stay.

use super::ids::RunId;

/// Limits for kept output of runs; 0 means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeepOutput {
    /// Output of this many newest runs.
    pub runs: u64,
    /// Output of this many days.
    pub days: u64,
    /// Total size in MiB.
    pub mib: u64,
}

/// The kept output of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptOutput {
    /// The run.
    pub run: RunId,
    /// How long ago it started, in milliseconds.
    pub age_ms: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// Whether a failure or a decision still needs it.
    pub is_needed: bool,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl KeepOutput {
    /// Whether all output is kept.
    pub fn is_unlimited(self) -> bool {
        self == KeepOutput::default()
    }

    /// The limits in words; `None` without any.
    pub fn words(self) -> Option<String> {
        let parts = [
            (self.runs, format!("{} newest runs", self.runs)),
            (self.days, format!("{} days", self.days)),
            (self.mib, format!("{} MiB", self.mib)),
        ];
        let set: Vec<String> = parts.into_iter().filter(|(limit, _)| *limit > 0).map(|(_, words)| words).collect();
        (!set.is_empty()).then(|| set.join(", "))
    }

    /// The output that exceeds a limit, oldest first. Needed output counts towards the limits, but is never included.
    pub fn surplus(self, kept: &[KeptOutput]) -> Vec<KeptOutput> {
        let mut newest: Vec<KeptOutput> = kept.to_vec();
        newest.sort_by_key(|output| std::cmp::Reverse(output.run));
        let within = |limit: u64, value: u64| limit == 0 || value <= limit;
        let (mut count, mut bytes, mut surplus) = (0_u64, 0_u64, Vec::new());
        for output in newest {
            let would = (count + 1, bytes.saturating_add(output.bytes));
            let fits = within(self.runs, would.0)
                && within(self.days.saturating_mul(DAY_MS), output.age_ms)
                && within(self.mib << 20, would.1);
            if fits || output.is_needed {
                (count, bytes) = would;
            } else {
                surplus.push(output);
            }
        }
        surplus.reverse();
        surplus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(run: i64, days: u64, mib: u64, is_needed: bool) -> KeptOutput {
        KeptOutput { run: RunId(run), age_ms: days * DAY_MS, bytes: mib << 20, is_needed }
    }

    #[test]
    fn what_exceeds_a_limit_goes_oldest_first_and_what_is_needed_stays() {
        let all = [
            kept(1, 9, 1, true),
            kept(2, 8, 1, false),
            kept(3, 3, 5, false),
            kept(4, 2, 1, false),
            kept(5, 0, 1, false),
        ];
        let gone = |runs, days, mib| {
            let keep = KeepOutput { runs, days, mib };
            keep.surplus(&all).into_iter().map(|output| output.run.0).collect::<Vec<_>>()
        };
        assert_eq!(gone(0, 0, 0), [0; 0], "no limit");
        assert_eq!(gone(2, 0, 0), [2, 3]);
        assert_eq!(gone(0, 5, 0), [2]);
        assert_eq!(gone(0, 0, 3), [3], "a large one does not drive out the small ones before it");
        assert_eq!(gone(1, 1, 1), [2, 3, 4]);
        assert_eq!(KeepOutput { runs: 5, days: 0, mib: 9 }.words().unwrap(), "5 newest runs, 9 MiB");
        assert!(KeepOutput::default().is_unlimited());
    }
}
