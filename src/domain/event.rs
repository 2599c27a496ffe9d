//! Events: what happened, numbered and durable. Every front end reads them to learn about changes.

use super::ids::EventSeq;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// Kind of a change in the store; the word is stored in the feed.
    EventKind {
        /// A version was found that was not in the store.
        VersionFound = "version-found",
        /// A tool's files are gone from the workspace.
        ToolLost = "tool-lost",
        /// A tool changed its place, its stage or the version in use.
        ToolMoved = "tool-moved",
        /// A tool was deprecated, or this was undone.
        ToolDeprecated = "tool-deprecated",
        /// Another version of a tool was selected for a session, or pinned, or this was undone.
        VersionChosen = "version-chosen",
        /// A cost tier was unlocked or locked again, or a set of tools was saved.
        TiersChanged = "tiers-changed",
        /// A review was opened.
        ReviewOpened = "review-opened",
        /// A review was decided, or a decision was undone.
        ReviewDecided = "review-decided",
        /// Checks of a version started, progressed or ended.
        VerdictChanged = "verdict-changed",
        /// A comment was written or deleted, or a mark set.
        ReviewAnnotated = "review-annotated",
        /// The version under review is gone.
        ReviewSuperseded = "review-superseded",
        /// The run is recorded; its process may start a moment later.
        RunStarted = "run-started",
        /// Cancellation of a run was requested.
        RunCancelAsked = "run-cancel-asked",
        /// A run ended and its record is complete.
        RunEnded = "run-ended",
        /// A failure was recorded.
        FailureRecorded = "failure-recorded",
        /// A tool was marked as failed, or a mark was removed.
        FailureMarked = "failure-marked",
        /// A failure group was resolved or reopened.
        FailureChanged = "failure-changed",
        /// An evolution started, progressed or ended.
        EvolutionChanged = "evolution-changed",
        /// A buffer received or delivered items, or was changed.
        BufferChanged = "buffer-changed",
        /// An instance of a service changed, or a message was exchanged with it.
        ServiceChanged = "service-changed",
        /// An agent connected or disconnected.
        AgentsChanged = "agents-changed",
        /// Team decisions were received, or made here.
        TeamChanged = "team-changed",
        /// A sync received a decision against a version.
        TeamStopped = "team-stopped",
        /// Uses of tools that others reported, or messages to services, were counted.
        UsageCounted = "usage-counted",
        /// An operation was logged.
        OperationLogged = "operation-logged",
    }
);

/// The read model that an event affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Rows of the catalog with what the store knows about them.
    Tools,
    /// Recorded runs and their state.
    Runs,
    /// Failure groups with their counts.
    Failures,
    /// Reviews, decisions and comments.
    Reviews,
    /// Entries of the operation log.
    Operations,
    /// Evolutions and their answers.
    Evolutions,
    /// Buffers and their items.
    Buffers,
    /// Instances of services.
    Services,
    /// Connected agents.
    Agents,
}

/// One entry of the event feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the feed.
    pub seq: EventSeq,
    /// When it was written to the feed.
    pub at: Instant,
    /// Determines which [`Topic`] must be read again.
    pub kind: EventKind,
    /// The subject: a tool name, or the number of a review, run or operation.
    pub subject: String,
}

impl EventKind {
    /// The read models to refresh.
    pub fn topics(self) -> &'static [Topic] {
        match self {
            EventKind::VersionFound
            | EventKind::ToolLost
            | EventKind::ToolMoved
            | EventKind::ToolDeprecated
            | EventKind::VersionChosen
            | EventKind::TiersChanged
            | EventKind::UsageCounted => &[Topic::Tools],
            EventKind::ReviewOpened | EventKind::ReviewSuperseded | EventKind::TeamChanged | EventKind::TeamStopped => {
                &[Topic::Reviews, Topic::Tools]
            }
            EventKind::VerdictChanged | EventKind::ReviewAnnotated => &[Topic::Reviews],
            EventKind::ReviewDecided => &[Topic::Reviews, Topic::Tools, Topic::Operations],
            EventKind::RunStarted | EventKind::RunCancelAsked => &[Topic::Runs],
            EventKind::RunEnded => &[Topic::Runs, Topic::Tools],
            EventKind::FailureMarked => &[Topic::Failures, Topic::Tools],
            EventKind::FailureRecorded | EventKind::FailureChanged => &[Topic::Failures],
            EventKind::EvolutionChanged => &[Topic::Evolutions],
            EventKind::BufferChanged => &[Topic::Buffers],
            EventKind::ServiceChanged => &[Topic::Services],
            EventKind::AgentsChanged => &[Topic::Agents],
            EventKind::OperationLogged => &[Topic::Operations],
        }
    }
}
