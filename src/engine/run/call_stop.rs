//! The end of the answers to a tool that calls others: told by its run, looked at by whoever answers.

use crate::domain::RunId;
use crate::engine::Engine;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// Ends the answers of a run, and the runs that it waits for.
#[derive(Default)]
pub(super) struct CallStop {
    is_over: AtomicBool,
    children: Mutex<BTreeSet<RunId>>,
    /// Who answers.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl CallStop {
    /// The run is over: nothing is answered any more. Stops the runs that it waits for, and waits for their end.
    pub(super) fn end(&self, engine: &Engine) {
        self.is_over.store(true, Ordering::Release);
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for child in children {
            engine.runs().cancel_live(child);
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // One that panicked answers nothing any more, which is all that is wanted.
            let _ = thread.join();
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(super) fn is_answered_by(&self, thread: JoinHandle<()>) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    pub(super) fn waits_for(&self, child: RunId) {
        self.children.lock().unwrap_or_else(PoisonError::into_inner).insert(child);
    }

    pub(super) fn waited_for(&self, child: RunId) {
        self.children.lock().unwrap_or_else(PoisonError::into_inner).remove(&child);
    }
}
