//! What is learnt from the rows of the store: pure functions over decisions.
//!
//! It only suggests. Nothing here decides, changes a gate or asks fewer questions by itself; whoever reads a
//! suggestion is told what it rests on. It reads no clock and no store: rows come in as values.

mod failing;
mod memory;
mod regress;
mod relevance;
mod score;
mod streak;
pub mod terms;

pub use failing::{IN_A_ROW, WITHIN_MS, fails_now};
pub use memory::{
    ALIKE, FAILURE_DEMOTION, MOST_TAGS, NOT_FOR, Scenario, demoted, demotion, negative_tags, rank, ruled_out_by,
};
pub use regress::{Alert, AlertKind, Sample, alerts};
pub use relevance::{FoundWord, Place, Relevance, Relevant};
pub use score::{ENOUGH_RUNS, HALF_LIFE_MS, LOW, Score, Uses, WEIGHTS};
pub use streak::{Judged, ROW, Suggestion, suggestion_for, suggestions};
