//! How far the signatures of an exchange are verified: whoever waits for it sees that, and may stop it.

use super::Teams;
use crate::engine::error::{EngineError, ErrorCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The exchange of this process that continues. There is at most one.
#[derive(Debug, Default)]
pub(in crate::engine) struct Verifying {
    done: AtomicUsize,
    total: AtomicUsize,
    is_stopping: AtomicBool,
}

/// As long as an exchange continues.
pub(super) struct Exchange<'v>(&'v Verifying);

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.0.total.store(0, Ordering::SeqCst);
        self.0.done.store(0, Ordering::SeqCst);
        self.0.is_stopping.store(false, Ordering::SeqCst);
    }
}

/// Where verifying is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// How many files were looked at.
    pub done: usize,
    /// How many came.
    pub total: usize,
}

impl std::fmt::Display for VerifyProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::domain::grouped;
        write!(f, "verified {} of {}", grouped(self.done), grouped(self.total))
    }
}

impl Verifying {
    /// An exchange begins; it is over when what is returned is dropped.
    pub(super) fn begin(&self) -> Exchange<'_> {
        Exchange(self)
    }

    /// This many files wait besides those that were looked at.
    pub(super) fn expect(&self, more: usize) {
        self.total.store(self.done.load(Ordering::SeqCst) + more, Ordering::SeqCst);
    }

    pub(super) fn step(&self) {
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    fn progress(&self) -> Option<VerifyProgress> {
        let (done, total) = (self.done.load(Ordering::SeqCst), self.total.load(Ordering::SeqCst));
        (done < total).then_some(VerifyProgress { done, total })
    }

    /// What somebody who stopped it is told.
    pub(super) fn stopped(&self, is_kept: bool) -> EngineError {
        let (done, total) = (self.done.load(Ordering::SeqCst), self.total.load(Ordering::SeqCst));
        let progress = VerifyProgress { done, total };
        let (what, hint) = if is_kept {
            ("these are kept", "run `toolsmith sync` again: it goes on from here")
        } else {
            ("nothing was kept", "run it again: it starts over")
        };
        EngineError::new(ErrorCode::Failed, format!("stopped: {progress} files, {what}"), hint)
    }
}

impl Teams<'_> {
    /// How many files are verified, while an exchange of this process verifies them.
    pub fn progress(&self) -> Option<VerifyProgress> {
        self.verifying.progress()
    }

    /// Lets an exchange end between two files. Returns whether one verifies files now; else there is nothing to stop.
    pub fn stop_verifying(&self) -> bool {
        let is_going = self.verifying.progress().is_some();
        if is_going {
            self.verifying.is_stopping.store(true, Ordering::SeqCst);
        }
        is_going
    }
}
