//! Small files that trials receive and leave.

use serde::{Deserialize, Serialize};

/// A file in the working folder of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleFile {
    /// Its path below the working folder; contains only names and `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}
