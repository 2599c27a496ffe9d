//! The runner: one process from start to end.
//!
//! [`prepare()`] turns a version and an input into exactly what will be started, or returns why it cannot be started.
//! [`start`] passes that to an actor: one thread that owns the child, feeds and reads it, enforces its limits and waits
//! for it. Output is not sent in messages: the bytes go to a [`Spool`] file and into a bounded [`Tail`], and a counter
//! signals new output, so that a flood of output costs no memory. Every way to end is a variant of `RunEnd`.
//!
//! A run is isolated as strongly as the [`Machine`] allows: by bubblewrap and the sandbox layers that the tool's own
//! process sets up (`isolated`), by the sandbox layers alone (`confined`), or only by limits. The actual isolation is
//! verified in that process and reported; below the minimum level, nothing starts. The runner does not decide who may
//! run what, stores only the spool file, and does not copy versions: it receives an immutable copy.
//!
//! # Modules, from the bottom up
//!
//! | folder | is for |
//! | --- | --- |
//! | `process` | processes of the operating system: list, end, limit, wait; folders that runs leave behind |
//! | `sandbox` | the sandbox layers, set up in the process that becomes the tool; the only `unsafe` code |
//! | `observer` | what a run attempts, as reported by the kernel |
//! | `grants` | what a version may access beyond its own files, on this machine |
//! | `interpreter`, `dependencies` | the programs and packages that a version needs |
//! | `result` | how a run ended, what changed on disk, the report |
//! | `output` | the output of a run: without secrets, on disk, its newest part in memory |
//! | `overlay` | staged writes during a run |
//! | `supervisor` | the process between the workbench and the tool, and how it is started |
//! | `machine` | the isolation that this machine can provide |
//! | `prepare` | converts a request into exactly what will be started |
//! | `worker` | runs on another machine: the connection and its protocol |
//! | `run` | a run in progress: child, thread, handle |
//! | `tool_state` | what a tool keeps between its runs |
//! | `connector`, `relay` | connections into the networks of services |
//! | `trials`, `fetch` | many starts of one version for checks; fetching packages with uv |
//! | `answer` | passing the answer to a prompt into a run |
//! | `conversation`, `programs` | the user's own programs, outside the sandbox |
//! | `roles` | the roles of this program when it is started again |

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

/// The isolation of a run before it has started.
pub fn isolation(profile: Profile) -> Isolation {
    let layers = ["session", "watchdog", "clean-env", "version-copy"].map(str::to_owned).to_vec();
    Isolation { level: IsolationLevel::None, profile, layers, missing: Vec::new() }
}

/// Lowers the priority of the calling thread and of everything that it starts, permanently.
pub fn yield_processor() {
    // As low as it goes; a priority that cannot be lowered changes nothing but the order of work.
    let _ = rustix::process::nice(19);
}
