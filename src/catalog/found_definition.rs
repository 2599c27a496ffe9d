//! The result of the scan for one candidate.

use super::cache::CacheRow;
use super::claims::{self, Claim};
use super::plan::ScanPlan;
use super::programs::Programs;
use super::unread::Unread;
use super::walk::DefinitionCandidate;
use crate::domain::{Problem, Tool};

/// The result of one candidate: one row or problem; for a file with several tools, one for each.
pub(super) struct Definition {
    pub(super) results: Vec<Result<Box<Tool>, Problem>>,
    pub(super) fresh: Option<CacheRow>,
    /// Its state if the cache does not contain it.
    pub(super) unread: Option<Unread>,
    /// Whether the cache contains it, or will, or its state shows later that it is the same.
    pub(super) is_kept: bool,
    pub(super) claim: Claim,
}

impl Definition {
    /// A definition that cannot be read because of a fault in this program.
    pub(super) fn failed(problem: Problem) -> Definition {
        let results = vec![Err(problem)];
        Definition { results, fresh: None, unread: None, is_kept: false, claim: Claim::Kept }
    }

    /// A definition that cannot be read because of its files.
    pub(super) fn unread(
        plan: &ScanPlan,
        of: &DefinitionCandidate,
        problem: Problem,
        programs: &Programs,
    ) -> Definition {
        let unread = Unread::of(plan, of, &problem);
        match claims::of_unread(plan, of, programs) {
            Claim::Void => Definition::void(),
            claim => Definition { is_kept: unread.is_some(), unread, claim, ..Definition::failed(problem) },
        }
    }

    /// A file that is cached but gives no row.
    pub(super) fn void() -> Definition {
        Definition { results: Vec::new(), fresh: None, unread: None, is_kept: true, claim: Claim::Void }
    }
}
