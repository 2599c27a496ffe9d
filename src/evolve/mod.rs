//! Evolution: requesting a better version of a tool, and handling the answer.
//!
//! Everything here is a function of values: nothing asks a generator, starts a version, reads a clock or writes a file.
//! The engine performs the effects of the loop and returns the results.
//!
//! ```text
//!   Bundle ──prompt──▶ generator ──answer──▶ files ──▶ checks, replay ──feedback──▶ next round
//!                           all of it driven by Course::step
//! ```

pub mod answer;
pub mod assess;
pub mod bundle;
pub mod course;
mod cut;
pub mod document;
pub mod feedback;
pub mod mutation;
pub mod prompt;
pub mod repair;
pub mod scaffold;
pub mod stamp;
#[cfg(test)]
mod tests;
mod want;

pub use answer::{AnswerFiles, Unusable, Want};
pub use bundle::Bundle;
pub use course::EvolutionProgress;
