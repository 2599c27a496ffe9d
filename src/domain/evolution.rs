//! Asking for a better version: what was asked, how far it is, and what came of it.

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
    /// How far it is.
    EvolutionState {
        /// A process drives it, or is about to resume it.
        Running = "running",
        /// The process that drove it died; it can be resumed.
        Interrupted = "interrupted",
        /// An answer is good: it was written and waits for a human.
        Good = "good",
        /// All rounds are spent, none was good; the best can be kept.
        Spent = "spent",
        /// No generator gave a usable answer.
        Failed = "failed",
        /// The user stopped it; the best until then can be kept.
        Stopped = "stopped",
    }
);

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EvolveAsked {
    /// What to improve, in the user's words; may be empty.
    pub hint: String,
    /// Failed runs that the new version should not have.
    pub failures: Vec<RunId>,
    /// Whom, in their order.
    pub generators: Vec<String>,
    /// Rounds at most, from 1.
    pub rounds: u32,
    /// How far the version goes on at least; `None` decides by the schemas and the hint.
    pub step: Option<Step>,
    /// Whether the output may take any fields beside those declared.
    pub dynamic_schema: bool,
    /// The approved specification that a new tool is made from.
    pub specification: Option<ReviewId>,
    /// The worker that starts versions for checks and comparisons; `None` for this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// One evolution, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evolution {
    /// Counts up within the workspace; never reused.
    pub id: EvolutionId,
    /// Name of the tool to improve or to make.
    pub tool: ToolName,
    /// The version that a better one is wanted of.
    pub version: semver::Version,
    /// Digest of the version that it starts from.
    pub digest: Digest,
    /// Path of the definition when it was asked for.
    pub path: String,
    /// What was asked for.
    pub asked: EvolveAsked,
    /// Digest of the bundle that was sent, as it is kept.
    pub bundle: Digest,
    /// The human who asked, as `Name <mail>` or system user.
    pub who: String,
    /// How far it is.
    pub state: EvolutionState,
    /// One line on its end; empty while it goes on.
    pub message: String,
    /// The loop, in the form in which `evolve::Course` is kept.
    pub course: Value,
    /// The process that drives it.
    #[serde(skip)]
    pub owner: String,
    /// Whether somebody wants it to stop.
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
    /// What kind of failure it was made against.
    pub failure_kind: FailureKind,
    /// What kind of change the best answer is; `None` when there is none.
    pub mutation: Option<Mutation>,
}

/// An answer whose files were examined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExaminedAnswer {
    /// The round, from 1.
    pub round: u32,
    /// The place in it, from 0.
    pub lane: u32,
    /// The version that its files are; kept.
    pub digest: Digest,
    /// The version that it states.
    pub version: semver::Version,
    /// Why it is that version: one line.
    pub step: String,
    /// What the checks say.
    pub verdict: Verdict,
    /// Recorded inputs on the version before and on this one, worst first.
    pub replay: Vec<Replayed>,
}

/// What was learnt: how often a kind of change was good against a kind of failure.
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
    /// How often a human approved what came of it.
    pub approved: u64,
}
