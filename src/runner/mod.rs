//! One process from start to end.
//!
//! [`prepare`] turns "this version with this input" into exactly what will be started, or says why
//! not; [`start`] gives it to an actor: one thread that owns the child, feeds it, reads it, watches
//! its limits and waits for it. Output is not a message: bytes go to a [`Spool`] file and into a
//! bounded [`Tail`], and a counter tells that there is more, so that a flooding child costs nobody
//! memory. Every ending is a variant of `RunEnd`.
//!
//! What runs here is limited, not contained: the child has a session, a clean environment, limits
//! and no inherited files, but sees the user's files and the network; [`isolation`] says so. The
//! runner decides nothing (who may run what), stores nothing but the spool file, and copies no
//! versions: it is handed an immutable copy.

mod actor;
mod child;
mod ending;
mod grants;
mod interpreter;
mod limits;
mod probe;
mod processes;
mod request;
mod running;
mod sandbox;
mod spool;
mod success;
mod tail;
mod template;
mod terminal;
#[cfg(test)]
mod tests;

pub use grants::{Grants, WritePath};
pub use interpreter::{Interpreters, Who};
pub use probe::{Found, Interpreter, interpreters};
pub use processes::{kill_group, process_started, sweep};
pub use request::{Request, Spec, prepare};
pub use running::{Canceller, Hooks, Report, Running, Staged, StagedChange, start};
pub use sandbox::release_memory;
pub use spool::{Frame, Spool, SpoolBytes, SpoolError};
pub use tail::Tail;

use crate::domain::{Isolation, IsolationLevel, Profile};

/// The isolation that a run started here has, in words.
pub fn isolation(profile: Profile) -> Isolation {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let layers =
        ["process-group", "session", "rlimits", "watchdog", "closed-fds", "clean-env", "version-copy", "no-new-privs"];
    let mut missing = vec![
        "file view: it can read and write whatever its user can",
        "network: it can reach whatever its user can",
        "system calls: none is filtered",
        "processes: one that leaves its session and clears its environment outlives the run",
    ];
    if rustix::process::getuid().is_root() {
        missing.push("process limit: the kernel sets root none; they are counted ten times a second");
    }
    Isolation { level: IsolationLevel::LimitsOnly, profile, layers: words(&layers), missing: words(&missing) }
}
