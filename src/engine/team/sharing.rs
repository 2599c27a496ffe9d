//! Shares local decisions: they are written as files with their log entries, and published with the next exchange.

use super::Teams;
use super::extent::{Extent, refuse_extent};
use crate::domain::team::{FileName, MAX_REASON_CHARS, Subject, TeamDecision, TeamKind, mail_or_name};
use crate::domain::{
    CostTier, DecisionKind, DecisionRequest, Digest, OperationId, Review, ReviewKind, Stage, Tool, visible_words,
};
use crate::engine::clock::now;
use crate::engine::core::{self, Actor, Shared, Step, TeamContext};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{TeamFiles, Tx};

/// What a local decision becomes for the team.
pub(in crate::engine) enum SharedDecision {
    /// Nothing: it is not about a version, or there is no team.
    Nothing,
    /// It cannot be signed, for this reason.
    Impossible(String),
    /// It is written as a file.
    Written(Box<Sharing>),
}

/// A decision that is written as a file.
pub(in crate::engine) struct Sharing {
    context: TeamContext,
    kind: TeamKind,
    subject: Subject,
    role: Option<String>,
    reason: Option<String>,
    agent: Option<String>,
    /// The extent of an approval; empty for other decisions.
    extent: Extent,
    /// The files that it cancels; if empty, it responds to all decisions in force.
    takes_back: Vec<FileName>,
    /// Whether the decision itself counts only if it is signed.
    demanded: bool,
}

