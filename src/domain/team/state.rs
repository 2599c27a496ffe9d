//! The state of a team: which policy is in force, and what was decided about each version.

use super::decision::{SignedDecision, Subject, TeamKind};
use super::file_name::FileName;
use super::import::{ImportLock, TeamRules, UnsignedFile};
use super::policy::{TeamPolicy, mail_or_name};
use super::signature::SigningKey;
use super::verdict::TeamVersion;
use crate::domain::digest::Digest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The policies that were in force one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyChain {
    /// From the one that was pinned by hand to the one in force; empty when the pinned one is not there.
    pub policies: Vec<FileName>,
    /// Policies that replace the last one with enough agreement, and of which none takes the power from those who agreed to
    /// the others: none of them is in force, and nothing is approved until one of them is pinned.
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
                let have = agreements(current, *other, decisions, |_| true);
                match current.administrators.saturating_sub(have) {
                    0 => agreed.push(*other),
                    missing => chain.proposed.push((*other, missing)),
                }
            }
            let lasting = undefeated(current, &agreed, policies, decisions);
            match lasting.as_slice() {
                [one] => next = Some(*one),
                [] => chain.fork = agreed,
                _ => chain.fork = lasting,
            }
        }
        chain
    }

    /// The policy in force.
    pub fn head(&self) -> Option<FileName> {
        self.policies.last().copied()
    }
}

/// Those of several successors that no other one defeats. A policy defeats another one to which too few agreed beside
/// those whom it takes the power from: whoever is removed cannot undo that.
fn undefeated(
    current: &TeamPolicy,
    agreed: &[FileName],
    policies: &BTreeMap<FileName, TeamPolicy>,
    decisions: &BTreeMap<FileName, SignedDecision>,
) -> Vec<FileName> {
    let defeats = |winner: &FileName, other: &FileName| {
        winner != other
            && agreements(current, *other, decisions, |key| policies[winner].may_agree(key)) < current.administrators
    };
    agreed.iter().filter(|name| !agreed.iter().any(|other| defeats(other, name))).copied().collect()
}

/// How many administrators of a policy agreed to another one with such keys.
fn agreements(
    current: &TeamPolicy,
    next: FileName,
    decisions: &BTreeMap<FileName, SignedDecision>,
    with: impl Fn(&SigningKey) -> bool,
) -> usize {
    let agrees = |file: &&SignedDecision| {
        file.decision.kind == TeamKind::Policy && matches!(file.decision.subject, Subject::Policy(name) if name == next)
    };
    let signers = decisions.values().filter(agrees).filter_map(|SignedDecision { decision, key }| {
        let signer = current.counts(key, &decision.reviewer, decision.role.as_deref(), decision.at).ok()?;
        (current.may_agree(key) && with(key)).then(|| mail_or_name(&signer.name))
    });
    signers.collect::<BTreeSet<_>>().len()
}

/// The files of a set that nobody signs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnsignedFiles {
    /// Policies: the own ones, and those under which decisions of other teams count.
    pub policies: BTreeMap<FileName, TeamPolicy>,
    /// Lists of decisions of other teams.
    pub locks: BTreeMap<FileName, ImportLock>,
}

impl UnsignedFiles {
    /// Adds a file; one that cannot be read is none.
    pub fn add(&mut self, bytes: &[u8]) {
        let name = FileName::of(bytes);
        match UnsignedFile::read(bytes) {
            Ok(UnsignedFile::Policy(policy)) => drop(self.policies.insert(name, *policy)),
            Ok(UnsignedFile::Lock(lock)) => drop(self.locks.insert(name, lock)),
            Err(_) => {}
        }
    }

    /// The rules of the policy in force; `None` where there is none.
    pub fn rules(&self, chain: &PolicyChain, is_here: impl Fn(&FileName) -> bool) -> Option<TeamRules> {
        let policy = self.policies.get(&chain.head()?)?;
        let mut rules = TeamRules::of(policy.clone(), &self.policies, &self.locks, is_here);
        rules.rivals = chain.fork.iter().filter_map(|name| self.policies.get(name)).cloned().collect();
        Some(rules)
    }
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
    pub fn of(pin: FileName, unsigned: &UnsignedFiles, decisions: &BTreeMap<FileName, SignedDecision>) -> TeamState {
        let chain = PolicyChain::of(pin, &unsigned.policies, decisions);
        let mut versions = BTreeMap::new();
        if let Some(rules) = unsigned.rules(&chain, |name| decisions.contains_key(name)) {
            let digests: BTreeSet<Digest> = decisions.values().filter_map(|file| file.decision.digest()).collect();
            for digest in digests {
                versions.extend(TeamVersion::of(&rules, digest, decisions).map(|version| (digest, version)));
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
