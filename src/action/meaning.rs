//! The common meaning of a key: verbs on the same key do the same to different objects.

use super::Verb;

/// A key with several verbs, and its common meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The key, as the table of verbs writes it.
    pub key: &'static str,
    /// Its effect, in the words shared by all of its verbs.
    pub does: &'static str,
    /// The verbs on it, in the order of the table of verbs.
    pub verbs: &'static [Verb],
    /// The verbs that it performs only in boxes, in the order of the table of boxes.
    pub boxes: &'static [Verb],
}

/// Every key with more than one verb, in panes or in boxes.
pub const MEANINGS: &[Meaning] = &[
    Meaning {
        key: "enter",
        does: "open or use what is selected",
        verbs: &[Verb::Show, Verb::Runs, Verb::Output, Verb::Review, Verb::GoTo],
        boxes: &[Verb::Evolutions, Verb::Sets],
    },
    Meaning { key: "i", does: "show details", verbs: &[Verb::Show, Verb::Failure, Verb::Context], boxes: &[] },
    Meaning { key: "d", does: "show the difference", verbs: &[Verb::Diff, Verb::ToggleDiff], boxes: &[] },
    Meaning { key: "r", does: "run", verbs: &[Verb::Run, Verb::Rerun, Verb::Launch], boxes: &[] },
    Meaning { key: "S", does: "stop what runs", verbs: &[Verb::Cancel, Verb::Stop, Verb::Terminate], boxes: &[] },
    Meaning {
        key: "R",
        does: "start again what stopped",
        verbs: &[Verb::Continue, Verb::Resume, Verb::Relaunch],
        boxes: &[Verb::Buffer],
    },
    Meaning { key: "+", does: "add", verbs: &[Verb::New, Verb::Comment], boxes: &[Verb::Opportunities, Verb::Context] },
    Meaning { key: "a", does: "approve or accept", verbs: &[Verb::Keep, Verb::Approve], boxes: &[Verb::Accept] },
    Meaning {
        key: "space",
        does: "act on this row or page: fold it, select it, read on",
        verbs: &[Verb::Fold, Verb::ReadOn, Verb::Mark],
        boxes: &[],
    },
    Meaning { key: "m", does: "mark", verbs: &[Verb::Mark, Verb::MarkLine, Verb::MarkRead], boxes: &[Verb::Compare] },
    Meaning { key: "p", does: "promote", verbs: &[Verb::Promote], boxes: &[Verb::Context] },
    Meaning { key: "\"", does: "send", verbs: &[Verb::Say], boxes: &[Verb::Buffer] },
    Meaning {
        key: "X",
        does: "take away what is selected, after a question",
        verbs: &[Verb::Archive],
        boxes: &[Verb::Revoke, Verb::Unset, Verb::Buffer, Verb::Dismiss, Verb::Context],
    },
];
