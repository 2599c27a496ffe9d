//! What holds for this process alone: the session that it was called from, and the limits that it was started with.

use crate::domain::{CostTier, Selection};
use crate::engine::locks::Ranked;
use std::sync::OnceLock;

/// The limits in force.
#[derive(Debug, Default)]
pub(super) struct InForce {
    pub(super) cap: Option<CostTier>,
    pub(super) selection: Option<Selection>,
    pub(super) fence: Option<Selection>,
}

/// What holds for this process alone.
pub(in crate::engine) struct Session {
    /// The session it was called from; said once.
    pub(super) name: OnceLock<Option<String>>,
    /// What whoever started this process lets run.
    pub(super) limits: Ranked<InForce>,
}

impl Default for Session {
    fn default() -> Session {
        Session { name: OnceLock::new(), limits: Ranked::leaf(InForce::default()) }
    }
}
