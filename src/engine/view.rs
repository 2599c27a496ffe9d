//! What the front ends read: snapshots and results, all plain values.

use super::core;
use crate::domain::team::Statement;
use crate::domain::{
    Comment, CommentId, Digest, Instant, Manifest, Problem, ReadMark, Review, ReviewState, Run, RunId, RunOutcome,
    SkippedFile, Stage, Tool, ToolName, Typical, Verdict, VersionFile, VersionOrigin,
};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How far the catalog is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogState {
    /// Reading: number of definitions read and found; the total is 0 while the folders are still being walked.
    Loading {
        /// Definitions read so far.
        done: usize,
        /// Definitions found so far; grows until the walk over the folders is done.
        total: usize,
    },
    /// Every definition has been read.
    Ready,
}

/// The catalog at one moment.
#[derive(Debug, Clone)]
pub struct CatalogView {
    /// How far it is loaded.
    pub state: CatalogState,
    /// Rows by name, then stage (higher first), then path.
    pub tools: Vec<Arc<Tool>>,
    /// Definitions that could not be read, in order of path.
    pub problems: Vec<Problem>,
    /// Files that look like tools but are not, in order of path; empty before the folders are read.
    pub skipped: Arc<Vec<SkippedFile>>,
    /// The selection of tools in use; `None` for all.
    pub in_use: Option<String>,
    /// Increases with every change.
    pub generation: u64,
}

impl CatalogView {
    /// The rows with a name, highest stage first. Uses binary search, so the size of the catalog hardly matters.
    pub fn named(&self, name: &str) -> &[Arc<Tool>] {
        let first = self.tools.partition_point(|tool| tool.name.as_str() < name);
        let rest = &self.tools[first..];
        &rest[..rest.partition_point(|tool| tool.name.as_str() == name)]
    }
}

/// A version the store knows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionInfo {
    /// From the manifest; 1.0.0 when it states none.
    pub version: semver::Version,
    /// Covers every file of the version: if one byte changes, the digest differs.
    pub digest: Digest,
    /// Its stage when it was last seen.
    pub stage: Stage,
    /// Its path when it was last seen.
    pub path: String,
    /// When it was first seen.
    pub first_seen_at: Instant,
    /// Whether an approval of this digest is in effect.
    pub approved: bool,
    /// Whether a copy is kept.
    pub kept: bool,
    /// What a run of it typically uses; `None` before the first run that ran to its end.
    pub usage: Option<Typical>,
    /// Who created it, how, and who approved it.
    pub provenance: VersionOrigin,
}

/// A run as requested by a front end, before policy is applied.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The tool, as resolved.
    pub tool: Arc<Tool>,
    /// Its input; `None` sends none.
    pub input: Option<serde_json::Value>,
    /// Wall-clock limit; `None` uses the manifest's limit, otherwise that of the stage.
    pub timeout: Option<Duration>,
    /// The earlier run of a composite that is continued; `None` runs all steps.
    pub again: Option<RerunFrom>,
    /// The worker that should execute it; `None` means this machine.
    pub worker: Option<String>,
}

/// Which earlier run of a composite is continued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerunFrom {
    /// The run whose recorded outputs are used.
    pub of: RunId,
    /// The first step to run again; `None` runs what did not succeed.
    pub step: Option<String>,
}

/// Which runs to list; newest first.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Only of this tool.
    pub tool: Option<ToolName>,
    /// Only with this outcome.
    pub outcome: Option<RunOutcome>,
    /// Only started at or after this point.
    pub since: Option<Instant>,
    /// Only of this version.
    pub digest: Option<Digest>,
    /// The most runs to list; 0 means 50.
    pub limit: usize,
}

impl RunFilter {
    /// The newest runs of a tool, at most this many: of its name, or only of its files if other tools have its name.
    pub fn of_tool(tool: &Tool, limit: usize) -> RunFilter {
        let digest = (!tool.clashes.is_empty()).then_some(tool.digest);
        RunFilter { tool: Some(tool.name.clone()), digest, limit, ..RunFilter::default() }
    }
}

/// Which reviews to list; oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReviewFilter {
    /// Reviews that wait for a human.
    #[default]
    Waiting,
    /// Reviews that a human approved, rejected or sent back.
    Decided,
    /// All, including superseded ones.
    All,
}

impl ReviewFilter {
    /// Whether a review in this state is listed.
    pub fn accepts(self, state: ReviewState) -> bool {
        match self {
            ReviewFilter::Waiting => state == ReviewState::Waiting,
            ReviewFilter::Decided => {
                matches!(
                    state,
                    ReviewState::Approved
                        | ReviewState::Rejected
                        | ReviewState::ChangesRequested
                        | ReviewState::Expired
                )
            }
            ReviewFilter::All => true,
        }
    }
}

/// The weight of an evidence line: shown as a word and a symbol, never only as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Neither for nor against approval.
    Fact,
    /// Supports approval.
    Good,
    /// Should be looked at before a decision.
    Warn,
    /// Argues against approval.
    Bad,
}

