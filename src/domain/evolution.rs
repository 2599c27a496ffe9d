//! Evolutions: the request, its state and its result.

use super::check::Verdict;
use super::digest::Digest;
use super::ids::{EvolutionId, ReviewId, RunId};
use super::mutation::{FailureKind, Mutation};
use super::name::ToolName;
use super::replay::Replayed;
use super::semver_step::Step;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::Value;

words!(
    /// The state of an evolution.
    EvolutionState {
        /// A process runs it, or is about to resume it.
        Running = "running",
        /// Its process died; it can be resumed.
        Interrupted = "interrupted",
        /// An answer is good: it was written and waits for a human.
        Good = "good",
        /// All rounds were used and no answer was good; the best one can be kept.
        Spent = "spent",
        /// No generator gave a usable answer.
        Failed = "failed",
        /// The user stopped it; the best answer so far can be kept.
        Stopped = "stopped",
    }
);

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EvolveAsked {
    /// What to improve, in the user's words; may be empty.
    pub hint: String,
    /// Failed runs that the new version should fix.
    pub failures: Vec<RunId>,
    /// The generators, in the order in which they are asked.
    pub generators: Vec<String>,
    /// Maximum number of rounds, from 1.
    pub rounds: u32,
    /// The minimum version step; `None` derives it from the schemas and the hint.
    pub step: Option<Step>,
    /// Whether the output may have fields that are not declared.
    pub dynamic_schema: bool,
    /// The approved specification of a new tool.
    pub specification: Option<ReviewId>,
    /// The worker that starts versions for checks and comparisons; `None` for this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// One evolution, as stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evolution {
    /// Counts up within the workspace; never reused.
    pub id: EvolutionId,
    /// Name of the tool to improve or to create.
    pub tool: ToolName,
    /// The version to improve.
    pub version: semver::Version,
    /// Digest of the version that it starts from.
    pub digest: Digest,
    /// Path of the definition at the time of the request.
    pub path: String,
    /// What was asked for.
    pub asked: EvolveAsked,
    /// Digest of the bundle that was sent, as stored.
    pub bundle: Digest,
    /// The human who started it, as `Name <mail>` or system user.
    pub who: String,
    /// Its state.
    pub state: EvolutionState,
    /// One line about its end; empty while it runs.
    pub message: String,
    /// The state of the loop, in the form in which `evolve` stores it.
    pub course: Value,
    /// The process that runs it.
    #[serde(skip)]
    pub owner: String,
    /// Whether a stop was requested.
    #[serde(skip)]
    pub stop_asked: bool,
    /// When it was recorded, before the first generator was asked.
    pub started_at: Instant,
    /// `None` while it runs or is interrupted.
    pub ended_at: Option<Instant>,
    /// The review of the version that was written.
    pub review: Option<ReviewId>,
    /// The version that was written.
    pub made: Option<Digest>,
    /// The kind of failure that it should fix.
    pub failure_kind: FailureKind,
    /// The kind of change of the best answer; `None` if there is none.
    pub mutation: Option<Mutation>,
}

/// An answer whose files were checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExaminedAnswer {
    /// The round, from 1.
    pub round: u32,
    /// The index in the round, from 0.
    pub lane: u32,
    /// The version that consists of its files; stored.
    pub digest: Digest,
    /// The version that it states.
    pub version: semver::Version,
    /// The reason for that version number: one line.
    pub step: String,
    /// The result of the checks.
    pub verdict: Verdict,
    /// Recorded inputs run on the old and on the new version, worst first.
    pub replay: Vec<Replayed>,
}

/// Feedback data: how often a kind of change was good against a kind of failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Learnt {
    /// The kind of failure.
    pub failure: FailureKind,
    /// The kind of change.
    pub mutation: Mutation,
    /// How often it was tried.
    pub uses: u64,
    /// How often its answer was good.
    pub good: u64,
    /// How often a human approved the result.
    pub approved: u64,
}
