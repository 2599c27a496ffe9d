//! The runs of this process that have not ended.

use super::Runs;
use crate::domain::{Caller, RunId};
use crate::engine::locks::{Rank, Ranked, lock};
use crate::runner;
use std::collections::HashMap;

/// A run of this process that has not ended.
pub(super) struct Live {
    pub(super) cancel: runner::Canceller,
    /// Who started it.
    pub(super) who: Caller,
}

/// The runs of this process.
pub(in crate::engine) struct LiveRuns {
    /// Those that have not ended.
    pub(super) live: Ranked<HashMap<RunId, Live>>,
    /// Whether the thread that renews their leases is there.
    pub(super) keeper: Ranked<bool>,
}

impl Default for LiveRuns {
    fn default() -> LiveRuns {
        LiveRuns { live: Ranked::new(Rank::Live, HashMap::new()), keeper: Ranked::new(Rank::Keeper, false) }
    }
}

impl Runs<'_> {
    /// Stops a run of this process; `false` when it has none of that number.
    pub(in crate::engine) fn cancel_live(&self, run: RunId) -> bool {
        match lock(&self.state.live).get(&run) {
            Some(live) => {
                live.cancel.cancel();
                true
            }
            None => false,
        }
    }

    /// Stops every run of this process, for a front end that leaves.
    pub fn cancel_all(&self) {
        for live in lock(&self.state.live).values() {
            live.cancel.cancel();
        }
    }

    /// Whether runs that an agent started in this process continue.
    pub fn has_live_of(&self, caller: &Caller) -> bool {
        lock(&self.state.live).values().any(|live| live.who == *caller)
    }

    /// Stops the runs that an agent started in this process, at once or after the time that they have to clean up.
    /// Returns whether there are any.
    pub fn end_all_of(&self, caller: &Caller, at_once: bool) -> bool {
        let live = lock(&self.state.live);
        let theirs = live.values().filter(|live| live.who == *caller);
        theirs.fold(false, |_, live| {
            if at_once {
                live.cancel.kill();
            } else {
                live.cancel.cancel();
            }
            true
        })
    }

    /// Numbers of the runs of this process that have not ended.
    pub fn live(&self) -> Vec<RunId> {
        let mut runs: Vec<RunId> = lock(&self.state.live).keys().copied().collect();
        runs.sort();
        runs
    }
}
