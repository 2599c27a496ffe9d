//! The extent of an approval for the team: its criteria, and whether it judges the whole version or only the difference
//! from a version that the team approved.

use super::Teams;
use crate::domain::team::{RUN, Subject, TeamPolicy, TeamVersion};
use crate::domain::{DecisionRequest, Digest, Review, Stage, ToolName};
use crate::engine::core::TeamContext;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::ApprovalChoice;
use std::collections::BTreeSet;

/// The extent of an approval.
#[derive(Debug, Default)]
pub(super) struct Extent {
    pub(super) criteria: Vec<String>,
    pub(super) base: Option<Digest>,
}

impl Teams<'_> {
    /// The possible extents of an approval; `None` if it is not shared, or there is no choice.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn choice_for(&self, review: &Review) -> Result<Option<ApprovalChoice>, EngineError> {
        if self.remote().is_none() || self.workspace.settings.team.is_private || !review.kind.judges_version() {
            return Ok(None);
        }
        // Without a key, nothing is shared; the decision itself reports that.
        let Ok(Some(context)) = self.context() else { return Ok(None) };
        let Some(policy) = context.policy.filter(|policy| policy.signer(&context.key).is_some()) else {
            return Ok(None);
        };
        let Subject::Version { stage, tier, .. } = self.subject_of(review) else { return Ok(None) };
        let base = match review.base_digest {
            Some(base) => self.version(base)?.filter(|known| !approved_for(known, stage).is_empty()).map(|_| base),
            None => None,
        };
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        let (criteria, needed) = (owned(policy.criteria().collect()), owned(policy.needed(stage, tier)));
        Ok(Some(ApprovalChoice { criteria, needed, base }))
    }

    /// The extent of the approval of a review.
    ///
    /// # Errors
    /// `Usage` for an unknown criterion, and when there is no version to compare with; `Refused` when a criterion for
    /// the stage is missing, or the base version is not approved.
    pub(super) fn extent_of(
        &self,
        context: &TeamContext,
        review: &Review,
        request: &DecisionRequest,
    ) -> Result<Extent, EngineError> {
        let Some(policy) = &context.policy else {
            refuse_extent(request, "the policy of the team is not here: run `toolsmith sync`")?;
            return Ok(Extent { criteria: vec![RUN.to_owned()], base: None });
        };
        let mut criteria = request.criteria.clone();
        criteria.sort();
        criteria.dedup();
        if let Some(unknown) = criteria.iter().find(|name| policy.criteria().all(|known| known != *name)) {
            let known: Vec<&str> = policy.criteria().collect();
            let hint = format!("the policy of the team has {}", known.join(", "));
            return Err(EngineError::new(ErrorCode::Usage, format!("there is no criterion {unknown:?}"), hint));
        }
        if criteria.is_empty() {
            criteria.push(RUN.to_owned());
        }
        let Subject::Version { tool, stage, tier, .. } = self.subject_of(review) else { return Ok(Extent::default()) };
        let known = self.version(review.digest)?;
        let given = policy.implied_by(criteria.iter().map(String::as_str));
        let before = known.as_ref().map(|known| given_before(known, &tool, stage)).unwrap_or_default();
        let needed = policy.needed(stage, tier);
        if let Some(absent) = needed.iter().find(|name| !given.contains(*name) && !before.contains(*name)) {
            let message = format!("the team needs an approval for {absent} of {tool} in stage {stage}");
            let hint = format!(
                "add --criteria {absent} (ctrl-t in the prompt) if you judged it for that; docs/teams.md says what it means"
            );
            return Err(EngineError::new(ErrorCode::Refused, message, hint));
        }
        let base = if request.delta { Some(self.base_of(policy, review, (stage, &criteria))?) } else { None };
        Ok(Extent { criteria, base })
    }

    /// The base of an approval that judges only the difference.
    fn base_of(
        &self,
        policy: &TeamPolicy,
        review: &Review,
        (stage, criteria): (Stage, &[String]),
    ) -> Result<Digest, EngineError> {
        let hint = "leave --delta out (ctrl-d in the prompt), and judge all of it";
        let Some(base) = review.base_digest.filter(|base| *base != review.digest) else {
            let message = format!("review {} shows no difference from an approved version", review.id);
            return Err(EngineError::new(ErrorCode::Usage, message, hint));
        };
        let version = self.version(base)?;
        let approved = version.as_ref().map(|version| approved_for(version, stage)).unwrap_or_default();
        let asked = policy.implied_by(criteria.iter().map(String::as_str));
        match asked.iter().find(|name| !approved.contains(*name)) {
            None => Ok(base),
            Some(absent) => {
                let message = format!("the team has not approved {} for {absent}", base.short());
                Err(EngineError::new(ErrorCode::Refused, message, hint))
            }
        }
    }
}

/// Refuses criteria or a difference if nothing is shared.
///
/// # Errors
/// `Usage` with this reason.
pub(super) fn refuse_extent(request: &DecisionRequest, why: &str) -> Result<(), EngineError> {
    if request.criteria.is_empty() && !request.delta {
        return Ok(());
    }
    let message = format!("--criteria and --delta are for decisions that a team shares: {why}");
    Err(EngineError::new(ErrorCode::Usage, message, "leave them out; docs/teams.md says how to set up a team"))
}

/// The criteria for which a base version is approved, under any name.
fn approved_for(version: &TeamVersion, stage: Stage) -> BTreeSet<&str> {
    if !version.objections.is_empty() {
        return BTreeSet::new();
    }
    let of_stage = version.scopes.iter().filter(|scope| scope.stage == stage || scope.stage == Stage::Core);
    of_stage.filter(|scope| scope.missing.is_empty()).map(|scope| scope.criterion.as_str()).collect()
}

/// The criteria for which somebody already approved a version, even if more approvals are needed.
fn given_before<'v>(version: &'v TeamVersion, tool: &ToolName, stage: Stage) -> BTreeSet<&'v str> {
    let here = version.scopes.iter().filter(|scope| scope.tool == *tool && scope.stage == stage);
    here.filter(|scope| !scope.approvals.is_empty()).map(|scope| scope.criterion.as_str()).collect()
}
