//! How trials are made, and their results, on this machine and on a worker.

use super::sample::SampleFile;
use crate::domain::{Observation, RunEnd};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How trials are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Pace {
    /// Each trial starts the program, with an observer.
    Watched,
    /// Each trial starts the program, without an observer.
    Plain,
    /// As many as possible: for a Python script, each trial is a fork of one waiting interpreter. Findings should be
    /// confirmed by a plain start.
    Quick,
}

/// The result of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// How it ended, evaluated as for a run. For a trial that never started, the reason.
    pub end: RunEnd,
    /// Its standard output, at most the limit of a run.
    pub stdout: Vec<u8>,
    /// Its standard error, as far as it is kept.
    pub stderr: Vec<u8>,
    /// The first files that it left in its working folder, each with the beginning of its text; without unchanged input
    /// files.
    pub left: Vec<SampleFile>,
    /// From its start, including its sandbox layers, to the end of its process.
    pub took: Duration,
    /// Processor time in milliseconds, including waited-for children.
    pub cpu_ms: u64,
    /// The largest resident set of any of its processes, in bytes.
    pub peak_memory_bytes: u64,
    /// The observed behaviour, for [`Pace::Watched`]; otherwise an observation that is off.
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
