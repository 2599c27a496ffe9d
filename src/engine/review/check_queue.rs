//! Pending checks of this process.

use crate::domain::{ReviewId, Tool};
use crate::engine::locks::{Rank, Ranked};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// The two workers that run checks, while there are any.
pub(super) struct Lanes {
    pub(super) asked: Sender<()>,
    pub(super) background: Sender<()>,
}

/// Pending checks.
pub(in crate::engine) struct CheckQueue {
    /// Tools whose checks were requested again, each with its worker.
    pub(super) recheck: Ranked<VecDeque<(Arc<Tool>, Option<String>)>>,
    /// The open review, whose checks have priority.
    pub(super) looked_at: Ranked<Option<ReviewId>>,
    /// Wakes the workers that run checks, while there are any.
    pub(super) lanes: Ranked<Option<Lanes>>,
    /// Held while the next checks are chosen.
    pub(super) picking: Ranked<()>,
}

impl Default for CheckQueue {
    fn default() -> CheckQueue {
        CheckQueue {
            recheck: Ranked::new(Rank::Recheck, VecDeque::new()),
            looked_at: Ranked::leaf(None),
            lanes: Ranked::leaf(None),
            picking: Ranked::new(Rank::Picking, ()),
        }
    }
}
