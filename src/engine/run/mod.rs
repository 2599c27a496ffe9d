//! Runs: starting runs, choosing a tool for a scenario, what may run (grants and cost tiers), staged writes, buffers,
//! and observed behaviour.

mod admission;
pub(super) mod behaviour;
#[cfg(test)]
mod behaviour_tests;
pub(super) mod buffering;
mod call_server;
mod call_stop;
pub(super) mod callers;
pub(super) mod calling;
mod composite;
pub(super) mod dependencies;
mod drifted;
pub(super) mod failing;
mod far_side;
mod far_versions;
pub(super) mod grants;
mod hidden;
pub(super) mod inputs;
mod interpreters;
mod keeper;
pub(super) mod live_runs;
pub(super) mod marking;
pub(super) mod occasion;
mod outputs;
mod packages;
mod permission_words;
pub(super) mod permits;
mod pipe;
mod prompting;
mod records;
mod retention;
pub(super) mod running;
pub(super) mod scratch;
mod service_start;
mod serving;
pub(super) mod session;
pub(super) mod staged;
mod start_path;
mod start_with;
pub(super) mod tiers;
#[cfg(test)]
mod tiers_tests;
pub(super) mod tool_state;
mod words;
pub(super) mod workers;

pub use admission::MayRun;
pub use behaviour::{Behaviour, BehaviourPart, Departed, Enforced, Reported, ResultEvidence, Tried};
pub use buffering::{
    AsideItem, BufferAnswer, BufferChange, BufferStatus, BufferWrite, Gather, HandedOver, Pending, Taken, item_fits,
};
pub use callers::UNNAMED_AGENT;
pub use calling::{
    Begun, CallAttempt, CallOutcome, CallReport, CallRequest, Calling, Candidate, Candidates, DEFAULT_ATTEMPTS,
    LeftOut, MOST_ATTEMPTS, ServiceOffer,
};
pub use failing::{Compared, FailureDetail};
pub use far_side::serve_run;
pub use grants::GrantList;
pub use inputs::fitted;
pub use marking::MarkRequest;
pub use outputs::OutputPiece;
pub(super) use pipe::InputPipe;
pub use running::RunHandle;
pub(super) use service_start::{ServiceHooks, ServiceStart};
pub(super) use serving::{CommandRules, Helper};
pub use staged::{StagedState, StagedView};
pub use tiers::{Limits, SetRow};
pub use tool_state::{KeptFile, KeptFiles, ToolState};
pub use words::assignments;
pub use workers::{WorkerAnswer, WorkerRow, Workers};

use crate::engine::Engine;
use crate::engine::plain_verb::{PlainQuery, PlainVerb};
use crate::engine::run::live_runs::LiveRuns;
use crate::engine::workspace::Workspace;

/// The verbs about runs that need only their arguments.
pub(super) const VERBS: &[PlainVerb] = &[
    failing::RESOLVE,
    failing::UNTAG,
    marking::WRONG_ANSWER,
    marking::EDIT_MARK,
    tiers::SET,
    tiers::UNSET,
    tool_state::CLEAR_STATE,
    buffering::BUFFER,
    retention::PRUNE,
];

/// Queries about runs that need only their arguments.
pub(super) const QUERIES: &[PlainQuery] = &[failing::COMPARE, tool_state::STATE, workers::WORKERS];

/// Runs: starting a run, and the records of runs.
#[derive(Clone, Copy)]
pub struct Runs<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e LiveRuns,
}
