//! The state of a team: which policy is in force, and what was decided about each version.

use super::decision::{SignedDecision, Subject, TeamKind};
use super::file_name::FileName;
use super::policy::{ADMIN, TeamPolicy, mail_or_name};
use super::verdict::TeamVersion;
use crate::domain::digest::Digest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The policies that were in force one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyChain {
    /// From the one that was pinned by hand to the one in force; empty when the pinned one is not there.
    pub policies: Vec<FileName>,
    /// Two policies that both replace the last one with enough agreement: neither counts.
    pub fork: Vec<FileName>,
    /// Policies that would replace the last one, and how many more administrators have to agree.
    pub proposed: Vec<(FileName, usize)>,
}

impl PolicyChain {
    /// Follows the chain from a pinned policy.
    pub fn of(
        pin: FileName,
        policies: &BTreeMap<FileName, TeamPolicy>,
        decisions: &BTreeMap<FileName, SignedDecision>,
    ) -> PolicyChain {
        let mut chain = PolicyChain { policies: Vec::new(), fork: Vec::new(), proposed: Vec::new() };
        let mut next = policies.contains_key(&pin).then_some(pin);
        while let Some(name) = next.take() {
            chain.policies.push(name);
            // A name is a hash of what names it: no policy can replace one that comes after it.
            let current = &policies[&name];
            let mut agreed = Vec::new();
            chain.proposed.clear();
            for (other, _) in policies.iter().filter(|(_, policy)| policy.previous == Some(name)) {
                let have = agreements(current, *other, decisions);
                match current.administrators.saturating_sub(have) {
                    0 => agreed.push(*other),
                    missing => chain.proposed.push((*other, missing)),
                }
            }
            match agreed.as_slice() {
                [one] => next = Some(*one),
                _ => chain.fork = agreed,
            }
        }
        chain
    }

    /// The policy in force.
    pub fn head(&self) -> Option<FileName> {
        self.policies.last().copied()
    }
}

/// How many administrators of a policy agreed to another one.
fn agreements(current: &TeamPolicy, next: FileName, decisions: &BTreeMap<FileName, SignedDecision>) -> usize {
    let agrees = |file: &&SignedDecision| {
        file.decision.kind == TeamKind::Policy && matches!(file.decision.subject, Subject::Policy(name) if name == next)
    };
    let signers = decisions.values().filter(agrees).filter_map(|SignedDecision { decision, key }| {
        let signer = current.counts(key, &decision.reviewer, decision.role.as_deref(), decision.at).ok()?;
        signer.has_role(ADMIN).then(|| mail_or_name(&signer.name))
    });
    signers.collect::<BTreeSet<_>>().len()
}

/// What a set of files comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamState {
    /// The policies.
    pub chain: PolicyChain,
    /// What was decided about each version.
    pub versions: BTreeMap<Digest, TeamVersion>,
}

impl TeamState {
    /// The state that follows from a set of files, whatever order they came in.
    pub fn of(
        pin: FileName,
        policies: &BTreeMap<FileName, TeamPolicy>,
        decisions: &BTreeMap<FileName, SignedDecision>,
    ) -> TeamState {
        let chain = PolicyChain::of(pin, policies, decisions);
        let mut versions = BTreeMap::new();
        if let Some(policy) = chain.head().map(|head| &policies[&head]) {
            let mut by_digest: BTreeMap<Digest, BTreeMap<FileName, SignedDecision>> = BTreeMap::new();
            for (name, file) in decisions {
                if let Some(digest) = file.decision.digest() {
                    by_digest.entry(digest).or_default().insert(*name, file.clone());
                }
            }
            for (digest, files) in by_digest {
                versions.extend(TeamVersion::of(policy, digest, &files).map(|version| (digest, version)));
            }
        }
        TeamState { chain, versions }
    }

    /// A digest over all of it: two machines with the same files have the same.
    pub fn digest(&self) -> Digest {
        // Maps with text keys serialize into memory.
        Digest::of_bytes(&serde_json::to_vec(self).unwrap_or_default())
    }
}
