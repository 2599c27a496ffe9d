//! Signals the end of a run to the thread that serves its calls of other tools.

use crate::domain::RunId;
use crate::engine::Engine;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

/// Stops serving the calls of a run, and the runs that it waits for.
#[derive(Default)]
pub(super) struct CallStop {
    is_over: AtomicBool,
    children: Mutex<BTreeSet<RunId>>,
    /// The thread that serves the calls.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl CallStop {
    /// Ends serving because the run is over. Cancels the runs that it waits for, and waits for the thread.
    pub(super) fn end(&self, engine: &Engine) {
        self.is_over.store(true, Ordering::Release);
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for child in children {
            engine.runs().cancel_live(child);
        }
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has ended too, which is all that matters.
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
