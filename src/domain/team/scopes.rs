//! Combines the approvals of a version, for each stage and each criterion.
//!
//! An approval may cover only a difference: it then names the version that its signer compared with. It counts if that
//! version is itself approved, by as many signers as this one needs, in full or through further differences.

use super::criteria::Need;
use super::import::{ImportedRules, TeamRules};
use super::policy::{TeamPolicy, mail_or_name};
use super::standing::{Approval, Decisions, Files, Standing};
use super::statement::{Scope, Statement};
use crate::domain::digest::Digest;
use crate::domain::name::ToolName;
use crate::domain::words::{CostTier, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of versions through which an approval of a difference is followed.
const MAX_CHAIN: usize = 100;

/// The valid decisions about a version, and about the versions that differences name.
pub(super) struct Chain<'p> {
    policy: &'p TeamPolicy,
    versions: BTreeMap<Digest, Standing>,
}

impl<'p> Chain<'p> {
    pub(super) fn to(rules: &'p TeamRules, digest: Digest, own: Standing, files: &Files<'_>) -> Chain<'p> {
        let mut chain = Chain { policy: &rules.policy, versions: BTreeMap::new() };
        let mut open: BTreeSet<Digest> = bases(&own).collect();
        chain.versions.insert(digest, own);
        while let Some(base) = open.pop_first() {
            if chain.versions.len() >= MAX_CHAIN || chain.versions.contains_key(&base) {
                continue;
            }
            let standing = standing(rules, &Decisions::about(rules, base, files), base, files);
            open.extend(bases(&standing));
            chain.versions.insert(base, standing);
        }
        chain
    }

    /// The combined approvals of a version.
    pub(super) fn scopes(&self, digest: Digest) -> Vec<Scope> {
        let Some(Standing { approvals, .. }) = self.versions.get(&digest) else { return Vec::new() };
        let tier = approvals.iter().map(|approval| approval.tier).max().unwrap_or(CostTier::Low);
        let places: BTreeMap<(&ToolName, &str), Stage> =
            approvals.iter().map(|approval| ((&approval.tool, approval.stage.word()), approval.stage)).collect();
        let mut scopes = Vec::new();
        for ((tool, _), stage) in places {
            let here: Vec<&Approval> =
                approvals.iter().filter(|approval| approval.tool == *tool && approval.stage == stage).collect();
            for criterion in self.policy.criteria() {
                let need = self.policy.need(stage, tier, criterion);
                if !need.is_needed && !here.iter().any(|approval| approval.criteria.contains(criterion)) {
                    continue;
                }
                let sound = self.sound(stage, tier, criterion);
                let counted: Vec<&Statement> = here
                    .iter()
                    .filter(|approval| counts(approval, criterion, &sound))
                    .map(|yes| &yes.statement)
                    .collect();
                scopes.push(Scope {
                    tool: tool.clone(),
                    stage,
                    tier,
                    criterion: criterion.to_owned(),
                    is_needed: need.is_needed,
                    missing: missing(&need, &counted),
                    approvals: counted.into_iter().cloned().collect(),
                });
            }
        }
        scopes
    }

    /// Approvals of differences without an approved base: they are in none of these scopes.
    pub(super) fn unfounded(&self, digest: Digest, scopes: &[Scope]) -> Vec<Statement> {
        let counted: BTreeSet<_> = scopes.iter().flat_map(|scope| &scope.approvals).map(|yes| yes.name).collect();
        let all = self.versions.get(&digest).into_iter().flat_map(|standing| &standing.approvals);
        let resting = all.filter(|approval| approval.statement.base.is_some());
        resting.filter(|yes| !counted.contains(&yes.statement.name)).map(|yes| yes.statement.clone()).collect()
    }

    /// The versions of the chain that are approved for a criterion, by the requirements of a version of this stage and
    /// tier. The set grows from those that were approved in full, so versions that only refer to each other are not in
    /// it.
    fn sound(&self, stage: Stage, tier: CostTier, criterion: &str) -> BTreeSet<Digest> {
        let mut sound = BTreeSet::new();
        if self.versions.len() == 1 {
            return sound;
        }
        let need = self.policy.need(stage, tier, criterion);
        loop {
            let is_sound = |standing: &Standing| {
                let of_stage = standing.approvals.iter().filter(|yes| yes.stage == stage || yes.stage == Stage::Core);
                let counted = of_stage.filter(|yes| counts(yes, criterion, &sound)).map(|yes| &yes.statement);
                standing.objections.is_empty() && missing(&need, &counted.collect::<Vec<_>>()).is_empty()
            };
            let new = self.versions.iter().filter(|(digest, _)| !sound.contains(*digest));
            let new: Vec<Digest> = new.filter(|(_, standing)| is_sound(standing)).map(|(digest, _)| *digest).collect();
            if new.is_empty() {
                return sound;
            }
            sound.extend(new);
        }
    }
}

