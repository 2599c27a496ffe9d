//! Many starts of one version behind the same sandbox layers, for the checks: trials, not runs.
//!
//! A trial is like a run (the same sandbox layers, limits, environment and success rule) but without its record: no
//! row, no spool file, no failure history. All processes and files of a trial are removed before the next one starts.

mod batch;
#[cfg(test)]
mod tests;

pub use batch::{Batch, prepare_batch};
