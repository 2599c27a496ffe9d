//! What a run tries, told by the kernel: calls of the tool wait at the listener of its filter until
//! they are answered here.
//!
//! The observer **reports**; it enforces nothing. What a pointer of a call points to is read from the tool's
//! memory, and a second thread can change it between the look here and the look of the kernel: such a
//! tool makes the report say one name while another is opened (measured: 509 to 681 of 3,000 opens).
//! So files and programs are always let through and the sandbox layers decide, and what is refused here is
//! refused by the number of the call and by scalar arguments alone. One exception is named at
//! [`network`]: unix sockets beside an open network.
//!
//! Work and memory are bounded: a call reads a few pages at most, attempts are counted by what and
//! target with a cap for each kind, and [`Observer::serve`] returns after a few milliseconds however
//! much still waits. When whoever runs this dies, the kernel answers ENOSYS: a run fails closed.
//!
//! It does not say what the bare interpreter does too: system folders are silent, and the
//! [`Policy::baseline`] holds the rest. It decides nothing about what is normal for a tool; the
//! envelope does.

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

/// One turn of [`Observer::serve`]: whoever calls it also watches limits, a few times a second.
const TURN: Duration = Duration::from_millis(5);

/// How many calls are answered between two looks at the clock.
const BETWEEN_LOOKS: u32 = 16;

/// What the observer has to know of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Policy {
    /// The level that was verified.
    pub(super) level: IsolationLevel,
    /// The addresses it may reach.
    pub(super) network: Network,
    /// Folders of the interpreter: reading below them, and programs of them that do not exist, are noise.
    /// What every run may read of the system is known here.
    pub(super) silent: Vec<PathBuf>,
    /// Folders with the words that stand for them: `{tool}`, `{scratch}`, `{workspace}`, `~`. A folder may
    /// have several lines (its link and its real path); the longest folder counts.
    pub(super) names: Vec<(PathBuf, String)>,
    /// Declared paths that it may read, as the tool names them.
    pub(super) read: Vec<PathBuf>,
    /// Declared paths that it may read and write, as the tool names them.
    pub(super) write: Vec<PathBuf>,
    /// The name servers of the machine, beside those on the loopback.
    pub(super) name_servers: Vec<IpAddr>,
    /// Whether the first program is one of ours that starts the program of the tool.
    pub(super) has_launcher: bool,
    /// What the bare interpreter does: see [`baseline_from`].
    pub(super) baseline: Vec<(Touch, String)>,
}

/// What is left to do after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// Nothing waits: wait for the listener.
    Idle,
    /// More may wait: call again soon.
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
    /// An observer that has seen nothing yet.
    pub(super) fn new(policy: Policy) -> Observer {
        Observer { judge: Judge::new(policy), processes: Processes::default(), broken: None }
    }

    /// Answers the calls that wait, for a few milliseconds at most; never blocks.
    ///
    /// # Errors
    /// What the kernel says when the listener no longer works. The observation then says that it is
    /// incomplete.
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

    /// What was seen, without differences on disk, which somebody else knows. `observer` is off when
    /// the listener broke, or when not even the start of the program was seen.
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
