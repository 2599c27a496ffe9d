//! State of this process only: the session that it was called from, and the limits that it was started with.

use crate::domain::{CostTier, Selection};
use crate::engine::locks::Ranked;
use std::sync::OnceLock;

/// The session that this process was called from; set once.
#[derive(Default)]
pub(in crate::engine) struct SessionName(pub(super) OnceLock<Option<String>>);

/// The limits in force.
#[derive(Debug, Default)]
pub(super) struct InForce {
    pub(super) cap: Option<CostTier>,
    pub(super) selection: Option<Selection>,
    pub(super) fence: Option<Selection>,
}

/// The limits on what this process may run.
pub(in crate::engine) struct Limited(pub(super) Ranked<InForce>);

impl Default for Limited {
    fn default() -> Limited {
        Limited(Ranked::leaf(InForce::default()))
    }
}
