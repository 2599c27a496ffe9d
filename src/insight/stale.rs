//! Finds tools that nobody uses any longer.
//!
//! A rule over rows and a point in time: it proposes, a human decides, and nothing is archived automatically.

use crate::domain::{Instant, Spared, Stage};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The use of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habit {
    /// Stage of its folder.
    pub stage: Stage,
    /// When its newest run started; `None` when it never ran.
    pub used_at: Option<Instant>,
    /// When somebody last acted on it: it was first seen, approved, restored, or kept when it was proposed.
    pub touched_at: Instant,
    /// Why it is not proposed although nobody uses it.
    pub spared: Option<Spared>,
}

/// The result of the rule for a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// It is in use, new, or already archived.
    Fine,
    /// Nobody used it for this long, but it is kept.
    Spared(Spared),
    /// Nobody used it for this long.
    Stale {
        /// Whole days since somebody last used it or acted on it.
        days: u32,
    },
}

/// Whether a tool counts as unused for `days` days, at the point in time `now`. The time since the last run or the last
/// action counts, whichever is later.
pub fn staleness(habit: &Habit, now: Instant, days: u32) -> Staleness {
    let since = habit.used_at.map_or(habit.touched_at, |used| used.max(habit.touched_at));
    let idle_ms = now.0.saturating_sub(since.0);
    if habit.stage == Stage::Archived || idle_ms < i64::from(days) * DAY_MS {
        return Staleness::Fine;
    }
    let spared = if habit.stage == Stage::Core { Some(Spared::Core) } else { habit.spared };
    let idle = u32::try_from(idle_ms / DAY_MS).unwrap_or(u32::MAX);
    spared.map_or(Staleness::Stale { days: idle }, Staleness::Spared)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(days: i64) -> Instant {
        Instant(days * DAY_MS)
    }

    const HABIT: Habit = Habit { stage: Stage::Approved, used_at: Some(at(10)), touched_at: at(2), spared: None };

    #[test]
    fn a_tool_is_stale_when_so_many_days_went_by_since_its_last_use_and_not_a_moment_before() {
        let says = |habit: Habit, now: Instant| staleness(&habit, now, 30);
        assert_eq!(says(HABIT, at(39)), Staleness::Fine);
        assert_eq!(says(HABIT, Instant(at(40).0 - 1)), Staleness::Fine);
        assert_eq!(says(HABIT, at(40)), Staleness::Stale { days: 30 });
        assert_eq!(says(HABIT, at(41)), Staleness::Stale { days: 31 });
        assert_eq!(staleness(&HABIT, at(41), 90), Staleness::Fine, "the threshold is to be set");
        assert_eq!(says(HABIT, at(1)), Staleness::Fine, "a clock that went back makes nothing stale");
    }

    #[test]
    fn one_that_never_ran_counts_from_when_somebody_had_to_do_with_it() {
        let unused = Habit { used_at: None, ..HABIT };
        assert_eq!(staleness(&unused, at(31), 30), Staleness::Fine);
        assert_eq!(staleness(&unused, at(32), 30), Staleness::Stale { days: 30 });
        let kept = Habit { touched_at: at(20), ..HABIT };
        assert_eq!(staleness(&kept, at(41), 30), Staleness::Fine, "a human kept it ten days after its last use");
    }

    #[test]
    fn core_pinned_and_waiting_tools_stay_and_archived_ones_are_away() {
        let late = at(400);
        assert_eq!(staleness(&Habit { stage: Stage::Core, ..HABIT }, late, 30), Staleness::Spared(Spared::Core));
        assert_eq!(staleness(&Habit { stage: Stage::Archived, ..HABIT }, late, 30), Staleness::Fine);
        for why in [Spared::Pinned, Spared::Waiting, Spared::Successor] {
            assert_eq!(staleness(&Habit { spared: Some(why), ..HABIT }, late, 30), Staleness::Spared(why));
        }
        assert_eq!(staleness(&Habit { spared: Some(Spared::Pinned), ..HABIT }, at(11), 30), Staleness::Fine);
    }
}
