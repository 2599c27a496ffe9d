//! The promotion of an evolved version for other runtimes, as stored in the log.

use crate::domain::{Operation, Promotion};
use serde::{Deserialize, Serialize};

/// The promotion that an approval makes, in the detail of its log entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// The entry to write; its file path is relative to the folder of the version.
    pub entry: Promotion,
    /// The previous entry.
    pub before: Option<Promotion>,
}

impl Promoted {
    /// The promotion in an operation; `None` for most.
    pub fn of(operation: &Operation) -> Option<Promoted> {
        serde_json::from_value(operation.detail.get("promotion")?.clone()).ok()
    }
}
