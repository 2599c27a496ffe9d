//! What the scan found of one candidate.

use super::cache::CacheRow;
use super::claims::{self, Claim};
use super::plan::ScanPlan;
use super::programs::Programs;
use super::unread::Unread;
use super::walk::DefinitionCandidate;
use crate::domain::{Problem, Tool};

/// What one candidate gave: one row or problem; of a file that holds several tools one for each.
pub(super) struct Definition {
    pub(super) results: Vec<Result<Box<Tool>, Problem>>,
    pub(super) fresh: Option<CacheRow>,
    /// What it is where the cache holds nothing of it.
    pub(super) unread: Option<Unread>,
    /// Whether the cache holds it, or will, or what it is shows that it is the same again.
    pub(super) is_kept: bool,
    pub(super) claim: Claim,
}

impl Definition {
    /// What a fault of this program keeps from being read.
    pub(super) fn failed(problem: Problem) -> Definition {
        let results = vec![Err(problem)];
        Definition { results, fresh: None, unread: None, is_kept: false, claim: Claim::Kept }
    }

    /// What cannot be read because of its files.
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

    /// What is read and kept again as a file among others.
    pub(super) fn void() -> Definition {
        Definition { results: Vec::new(), fresh: None, unread: None, is_kept: true, claim: Claim::Void }
    }
}
