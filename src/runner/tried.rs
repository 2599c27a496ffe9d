//! How trials are made, and what comes of one: on this machine and on a worker.

use super::sample::SampleFile;
use crate::domain::{Observation, RunEnd};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How trials are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pace {
    /// Each is a start of the program, and an observer watches it.
    Watched,
    /// Each is a start of the program, nobody watches.
    Plain,
    /// As many as possible: where the program is a Python script, each is a copy of one interpreter that is ready
    /// to begin with it. What is found so should be found again by a plain start before it is believed.
    Quick,
}

/// The result of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// How it ended, judged as a run is. One that never started says why.
    pub end: RunEnd,
    /// What it wrote to standard output, as far as it is kept: at most the limit of a run.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, as far as it is kept.
    pub stderr: Vec<u8>,
    /// The first files that it left in its working folder, each with the beginning of its text; without those that it was
    /// given and did not change.
    pub left: Vec<SampleFile>,
    /// From its start, its sandbox layers included, to the end of its process.
    pub took: Duration,
    /// Processor time in milliseconds, of its waited-for children too.
    pub cpu_ms: u64,
    /// The largest resident set of one of its processes, in bytes.
    pub peak_memory_bytes: u64,
    /// What it was seen to do, for [`Pace::Watched`]; else an observation that is off.
    pub observation: Observation,
}

impl Tried {
    /// A trial that never started, and why.
    pub fn unstarted(end: RunEnd) -> Tried {
        Tried {
            end,
            stdout: Vec::new(),
            stderr: Vec::new(),
            left: Vec::new(),
            took: Duration::ZERO,
            cpu_ms: 0,
            peak_memory_bytes: 0,
            observation: Observation::off("it never started"),
        }
    }
}
