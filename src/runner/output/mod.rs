//! What a run writes: without secrets, kept on disk, and its newest part in memory.

pub(super) mod cleaner;
pub(super) mod spool;
pub(super) mod tail;
