//! The decisions of a team about one version.

use super::decision::{SignedDecision, Subject, TeamKind};
use super::file_name::FileName;
use super::import::TeamRules;
use super::scopes::{Chain, standing};
use super::standing::{Decisions, Files};
use super::statement::{Scope, Statement};
use crate::domain::digest::Digest;
use crate::domain::name::ToolName;
use crate::domain::words::{CostTier, Stage};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The state of a version in its team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamStatus {
    /// There is no decision.
    Open,
    /// Approved, but not by enough signers.
    PartlyApproved,
    /// Approved by enough signers for at least one stage.
    Approved,
    /// Changes were requested.
    ChangesRequested,
    /// It was rejected.
    Rejected,
    /// An approval was revoked.
    Revoked,
}

/// The decisions of a team about one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamVersion {
    /// The digest of everything that is executed.
    pub digest: Digest,
    /// Its name, according to the first of its files.
    pub tool: ToolName,
    /// Its version, according to the first of its files.
    pub version: Version,
    /// Its approvals, by stage and criterion.
    pub scopes: Vec<Scope>,
    /// Approvals of differences from versions that are not approved: they do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfounded: Vec<Statement>,
    /// Decisions against it that are not answered by an approval.
    pub objections: Vec<Statement>,
    /// Requests for its review.
    pub requests: Vec<Statement>,
    /// Reviewers who claimed it.
    pub claims: Vec<Statement>,
    /// Comments on it.
    pub comments: Vec<Statement>,
    /// Files that do not count, each with the reason.
    pub uncounted: Vec<(FileName, String)>,
    /// Whether nothing is approved because the team has no agreed policy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_frozen: bool,
}

impl fmt::Display for TeamStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TeamStatus::Open => "open",
            TeamStatus::PartlyApproved => "partly approved",
            TeamStatus::Approved => "approved",
            TeamStatus::ChangesRequested => "changes requested",
            TeamStatus::Rejected => "rejected",
            TeamStatus::Revoked => "revoked",
        })
    }
}

impl TeamVersion {
    /// Its state in the team.
    pub fn status(&self) -> TeamStatus {
        let against = self.objections.iter().map(|objection| match objection.kind {
            TeamKind::Revoke => TeamStatus::Revoked,
            TeamKind::Reject => TeamStatus::Rejected,
            _ => TeamStatus::ChangesRequested,
        });
        against.max().unwrap_or_else(|| match self.scopes.iter().any(|scope| self.is_complete(scope)) {
            true => TeamStatus::Approved,
            false if self.scopes.is_empty() => TeamStatus::Open,
            false => TeamStatus::PartlyApproved,
        })
    }

