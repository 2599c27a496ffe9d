//! Reasons to start a run, other than a request of a front end.

use crate::domain::{Profile, ReviewId, RunId};

/// The source of the input of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum InputFrom {
    /// The requester: a human sees it again in the form.
    #[default]
    Asker,
    /// Nobody: it was collected automatically.
    Nobody,
}

/// The parent of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParentRun {
    pub(super) run: RunId,
    /// The step, if the parent is a composite.
    pub(super) step: Option<String>,
    /// The number of ancestors of the new run, at least 1.
    pub(super) depth: usize,
    /// The profile of the parent: a strict run only starts strict runs.
    pub(super) profile: Profile,
    /// Whether the parent is a composite with a permit, which covers its steps.
    pub(super) is_permitted: bool,
}

/// The reason for a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Occasion {
    pub(super) input: InputFrom,
    pub(super) parent: Option<ParentRun>,
    /// Whether it runs strictly, whatever it was granted.
    pub(super) is_strict: bool,
    /// The permit that it uses.
    pub(super) permit: Option<ReviewId>,
    /// The worker that executes it; `None` for this machine.
    pub(super) worker: Option<String>,
}

impl From<InputFrom> for Occasion {
    fn from(input: InputFrom) -> Occasion {
        Occasion { input, ..Occasion::default() }
    }
}

impl From<ParentRun> for Occasion {
    fn from(parent: ParentRun) -> Occasion {
        Occasion { input: InputFrom::Nobody, parent: Some(parent), ..Occasion::default() }
    }
}

impl Occasion {
    /// The number of ancestors of the new run.
    pub(super) fn depth(&self) -> usize {
        self.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// Whether a permit covers the run, and its steps.
    pub(super) fn is_permitted(&self) -> bool {
        self.permit.is_some() || self.parent.as_ref().is_some_and(|parent| parent.is_permitted)
    }

    /// The profile of a run to which the policy gives this one.
    pub(super) fn bounded(&self, profile: Profile) -> Profile {
        match &self.parent {
            _ if self.is_strict => Profile::Strict,
            Some(ParentRun { profile: Profile::Strict, .. }) => Profile::Strict,
            _ => profile,
        }
    }
}
