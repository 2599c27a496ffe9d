//! The effect of the team's decisions here: shown in reviews, and counted if the user configures that.

use super::Teams;
use super::report::{claims, names};
use crate::catalog;
use crate::domain::team::{RUN, Scope, TeamStatus, TeamVersion};
use crate::domain::{Digest, Instant, Review, ReviewKind, Stage, Tool, ToolName, count, rfc3339};
use crate::engine::clock::now;
use crate::engine::core::{self, TeamVote, Vouched};
use crate::engine::error::EngineError;
use crate::engine::settings::TeamTrust;
use crate::engine::view::{EvidenceLine, Weight};
use std::sync::Arc;

/// The label of the evidence lines.
const LABEL: &str = "team";

/// Maximum number of tools that a line names.
const NAMED: usize = 5;

impl Teams<'_> {
    /// Adds hints about the team's decisions to reviews.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn note_on(&self, reviews: &mut [Review]) -> Result<(), EngineError> {
        if self.remote().is_none() {
            return Ok(());
        }
        for review in reviews.iter_mut().filter(|review| review.kind.judges_version()) {
            let Some(version) = self.version(review.digest)? else { continue };
            review.team = hint(&version, now());
            review.colleague = colleague(&version, now());
        }
        Ok(())
    }

    /// The team's decisions about the versions of a review, as evidence.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn evidence(&self, review: &Review) -> Result<Vec<EvidenceLine>, EngineError> {
        if self.remote().is_none() {
            return Ok(Vec::new());
        }
        if review.kind == ReviewKind::Adoption {
            return self.evidence_of_adoption(review);
        }
        Ok(self.version(review.digest)?.map(|version| lines(&version, now())).unwrap_or_default())
    }

    /// The members of an adoption that the team approved, which were already reviewed.
    fn evidence_of_adoption(&self, review: &Review) -> Result<Vec<EvidenceLine>, EngineError> {
        let (mut approved, mut others) = (Vec::new(), Vec::new());
        let view = self.engine.library().catalog();
        for (name, digest) in &review.members {
            let row = view.tools.iter().find(|tool| tool.name == *name && tool.digest == *digest);
            let is_approved = row.map(|tool| self.approvals_of(tool)).transpose()?.flatten().is_some();
            if is_approved { approved.push(name.to_string()) } else { others.push(name.to_string()) }
        }
        let line = |weight, text: String| EvidenceLine { weight, label: LABEL.to_owned(), text };
        let mut lines = Vec::new();
        if !approved.is_empty() {
            lines.push(line(Weight::Good, format!("approved by the team: {}", first_of(&approved))));
            if !others.is_empty() {
                lines.push(line(Weight::Warn, format!("not approved by the team: {}", first_of(&others))));
            }
        }
        Ok(lines)
    }

    /// Whether the user trusts approvals by the team for all criteria that a version needs under this name and at this
    /// stage.
    pub(super) fn is_trusted(&self, version: &TeamVersion, tool: &ToolName, stage: Stage) -> bool {
        let trust = &self.workspace.settings.team.trust;
        *trust != TeamTrust::Review && version.needed_criteria(tool, stage).all(|criterion| trust.covers(criterion))
    }

    /// Whether the user trusts approvals by the team for this tool at its stage.
    fn is_trusted_as(&self, tool: &Tool) -> Result<bool, EngineError> {
        Ok(self.version(tool.digest)?.is_some_and(|version| self.is_trusted(&version, &tool.name, tool.stage)))
    }

    /// Who approved exactly this tool for its stage; `None` if the team did not.
    fn approvals_of(&self, tool: &Tool) -> Result<Option<(String, Instant)>, EngineError> {
        let Some(version) = self.version(tool.digest)? else { return Ok(None) };
        let approved = version.approved_as(&tool.name, tool.stage);
        // An approval for a lower cost tier may have needed fewer approvals than this tool does.
        Ok(approved.filter(|(_, tier)| *tier >= tool.cost_tier).map(|(approvals, _)| {
            let newest = approvals.iter().map(|approval| approval.at).max().unwrap_or_default();
            (names(&approvals), newest)
        }))
    }

    /// Approvals of a review's version by team members that count as votes; empty if the user does not trust the team.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn votes(&self, review: &Review) -> Result<Vec<TeamVote>, EngineError> {
        if !self.workspace.settings.team.trust.covers(RUN) || !review.kind.judges_version() {
            return Ok(Vec::new());
        }
        let is_sound = |version: &TeamVersion| version.objections.is_empty() && !version.is_frozen;
        let Some(version) = self.version(review.digest)?.filter(is_sound) else {
            return Ok(Vec::new());
        };
        let is_meant =
            |scope: &&Scope| scope.tool == review.tool && scope.stage == review.to_stage && scope.criterion == RUN;
        let approvals = version.scopes.iter().filter(is_meant).flat_map(|scope| &scope.approvals);
        let approvals = approvals.filter(|yes| yes.team.is_none());
        Ok(approvals.map(|yes| TeamVote { signer: yes.signer.clone(), role: yes.role.clone() }).collect())
    }

    /// Tools that only the team approved; empty if the user does not trust the team. Keeps copies of them.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn vouched(&self, tools: &[Arc<Tool>]) -> Result<Vec<Vouched>, EngineError> {
        if self.remote().is_none() || self.workspace.settings.team.trust == TeamTrust::Review {
            return Ok(Vec::new());
        }
        let approvals = self.workspace.read(|q| Ok(core::Approvals::read(q)?))?;
        let own = tools.iter().filter(|tool| tool.server.is_none() && tool.stage.is_vouched());
        let mut found = Vec::new();
        for tool in own.filter(|tool| !approvals.covers(tool)) {
            let Some((reviewer, at)) = self.approvals_of(tool)? else { continue };
            if !self.is_trusted_as(tool)? {
                continue;
            }
            // The next scan handles a tool that moved since it was read.
            let Ok(detail) = catalog::read(&self.workspace.plan, tool) else { continue };
            if Digest::of_files(&detail.files) == tool.digest {
                self.workspace.copies.put(tool.digest, &detail.files)?;
                found.push(Vouched {
                    tool: Tool::clone(tool),
                    principal: reviewer.clone(),
                    reviewer,
                    at,
                    by_team: true,
                });
            }
        }
        Ok(found)
    }

    /// Why a tool that was adopted from the team no longer counts.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn fault_of_adopted(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        let is_approved = self.approvals_of(tool)?.is_some();
        let is_off = self.workspace.settings.team.trust == TeamTrust::Review;
        if is_off || (is_approved && !self.is_trusted_as(tool)?) {
            return Ok(Some(format!("{} was adopted from the team, which is no longer trusted", tool.name)));
        }
        Ok((!is_approved).then(|| format!("{} was adopted from the team, which no longer approves it", tool.name)))
    }
}

