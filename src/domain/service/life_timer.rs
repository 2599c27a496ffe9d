//! How long an instance waits in its state, by a clock that nobody sets.
//!
//! The life of an instance is stored with times of the wall clock, which people and programs set. So the keeper takes
//! the length of a wait from there once, when the wait begins or the keeper itself, and counts it by a steady clock.

use super::super::time::Instant;
use super::lifecycle::{InstanceState, LifeEvent, LifeRules, Lifecycle};

/// The wait of an instance in its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifeTimer {
    wait: Option<Wait>,
    /// When it is over, milliseconds of the steady clock; `None` when that was told.
    due_ms: Option<i64>,
}

/// What tells one wait from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    state: InstanceState,
    incarnation: u64,
    until: Instant,
}

impl LifeTimer {
    /// Follows the life of the instance: begins to count where a new wait began. `wall` is the wall clock and
    /// `steady_ms` the steady one, both now. However the wall clock was set, a wait takes no longer than its rule says.
    pub fn follow(&mut self, life: &Lifecycle, rules: &LifeRules, wall: Instant, steady_ms: i64) {
        let Some((until, longest)) = life.wait(rules) else {
            *self = LifeTimer::default();
            return;
        };
        let wait = Wait { state: life.state, incarnation: life.incarnation, until };
        if self.wait != Some(wait) {
            let left = until.0.saturating_sub(wall.0).clamp(0, longest.max(0));
            *self = LifeTimer { wait: Some(wait), due_ms: Some(steady_ms.saturating_add(left)) };
        }
    }

    /// When the wait is over, milliseconds of the steady clock; `None` when there is none.
    pub fn due_ms(&self) -> Option<i64> {
        self.due_ms
    }

    /// Tells once that the wait is over.
    pub fn take_due(&mut self, steady_ms: i64) -> Option<LifeEvent> {
        self.due_ms.take_if(|due| *due <= steady_ms)?;
        self.wait.map(|wait| LifeEvent::WaitOver { state: wait.state, incarnation: wait.incarnation })
    }
}
