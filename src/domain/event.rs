//! Events: what happened, numbered and durable. Every front end learns of changes by reading them.

use super::ids::EventSeq;
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// Kind of a change in the store; the word is stored in the feed.
    EventKind {
        /// A version appeared that the store did not know.
        VersionFound = "version-found",
        /// A tool's files are gone from the workspace.
        ToolLost = "tool-lost",
        /// A tool changed place, stage or used version.
        ToolMoved = "tool-moved",
        /// A tool was marked as one that should not be used any more, or the mark was taken away.
        ToolDeprecated = "tool-deprecated",
        /// Another version of a tool is used in a session, or one was pinned, or not any more.
        VersionChosen = "version-chosen",
        /// What costs more than low was opened to be run, or not any more; or a choice of tools was saved.
        TiersChanged = "tiers-changed",
        /// A review was opened.
        ReviewOpened = "review-opened",
        /// A review was decided, or a decision taken back.
        ReviewDecided = "review-decided",
        /// Checks of a version began, went on or ended.
        VerdictChanged = "verdict-changed",
        /// A comment was written or withdrawn, or a mark set.
        ReviewAnnotated = "review-annotated",
        /// A review lost its object.
        ReviewSuperseded = "review-superseded",
        /// The run is recorded; its process may start a moment later.
        RunStarted = "run-started",
        /// Somebody asked for a run to be cancelled.
        RunCancelAsked = "run-cancel-asked",
        /// The record of a run got its ending.
        RunEnded = "run-ended",
        /// A failure was recorded.
        FailureRecorded = "failure-recorded",
        /// Somebody marked a failure of a tool, or took a mark back.
        FailureMarked = "failure-marked",
        /// A failure group was resolved or opened again.
        FailureChanged = "failure-changed",
        /// An evolution began, went on or ended.
        EvolutionChanged = "evolution-changed",
        /// A buffer got items, handed some over, or was changed.
        BufferChanged = "buffer-changed",
        /// An instance of a service changed, or something was said with it.
        ServiceChanged = "service-changed",
        /// An agent connected, or left.
        AgentsChanged = "agents-changed",
        /// Decisions of the team came in, or were made here.
        TeamChanged = "team-changed",
        /// A sync brought a decision against a version.
        TeamStopped = "team-stopped",
        /// Uses of tools that others reported, or messages to services, were counted.
        UsageCounted = "usage-counted",
        /// An operation was logged.
        OperationLogged = "operation-logged",
    }
);

/// Which read model an event touches.
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
    /// Agents that are connected.
    Agents,
}

/// One entry of the event feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the feed.
    pub seq: EventSeq,
    /// When it was written to the feed.
    pub at: Instant,
    /// Decides which [`Topic`] has to be read again.
    pub kind: EventKind,
    /// What it was about: a tool name, or the number of a review, run or operation.
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
