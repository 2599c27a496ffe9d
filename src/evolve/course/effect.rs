//! What happens to a course, and what it wants done.

use super::super::answer::Unusable;
use super::Trouble;
use super::lane::{FileNote, LaneId, Usage};
use super::score::{ReplaySummary, VerdictSummary};
use crate::domain::Digest;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EvolutionEvent {
    /// The user has sent the bundle.
    Began,
    /// A generator answered, and its answer was read.
    Answered {
        /// Whose question.
        at: LaneId,
        /// Which try.
        attempt: u32,
        /// Digest of what it was sent.
        prompt: Digest,
        /// Digest of what it wrote, as it was kept.
        answer: Digest,
        /// Its files; or why there are none.
        read: Result<Vec<FileNote>, Unusable>,
        /// What it used.
        usage: Usage,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// A generator gave no answer.
    Troubled {
        /// Whose question.
        at: LaneId,
        /// Which try.
        attempt: u32,
        /// Why.
        trouble: Trouble,
        /// Why, in its words, one line.
        message: String,
        /// How long it asks to be left alone, in milliseconds.
        retry_after_ms: Option<u64>,
        /// What it used all the same.
        usage: Usage,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// The delay before another try is over.
    Waited {
        /// Whose question.
        at: LaneId,
        /// Which try is due.
        attempt: u32,
    },
    /// The files of an answer were examined.
    Examined {
        /// Whose.
        at: LaneId,
        /// What the checks say.
        verdict: VerdictSummary,
        /// What the recorded inputs say.
        replay: ReplaySummary,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// They could not be examined; that says nothing of them.
    NotExamined {
        /// Whose.
        at: LaneId,
        /// Why, one line.
        message: String,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// The user wants no more of it.
    Stopped,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum EvolutionEffect {
    /// Ask a generator; [`EvolutionEvent::Answered`] or [`EvolutionEvent::Troubled`] comes of it.
    Ask {
        /// Whose question it is.
        at: LaneId,
        /// Which try, from 1.
        attempt: u32,
        /// Whom.
        generator: String,
        /// What it is told of the rounds before.
        after: After,
    },
    /// Wait; [`EvolutionEvent::Waited`] comes of it.
    Wait {
        /// Whose question waits.
        at: LaneId,
        /// Which try is next.
        attempt: u32,
        /// How long, in milliseconds.
        delay_ms: u64,
    },
    /// Check the files of the answer and replay recorded inputs; [`EvolutionEvent::Examined`] or [`EvolutionEvent::NotExamined`] comes of it.
    Examine {
        /// Whose.
        at: LaneId,
    },
    /// The course is over: stop what is under way, and offer the best answer to a human. Nothing comes of it.
    Finish {
        /// How.
        end: End,
    },
}

/// What a generator is told of the rounds before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "after", rename_all = "kebab-case")]
pub enum After {
    /// Nothing: it is the first round, or no answer was examined.
    Nothing,
    /// Its last answer could not be used: the form is asked for again.
    Unusable {
        /// Which answer.
        at: LaneId,
        /// Why.
        unusable: Unusable,
        /// The best answer so far, which the request was about; `None` when none was examined.
        best: Option<LaneId>,
    },
    /// The best answer so far, and what was found wrong with it.
    Examined {
        /// Which answer.
        at: LaneId,
    },
}

/// How a course ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// An answer is good: nothing in its way, nothing broken, the chosen failures fixed.
    Good {
        /// Which.
        best: LaneId,
    },
    /// All rounds are spent.
    Spent {
        /// The best answer; `None` when none was examined.
        best: Option<LaneId>,
    },
    /// No generator is left that answers.
    Failed {
        /// Why, one line, with their names.
        message: String,
        /// The best answer of the rounds before.
        best: Option<LaneId>,
    },
    /// The user stopped it.
    Stopped {
        /// The best answer until then.
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
