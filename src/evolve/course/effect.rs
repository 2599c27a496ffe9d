//! The events and effects of an evolution.

use super::super::answer::Unusable;
use super::Trouble;
use super::lane::{FileNote, LaneId, Usage};
use super::score::{ReplaySummary, VerdictSummary};
use crate::domain::Digest;
use serde::{Deserialize, Serialize};

/// What the driver reports to the loop, mostly as the result of an [`EvolutionEffect`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EvolutionEvent {
    /// The user has sent the bundle.
    Began,
    /// A generator answered, and its answer was read.
    Answered {
        /// Round and generator whose answer it is.
        at: LaneId,
        /// Counts from 1 within the lane.
        attempt: u32,
        /// Digest of its prompt.
        prompt: Digest,
        /// Digest of the answer, as stored.
        answer: Digest,
        /// Its files, or why it has none.
        read: Result<Vec<FileNote>, Unusable>,
        /// Tokens of this try, as far as the generator reported them.
        usage: Usage,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// A generator gave no answer.
    Troubled {
        /// Round and generator that gave no answer.
        at: LaneId,
        /// Counts from 1 within the lane.
        attempt: u32,
        /// Kind of the failure; decides whether another try makes sense.
        trouble: Trouble,
        /// The reason in the generator's words, one line.
        message: String,
        /// The requested delay, in milliseconds.
        retry_after_ms: Option<u64>,
        /// Its resource use despite the failure.
        usage: Usage,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// The delay before another try is over.
    Waited {
        /// The lane whose pause is over.
        at: LaneId,
        /// Which try is due.
        attempt: u32,
    },
    /// The files of an answer were examined.
    Examined {
        /// The lane whose files were examined.
        at: LaneId,
        /// The results of the checks.
        verdict: VerdictSummary,
        /// The results of recorded inputs.
        replay: ReplaySummary,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// The files could not be examined, which says nothing about their quality.
    NotExamined {
        /// The lane whose files could not be examined.
        at: LaneId,
        /// One line on the cause, for the user.
        message: String,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// The user stopped the evolution.
    Stopped,
}

/// The next action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum EvolutionEffect {
    /// Ask a generator; results in [`EvolutionEvent::Answered`] or [`EvolutionEvent::Troubled`].
    Ask {
        /// The lane of the question.
        at: LaneId,
        /// Which try, from 1.
        attempt: u32,
        /// Name of the generator in the settings.
        generator: String,
        /// The information about earlier rounds.
        after: After,
    },
    /// Wait; results in [`EvolutionEvent::Waited`].
    Wait {
        /// The lane that pauses before its next try.
        at: LaneId,
        /// Which try is next.
        attempt: u32,
        /// How long, in milliseconds.
        delay_ms: u64,
    },
    /// Check the files of the answer and replay recorded inputs; [`EvolutionEvent::Examined`] or
    /// [`EvolutionEvent::NotExamined`] is the result.
    Examine {
        /// The lane whose files are to be examined.
        at: LaneId,
    },
    /// The evolution has ended: stop everything in progress, and offer the best answer to a human. There is no
    /// resulting event.
    Finish {
        /// Decides the state that the evolution ends in.
        end: End,
    },
}

/// The information about earlier rounds for a generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "after", rename_all = "kebab-case")]
pub enum After {
    /// Nothing: it is the first round, or no answer was examined.
    Nothing,
    /// Its last answer was unusable: the right format is requested again.
    Unusable {
        /// The lane whose answer could not be used.
        at: LaneId,
        /// The fault in the format of the answer.
        unusable: Unusable,
        /// The best answer so far, which the request was about; `None` if none was examined.
        best: Option<LaneId>,
    },
    /// The best answer so far, and its faults.
    Examined {
        /// The lane with the best answer.
        at: LaneId,
    },
}

/// How an evolution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// An answer is good: nothing blocks approval, nothing broke, and the chosen failures are fixed.
    Good {
        /// The lane whose answer is offered to a human.
        best: LaneId,
    },
    /// All rounds were used.
    Spent {
        /// The best answer; `None` if none was examined.
        best: Option<LaneId>,
    },
    /// No generator that answers is left.
    Failed {
        /// The reason, one line, with their names.
        message: String,
        /// The best answer of the earlier rounds.
        best: Option<LaneId>,
    },
    /// The user stopped it.
    Stopped {
        /// The best answer so far.
        best: Option<LaneId>,
    },
}

impl End {
    /// The answer to offer.
    pub fn best(&self) -> Option<LaneId> {
        match self {
            End::Good { best } => Some(*best),
            End::Spent { best } | End::Failed { best, .. } | End::Stopped { best } => *best,
        }
    }
}
