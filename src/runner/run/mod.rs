//! A run in progress: its child process, the thread that supervises it, and the handle for its caller.

pub(super) mod actor;
pub(super) mod baseline;
pub(super) mod child;
pub(super) mod job;
mod leftovers;
pub(super) mod running;
pub(super) mod serving;
pub(super) mod task;
