//! Evolutions that this process runs.

use crate::domain::EvolutionId;
use crate::engine::locks::Ranked;
use crate::evolve::course::LaneId;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// An evolution that this process runs.
#[derive(Debug, Default)]
pub(super) struct LiveEvolution {
    pub(super) stop: AtomicBool,
    /// What generators have written so far, by answer.
    pub(super) texts: Mutex<BTreeMap<LaneId, String>>,
}

/// The evolutions that this process runs.
pub(in crate::engine) struct LiveEvolutions {
    pub(super) by_id: Ranked<HashMap<EvolutionId, Arc<LiveEvolution>>>,
}

impl Default for LiveEvolutions {
    fn default() -> LiveEvolutions {
        LiveEvolutions { by_id: Ranked::leaf(HashMap::new()) }
    }
}
