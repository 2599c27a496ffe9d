//! One process from start to end.
//!
//! [`prepare()`] turns "this version with this input" into exactly what will be started, or says why
//! not; [`start`] gives it to an actor: one thread that owns the child, feeds it, reads it, watches
//! its limits and waits for it. Output is not a message: bytes go to a [`Spool`] file and into a
//! bounded [`Tail`], and a counter tells that there is more, so that a flooding child costs nobody
//! memory. Every ending is a variant of `RunEnd`.
//!
//! A run is contained as well as the [`Machine`] allows: behind bubblewrap and the sandbox layers that the tool's own
//! process raises (`isolated`), behind the sandbox layers alone (`confined`), or by limits only. What it really had is
//! verified in that process and reported; below the least level nothing starts. The
//! runner decides nothing (who may run what), stores nothing but the spool file, and copies no
//! versions: it is handed an immutable copy.
//!
//! # Where what is, from the bottom up
//!
//! | folder | is for |
//! | --- | --- |
//! | `process` | processes as this system has them: list, end, bound, wait; folders that runs leave |
//! | `sandbox` | what the kernel is told in the process that becomes the tool; the only `unsafe` code |
//! | `observer` | what a run tries, as the kernel tells it |
//! | `grants` | what a version may do beyond its own files, on this machine |
//! | `interpreter`, `dependencies` | the programs and packages that a version needs |
//! | `result` | how a run ended, what differs on disk, the report |
//! | `output` | what a run writes: without secrets, on disk, its newest part in memory |
//! | `overlay` | staged writes while a run is alive |
//! | `supervisor` | the process between the workbench and the tool, and how it is started |
//! | `machine` | what this machine can do to contain runs |
//! | `prepare` | from a request to exactly what will be started |
//! | `worker` | runs on another machine: the connection, and what goes over it |
//! | `run` | one run under way: child, thread, handle |
//! | `tool_state` | what a tool keeps between its runs |
//! | `connector`, `relay` | connections into the networks of services |
//! | `trials`, `fetch` | many starts of one version for checks; having uv fetch packages |
//! | `answer` | the answer to a prompt on its way into a run |
//! | `conversation`, `programs` | programs of the user's own, outside the sandbox |
//! | `roles` | the parts that this program plays when it is started again |

mod answer;
mod connector;
mod conversation;
mod dependencies;
mod fetch;
mod grants;
mod interpreter;
mod machine;
mod observer;
mod output;
mod overlay;
mod prepare;
mod process;
mod programs;
mod relay;
mod result;
mod roles;
mod run;
mod sample;
mod sandbox;
mod supervisor;
#[cfg(test)]
mod tests;
mod tool_state;
mod trials;
mod tried;
mod worker;

pub use answer::{AnswerInput, AnswerOutput, answer_pipe};
pub use connector::{NamespaceConnector, PendingConnection};
pub use conversation::{ERROR_TAIL, Talk, TalkEnd, Talked, converse};
pub use dependencies::{Need, interpreter_of, missing};
pub use fetch::{Agreement, fetch, unfetched};
pub use grants::{Grants, WritePath};
pub use interpreter::probe::{Interpreter, InterpreterPath, interpreters};
pub use interpreter::{Interpreters, Sources, Who, folders_closed_to_runs, python_of_runs};
pub use machine::detached::{detach, inherited_sockets, name_process, pass_sockets, runs_other_program, take_sockets};
pub use machine::open_files::{NEEDED_FILES, explain_open_files, open_files_shortage, raise_open_files};
pub use machine::{Bubblewrap, LayerFact, Machine, MissingLayer};
pub use output::spool::{Cut, Frame, Spool, SpoolBytes, SpoolError};
pub use output::tail::Tail;
pub use overlay::discard;
pub use prepare::calls::{CallChannel, mentions_calls, write_modules as write_call_modules};
pub use prepare::function::call_code;
pub use prepare::given::{RunEnvironment, ask_for_secret};
pub use prepare::mcp::CALL_SERVER;
pub use prepare::own::{SEND_REQUEST, prepare_answer};
pub use prepare::prepare;
pub use prepare::preview::{CommandLine, CommandView, command_view};
pub use prepare::request::StartRequest;
pub use prepare::service::ServiceTerms;
pub use prepare::spec::Spec;
pub use process::caller::{AGENT_VARIABLE, FoundAgent, find_agent};
pub use process::clear::clear;
pub use process::clients::Clients;
pub use process::detached::{UnknownCaller, unknown_caller};
pub use process::limits::usual_wall;
pub use process::poll::{poll_readable, poll_writable};
pub use process::processes::{ask_to_end, kill_group, process_started, stop_with_group, sweep, used_below};
pub use process::sockets::{PortSocket, is_accepted, process_with_socket, sockets_at, sockets_below};
pub use process::usage::measure_reading;
pub use programs::reading::{Answered, ProgramArguments, read_with};
pub use programs::signature::{NAMESPACE, can_sign, needs_touch, sign, signed_by, verify as verify_signature};
pub use relay::Relay;
pub use result::report::{Report, Staged, StagedChange};
pub use roles::play_role;
pub use run::baseline::Baselines;
pub use run::child::{is_of_system, not_visible};
pub use run::job::{Hooks, Start, StartedRun};
pub use run::running::{Canceller, Running, start};
pub use run::serving::{WorkerRequest, WorkerSession};
pub use run::task::{Task, TaskEnd, TaskOutput, start_task};
pub use sample::SampleFile;
pub use sandbox::{StopSignals, release_memory, release_program, spare_memory, waiting_connections};
pub use tool_state::{StateFile, StateFiles};
pub use trials::{Batch, prepare_batch};
pub use tried::{Pace, Tried};
pub use worker::{
    TrialsWanted, WORKER_VERB, Worker, WorkerCall, WorkerFacts, WorkerHello, WorkerRun, WorkerTrials, greet,
    prepare_on, try_on,
};

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
