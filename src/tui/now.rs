//! The current time, as passed to the state of the screen.

use crate::domain::Instant;

/// The arrival time of a message, on two clocks. The loop reads the clocks; the state never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For ages: calendar time.
    pub wall: Instant,
    /// For silence and deadlines: milliseconds of a clock that never goes back.
    pub steady_ms: u64,
}
