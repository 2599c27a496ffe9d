//! The state of a team: the policy in force, and the decisions about each version.

use super::decision::{SignedDecision, Subject, TeamKind};
use super::file_name::FileName;
use super::import::{ImportLock, TeamRules, UnsignedFile};
use super::policy::{TeamPolicy, mail_or_name};
use super::signature::SigningKey;
use super::verdict::TeamVersion;
use crate::domain::digest::Digest;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The sequence of policies that were in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PolicyChain {
    /// From the pinned policy to the one in force; empty if the pinned one is absent.
    pub policies: Vec<FileName>,
    /// Conflicting successors of the last policy with enough agreement, none of which removes the administrators who
    /// agreed to the others. None of them is in force, and nothing is approved until one of them is pinned.
    pub fork: Vec<FileName>,
    /// Proposed successors of the last policy, with the number of missing agreements.
    pub proposed: Vec<(FileName, usize)>,
}

/// The maximum length of a chain.
const MAX_CHAIN: usize = 1_000;

/// The maximum number of compared successors of one policy.
const MAX_RIVALS: usize = 16;

impl PolicyChain {
    /// Follows the chain from a pinned policy.
    pub fn of(
        pin: FileName,
        policies: &BTreeMap<FileName, TeamPolicy>,
        decisions: &BTreeMap<FileName, SignedDecision>,
    ) -> PolicyChain {
        if !policies.contains_key(&pin) {
            return PolicyChain::default();
        }
        Policies::new(policies, decisions).line(pin, 0).chain
    }

    /// The policy in force.
    pub fn head(&self) -> Option<FileName> {
        self.policies.last().copied()
    }
}

/// Policies, and who agreed to each.
struct Policies<'a> {
    all: &'a BTreeMap<FileName, TeamPolicy>,
    successors: BTreeMap<FileName, Vec<FileName>>,
    agreements: BTreeMap<FileName, Vec<&'a SignedDecision>>,
}

/// The continuation of a chain from one policy on.
struct Line {
    chain: PolicyChain,
    /// All policies from it on with enough agreement, including those that are not in force.
    agreed: Vec<FileName>,
}

impl<'a> Policies<'a> {
    fn new(all: &'a BTreeMap<FileName, TeamPolicy>, decisions: &'a BTreeMap<FileName, SignedDecision>) -> Policies<'a> {
        let (mut successors, mut agreements) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for (name, policy) in all {
            if let Some(previous) = policy.previous {
                successors.entry(previous).or_default().push(*name);
            }
        }
        for file in decisions.values().filter(|file| file.decision.kind == TeamKind::Policy) {
            if let Subject::Policy(name) = file.decision.subject {
                agreements.entry(name).or_default().push(file);
            }
        }
        Policies { all, successors, agreements }
    }

    /// Follows the chain from one policy. A file name is a hash of the content, so a policy cannot replace a later one.
    fn line(&self, name: FileName, depth: usize) -> Line {
        let (current, mut chain) = (&self.all[&name], PolicyChain { policies: vec![name], ..PolicyChain::default() });
        let mut next = Vec::new();
        for other in self.successors.get(&name).into_iter().flatten().filter(|_| depth < MAX_CHAIN) {
            match current.administrators.saturating_sub(self.agreements(current, *other, |_| true)) {
                0 => next.push(*other),
                missing => chain.proposed.push((*other, missing)),
            }
        }
        if next.len() > MAX_RIVALS {
            return Line { chain: PolicyChain { fork: next.clone(), ..chain }, agreed: [vec![name], next].concat() };
        }
        let mut lines: Vec<Line> = next.iter().map(|other| self.line(*other, depth + 1)).collect();
        let agreed: Vec<FileName> =
            std::iter::once(name).chain(lines.iter().flat_map(|line| line.agreed.iter().copied())).collect();
        let is_defeated = |line: &Line| lines.iter().any(|other| self.defeats(current, other, line));
        let lasting: Vec<usize> = (0..lines.len()).filter(|at| !is_defeated(&lines[*at])).collect();
        match lasting.as_slice() {
            [one] => {
                let PolicyChain { policies, fork, proposed } = lines.swap_remove(*one).chain;
                chain.policies.extend(policies);
                (chain.fork, chain.proposed) = (fork, proposed);
            }
            [] => chain.fork = next,
            lasting => chain.fork = lasting.iter().map(|at| next[*at]).collect(),
        }
        Line { chain, agreed }
    }

    /// Whether one successor of a policy defeats another one. It does if, without the administrators that it or a later
    /// policy removes, too few agreed to the other one, while those who agreed to it could still replace the other one
    /// and all its successors. So a removed administrator cannot undo anything, and returning to older rules gains
    /// nothing.
    fn defeats(&self, current: &TeamPolicy, winner: &Line, loser: &Line) -> bool {
        let (Some(one), Some(other)) = (winner.agreed.first(), loser.agreed.first()) else { return false };
        let keeps = |line: &Line, key: &SigningKey| line.agreed.iter().all(|policy| self.all[policy].may_agree(key));
        let needed = loser.agreed.iter().map(|policy| self.all[policy].administrators).max().unwrap_or(1);
        one != other
            && self.agreements(current, *other, |key| keeps(winner, key)) < current.administrators
            && self.agreements(current, *one, |key| keeps(loser, key)) >= needed.max(current.administrators)
    }

    /// The number of administrators of a policy who agreed to another one with such keys.
    fn agreements(&self, current: &TeamPolicy, next: FileName, with: impl Fn(&SigningKey) -> bool) -> usize {
        let files = self.agreements.get(&next).into_iter().flatten();
        let signers = files.filter_map(|SignedDecision { decision, key }| {
            let signer = current.counts(key, &decision.reviewer, decision.role.as_deref(), decision.at).ok()?;
            (current.may_agree(key) && with(key)).then(|| mail_or_name(&signer.name))
        });
        signers.collect::<BTreeSet<_>>().len()
    }
}

/// The files of a set that have no signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnsignedFiles {
    /// Policies: our own, and those under which decisions of other teams count.
    pub policies: BTreeMap<FileName, TeamPolicy>,
    /// Lists of decisions of other teams.
    pub locks: BTreeMap<FileName, ImportLock>,
}

impl UnsignedFiles {
    /// Adds a file; an unreadable one is ignored.
    pub fn add(&mut self, bytes: &[u8]) {
        let name = FileName::of(bytes);
        match UnsignedFile::read(bytes) {
            Ok(UnsignedFile::Policy(policy)) => drop(self.policies.insert(name, *policy)),
            Ok(UnsignedFile::Lock(lock)) => drop(self.locks.insert(name, lock)),
            Err(_) => {}
        }
    }

    /// The rules of the policy in force; `None` if there is none.
    pub fn rules(&self, chain: &PolicyChain, is_here: impl Fn(&FileName) -> bool) -> Option<TeamRules> {
        let policy = self.policies.get(&chain.head()?)?;
        let mut rules = TeamRules::of(policy.clone(), &self.policies, &self.locks, is_here);
        rules.rivals = chain.fork.iter().filter_map(|name| self.policies.get(name)).cloned().collect();
        Some(rules)
    }
}

/// The result for a set of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamState {
    /// The policies.
    pub chain: PolicyChain,
    /// The decisions about each version.
    pub versions: BTreeMap<Digest, TeamVersion>,
}

impl TeamState {
    /// The state for a set of files, independent of their order.
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

    /// A digest of the whole state: equal on all machines with the same files.
    pub fn digest(&self) -> Digest {
        // Maps with text keys serialize into memory.
        Digest::of_bytes(&serde_json::to_vec(self).unwrap_or_default())
    }
}
