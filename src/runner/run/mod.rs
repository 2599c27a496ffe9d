//! One run under way: its child process, the thread that follows it, and the handle of whoever started it.

pub(super) mod actor;
pub(super) mod baseline;
pub(super) mod child;
pub(super) mod job;
mod leftovers;
pub(super) mod running;
pub(super) mod serving;
pub(super) mod task;
