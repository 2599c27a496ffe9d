//! The output of a run: secrets are redacted, all of it is stored on disk, and the newest part is in memory.

pub(super) mod cleaner;
pub(super) mod spool;
pub(super) mod tail;
