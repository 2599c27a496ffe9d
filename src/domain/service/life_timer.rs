//! How long an instance stays in its state, measured by a steady clock.
//!
//! The life of an instance is stored with wall-clock times, and the wall clock can be set. So the keeper reads the
//! length of a wait from there once, when the wait or the keeper begins, and measures it with a steady clock.

use super::super::time::Instant;
use super::lifecycle::{InstanceState, LifeEvent, LifeRules, Lifecycle};

/// The wait of an instance in its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifeTimer {
    wait: Option<Wait>,
    /// When it ends, in milliseconds of the steady clock; `None` once that was reported.
    due_ms: Option<i64>,
}

/// The identity of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait {
    state: InstanceState,
    incarnation: u64,
    until: Instant,
}

impl LifeTimer {
    /// Follows the life of the instance, and starts measuring when a new wait began. `wall` and `steady_ms` are the
    /// present times of both clocks. However the wall clock is set, a wait is never longer than its rule states.
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

    /// When the wait ends, in milliseconds of the steady clock; `None` if there is none.
    pub fn due_ms(&self) -> Option<i64> {
        self.due_ms
    }

    /// Reports once that the wait has ended.
    pub fn take_due(&mut self, steady_ms: i64) -> Option<LifeEvent> {
        self.due_ms.take_if(|due| *due <= steady_ms)?;
        self.wait.map(|wait| LifeEvent::WaitOver { state: wait.state, incarnation: wait.incarnation })
    }
}
