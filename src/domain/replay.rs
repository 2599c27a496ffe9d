//! Recorded inputs, run on a version and on a better one: what came of each side by side.

use super::ids::RunId;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// What became of a recorded input. The order is from worst to best.
    ReplayOutcome {
        /// It succeeded before and fails now.
        Broken = "broken",
        /// It succeeds as before, with another result; or fails as before, in another way.
        Changed = "changed",
        /// Same outcome and same result as before.
        Same = "same",
        /// It failed before and succeeds now.
        Fixed = "fixed",
    }
);

/// One recorded input on both versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The run that it was recorded in.
    pub run: RunId,
    /// What became of it.
    pub outcome: ReplayOutcome,
    /// Whether it is a failure that the user chose to have fixed.
    #[serde(default)]
    pub chosen: bool,
    /// The input, as JSON or as the words of the command line.
    pub input: String,
    /// How it ended on the version before, and the end of its output.
    pub before: String,
    /// The same of the new version.
    pub after: String,
    /// The difference of the outputs, in lines; empty where there is none.
    #[serde(default)]
    pub difference: String,
}
