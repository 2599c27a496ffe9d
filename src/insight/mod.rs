//! Insights from the rows of the store: pure functions over decisions and runs.
//!
//! This module only makes suggestions. It does not decide, change a gate or reduce questions by itself; each suggestion
//! states its basis. It reads no clock and no store: rows are passed in as values.

pub mod alike;
mod associations;
mod failing;
mod foresight;
mod growth;
mod index;
mod meanings;
mod memory;
pub mod mine;
mod regress;
mod relevance;
mod score;
mod stale;
mod streak;
pub mod terms;
mod vocabulary;

pub use failing::{IN_A_ROW, WITHIN_MS, fails_now};
pub use foresight::{Foresight, WARN_FROM};
pub use growth::{Policy, THRESHOLDS, WEEKS, Week, growth, policy_for};
pub use index::SimilarityIndex;
pub use memory::{
    ALIKE, FAILURE_DEMOTION, MOST_TAGS, NOT_FOR, Scenario, demoted, demotion, negative_tags, rank, ruled_out_by,
};
pub use regress::{Alert, AlertKind, BEFORE_MS, NOW_MS, Sample, alerts};
pub use relevance::{FoundWord, Relevance, Relevant, ToolField};
pub use score::{ENOUGH_RUNS, LOW, Score, WEIGHTS};
pub use stale::{DAY_MS, Habit, Staleness, staleness};
pub use streak::{Judged, ROW, Suggestion, suggestion_for, suggestions};
