//! The size of a library, its growth, and recommended changes at size thresholds.

use super::stale::DAY_MS;
use crate::domain::{Instant, grouped};
use serde::Serialize;

/// The number of weeks for which growth is reported.
pub const WEEKS: usize = 8;

/// The sizes at which another policy is better.
pub const THRESHOLDS: [usize; 3] = [50, 1_000, 10_000];

/// The recommended policy for a library of this size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Tools that are not archived.
    pub tools: usize,
    /// The largest threshold that is passed; `None` below the first.
    pub crossed: Option<usize>,
    /// The name of the policy.
    pub policy: &'static str,
    /// The advice, one sentence.
    pub advice: &'static str,
    /// The next threshold; `None` after the last.
    pub next: Option<usize>,
}

/// The policy for a library with this number of tools.
pub fn policy_for(tools: usize) -> Policy {
    let (policy, advice) = match tools {
        ..50 => ("commit all", "commit every tool to git; the list is short enough to browse"),
        50..1_000 => (
            "usage tracking",
            "check usage: `toolsmith stale` shows what to archive, `toolsmith similar` what to merge or deprecate",
        ),
        1_000..10_000 => (
            "hybrid",
            "commit core and approved tools to git, ignore tools/experimental/ (.gitignore), and keep bundles of the rest elsewhere",
        ),
        _ => ("split", "split the library into several workspaces, one for each team or category"),
    };
    Policy {
        tools,
        crossed: THRESHOLDS.into_iter().rfind(|threshold| tools >= *threshold),
        policy,
        advice,
        next: THRESHOLDS.into_iter().find(|threshold| tools < *threshold),
    }
}

impl Policy {
    /// The policy in a line: `1,200 tools: hybrid, next at 10,000`.
    pub fn line(&self) -> String {
        let tools = crate::domain::count(self.tools, "tool");
        let next = self.next.map(|next| format!(", the next threshold is {}", grouped(next))).unwrap_or_default();
        format!("{tools}: {}{next}", self.policy)
    }
}

/// The additions of one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Week {
    /// Tools first seen in it.
    pub tools: u64,
    /// Bytes of the files of those tools.
    pub bytes: u64,
}

/// The growth in the last weeks, oldest first; the last week ends now. Each tool is given by the time when it was first
/// seen, and its bytes.
pub fn growth(first_seen: impl Iterator<Item = (Instant, u64)>, now: Instant) -> [Week; WEEKS] {
    let mut weeks = [Week::default(); WEEKS];
    for (at, bytes) in first_seen {
        let ago = usize::try_from(now.0.saturating_sub(at.0).max(0) / (7 * DAY_MS)).unwrap_or(usize::MAX);
        if let Some(week) = WEEKS.checked_sub(ago + 1).and_then(|place| weeks.get_mut(place)) {
            week.tools += 1;
            week.bytes += bytes;
        }
    }
    weeks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_changes_exactly_where_a_threshold_is_crossed() {
        let says = |tools| {
            let policy = policy_for(tools);
            (policy.policy, policy.crossed, policy.next)
        };
        assert_eq!(says(0), ("commit all", None, Some(50)));
        assert_eq!(says(49), ("commit all", None, Some(50)));
        assert_eq!(says(50), ("usage tracking", Some(50), Some(1_000)));
        assert_eq!(says(999), ("usage tracking", Some(50), Some(1_000)));
        assert_eq!(says(1_000), ("hybrid", Some(1_000), Some(10_000)));
        assert_eq!(says(9_999), ("hybrid", Some(1_000), Some(10_000)));
        assert_eq!(says(10_000), ("split", Some(10_000), None));
        assert_eq!(policy_for(1_200).line(), "1,200 tools: hybrid, the next threshold is 10,000");
        assert_eq!(policy_for(12_000).line(), "12,000 tools: split");
    }

    #[test]
    fn growth_counts_tools_and_bytes_by_the_week_they_came_in() {
        let now = Instant(100 * DAY_MS);
        let ago = |days: i64, bytes: u64| (Instant(now.0 - days * DAY_MS), bytes);
        let weeks = growth([ago(0, 5), ago(6, 7), ago(7, 1), ago(55, 2), ago(56, 9), ago(-1, 3)].into_iter(), now);
        let week = |tools, bytes| Week { tools, bytes };
        let mut expected = [Week::default(); WEEKS];
        (expected[7], expected[6], expected[0]) = (week(3, 15), week(1, 1), week(1, 2));
        assert_eq!(weeks, expected);
    }
}
