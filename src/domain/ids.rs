//! Identifiers: small, time-ordered numbers, so that a human can type them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.trim_start_matches('#').parse().map(Self)
            }
        }
    };
}

id!(
    /// A run of a tool; counts up within a workspace, starting at 1.
    RunId
);
id!(
    /// A review; counts up within a workspace, starting at 1.
    ReviewId
);
id!(
    /// A comment of a reviewer; counts up within a workspace, starting at 1.
    CommentId
);
id!(
    /// A grant for an agent; counts up within a workspace, starting at 1.
    GrantId
);
id!(
    /// An unlocked cost tier; counts up within a workspace, starting at 1.
    UnlockId
);
id!(
    /// Number of an evolution; counts up within a workspace, starting at 1.
    EvolutionId
);
id!(
    /// A mark of a failure; counts up within a workspace, starting at 1.
    MarkId
);
id!(
    /// An entry of the operation log; counts up within a workspace without gaps, starting at 1.
    OperationId
);
id!(
    /// The position of an event in the feed; counts up within a workspace, starting at 1.
    EventSeq
);
