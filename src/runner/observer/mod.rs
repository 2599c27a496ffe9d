//! What a run attempts, as reported by the kernel: system calls of the tool wait at the listener of its filter until
//! they are answered here.
//!
//! The observer **reports**; it enforces nothing. The data behind a pointer argument is read from the tool's memory,
//! and a second thread can change it between our read and the kernel's read: such a tool can make the report name one
//! file while another is opened (measured: 509 to 681 of 3,000 opens). Therefore, calls that name files and programs
//! are always let through, and the sandbox layers decide. Calls are refused here only by their number and scalar
//! arguments. There is one exception, see [`network`]: unix sockets with an open network.
//!
//! Work and memory are bounded: each call reads at most a few pages, attempts are counted by kind and target with a
//! limit for each kind, and [`Observer::serve`] returns after a few milliseconds even if more calls wait. If the
//! process that runs the observer dies, the kernel answers ENOSYS: a run fails closed.
//!
//! It does not report what the bare interpreter also does: system folders are silent, and [`Policy::baseline`] contains
//! the rest. It does not decide what is normal for a tool; the envelope does.

mod answer;
mod code;
mod dns;
mod files;
mod finding;
mod judge;
#[cfg(test)]
mod live_tests;
mod loaded;
mod log;
mod memory;
mod network;
mod paths;
mod process;
mod server;
#[cfg(test)]
mod tests;

use super::sandbox::{Listener, Notification};
use crate::domain::{self, Attempt, IsolationLevel, Network, Observation, Touch, generalise};
pub(super) use code::{is_code_name, is_interpreter};
use judge::{Judge, RunObservation};
pub(super) use network::name_servers;
use process::Processes;
use serde::{Deserialize, Serialize};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The time for one call of [`Observer::serve`]: its caller also checks limits, a few times a second.
const TURN: Duration = Duration::from_millis(5);

/// How many system calls are answered between two checks of the clock.
const BETWEEN_LOOKS: u32 = 16;

/// What the observer needs to know about a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Policy {
    /// The level that was verified.
    pub(super) level: IsolationLevel,
    /// The addresses it may reach.
    pub(super) network: Network,
    /// Folders of the interpreter: reading below them, and programs of them that do not exist, are noise. System files
    /// that every run may read are known separately.
    pub(super) silent: Vec<PathBuf>,
    /// Folders with the words that stand for them: `{tool}`, `{scratch}`, `{workspace}`, `~`. A folder may
    /// have several lines (its link and its real path); the longest folder counts.
    pub(super) names: Vec<(PathBuf, String)>,
    /// Declared paths that it may read, as the tool names them.
    pub(super) read: Vec<PathBuf>,
    /// Declared paths that it may read and write, as the tool names them.
    pub(super) write: Vec<PathBuf>,
    /// The name servers of the machine, other than those on the loopback.
    pub(super) name_servers: Vec<IpAddr>,
    /// Whether the first program is our launcher, which starts the program of the tool.
    pub(super) has_launcher: bool,
    /// What the bare interpreter does: see [`baseline_from`].
    pub(super) baseline: Vec<(Touch, String)>,
}

/// What is left to do after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// No call is waiting: wait for the listener.
    Idle,
    /// More calls may be waiting: call again soon.
    Busy,
    /// No process is left that could make a call.
    Over,
}

/// The observer of one run.
#[derive(Debug)]
pub(super) struct Observer {
    judge: Judge,
    processes: Processes,
    broken: Option<String>,
}

impl Observer {
    /// A new observer.
    pub(super) fn new(policy: Policy) -> Observer {
        Observer { judge: Judge::new(policy), processes: Processes::default(), broken: None }
    }

    /// Answers the calls that wait, for a few milliseconds at most; never blocks.
    ///
    /// # Errors
    /// The kernel's error when the listener no longer works. The observation then says that it is incomplete.
    pub(super) fn serve(&mut self, listener: &Listener) -> io::Result<Served> {
        let end = Instant::now() + TURN;
        loop {
            for _ in 0..BETWEEN_LOOKS {
                match listener.receive() {
                    Ok(Some(call)) => self.answer(listener, &call)?,
                    Ok(None) => return Ok(Served::Idle),
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Served::Over),
                    Err(error) => return Err(self.broke(error)),
                }
            }
            if Instant::now() >= end {
                return Ok(Served::Busy);
            }
        }
    }

    /// The observation, without changes on disk, which are collected elsewhere. `observer` is off when the listener
    /// broke, or when not even the start of the program was seen.
    pub(super) fn finish(self) -> Observation {
        let observer = match (self.broken, self.judge.has_started()) {
            (Some(reason), _) => domain::Observer::Off(reason),
            (None, true) => domain::Observer::On,
            (None, false) => domain::Observer::Off("it did not observe the program start".to_owned()),
        };
        let RunObservation { attempts, attempts_cut, loaded, loaded_cut } = self.judge.finish();
        Observation { observer, attempts, attempts_cut, loaded, loaded_cut, ..Observation::off("") }
    }

    fn answer(&mut self, listener: &Listener, call: &Notification) -> io::Result<()> {
        let (verdict, found) = self.judge.judge(call, &mut self.processes);
        // Read from the right process? When it was killed meanwhile, its number may be another's now.
        if !found.is_empty() && listener.still_valid(call.id) {
            self.judge.take(found);
        }
        listener.answer(call.id, verdict).map_err(|error| self.broke(error))
    }

    fn broke(&mut self, error: io::Error) -> io::Error {
        self.broken = Some(format!("it stopped before the run ended: {error}"));
        error
    }
}

/// The baseline that the attempts of an empty script make: the same without arguments of programs,
/// numbers and made-up names.
pub(super) fn baseline_from(attempts: &[Attempt]) -> Vec<(Touch, String)> {
    let mut baseline: Vec<(Touch, String)> =
        attempts.iter().map(|attempt| (attempt.touch, generalise(attempt.touch, &attempt.target))).collect();
    baseline.sort();
    baseline.dedup();
    baseline
}
