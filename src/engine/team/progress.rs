//! Progress of verifying the signatures of an exchange. A waiting user sees it, and can stop it.

use super::Teams;
use crate::engine::error::{EngineError, ErrorCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The current exchange of this process, of which there is at most one.
#[derive(Debug, Default)]
pub(in crate::engine) struct Verifying {
    done: AtomicUsize,
    total: AtomicUsize,
    is_stopping: AtomicBool,
}

/// Exists as long as an exchange is in progress.
pub(super) struct Exchange<'v>(&'v Verifying);

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.0.total.store(0, Ordering::SeqCst);
        self.0.done.store(0, Ordering::SeqCst);
        self.0.is_stopping.store(false, Ordering::SeqCst);
    }
}

/// Progress of the verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// Number of verified files.
    pub done: usize,
    /// Number of all files.
    pub total: usize,
}

impl std::fmt::Display for VerifyProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::domain::grouped;
        write!(f, "verified {} of {}", grouped(self.done), grouped(self.total))
    }
}

impl Verifying {
    /// Begins an exchange, which ends when the result is dropped.
    pub(super) fn begin(&self) -> Exchange<'_> {
        Exchange(self)
    }

    /// Sets the number of waiting files, in addition to the verified ones.
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

    /// The message for a user who stopped it.
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
    /// The progress of the current verification in this process; `None` if there is none.
    pub fn progress(&self) -> Option<VerifyProgress> {
        self.verifying.progress()
    }

    /// Asks an exchange to stop before the next file. Returns `false` if no verification is in progress.
    pub fn stop_verifying(&self) -> bool {
        let is_going = self.verifying.progress().is_some();
        if is_going {
            self.verifying.is_stopping.store(true, Ordering::SeqCst);
        }
        is_going
    }
}
