//! Many starts of one version behind the same sandbox layers, for the checks: trials, not runs.
//!
//! A trial is what a run is (the same sandbox layers, limits, environment and judgement) without its record: no row, no
//! spool file, no failure history. What a trial leaves, processes and files, is gone before the next one starts.

mod batch;
#[cfg(test)]
mod tests;

pub use batch::{Batch, prepare_batch};
