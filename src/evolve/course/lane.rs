//! One answer of one round, from the question to the results.

use super::super::answer::{AnswerFiles, Unusable};
use super::score::{ReplaySummary, Score, VerdictSummary};
use crate::domain::Digest;
use serde::{Deserialize, Serialize};

/// The position of an answer: the round from 1, the lane in it from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneId {
    /// The round, from 1.
    pub round: u32,
    /// The index in the round, from 0.
    pub lane: u32,
}

/// The resource use that generators report; unreported values are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the question.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Cost in millionths of a dollar.
    pub cost_micros: Option<u64>,
}

/// A file of an answer, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileNote {
    /// Path inside the version.
    pub path: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The state of a lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", content = "is", rename_all = "kebab-case")]
pub enum LaneState {
    /// Its generator is being asked.
    Asking {
        /// Which try, from 1.
        attempt: u32,
    },
    /// It waits before it is asked again.
    Waiting {
        /// Which try is next.
        attempt: u32,
        /// How long, in milliseconds.
        delay_ms: u64,
    },
    /// Its files are being examined.
    Examining,
    /// Its answer could not be used.
    Unusable(Unusable),
    /// Its generator does not answer.
    Failed(String),
    /// Its files could not be examined.
    NotExamined(String),
    /// Its files were examined.
    Examined {
        /// The results of the checks.
        verdict: VerdictSummary,
        /// The results of recorded inputs.
        replay: ReplaySummary,
    },
}

/// One answer of one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Name of the generator in the settings.
    pub generator: String,
    /// Asked, answered, examined, or without an answer.
    #[serde(flatten)]
    pub state: LaneState,
    /// The failures before an answer arrived, one line each.
    #[serde(default)]
    pub troubles: Vec<String>,
    /// Digest of the sent prompt.
    #[serde(default)]
    pub prompt: Option<Digest>,
    /// Digest of the received answer.
    #[serde(default)]
    pub answer: Option<Digest>,
    /// The files in it.
    #[serde(default)]
    pub files: Vec<FileNote>,
    /// The total resource use of all tries.
    #[serde(default)]
    pub usage: Usage,
    /// The time for asking and examining, without delays, in milliseconds.
    #[serde(default)]
    pub took_ms: u64,
}

impl LaneState {
    /// Whether nothing more happens in it.
    pub const fn is_done(&self) -> bool {
        match self {
            LaneState::Asking { .. } | LaneState::Waiting { .. } | LaneState::Examining => false,
            LaneState::Unusable(_) | LaneState::Failed(_) | LaneState::NotExamined(_) | LaneState::Examined { .. } => {
                true
            }
        }
    }
}

impl Lane {
    pub(super) fn new(generator: String) -> Lane {
        Lane {
            generator,
            state: LaneState::Asking { attempt: 1 },
            troubles: Vec::new(),
            prompt: None,
            answer: None,
            files: Vec::new(),
            usage: Usage::default(),
            took_ms: 0,
        }
    }

    /// The score of its answer; `None` before it was examined.
    pub fn score(&self) -> Option<Score> {
        match &self.state {
            LaneState::Examined { verdict, replay } => Some(Score::of(verdict, replay)),
            _ => None,
        }
    }

    /// Whether its answer needs no other round.
    pub fn is_good(&self) -> bool {
        matches!(&self.state, LaneState::Examined { verdict, replay } if verdict.is_good() && replay.is_good())
    }

    /// Whether its answer was examined and rejected: checks block its approval, or inputs that worked fail.
    pub fn is_rejected(&self) -> bool {
        matches!(&self.state, LaneState::Examined { verdict, replay } if !verdict.blocking.is_empty() || replay.broken > 0)
    }
}

impl Usage {
    /// The sum of both; a value reported by only one counts alone.
    pub fn plus(&self, other: &Usage) -> Usage {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (a, b) => a.or(b),
        };
        Usage {
            input_tokens: sum(self.input_tokens, other.input_tokens),
            output_tokens: sum(self.output_tokens, other.output_tokens),
            cost_micros: sum(self.cost_micros, other.cost_micros),
        }
    }
}

impl FileNote {
    /// Notes on the files of an answer, including the manifest at this path.
    pub fn of(answer: &AnswerFiles, manifest: Option<&str>) -> Vec<FileNote> {
        let note = |path: &str, text: &str| FileNote {
            path: path.to_owned(),
            digest: Digest::of_bytes(text.as_bytes()),
            bytes: text.len() as u64,
        };
        let written = answer.manifest.as_ref().map(|text| note(manifest.unwrap_or("tool.toml"), text));
        answer.files.iter().map(|(path, text)| note(path, text)).chain(written).collect()
    }
}
