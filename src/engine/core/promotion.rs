//! What the approval of an evolved version means for other runtimes, as the log keeps it.

use crate::domain::{Operation, Promotion};
use serde::{Deserialize, Serialize};

/// What an approval keeps of the promotion that it makes, in the detail of its log entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promoted {
    /// The entry to write; its file is relative to the folder of the version.
    pub entry: Promotion,
    /// The entry that was there before.
    pub before: Option<Promotion>,
}

impl Promoted {
    /// What the log keeps of an operation; `None` for most.
    pub fn of(operation: &Operation) -> Option<Promoted> {
        serde_json::from_value(operation.detail.get("promotion")?.clone()).ok()
    }
}
