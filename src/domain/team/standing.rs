//! Which decisions about one version count, and which of them are in force.

use super::decision::{SignedDecision, Subject, TeamKind};
use super::file_name::FileName;
use super::import::TeamRules;
use super::policy::{Signer, TeamPolicy, mail_or_name};
use super::statement::Statement;
use crate::domain::digest::Digest;
use crate::domain::name::ToolName;
use crate::domain::words::{CostTier, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// Decisions by name.
pub(super) type Files<'f> = BTreeMap<FileName, &'f SignedDecision>;

/// An approval in force.
#[derive(Debug, Clone)]
pub(super) struct Approval {
    pub(super) tool: ToolName,
    pub(super) stage: Stage,
    pub(super) tier: CostTier,
    /// The criteria for which it counts.
    pub(super) criteria: BTreeSet<String>,
    pub(super) statement: Statement,
}

/// The decisions in force about one version.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) approvals: Vec<Approval>,
    pub(super) objections: Vec<Statement>,
}

/// A decision that counts, with its signer as named in the policy.
struct Counted<'a> {
    signer: &'a Signer,
    file: &'a SignedDecision,
}

impl Counted<'_> {
    fn kind(&self) -> TeamKind {
        self.file.decision.kind
    }

    fn answers(&self, name: &FileName) -> bool {
        self.file.decision.answers.contains(name)
    }

    /// Whether it is a decision against the version.
    fn objects(&self) -> bool {
        objects(self.kind())
    }

    fn statement(&self, name: FileName) -> Statement {
        let decision = &self.file.decision;
        Statement {
            name,
            kind: decision.kind,
            signer: self.signer.name.clone(),
            team: None,
            role: decision.role.clone(),
            agent: decision.agent.clone(),
            base: decision.base,
            at: decision.at,
            reason: decision.reason.clone(),
            until: self.signer.until,
        }
    }
}

fn objects(kind: TeamKind) -> bool {
    matches!(kind, TeamKind::Reject | TeamKind::RequestChanges | TeamKind::Revoke)
}

/// The decisions about one version. The decisions in force follow from which decision answers which. There are no
/// circular dependencies, because a file can only name files that existed before it.
pub(super) struct Decisions<'a> {
    counted: BTreeMap<FileName, Counted<'a>>,
    /// Files that do not count, each with the reason.
    pub(super) uncounted: Vec<(FileName, String)>,
    /// Any of the files, preferably one that counts.
    pub(super) some: Option<&'a SignedDecision>,
}

impl<'a> Decisions<'a> {
    pub(super) fn about(rules: &'a TeamRules, digest: Digest, files: &Files<'a>) -> Decisions<'a> {
        let mut found = Decisions { counted: BTreeMap::new(), uncounted: Vec::new(), some: None };
        let mut other = None;
        for (name, file) in files.iter().filter(|(_, file)| file.decision.digest() == Some(digest)) {
            let SignedDecision { decision, key } = *file;
            let counts =
                |policy: &'a TeamPolicy| policy.counts(key, &decision.reviewer, decision.role.as_deref(), decision.at);
            // While the team has no agreed policy, nobody loses the power to stop a version.
            let by_rival =
                || rules.rivals.iter().filter(|_| objects(decision.kind)).find_map(|rival| counts(rival).ok());
            match counts(&rules.policy).or_else(|why| by_rival().ok_or(why)) {
                Ok(signer) => {
                    found.some = found.some.or(Some(*file));
                    found.counted.insert(*name, Counted { signer, file });
                }
                Err(why) => {
                    other = other.or(Some(*file));
                    // A decision of another team is not reported as invalid.
                    if !rules.is_imported(name) {
                        found.uncounted.push((*name, why));
                    }
                }
            }
        }
        found.some = found.some.or(other);
        found
    }

    pub(super) fn of_kind(&self, kind: TeamKind) -> Vec<Statement> {
        self.statements(|_, file| file.kind() == kind)
    }

    /// The decisions of our team in force.
    pub(super) fn standing(&self, rules: &TeamRules) -> Standing {
        let own = self.counted.iter().filter(|(name, file)| file.kind() == TeamKind::Approve && !self.is_revoked(name));
        Standing {
            approvals: own.filter_map(|(name, file)| own_approval(rules, *name, file)).collect(),
            objections: self.statements(|name, file| file.objects() && self.stands(name, file)),
        }
    }

    fn statements(&self, keep: impl Fn(&FileName, &Counted<'_>) -> bool) -> Vec<Statement> {
        self.counted.iter().filter(|(name, file)| keep(name, file)).map(|(name, file)| file.statement(*name)).collect()
    }

    /// Whether a revocation only cancels decisions against the version by the same signer.
    fn only_withdraws(&self, file: &Counted<'_>) -> bool {
        let answers = &file.file.decision.answers;
        let is_own_objection = |name: &FileName| {
            self.counted.get(name).is_some_and(|other| {
                matches!(other.kind(), TeamKind::Reject | TeamKind::RequestChanges)
                    && mail_or_name(&other.signer.name) == mail_or_name(&file.signer.name)
            })
        };
        file.kind() == TeamKind::Revoke && !answers.is_empty() && answers.iter().all(is_own_objection)
    }

    /// Whether it was revoked.
    fn is_revoked(&self, name: &FileName) -> bool {
        self.counted.values().any(|other| other.kind() == TeamKind::Revoke && other.answers(name))
    }

    /// Whether a decision against the version is in force: it was not withdrawn, and no approval in force answers it.
    fn stands(&self, name: &FileName, file: &Counted<'_>) -> bool {
        if self.only_withdraws(file) {
            return false;
        }
        let withdrawn = self.counted.values().any(|other| self.only_withdraws(other) && other.answers(name));
        let is_answer = |(yes, other): (&FileName, &Counted<'_>)| {
            other.kind() == TeamKind::Approve && other.answers(name) && !self.is_revoked(yes)
        };
        !withdrawn && !self.counted.iter().any(is_answer)
    }
}

fn own_approval(rules: &TeamRules, name: FileName, file: &Counted<'_>) -> Option<Approval> {
    let decision = &file.file.decision;
    let Subject::Version { tool, stage, tier, .. } = &decision.subject else { return None };
    let criteria = rules.policy.implied_by(decision.criteria.iter().map(String::as_str));
    Some(Approval {
        tool: tool.clone(),
        stage: *stage,
        tier: *tier,
        criteria: criteria.into_iter().map(str::to_owned).collect(),
        statement: file.statement(name),
    })
}
