//! What a key means wherever it works: where several verbs have the same key, they do the same to different things.

use super::Verb;

/// A key that several verbs have, what it means for all of them, and which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The key, as the table of verbs writes it.
    pub key: &'static str,
    /// What it does, in the words that all of its verbs have in common.
    pub does: &'static str,
    /// The verbs on it, in the order of the table of verbs.
    pub verbs: &'static [Verb],
}

/// Every key that more than one verb has.
pub const MEANINGS: &[Meaning] = &[
    Meaning {
        key: "enter",
        does: "open what is selected",
        verbs: &[Verb::Show, Verb::Runs, Verb::Output, Verb::Review, Verb::GoTo],
    },
    Meaning { key: "i", does: "show details", verbs: &[Verb::Show, Verb::Failure, Verb::Context] },
    Meaning { key: "d", does: "show the difference", verbs: &[Verb::Diff, Verb::ToggleDiff] },
    Meaning { key: "r", does: "run", verbs: &[Verb::Run, Verb::Rerun, Verb::Launch] },
    Meaning { key: "S", does: "stop what runs", verbs: &[Verb::Cancel, Verb::Stop, Verb::Terminate] },
    Meaning { key: "R", does: "start again what stopped", verbs: &[Verb::Continue, Verb::Resume, Verb::Relaunch] },
    Meaning { key: "+", does: "add", verbs: &[Verb::New, Verb::Comment] },
    Meaning { key: "a", does: "approve or accept", verbs: &[Verb::Keep, Verb::Approve] },
    Meaning {
        key: "space",
        does: "act on this row or page: fold it, select it, read on",
        verbs: &[Verb::Fold, Verb::ReadOn, Verb::Mark],
    },
    Meaning { key: "m", does: "mark", verbs: &[Verb::Mark, Verb::MarkLine, Verb::MarkRead] },
];