/// A fact about the version under review.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceLine {
    /// Determines the symbol and the colour of the line.
    pub weight: Weight,
    /// What it is about: `permissions`, `hidden characters`, `runs`, `copy`, …
    pub label: String,
    /// One sentence, not escaped.
    pub text: String,
}

/// A review with everything that a reviewer needs.
#[derive(Debug, Clone)]
pub struct ReviewDetail {
    /// The review as stored.
    pub review: Review,
    /// The files under review, as hashed: an approval covers these. Empty when they are missing.
    pub files: Vec<VersionFile>,
    /// The files approved before.
    pub base_files: Option<Vec<VersionFile>>,
    /// `None` when the files are missing or the manifest cannot be read.
    pub manifest: Option<Manifest>,
    /// The worst line first, so that a small screen shows the arguments against approval.
    pub evidence: Vec<EvidenceLine>,
    /// Runs of this digest, newest first, at most 20.
    pub runs: Vec<Run>,
    /// The verdict of the checks; `None` before the first check has begun.
    pub verdict: Option<Verdict>,
    /// Names of the checks that block approval; an override needs a reason.
    pub blocking: Vec<String>,
    /// The position of its checks in the queue of checks, from 1; `None` when they do not wait.
    pub checks_place: Option<usize>,
    /// Comments on the tool, oldest first; those on other versions point at lines that may have moved.
    pub comments: Vec<Comment>,
    /// Which of the comments this reviewer wrote: reviewers need not read their own comments.
    pub own_comments: Vec<CommentId>,
    /// The parts that this reviewer has marked as read.
    pub marks: Vec<ReadMark>,
    /// Roles whose approval is still missing; empty if any reviewer can decide.
    pub roles: Vec<String>,
    /// Decisions of the team against it: an approval overrides only those that were shown.
    pub objections: Vec<Statement>,
    /// The criteria that an approval can be given for; `None` if it is not shared with a team.
    pub choice: Option<ApprovalChoice>,
}

/// The criteria that an approval in a team can be given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalChoice {
    /// The criteria of the policy.
    pub criteria: Vec<String>,
    /// The criteria that the version needs for its stage.
    pub needed: Vec<String>,
    /// The version approved by the team that this version is compared with; `None` if there is none.
    pub base: Option<Digest>,
}

impl ReviewDetail {
    /// The digest of the evidence; an approval that names it is refused if the evidence has changed.
    pub fn evidence_digest(&self) -> Digest {
        let changed = self.review.changed_server();
        core::evidence_digest(self.verdict.as_ref(), &self.comments, &self.objections, changed)
    }
}

/// What a command would change, before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The question, one line.
    pub title: String,
    /// The changes, one line each: moves, commits, states.
    pub lines: Vec<String>,
    /// Whether `undo` can revert it; if not, why.
    pub undo: String,
}

/// The result of checking the operation log and the stored copies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// The workspace that was checked.
    pub workspace: String,
    /// Entries of the operation log that were checked.
    pub operations: u64,
    /// Versions whose stored copy was checked against its digest.
    pub versions: u64,
    /// What is wrong; empty if there are no faults.
    pub faults: Vec<String>,
    /// Further information: who signed what, and what waits for adoption.
    pub notes: Vec<String>,
}

/// One line of `doctor`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoctorLine {
    /// What was checked.
    pub name: String,
    /// `ok`, `warn` or `bad`.
    pub state: String,
    /// One sentence on what was found.
    pub message: String,
    /// What to do; empty if nothing.
    pub hint: String,
}

/// An agent that is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectedAgent {
    /// Number of the connection.
    pub connection: i64,
    /// The name under which its calls are recorded.
    pub agent: String,
    /// The client program, as it identifies itself; may be empty.
    pub client: String,
    /// When it connected.
    pub since: Instant,
    /// The number of its runs that have not ended.
    pub runs: usize,
    /// The number of its requests that wait for a human.
    pub waiting: usize,
}

/// What changed in the store or on disk, for a front end that keeps snapshots.
#[derive(Debug, Clone)]
pub enum Change {
    /// The catalog was read again; contains the new snapshot.
    Catalog(Arc<CatalogView>),
    /// A run started, ended or was stopped.
    Runs,
    /// A failure was recorded, marked or resolved.
    Failures,
    /// The review queue changed.
    Reviews,
    /// The operation log changed.
    Operations,
    /// An evolution began, continued or ended.
    Evolutions,
    /// A buffer received items, passed some on, or was changed.
    Buffers,
    /// An instance of a service changed, or exchanged a message.
    Services,
    /// An agent connected or disconnected; contains the agents that are connected now.
    Agents(Vec<ConnectedAgent>),
    /// The team decided against a version, or a new policy is in force: one line.
    TeamNews(String),
    /// Something went wrong in the background.
    Trouble(super::EngineError),
}

/// Called with every change, from a thread of the engine.
pub type OnChange = Arc<dyn Fn(Change) + Send + Sync>;
