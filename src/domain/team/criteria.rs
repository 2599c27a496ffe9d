//! Criteria: for which uses a version is approved, and what each of them needs.

use super::policy::{TeamPolicy, Threshold};
use crate::domain::hidden::is_hidden;
use crate::domain::words::{CostTier, Stage};
use std::collections::BTreeSet;

/// The criterion that every version needs: it may run.
pub const RUN: &str = "run";

/// The criterion of what others rely on; implies [`RUN`].
pub const DEPLOY: &str = "deploy";

/// The most criteria of a policy.
const MAX_CRITERIA: usize = 20;

/// What one criterion needs of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need<'p> {
    /// Whether the version is approved only with it.
    pub is_needed: bool,
    /// How many different signers have to approve.
    pub approvals: usize,
    /// The roles in which different signers have to approve.
    pub roles: BTreeSet<&'p str>,
}

impl TeamPolicy {
    /// All criteria, those that every team has first.
    pub fn criteria(&self) -> impl Iterator<Item = &str> {
        [RUN, DEPLOY].into_iter().chain(self.criteria.iter().map(|criterion| criterion.name.as_str()))
    }

    /// What an approval for these criteria counts for: them, and what they imply. An unknown one counts for nothing.
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

    /// What a criterion needs of a version.
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

    /// The criteria without which a version is not approved.
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
