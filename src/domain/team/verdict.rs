//! What a team decided about one version.

use super::decision::{SignedDecision, Subject, TeamKind};
use super::file_name::FileName;
use super::policy::{TeamPolicy, mail_or_name};
use crate::domain::digest::Digest;
use crate::domain::name::ToolName;
use crate::domain::time::Instant;
use crate::domain::words::{CostTier, Stage};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A decision that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The name of its file.
    pub name: FileName,
    /// What it does.
    pub kind: TeamKind,
    /// Who signed it, as the policy names them.
    pub signer: String,
    /// The role in which it is given.
    pub role: Option<String>,
    /// The agent that asked for it.
    pub agent: Option<String>,
    /// When it was made, by the clock of its signer.
    pub at: Instant,
    /// Why.
    pub reason: Option<String>,
}

/// What approvals of a version come to for one stage and one use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The name under which it was approved.
    pub tool: ToolName,
    /// The stage.
    pub stage: Stage,
    /// The highest cost tier that an approval states.
    pub tier: CostTier,
    /// The use.
    pub criterion: String,
    /// Approvals that nobody took back.
    pub approvals: Vec<Statement>,
    /// What the policy needs beside them; empty when they are enough.
    pub missing: Vec<String>,
}

/// Where a version is with its team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamStatus {
    /// Nobody decided.
    Open,
    /// Approved, but not by enough signers.
    PartlyApproved,
    /// Approved by enough signers for one stage at least.
    Approved,
    /// Somebody asks for changes.
    ChangesRequested,
    /// Somebody rejected it.
    Rejected,
    /// Somebody took an approval back.
    Revoked,
}

/// What a team decided about one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamVersion {
    /// The digest of all that executes.
    pub digest: Digest,
    /// Its name, as the first of its files says.
    pub tool: ToolName,
    /// Its version, as the first of its files says.
    pub version: Version,
    /// Its approvals, by stage and use.
    pub scopes: Vec<Scope>,
    /// Decisions against it that no approval answered.
    pub objections: Vec<Statement>,
    /// Requests for its review.
    pub requests: Vec<Statement>,
    /// Who is looking at it.
    pub claims: Vec<Statement>,
    /// What was said about it.
    pub comments: Vec<Statement>,
    /// Files that do not count, each with the reason.
    pub uncounted: Vec<(FileName, String)>,
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
    /// Where it is with its team.
    pub fn status(&self) -> TeamStatus {
        let against = self.objections.iter().map(|objection| match objection.kind {
            TeamKind::Revoke => TeamStatus::Revoked,
            TeamKind::Reject => TeamStatus::Rejected,
            _ => TeamStatus::ChangesRequested,
        });
        against.max().unwrap_or_else(|| match self.scopes.iter().any(|scope| scope.missing.is_empty()) {
            true => TeamStatus::Approved,
            false if self.scopes.is_empty() => TeamStatus::Open,
            false => TeamStatus::PartlyApproved,
        })
    }

    /// The approvals with which this team lets a version of this name be in this stage, and the tier that they state;
    /// `None` when it does not.
    pub fn approved_as(&self, tool: &ToolName, stage: Stage, criterion: &str) -> Option<(&[Statement], CostTier)> {
        let is_meant = |scope: &&Scope| scope.tool == *tool && scope.stage == stage && scope.criterion == criterion;
        let scope = self.scopes.iter().find(is_meant)?;
        (self.objections.is_empty() && scope.missing.is_empty()).then_some((scope.approvals.as_slice(), scope.tier))
    }

    /// The decision because of which it must not run: a revocation or a rejection.
    pub fn stopped_by(&self) -> Option<&Statement> {
        let kinds = [TeamKind::Revoke, TeamKind::Reject];
        kinds.iter().find_map(|kind| self.objections.iter().find(|objection| objection.kind == *kind))
    }

    /// Whether somebody waits for a decision about it.
    pub fn is_requested(&self) -> bool {
        !self.requests.is_empty() && self.status() < TeamStatus::Approved
    }

    /// What these files come to under a policy; `None` when none of them counts or concerns the digest.
    pub fn of(policy: &TeamPolicy, digest: Digest, files: &BTreeMap<FileName, SignedDecision>) -> Option<TeamVersion> {
        let all = files.iter().filter(|(_, file)| file.decision.digest() == Some(digest));
        let mut counted = BTreeMap::new();
        let mut uncounted = Vec::new();
        for (name, SignedDecision { decision, key }) in all {
            match policy.counts(key, &decision.reviewer, decision.role.as_deref(), decision.at) {
                Ok(signer) => drop(counted.insert(*name, Counted { signer: &signer.name, file: &files[name] })),
                Err(why) => uncounted.push((*name, why)),
            }
        }
        let some =
            counted.values().next().map(|counted| counted.file).or_else(|| Some(&files[&uncounted.first()?.0]))?;
        let Subject::Version { tool, version, .. } = &some.decision.subject else { return None };
        let counted = CountedFiles(counted);
        let of_kind = |kind: TeamKind| counted.statements(move |_, file| file.kind() == kind);
        Some(TeamVersion {
            digest,
            tool: tool.clone(),
            version: version.clone(),
            scopes: counted.scopes(policy),
            objections: counted.statements(|name, file| file.objects() && counted.stands(name, file)),
            requests: of_kind(TeamKind::Request),
            claims: of_kind(TeamKind::Claim),
            comments: of_kind(TeamKind::Comment),
            uncounted,
        })
    }
}

