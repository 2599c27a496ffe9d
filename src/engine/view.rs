//! What the front ends read: snapshots and answers, all plain values.

use super::core;
use crate::domain::team::Statement;
use crate::domain::{
    Comment, CommentId, Digest, Instant, Manifest, Problem, ReadMark, Review, ReviewState, Run, RunId, RunOutcome,
    SkippedFile, Stage, Tool, ToolName, Typical, Verdict, VersionFile, VersionOrigin,
};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How far the catalog is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogState {
    /// Reading: so many of so many definitions; the total is 0 while the folders are still walked.
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
    /// How far it is.
    pub state: CatalogState,
    /// Rows by name, then stage (higher first), then path.
    pub tools: Vec<Arc<Tool>>,
    /// Definitions that could not be read, in order of path.
    pub problems: Vec<Problem>,
    /// Files that look like tools and are none, in order of path; empty before the folders are read.
    pub skipped: Arc<Vec<SkippedFile>>,
    /// The choice of tools in use; `None` for all.
    pub in_use: Option<String>,
    /// Counts up with every change.
    pub generation: u64,
}

impl CatalogView {
    /// The rows of a name, highest stage first. Looks at few rows, however many there are.
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
    /// Covers every file of the version: one changed byte gives another one.
    pub digest: Digest,
    /// Stage when it was last seen.
    pub stage: Stage,
    /// Path when it was last seen.
    pub path: String,
    /// When it was first seen.
    pub first_seen_at: Instant,
    /// Whether an approval of this digest is in force.
    pub approved: bool,
    /// Whether a copy is kept.
    pub kept: bool,
    /// What a run of it usually uses; `None` before the first one that ran to its end.
    pub usage: Option<Typical>,
    /// Who made it, how, and who approved it.
    pub provenance: VersionOrigin,
}

/// A run as a front end asks for it, before policy is applied.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The tool, as resolved.
    pub tool: Arc<Tool>,
    /// Its input; `None` sends none.
    pub input: Option<serde_json::Value>,
    /// Wall-clock limit; `None` takes the manifest's, else the stage's.
    pub timeout: Option<Duration>,
    /// The earlier run of a composite that is continued; `None` runs all steps.
    pub again: Option<RerunFrom>,
    /// The worker that is to carry it out; `None` is this machine.
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
    /// At most this many; 0 means 50.
    pub limit: usize,
}

/// Which reviews to list; oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReviewFilter {
    /// Reviews that wait for a human.
    #[default]
    Waiting,
    /// Reviews that a human approved, rejected or sent back.
    Decided,
    /// All, superseded ones too.
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

/// How an evidence line reads: a word and a sign, never only a colour.
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
    /// Decides the sign and the colour of the line.
    pub weight: Weight,
    /// What it is about: `permissions`, `hidden characters`, `runs`, `copy`, …
    pub label: String,
    /// One sentence, not escaped.
    pub text: String,
}

/// A review with everything a reviewer needs.
#[derive(Debug, Clone)]
pub struct ReviewDetail {
    /// Row of the review as stored.
    pub review: Review,
    /// The files under review, as hashed; what approve covers. Empty when they are gone.
    pub files: Vec<VersionFile>,
    /// The files approved before.
    pub base_files: Option<Vec<VersionFile>>,
    /// `None` when the files are gone or the manifest cannot be read.
    pub manifest: Option<Manifest>,
    /// The worst first, so that a short screen shows what argues against approval.
    pub evidence: Vec<EvidenceLine>,
    /// Runs of this digest, newest first, at most 20.
    pub runs: Vec<Run>,
    /// What the checks say; `None` while none has begun.
    pub verdict: Option<Verdict>,
    /// Names of the checks that block approval; an override needs a reason.
    pub blocking: Vec<String>,
    /// The place of its checks among those that wait to be made, from 1; `None` when they do not wait.
    pub checks_place: Option<usize>,
    /// Comments on the tool, oldest first; those on other versions point at lines that may have moved.
    pub comments: Vec<Comment>,
    /// Which of the comments this reviewer wrote: nobody has to read their own.
    pub own_comments: Vec<CommentId>,
    /// What this reviewer has marked as read.
    pub marks: Vec<ReadMark>,
    /// Roles of which an approval is still missing; empty where any reviewer decides.
    pub roles: Vec<String>,
    /// What the team decided against it: an approval answers what was shown, and nothing else.
    pub objections: Vec<Statement>,
    /// What an approval can be given for; `None` if it is not shared with a team.
    pub choice: Option<ApprovalChoice>,
}

/// For what an approval can be given that a team shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalChoice {
    /// The criteria of the policy.
    pub criteria: Vec<String>,
    /// Those without which the version is not approved for its stage.
    pub needed: Vec<String>,
    /// The version that the team approved and that this one is shown as a difference from; `None` if there is none.
    pub base: Option<Digest>,
}

impl ReviewDetail {
    /// The digest of what speaks for and against it; an approval that names it is refused when other evidence came.
    pub fn evidence_digest(&self) -> Digest {
        core::evidence_digest(self.verdict.as_ref(), &self.comments, &self.objections)
    }
}

/// What a command would change, before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What the question is, one line.
    pub title: String,
    /// Each change in a line: moves, commits, states.
    pub lines: Vec<String>,
    /// Whether `undo` undoes it; if not, why.
    pub undo: String,
}

/// Outcome of checking the operation log and the stored copies.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// The workspace that was checked.
    pub workspace: String,
    /// Entries of the operation log that were checked.
    pub operations: u64,
    /// Versions whose stored copy was checked against its digest.
    pub versions: u64,
    /// What is wrong; empty means all is well.
    pub faults: Vec<String>,
    /// What else is known: who signed what, and what waits to be adopted.
    pub notes: Vec<String>,
}

/// One line of `doctor`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoctorLine {
    /// What was looked at.
    pub name: String,
    /// `ok`, `warn` or `bad`.
    pub state: String,
    /// One sentence on what was found.
    pub message: String,
    /// What to do; empty when nothing.
    pub hint: String,
}

/// An agent that is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectedAgent {
    /// Number of the connection.
    pub connection: i64,
    /// The name under which its calls are recorded.
    pub agent: String,
    /// The program that it uses, by its own word; may be empty.
    pub client: String,
    /// When it connected.
    pub since: Instant,
    /// Its runs that have not ended.
    pub runs: usize,
    /// Its requests that wait for a human.
    pub waiting: usize,
}

/// What changed in the store or on disk, for a front end that keeps snapshots.
#[derive(Debug, Clone)]
pub enum Change {
    /// The catalog was read again; carries the new snapshot.
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
    /// A buffer got items, handed some over, or was changed.
    Buffers,
    /// An instance of a service changed, or something was said with it.
    Services,
    /// An agent connected or left; carries those that are connected now.
    Agents(Vec<ConnectedAgent>),
    /// The team decided against a version, or another policy is in force: one line.
    TeamNews(String),
    /// Something went wrong in the background.
    Trouble(super::EngineError),
}

/// Called with every change, from a thread of the engine.
pub type OnChange = Arc<dyn Fn(Change) + Send + Sync>;
