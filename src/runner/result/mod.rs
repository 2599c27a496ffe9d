//! The result of a run: how it ended, whether that is a success, what differs on disk, and the report of all of it.

pub(super) mod difference;
pub(super) mod ending;
pub(super) mod report;
mod stated;
pub(super) mod success;
pub(super) mod violations;
