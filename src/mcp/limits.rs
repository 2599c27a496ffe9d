//! How much a client may ask for: calls and requests in a minute, and runs at once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Calls that a client may make in a minute.
pub(super) const CALLS_PER_MINUTE: usize = 60;
/// Calls of a client that may wait for a human or for output at the same time.
pub(super) const WAITS_AT_ONCE: usize = 16;
/// HTTP requests that an agent may send in a minute: calls, their streams, and what belongs to a session.
#[cfg(feature = "mcp-http")]
pub(super) const REQUESTS_PER_MINUTE: usize = 600;
/// Runs of a client that may go on at the same time.
pub(super) const RUNS_AT_ONCE: usize = 8;

const MINUTE: Duration = Duration::from_mins(1);

/// The calls of the last minute.
#[derive(Debug)]
pub(super) struct CallLimit {
    most: usize,
    calls: VecDeque<Instant>,
}

impl CallLimit {
    /// Admits at most this many calls in a minute.
    pub(super) fn new(most: usize) -> CallLimit {
        CallLimit { most, calls: VecDeque::new() }
    }

    /// Counts a call, unless there were too many.
    ///
    /// # Errors
    /// After how many seconds the next one is taken, at least 1.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), u64> {
        while self.calls.front().is_some_and(|call| now.duration_since(*call) >= MINUTE) {
            self.calls.pop_front();
        }
        match self.calls.front() {
            Some(oldest) if self.calls.len() >= self.most => {
                Err(MINUTE.saturating_sub(now.duration_since(*oldest)).as_secs() + 1)
            }
            _ => {
                self.calls.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_calls_than_allowed_wait_until_the_oldest_is_a_minute_old() {
        let start = Instant::now();
        let mut limit = CallLimit::new(CALLS_PER_MINUTE);
        for at in 0..CALLS_PER_MINUTE as u64 {
            assert_eq!(limit.admit(start + Duration::from_millis(at * 100)), Ok(()));
        }
        assert_eq!(limit.admit(start + Duration::from_secs(20)), Err(41));
        // What was refused does not count.
        assert_eq!(limit.admit(start + Duration::from_mins(1)), Ok(()));
        assert_eq!(limit.admit(start + Duration::from_mins(1)), Err(1));
    }
}
