//! Waiting for a decision, and expiry.

use crate::domain::{Review, ReviewId, ReviewState};
use crate::engine::Reviews;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use std::time::{Duration, Instant as Clock};

/// How often the feed is polled; this costs microseconds.
const STEP: Duration = Duration::from_millis(150);
/// Maximum time that a wait continues after the decision until the files are moved: a move that fails stays pending
/// until the next decision or start.
const MOVE_LIMIT: Duration = Duration::from_secs(10);

impl Reviews<'_> {
    /// Closes expired reviews. Called before reviews are read, and by the watcher.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn expire_due(&self) -> Result<(), EngineError> {
        // Reads first: usually nothing is due, and a write would wake all listeners.
        if self.workspace.viewing().is_some() || self.workspace.read(|q| Ok(q.due_reviews(now())?))?.is_empty() {
            return Ok(());
        }
        self.workspace.transact(core::expire).map(drop)
    }

    /// Waits until a review is no longer pending, at most for the timeout; returns its state then.
    ///
    /// A decision is recorded first and then moves the files. The wait includes the move (at most 10 s of it), because
    /// an approved tool may run only when it is in its new folder.
    ///
    /// Waiting has no state: it can be interrupted and called again. Blocks the calling thread.
    ///
    /// # Errors
    /// `NotFound` if there is no such review; `Failed` if it is recorded as decided and the log does not confirm it;
    /// `Internal` for errors of the store.
    pub fn wait_for_decision(&self, review: ReviewId, timeout: Option<Duration>) -> Result<Review, EngineError> {
        let give_up = timeout.and_then(|timeout| Clock::now().checked_add(timeout));
        let mut seen = None;
        let mut found = self.row(review)?;
        let mut moves_until = None;
        loop {
            let version = self.workspace.read(|q| Ok(q.data_version()?))?;
            if seen != Some(version) || found.is_due(now()) {
                seen = Some(version);
                self.expire_due()?;
                found = self.row(review)?;
            }
            let give_up = if found.state == ReviewState::Waiting {
                give_up
            } else {
                let until = *moves_until.get_or_insert_with(|| Clock::now() + MOVE_LIMIT);
                let give_up = give_up.map_or(until, |end| end.min(until));
                if Clock::now() >= give_up || !self.is_moving(&found)? {
                    return self.decided_by_log(found);
                }
                Some(give_up)
            };
            let left = give_up.map(|end| end.saturating_duration_since(Clock::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(found);
            }
            std::thread::park_timeout(left.map_or(STEP, |left| left.min(STEP)));
        }
    }

    /// Whether files that a decision about this review moves have not arrived yet.
    fn is_moving(&self, review: &Review) -> Result<bool, EngineError> {
        let pending = self.workspace.read(|q| Ok(q.intents()?))?;
        Ok(pending.iter().any(|intent| review.decisions.iter().any(|decision| decision.operation == intent.operation)))
    }

    /// A review whose decision the log confirms.
    ///
    /// # Errors
    /// `NotFound` if there is no such review; `Failed` if it is recorded as decided and the log does not confirm it.
    pub(in crate::engine) fn sound(&self, review: ReviewId) -> Result<Review, EngineError> {
        self.decided_by_log(self.row(review)?)
    }

    /// The review, if the log confirms its state.
    fn decided_by_log(&self, review: Review) -> Result<Review, EngineError> {
        match self.workspace.read(|q| Ok(core::fault_of_state(q, &review)?))? {
            None => Ok(review),
            Some(fault) => {
                let hint = "a human must check it: `toolsmith verify` lists all mismatches";
                Err(EngineError::new(ErrorCode::Failed, fault, hint))
            }
        }
    }
}