impl Teams<'_> {
    /// The shared form of a decision on a review.
    ///
    /// # Errors
    /// `Refused` when the decision names a person or a role that belongs to another key.
    pub(in crate::engine) fn of_decision(
        &self,
        who: &str,
        review: &Review,
        (request, roles): (&DecisionRequest, &[String]),
    ) -> Result<SharedDecision, EngineError> {
        if self.remote().is_none() {
            refuse_extent(request, "there is no team here")?;
            return Ok(SharedDecision::Nothing);
        }
        if !review.kind.judges_version() {
            refuse_extent(request, "this is not one about a version of a tool")?;
        }
        let needs_roles = request.approves() && !(roles.is_empty() && request.role.is_none());
        let context = match self.context() {
            Ok(Some(context)) => context,
            Ok(None) => {
                refuse_extent(request, "the policy of the team is not pinned")?;
                return Ok(SharedDecision::Impossible("the policy of the team is not pinned".to_owned()));
            }
            Err(error) if needs_roles || request.delta || !request.criteria.is_empty() => return Err(error),
            Err(error) => return Ok(SharedDecision::Impossible(error.message)),
        };
        if request.approves() {
            refuse_borrowed(&context, who, request.role.as_deref(), needs_roles)?;
        }
        if self.is_private() {
            refuse_extent(request, "this workspace keeps its decisions private")?;
            return Ok(SharedDecision::Nothing);
        }
        let kind = match (review.kind, request.kind) {
            (ReviewKind::Archive, DecisionKind::Approve) => return self.taking_back(context, review.digest, None),
            (ReviewKind::New | ReviewKind::Evolved | ReviewKind::Drift | ReviewKind::Promotion, kind) => match kind {
                DecisionKind::Approve => TeamKind::Approve,
                DecisionKind::Reject => TeamKind::Reject,
                DecisionKind::RequestChanges => TeamKind::RequestChanges,
            },
            _ => return Ok(SharedDecision::Nothing),
        };
        let has_extent = request.delta || !request.criteria.is_empty();
        let demanded = (needs_roles || has_extent) && context.policy.is_some();
        let extent = if request.approves() { self.extent_of(&context, review, request)? } else { Extent::default() };
        let reason = shown(request.reason.as_deref());
        let plain = Sharing::plain(context, kind, self.subject_of(review), reason);
        Ok(SharedDecision::Written(Box::new(Sharing { role: request.role.clone(), extent, demanded, ..plain })))
    }

    fn is_private(&self) -> bool {
        self.workspace.settings.team.is_private
    }

    /// The shared form of a comment on a review.
    pub(in crate::engine) fn of_comment(&self, review: &Review, words: &str) -> SharedDecision {
        if self.remote().is_none() || self.is_private() || !review.kind.judges_version() {
            return SharedDecision::Nothing;
        }
        let context = match self.context() {
            Ok(Some(context)) => context,
            Ok(None) => return SharedDecision::Impossible("the policy of the team is not pinned".to_owned()),
            Err(error) => return SharedDecision::Impossible(error.message),
        };
        let words = shown(Some(&words.chars().take(MAX_REASON_CHARS).collect::<String>()));
        SharedDecision::Written(Box::new(Sharing::plain(context, TeamKind::Comment, self.subject_of(review), words)))
    }

    /// The shared form of a claim, a request or an agreement.
    ///
    /// # Errors
    /// `Usage` where there is no team, no key, or no pinned policy.
    pub(super) fn of_verb(
        &self,
        kind: TeamKind,
        subject: Subject,
        reason: Option<&str>,
        agent: Option<String>,
    ) -> Result<SharedDecision, EngineError> {
        self.demand_pin()?;
        let Some(context) = self.context()? else { return Ok(SharedDecision::Nothing) };
        let plain = Sharing::plain(context, kind, subject, shown(reason));
        Ok(SharedDecision::Written(Box::new(Sharing { agent, demanded: true, ..plain })))
    }

    /// The shared form of an undo: it revokes a shared approval, or withdraws a shared rejection.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn of_undo(&self, operation: Option<OperationId>) -> Result<SharedDecision, EngineError> {
        let Ok(Some(context)) = self.context() else { return Ok(SharedDecision::Nothing) };
        let found = self.workspace.read(|q| {
            Ok(match operation {
                Some(id) => q.operation(id)?,
                None => q.newest_reversible()?,
            })
        })?;
        let Some(entry) = found else { return Ok(SharedDecision::Nothing) };
        let digest = entry.detail.get("digest").and_then(|digest| digest.as_str()?.parse::<Digest>().ok());
        let Some(digest) = digest else { return Ok(SharedDecision::Nothing) };
        match entry.verb.as_str() {
            "approve" => self.taking_back(context, digest, None),
            "reject" | "request-changes" => {
                let ours = self.workspace.read(|q| Ok(core::ours_against(q, &context, digest)?))?;
                self.revoking(context, ours, None)
            }
            _ => Ok(SharedDecision::Nothing),
        }
    }

    /// The shared form of archiving a tool: it revokes the user's own approval.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn of_archive(
        &self,
        tool: &Tool,
        reason: Option<&str>,
    ) -> Result<SharedDecision, EngineError> {
        let Ok(Some(context)) = self.context() else { return Ok(SharedDecision::Nothing) };
        self.taking_back(context, tool.digest, Some(reason.unwrap_or("archived")))
    }

    /// Revokes the user's own approvals of a version, if any.
    fn taking_back(
        &self,
        context: TeamContext,
        digest: Digest,
        reason: Option<&str>,
    ) -> Result<SharedDecision, EngineError> {
        let ours = self.workspace.read(|q| Ok(core::ours_for(q, &context, digest)?))?;
        self.revoking(context, ours, reason)
    }

    fn revoking(
        &self,
        context: TeamContext,
        ours: Vec<FileName>,
        reason: Option<&str>,
    ) -> Result<SharedDecision, EngineError> {
        let Some(first) = ours.first().filter(|_| !self.is_private()) else { return Ok(SharedDecision::Nothing) };
        let file = self.workspace.read(|q| Ok(TeamFiles(q).named(&first.hex())?))?;
        let Some((_, known)) = file.as_ref().and_then(core::decision_of) else { return Ok(SharedDecision::Nothing) };
        let plain = Sharing::plain(context, TeamKind::Revoke, known.decision.subject, shown(reason));
        Ok(SharedDecision::Written(Box::new(Sharing { takes_back: ours, ..plain })))
    }

    /// The version of a review, in the format of decision files.
    pub(super) fn subject_of(&self, review: &Review) -> Subject {
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest);
        Subject::Version {
            tool: review.tool.clone(),
            version: review.version.clone(),
            digest: review.digest,
            stage: if review.to_stage.is_vouched() { review.to_stage } else { Stage::Approved },
            // An unreadable version is subject to the strictest rules.
            tier: tool.map_or(CostTier::High, |tool| tool.cost_tier),
        }
    }
}