fn bases(standing: &Standing) -> impl Iterator<Item = Digest> {
    standing.approvals.iter().filter_map(|approval| approval.statement.base)
}

fn counts(approval: &Approval, criterion: &str, sound: &BTreeSet<Digest>) -> bool {
    approval.criteria.contains(criterion) && approval.statement.base.is_none_or(|base| sound.contains(&base))
}

/// What the approvals lack: a number of different signers, and a different one for each role. Another team counts as
/// one signer.
fn missing(need: &Need<'_>, approvals: &[&Statement]) -> Vec<String> {
    let mut signers: BTreeMap<(Option<&str>, &str), BTreeSet<&str>> = BTreeMap::new();
    for approval in approvals {
        let signer = match approval.team.as_deref() {
            Some(team) => (Some(team), ""),
            None => (None, mail_or_name(&approval.signer)),
        };
        signers.entry(signer).or_default().extend(approval.role.as_deref());
    }
    let roles: Vec<&str> = need.roles.iter().copied().collect();
    let given: Vec<&BTreeSet<&str>> = signers.values().collect();
    let mut missing: Vec<String> = unfilled(&roles, &given, &mut vec![false; given.len()])
        .into_iter()
        .map(|role| format!("an approval in the role {role}"))
        .collect();
    let more = need.approvals.saturating_sub(signers.len() + missing.len());
    if more > 0 {
        missing.push(if more == 1 { "1 more approval".to_owned() } else { format!("{more} more approvals") });
    }
    missing
}

/// The roles that remain after as many as possible are filled, each by another signer.
fn unfilled<'r>(roles: &[&'r str], signers: &[&BTreeSet<&str>], taken: &mut Vec<bool>) -> Vec<&'r str> {
    let Some((role, rest)) = roles.split_first() else { return Vec::new() };
    let mut best: Vec<&str> = [vec![*role], unfilled(rest, signers, taken)].concat();
    for at in 0..signers.len() {
        if taken[at] || !signers[at].contains(role) {
            continue;
        }
        taken[at] = true;
        let left = unfilled(rest, signers, taken);
        taken[at] = false;
        if left.len() < best.len() {
            best = left;
        }
    }
    best
}

/// The valid decisions about a version, including approvals of other teams.
pub(super) fn standing(rules: &TeamRules, decisions: &Decisions<'_>, digest: Digest, files: &Files<'_>) -> Standing {
    let mut standing = decisions.standing(rules);
    for import in &rules.imports {
        standing.approvals.extend(approvals_of_team(rules, import, digest, files));
    }
    standing
}

/// The approvals of another team, converted to ours: only for criteria in our policy, only while that team has no
/// objection, and only from people who are not signers here.
fn approvals_of_team(rules: &TeamRules, import: &ImportedRules, digest: Digest, files: &Files<'_>) -> Vec<Approval> {
    let (theirs, files) = (&import.rules, import.among(files));
    let judged = standing(theirs, &Decisions::about(theirs, digest, &files), digest, &files);
    if !judged.objections.is_empty() {
        return Vec::new();
    }
    let scopes = Chain::to(theirs, digest, judged, &files).scopes(digest);
    let mut found = Vec::new();
    for scope in scopes.iter().filter(|scope| scope.missing.is_empty()) {
        let criteria = rules.policy.implied_by(import.counts_for(&scope.criterion));
        let others = scope.approvals.iter().filter(|approval| !rules.policy.knows(&approval.signer));
        found.extend(others.filter(|_| !criteria.is_empty()).map(|approval| Approval {
            tool: scope.tool.clone(),
            stage: scope.stage,
            tier: scope.tier,
            criteria: criteria.iter().map(|name| (*name).to_owned()).collect(),
            // They reviewed the whole version by their own rules, so roles and bases of differences do not apply here.
            // Their lock lists it, so the time of its arrival is irrelevant.
            statement: Statement {
                team: Some(import.import.name.clone()),
                role: None,
                base: None,
                until: None,
                ..approval.clone()
            },
        }));
    }
    found
}