/// The number of names in a list, and the first of them.
fn first_of(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let named = names[..names.len() - more].join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} ({named}{more})", count(names.len(), "tool"))
}

/// The team's decisions about a version in a few words; `None` without any.
fn hint(version: &TeamVersion, at: Instant) -> Option<String> {
    let mut words = Vec::new();
    match version.status() {
        TeamStatus::Open => {}
        status => words.push(format!("{status} by {}", deciders(version))),
    }
    if version.is_requested() {
        words.push(format!("asked by {}", names(&version.requests)));
    }
    let looking: Vec<String> = claims(version, at).into_iter().map(|(name, _)| name).collect();
    if !looking.is_empty() {
        words.push(format!("claimed by {}", looking.join(", ")));
    }
    (!words.is_empty()).then(|| format!("team: {}", words.join(", ")))
}

/// The most important part for narrow columns: who is looking at it, otherwise who requested it, otherwise the
/// decision.
fn colleague(version: &TeamVersion, at: Instant) -> Option<String> {
    // The name without the mail address.
    let short = |names: &str| {
        let name = |name: &str| name.split(" <").next().unwrap_or(name).to_owned();
        names.split(", ").map(name).collect::<Vec<_>>().join(", ")
    };
    let looking: Vec<String> = claims(version, at).into_iter().map(|(name, _)| name).collect();
    if !looking.is_empty() {
        return Some(format!("claimed by {}", short(&looking.join(", "))));
    }
    if version.is_requested() {
        return Some(format!("by {}", short(&names(&version.requests))));
    }
    let status = version.status();
    (status != TeamStatus::Open).then(|| format!("{status} by {}", short(&deciders(version))))
}

/// Who decided the present status of a version.
fn deciders(version: &TeamVersion) -> String {
    if !version.objections.is_empty() {
        return names(&version.objections);
    }
    names(&version.approvals().cloned().collect::<Vec<_>>())
}

fn lines(version: &TeamVersion, at: Instant) -> Vec<EvidenceLine> {
    let line = |weight, text: String| EvidenceLine { weight, label: LABEL.to_owned(), text };
    let reason = |reason: &Option<String>| super::sync::because(reason.as_deref());
    let mut found = Vec::new();
    if version.is_frozen {
        let text =
            "policies of the team exclude each other: nothing is approved until one is pinned (`toolsmith team`)";
        found.push(line(Weight::Bad, text.to_owned()));
    }
    for objection in &version.objections {
        let text = format!("{} by {}{}", objection.kind, objection.signer, reason(&objection.reason));
        found.push(line(Weight::Bad, text));
    }
    for scope in &version.scopes {
        let weight = if scope.missing.is_empty() { Weight::Good } else { Weight::Fact };
        let missing = scope.missing.join(", ");
        let by = if scope.approvals.is_empty() { String::new() } else { format!(" by {}", names(&scope.approvals)) };
        let approved = if by.is_empty() { "not approved" } else { "approved" };
        let needs = if missing.is_empty() { String::new() } else { format!("; still needs {missing}") };
        found.push(line(weight, format!("{approved} as {} for {}{by}{needs}", scope.stage, scope.criterion)));
    }
    for approval in &version.unfounded {
        let base = approval.base.map(|base| base.short()).unwrap_or_default();
        let text = format!("{} approved the difference from {base}, which is not approved", approval.signer);
        found.push(line(Weight::Warn, text));
    }
    for request in &version.requests {
        let who = names(std::slice::from_ref(request));
        found.push(line(Weight::Fact, format!("asked by {who}{}", reason(&request.reason))));
    }
    for (name, until) in claims(version, at) {
        found.push(line(Weight::Warn, format!("{name} is looking at it, until {}", rfc3339(until))));
    }
    for comment in &version.comments {
        found.push(line(Weight::Fact, format!("{}{}", comment.signer, reason(&comment.reason))));
    }
    found
}