impl SharedDecision {
    /// Writes the file in the transaction of its decision, and adds a note to the answer.
    ///
    /// # Errors
    /// `Refused` for a decision that counts only if signed, and is not signed; errors of the store.
    pub(in crate::engine) fn write(&self, tx: &Tx<'_>, actor: Actor<'_>, mut step: Step) -> Result<Step, EngineError> {
        let sharing = match self {
            SharedDecision::Nothing => return Ok(step),
            SharedDecision::Impossible(why) => {
                step.outcome.message = format!("{} (not shared with the team: {why})", step.outcome.message);
                return Ok(step);
            }
            SharedDecision::Written(sharing) => sharing,
        };
        let message = match core::share(tx, actor, &sharing.context, sharing.decision(tx, actor.who)?)? {
            Shared::Written(_) => "`toolsmith sync` shares it with the team".to_owned(),
            Shared::Rehearsed => String::new(),
            Shared::Kept(why) if sharing.demanded => {
                let hint = "`toolsmith team` shows who may decide, with which key";
                return Err(EngineError::new(
                    ErrorCode::Refused,
                    format!("it is not signed for the team: {why}"),
                    hint,
                ));
            }
            Shared::Kept(why) => format!("not shared with the team: {why}"),
        };
        step.outcome.message = format!("{} ({message})", step.outcome.message);
        Ok(step)
    }
}

impl Sharing {
    /// A decision without a role that responds to the decisions in force.
    fn plain(context: TeamContext, kind: TeamKind, subject: Subject, reason: Option<String>) -> Sharing {
        let (role, agent, extent, takes_back, demanded) = (None, None, Extent::default(), Vec::new(), false);
        Sharing { context, kind, subject, role, reason, agent, extent, takes_back, demanded }
    }

    fn decision(&self, tx: &Tx<'_>, who: &str) -> Result<TeamDecision, EngineError> {
        let (digest, tool) = match &self.subject {
            Subject::Version { digest, tool, .. } => (Some(*digest), Some(tool)),
            Subject::Policy(_) => (None, None),
        };
        let answers = match digest {
            Some(digest) if self.takes_back.is_empty() => core::unanswered(tx, self.context.pin, digest)?,
            _ => self.takes_back.clone(),
        };
        let verdict = tool.zip(digest).map(|(tool, digest)| tx.verdict(tool, digest)).transpose()?.flatten();
        let evidence = verdict.map(|verdict| serde_json::to_vec(&verdict).map(|bytes| Digest::of_bytes(&bytes)));
        // The name of the key in the policy, because git may have another name for the user.
        let named = self.context.policy.as_ref().and_then(|policy| policy.signer(&self.context.key));
        Ok(TeamDecision {
            kind: self.kind,
            subject: self.subject.clone(),
            criteria: self.extent.criteria.clone(),
            base: self.extent.base,
            evidence: evidence.transpose().map_err(EngineError::internal)?,
            answers,
            reviewer: named.map_or_else(|| who.to_owned(), |signer| signer.name.clone()),
            role: self.role.clone(),
            agent: self.agent.clone(),
            at: tx.now(),
            reason: self.reason.clone(),
        })
    }
}

/// A reason in its shared form: hidden characters are escaped.
fn shown(reason: Option<&str>) -> Option<String> {
    let words = reason.and_then(visible_words)?;
    let lines = words.lines().map(|line| crate::domain::SafeText::new(line.trim_end()).to_string());
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// Refuses an approval in another person's name or role. A person with a key in the policy can approve only with that
/// key.
fn refuse_borrowed(context: &TeamContext, who: &str, role: Option<&str>, needs_roles: bool) -> Result<(), EngineError> {
    let Some(policy) = &context.policy else { return Ok(()) };
    let refused = |message: String, hint: &str| Err(EngineError::new(ErrorCode::Refused, message, hint));
    let signer = policy.signer(&context.key);
    let is_named = signer.is_some_and(|signer| mail_or_name(&signer.name) == mail_or_name(who));
    if !is_named && policy.knows(who) {
        return refuse_name(who);
    }
    if !needs_roles {
        return Ok(());
    }
    let Some(signer) = signer.filter(|_| is_named) else {
        let message = format!("{who} is not a signer of the team's policy with the key {}", context.key.fingerprint());
        return refused(message, "a version that needs several people is approved by signers of the policy only");
    };
    match policy.counts(&context.key, &signer.name, role.filter(|role| policy.has_role(role)), now()) {
        Ok(_) => Ok(()),
        Err(why) => refused(why, "`toolsmith team` shows who has which role"),
    }
}

fn refuse_name(who: &str) -> Result<(), EngineError> {
    let message = format!("{who} has a key in the team's policy, and it is not yours");
    Err(EngineError::new(ErrorCode::Refused, message, "decide under your own name, with your own key"))
}
