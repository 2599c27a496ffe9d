//! Criteria: the uses for which a version is approved, and the requirements of each.

use super::policy::{TeamPolicy, Threshold};
use crate::domain::hidden::is_hidden;
use crate::domain::words::{CostTier, Stage};
use std::collections::BTreeSet;

/// The criterion that every version needs in order to run.
pub const RUN: &str = "run";

/// The criterion for versions that others rely on; implies [`RUN`].
pub const DEPLOY: &str = "deploy";

/// The maximum number of criteria in a policy.
const MAX_CRITERIA: usize = 20;

/// The requirements of one criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need<'p> {
    /// Whether a version needs it to be approved.
    pub is_needed: bool,
    /// The required number of different signers.
    pub approvals: usize,
    /// The roles that must be filled by different signers.
    pub roles: BTreeSet<&'p str>,
}

impl TeamPolicy {
    /// All criteria, the built-in ones first.
    pub fn criteria(&self) -> impl Iterator<Item = &str> {
        [RUN, DEPLOY].into_iter().chain(self.criteria.iter().map(|criterion| criterion.name.as_str()))
    }

    /// The criteria that an approval for these covers: themselves, and those that they imply. Unknown ones cover
    /// nothing.
    pub fn implied_by<'s>(&'s self, given: impl IntoIterator<Item = &'s str>) -> BTreeSet<&'s str> {
        let mut implied = BTreeSet::new();
        let mut open: Vec<&str> =
            given.into_iter().filter(|name| self.criteria().any(|known| known == *name)).collect();
        while let Some(name) = open.pop() {
            if !implied.insert(name) {
                continue;
            }
            let own = self.criteria.iter().filter(|criterion| criterion.name == name);
            open.extend(own.flat_map(|criterion| criterion.implies.iter().map(String::as_str)));
            open.extend((name == DEPLOY).then_some(RUN));
        }
        implied
    }

    /// The requirements of a criterion.
    pub fn need(&self, stage: Stage, tier: CostTier, criterion: &str) -> Need<'_> {
        let mut need = Need { is_needed: criterion == RUN, approvals: 1, roles: BTreeSet::new() };
        for threshold in self.thresholds.iter().filter(|threshold| threshold.concerns(stage, tier)) {
            let is_named = threshold.criteria.iter().any(|name| name == criterion);
            if is_named || threshold.criteria.is_empty() {
                need.is_needed |= is_named;
                need.approvals = need.approvals.max(threshold.approvals);
                need.roles.extend(threshold.roles.iter().map(String::as_str));
            }
        }
        need
    }

    /// The criteria that a version needs to be approved.
    pub fn needed(&self, stage: Stage, tier: CostTier) -> Vec<&str> {
        self.criteria().filter(|name| self.need(stage, tier, name).is_needed).collect()
    }

    /// What is wrong with the criteria; one line.
    pub(super) fn fault_of_criteria(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        for name in self.criteria() {
            if name.trim().is_empty() || name.chars().any(|c| is_hidden(c) || c.is_whitespace()) {
                return Some(format!("the criterion {name:?} is empty, or has blanks or hidden characters"));
            }
            if !names.insert(name) {
                return Some(format!("the criterion {name} is defined twice; {RUN} and {DEPLOY} are defined already"));
            }
        }
        if names.len() > MAX_CRITERIA {
            return Some(format!("it has more than {MAX_CRITERIA} criteria"));
        }
        let implied = self.criteria.iter().flat_map(|criterion| &criterion.implies);
        let mapped = self.imports.iter().flat_map(|import| import.criteria.values().flatten());
        let named = self.thresholds.iter().flat_map(|threshold| &threshold.criteria);
        let mut all = implied.chain(mapped).chain(named);
        all.find(|name| !names.contains(name.as_str())).map(|name| format!("it names the unknown criterion {name:?}"))
    }
}

impl Threshold {
    fn concerns(&self, stage: Stage, tier: CostTier) -> bool {
        self.stage.is_none_or(|only| only == stage) && self.tier.is_none_or(|only| only == tier)
    }
}