/// A decision that counts, and its signer as the policy names them.
struct Counted<'a> {
    signer: &'a str,
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
        matches!(self.kind(), TeamKind::Reject | TeamKind::RequestChanges | TeamKind::Revoke)
    }

    fn statement(&self, name: FileName) -> Statement {
        let decision = &self.file.decision;
        Statement {
            name,
            kind: decision.kind,
            signer: self.signer.to_owned(),
            role: decision.role.clone(),
            agent: decision.agent.clone(),
            at: decision.at,
            reason: decision.reason.clone(),
        }
    }
}

/// The decisions about one version that count. Which stand follows from what answers what; no rule asks for another
/// rule's result in a circle, because a file can name only files that were there before it.
struct CountedFiles<'a>(BTreeMap<FileName, Counted<'a>>);

impl CountedFiles<'_> {
    fn statements(&self, keep: impl Fn(&FileName, &Counted<'_>) -> bool) -> Vec<Statement> {
        self.0.iter().filter(|(name, file)| keep(name, file)).map(|(name, file)| file.statement(*name)).collect()
    }

    /// Whether a revocation only takes back decisions against the version that its own signer made.
    fn only_withdraws(&self, file: &Counted<'_>) -> bool {
        let answers = &file.file.decision.answers;
        let is_own_objection = |name: &FileName| {
            self.0.get(name).is_some_and(|other| {
                matches!(other.kind(), TeamKind::Reject | TeamKind::RequestChanges)
                    && mail_or_name(other.signer) == mail_or_name(file.signer)
            })
        };
        file.kind() == TeamKind::Revoke && !answers.is_empty() && answers.iter().all(is_own_objection)
    }

    /// Whether somebody took it back.
    fn is_revoked(&self, name: &FileName) -> bool {
        self.0.values().any(|other| other.kind() == TeamKind::Revoke && other.answers(name))
    }

    /// Whether a decision against the version still holds: nobody withdrew it, and no approval that stands answers it.
    fn stands(&self, name: &FileName, file: &Counted<'_>) -> bool {
        if self.only_withdraws(file) {
            return false;
        }
        let withdrawn = self.0.values().any(|other| self.only_withdraws(other) && other.answers(name));
        let is_answer = |(yes, other): (&FileName, &Counted<'_>)| {
            other.kind() == TeamKind::Approve && other.answers(name) && !self.is_revoked(yes)
        };
        !withdrawn && !self.0.iter().any(is_answer)
    }

    fn scopes(&self, policy: &TeamPolicy) -> Vec<Scope> {
        let mut found: BTreeMap<(&ToolName, &str, &str), Vec<Statement>> = BTreeMap::new();
        let mut tier = CostTier::Low;
        for (name, file) in &self.0 {
            let decision = &file.file.decision;
            let Subject::Version { tool, stage, tier: stated, .. } = &decision.subject else { continue };
            if file.kind() != TeamKind::Approve || self.is_revoked(name) {
                continue;
            }
            tier = tier.max(*stated);
            for criterion in &decision.criteria {
                found.entry((tool, stage.word(), criterion)).or_default().push(file.statement(*name));
            }
        }
        let mut scopes = Vec::new();
        for ((tool, stage, criterion), approvals) in found {
            let Ok(stage) = stage.parse() else { continue };
            let missing = missing(policy.needs(stage, tier), &approvals);
            let (tool, criterion) = (tool.clone(), criterion.to_owned());
            scopes.push(Scope { tool, stage, tier, criterion, approvals, missing });
        }
        scopes
    }
}

/// What approvals lack: so many different signers, and a different one for each role.
fn missing((needed, roles): (usize, BTreeSet<&str>), approvals: &[Statement]) -> Vec<String> {
    let mut signers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for approval in approvals {
        signers.entry(mail_or_name(&approval.signer)).or_default().extend(approval.role.as_deref());
    }
    let roles: Vec<&str> = roles.into_iter().collect();
    let given: Vec<&BTreeSet<&str>> = signers.values().collect();
    let mut missing: Vec<String> = unfilled(&roles, &given, &mut vec![false; given.len()])
        .into_iter()
        .map(|role| format!("an approval in the role {role}"))
        .collect();
    let more = needed.saturating_sub(signers.len() + missing.len());
    if more > 0 {
        missing.push(if more == 1 { "1 more approval".to_owned() } else { format!("{more} more approvals") });
    }
    missing
}

/// The roles that are left over when as many as possible are filled, each by another signer.
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
