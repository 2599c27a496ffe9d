//! What this process remembers of the checks that are to be made.

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

/// The checks that are to be made.
pub(in crate::engine) struct CheckQueue {
    /// Tools whose checks somebody wants made again, each with the worker on which.
    pub(super) recheck: Ranked<VecDeque<(Arc<Tool>, Option<String>)>>,
    /// The review that somebody has open: its checks go first.
    pub(super) looked_at: Ranked<Option<ReviewId>>,
    /// Wakes the workers that run checks, while there are any.
    pub(super) lanes: Ranked<Option<Lanes>>,
    /// Held while it is decided whose checks come next.
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
