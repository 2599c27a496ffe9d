//! What is learnt from the rows of the store: pure functions over decisions.
//!
//! It only suggests. Nothing here decides, changes a gate or asks fewer questions by itself; whoever reads a
//! suggestion is told what it rests on. It reads no clock and no store: rows come in as values.

mod streak;

pub use streak::{Judged, ROW, Suggestion, suggestion_for, suggestions};
