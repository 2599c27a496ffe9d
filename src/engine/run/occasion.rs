//! Why a run starts, beside that a front end asked for it.

use crate::domain::{Profile, ReviewId, RunId};

/// Who made the input of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum InputFrom {
    /// Who asked for the run: a human finds it again in the form.
    #[default]
    Asker,
    /// Nobody: it was gathered.
    Nobody,
}

/// The run that starts another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParentRun {
    pub(super) run: RunId,
    /// The step of it, where it is a composite.
    pub(super) step: Option<String>,
    /// How many runs are above the new one, at least 1.
    pub(super) depth: usize,
    /// The rules of the parent: what runs strictly starts nothing that gets more.
    pub(super) profile: Profile,
    /// Whether the parent is a composite that runs with a permit, which covers its steps.
    pub(super) is_permitted: bool,
}

/// Why a run starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Occasion {
    pub(super) input: InputFrom,
    pub(super) parent: Option<ParentRun>,
    /// Whether it runs under strict rules, whatever it may do.
    pub(super) is_strict: bool,
    /// The permit that it makes use of.
    pub(super) permit: Option<ReviewId>,
    /// The worker that carries it out; `None` is this machine.
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
    /// How many runs are above the new one.
    pub(super) fn depth(&self) -> usize {
        self.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// Whether a permit covers the run, and its steps.
    pub(super) fn is_permitted(&self) -> bool {
        self.permit.is_some() || self.parent.as_ref().is_some_and(|parent| parent.is_permitted)
    }

    /// The rules for a run that policy gives these.
    pub(super) fn bounded(&self, profile: Profile) -> Profile {
        match &self.parent {
            _ if self.is_strict => Profile::Strict,
            Some(ParentRun { profile: Profile::Strict, .. }) => Profile::Strict,
            _ => profile,
        }
    }
}
