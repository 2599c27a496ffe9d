//! The runs of this process that have not ended.

use crate::domain::{Caller, RunId};
use crate::engine::locks::{Rank, Ranked};
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
