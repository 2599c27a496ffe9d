//! The result of a run: how it ended, whether it succeeded, what changed on disk, and the report.

pub(super) mod difference;
pub(super) mod ending;
pub(super) mod report;
mod stated;
pub(super) mod success;
pub(super) mod violations;
