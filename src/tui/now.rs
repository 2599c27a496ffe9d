//! The present time, as passed to the state of the screen.

use crate::domain::Instant;

/// The time a message arrived, on two clocks. The loop reads them; the state never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// For ages: the calendar.
    pub wall: Instant,
    /// For silence and deadlines: milliseconds that only grow.
    pub steady_ms: u64,
}
