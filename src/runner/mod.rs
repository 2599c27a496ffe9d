//! One process from start to end.
//!
//! [`prepare`] turns "this version with this input" into exactly what will be started, or says why
//! not; [`start`] gives it to an actor: one thread that owns the child, feeds it, reads it, watches
//! its limits and waits for it. Output is not a message: bytes go to a [`Spool`] file and into a
//! bounded [`Tail`], and a counter tells that there is more, so that a flooding child costs nobody
//! memory. Every ending is a variant of `RunEnd`.
//!
//! A run is contained as well as the [`Machine`] allows: behind bubblewrap and the walls that the tool's own
//! process raises (`isolated`), behind the walls alone (`confined`), or by limits only. What it really had is
//! verified in that process and reported; below the least level nothing starts. The
//! runner decides nothing (who may run what), stores nothing but the spool file, and copies no
//! versions: it is handed an immutable copy.

mod actor;
mod baseline;
mod caller;
mod child;
mod cleaner;
mod clear;
mod conversation;
mod dependencies;
mod detached;
mod difference;
mod ending;
mod fetch;
mod given;
mod grants;
mod group;
mod interpreter;
mod job;
mod limits;
mod machine;
mod observer;
mod overlay;
mod poll;
mod prepare;
mod probe;
mod processes;
mod proven;
mod reading;
mod report;
mod request;
mod roles;
mod running;
mod sandbox;
mod signature;
mod spec;
mod spool;
mod starter;
mod starts;
mod success;
mod supervisor;
mod tail;
mod template;
mod terminal;
#[cfg(test)]
mod tests;
mod trials;
mod usage;
mod violations;

pub use baseline::Baselines;
pub use caller::{AGENT_VARIABLE, FoundAgent, find_agent, is_left_behind};
pub use clear::clear;
pub use conversation::{ERROR_TAIL, Talk, TalkEnd, Talked, converse};
pub use dependencies::{Need, interpreter_of, missing};
pub use detached::detach;
pub use fetch::{Agreement, fetch, unfetched};
pub use given::{Given, ask_for_secret};
pub use grants::{Grants, WritePath};
pub use interpreter::{Interpreters, Sources, Who};
pub use job::Hooks;
pub use limits::usual_wall;
pub use machine::{Bubblewrap, LayerFact, Machine};
pub use overlay::discard;
pub use prepare::prepare;
pub use probe::{Found, Interpreter, interpreters};
pub use processes::{kill_group, process_started, stop_with_group, sweep};
pub use reading::{Answered, Reading, read_with};
pub use report::{Report, Staged, StagedChange};
pub use request::Request;
pub use roles::play_role;
pub use running::{Canceller, Running, start};
pub use sandbox::release_memory;
pub use signature::{NAMESPACE, can_sign, needs_touch, sign, verify as verify_signature};
pub use spec::Spec;
pub use spool::{Frame, Spool, SpoolBytes, SpoolError};
pub use tail::Tail;
pub use trials::{Batch, Pace, Tried, prepare_batch};
pub use usage::measure_reading;

use crate::domain::{Isolation, IsolationLevel, Profile};

/// The isolation of a run that has not started: what is done for each before it does.
pub fn isolation(profile: Profile) -> Isolation {
    let layers = ["session", "watchdog", "clean-env", "version-copy"].map(str::to_owned).to_vec();
    Isolation { level: IsolationLevel::None, profile, layers, missing: Vec::new() }
}

/// Lets everybody else have the processor first, from now on, for the calling thread and what it starts.
pub fn yield_processor() {
    // As low as it goes; a priority that cannot be lowered changes nothing but the order of work.
    let _ = rustix::process::nice(19);
}
