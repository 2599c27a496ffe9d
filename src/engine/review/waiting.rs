//! Waiting for a human, and the end of waiting.

use crate::domain::{Review, ReviewId, ReviewState};
use crate::engine::Reviews;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use std::time::{Duration, Instant as Clock};

/// How often the feed is asked whether it moved; the question costs microseconds.
const STEP: Duration = Duration::from_millis(150);

impl Reviews<'_> {
    /// Closes reviews whose time is over. Called before reviews are read, and by whoever watches.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn expire_due(&self) -> Result<(), EngineError> {
        // A look first: most of the time nothing is due, and a write would wake everybody who listens.
        if self.workspace.viewing().is_some() || self.workspace.read(|q| Ok(q.due_reviews(now())?))?.is_empty() {
            return Ok(());
        }
        self.workspace.transact(core::expire).map(drop)
    }

    /// Waits until a review does not wait any more, at most so long; gives it back as it stands then.
    ///
    /// Nothing is kept while it waits: cut off and asked again, it continues. Blocks the calling thread.
    ///
    /// # Errors
    /// `NotFound` when there is no such review; `Failed` when it says that it was decided and the log does not;
    /// `Internal` for errors of the store.
    pub fn wait_for_decision(&self, review: ReviewId, timeout: Option<Duration>) -> Result<Review, EngineError> {
        let give_up = timeout.and_then(|timeout| Clock::now().checked_add(timeout));
        let mut seen = None;
        let mut found = self.row(review)?;
        loop {
            let version = self.workspace.read(|q| Ok(q.data_version()?))?;
            if seen != Some(version) || found.is_due(now()) {
                seen = Some(version);
                self.expire_due()?;
                found = self.row(review)?;
            }
            if found.state != ReviewState::Waiting {
                return self.decided_by_log(found);
            }
            let left = give_up.map(|end| end.saturating_duration_since(Clock::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(found);
            }
            std::thread::park_timeout(left.map_or(STEP, |left| left.min(STEP)));
        }
    }

    /// A review whose decision the log confirms.
    ///
    /// # Errors
    /// `NotFound` when there is no such review; `Failed` when it says that it was decided and the log does not.
    pub(in crate::engine) fn sound(&self, review: ReviewId) -> Result<Review, EngineError> {
        self.decided_by_log(self.row(review)?)
    }

    /// The review, when what it says of itself is what the log says.
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
