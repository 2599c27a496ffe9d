//! Counts what a client asks for within a minute.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

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
        let mut limit = CallLimit::new(60);
        for at in 0..60 {
            assert_eq!(limit.admit(start + Duration::from_millis(at * 100)), Ok(()));
        }
        assert_eq!(limit.admit(start + Duration::from_secs(20)), Err(41));
        // What was refused does not count.
        assert_eq!(limit.admit(start + Duration::from_mins(1)), Ok(()));
        assert_eq!(limit.admit(start + Duration::from_mins(1)), Err(1));
    }
}
