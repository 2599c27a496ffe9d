//! Small files that trials are given and leave.

use serde::{Deserialize, Serialize};

/// A file in the working folder of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleFile {
    /// Where it is below the working folder: names and `/`, nothing else.
    pub path: String,
    /// What is in it.
    pub text: String,
}