    /// The scopes of one name and stage, for the required criteria.
    fn needed<'s>(&'s self, tool: &ToolName, stage: Stage) -> impl Iterator<Item = &'s Scope> {
        let is_meant = move |scope: &&Scope| scope.is_needed && scope.stage == stage;
        self.scopes.iter().filter(is_meant).filter(move |scope| scope.tool == *tool)
    }

    /// The criteria that it needs under a name and for a stage.
    pub fn needed_criteria(&self, tool: &ToolName, stage: Stage) -> impl Iterator<Item = &str> {
        self.needed(tool, stage).map(|scope| scope.criterion.as_str())
    }

    /// Whether all requirements for the name and stage of this scope are met.
    fn is_complete(&self, Scope { tool, stage, .. }: &Scope) -> bool {
        self.needed(tool, *stage).all(|scope| scope.missing.is_empty())
    }

    /// The approvals by which the team permits a version of this name in this stage, and their tier; `None` if it does
    /// not.
    pub fn approved_as(&self, tool: &ToolName, stage: Stage) -> Option<(Vec<Statement>, CostTier)> {
        let tier = self.needed(tool, stage).map(|scope| scope.tier).max()?;
        let is_enough = self.objections.is_empty() && self.needed(tool, stage).all(|scope| scope.missing.is_empty());
        let approvals: BTreeMap<FileName, &Statement> =
            self.needed(tool, stage).flat_map(|scope| &scope.approvals).map(|yes| (yes.name, yes)).collect();
        is_enough.then(|| (approvals.into_values().cloned().collect(), tier))
    }

    /// The criteria for which it is approved under a name and for a stage.
    pub fn criteria_for(&self, tool: &ToolName, stage: Stage) -> BTreeSet<&str> {
        let is_met = |scope: &&Scope| scope.tool == *tool && scope.stage == stage && scope.missing.is_empty();
        self.scopes.iter().filter(is_met).map(|scope| scope.criterion.as_str()).collect()
    }

    /// All approvals that were not revoked, one for each criterion that it covers.
    pub fn approvals(&self) -> impl Iterator<Item = &Statement> {
        self.scopes.iter().flat_map(|scope| &scope.approvals).chain(&self.unfounded)
    }

    /// The versions from which a difference to this one was approved.
    pub fn bases(&self) -> BTreeSet<Digest> {
        self.approvals().filter_map(|approval| approval.base).collect()
    }

    /// Whether anybody of our team requested or approved it.
    pub fn is_of_own_team(&self) -> bool {
        !self.requests.is_empty() || self.approvals().any(|approval| approval.team.is_none())
    }

    /// The decision that stops it: a revocation or a rejection.
    pub fn stopped_by(&self) -> Option<&Statement> {
        let kinds = [TeamKind::Revoke, TeamKind::Reject];
        kinds.iter().find_map(|kind| self.objections.iter().find(|objection| objection.kind == *kind))
    }

    /// Why this version must not run with this name and stage; `None` if it may. A rejected version is stopped wherever
    /// it is approved.
    pub fn why_stopped(&self, name: &ToolName, stage: Stage) -> Option<String> {
        let no = self.stopped_by().filter(|no| no.kind == TeamKind::Revoke || stage.is_vouched())?;
        let reason = no.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let what = if no.kind == TeamKind::Revoke { "revoked" } else { "rejected" };
        let next = "an approval of a signer that answers this lets it run again";
        Some(format!("{name} ({}) was {what} by {}{reason}; {next}", self.digest.short(), no.signer))
    }

    /// Whether a review of it is requested.
    pub fn is_requested(&self) -> bool {
        !self.requests.is_empty() && self.status() < TeamStatus::Approved
    }

    /// The result of these files; `None` if none of them counts or concerns the digest. They must contain everything
    /// known about the version, and about those that [`TeamDecision::base`] names.
    ///
    /// [`TeamDecision::base`]: super::TeamDecision::base
    pub fn of(rules: &TeamRules, digest: Digest, files: &BTreeMap<FileName, SignedDecision>) -> Option<TeamVersion> {
        let files: Files<'_> = files.iter().map(|(name, file)| (*name, file)).collect();
        let files = &files;
        let decisions = Decisions::about(rules, digest, files);
        let Subject::Version { tool, version, .. } = &decisions.some?.decision.subject else { return None };
        let standing = standing(rules, &decisions, digest, files);
        let objections = standing.objections.clone();
        let chain = Chain::to(rules, digest, standing, files);
        let mut scopes = chain.scopes(digest);
        let is_frozen = !rules.rivals.is_empty();
        for scope in scopes.iter_mut().filter(|_| is_frozen) {
            scope.missing.push("a policy that the team agrees on".to_owned());
        }
        Some(TeamVersion {
            digest,
            tool: tool.clone(),
            version: version.clone(),
            unfounded: chain.unfounded(digest, &scopes),
            scopes,
            objections,
            requests: decisions.of_kind(TeamKind::Request),
            claims: decisions.of_kind(TeamKind::Claim),
            comments: decisions.of_kind(TeamKind::Comment),
            uncounted: decisions.uncounted,
            is_frozen,
        })
    }
}
