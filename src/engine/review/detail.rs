//! One review and its evidence, and the list of reviews.

use crate::catalog;
use crate::domain::{
    Digest, Manifest, Review, ReviewId, ReviewKind, ReviewState, Run, Tool, ToolDetail, ToolName, VersionFile,
    natural_order,
};
use crate::engine::Reviews;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::review::evidence::{self, Material};
use crate::engine::review::{history_evidence, requester_evidence};
use crate::engine::run::permits;
use crate::engine::view::{EvidenceLine, ReviewDetail, ReviewFilter, RunFilter, Weight};

/// Runs shown as evidence of a version.
const EVIDENCE_RUNS: usize = 20;
/// Number of runs of a tool searched for the history of earlier versions.
const EARLIER_RUNS: usize = 200;

/// The files as humans list them.
fn in_natural_order(mut files: Vec<VersionFile>) -> Vec<VersionFile> {
    files.sort_by(|one, other| natural_order(&one.path, &other.path));
    files
}

impl Reviews<'_> {
    /// Reviews that the filter accepts, oldest first; expired reviews are closed first.
    pub fn list(&self, filter: ReviewFilter) -> Result<Vec<Review>, EngineError> {
        self.expire_due()?;
        let states: Vec<_> = crate::domain::ReviewState::ALL.iter().copied().filter(|s| filter.accepts(*s)).collect();
        let mut reviews = self.workspace.read(|q| Ok(q.reviews(&states)?))?;
        self.engine.teams().note_on(&mut reviews)?;
        Ok(reviews)
    }

    /// The pending reviews of a tool, alone or with others, oldest first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn waiting_for(&self, tool: &ToolName) -> Result<Vec<Review>, EngineError> {
        self.expire_due()?;
        self.workspace.read(|q| Ok(core::reviews_about(q, tool, |state| state == ReviewState::Waiting)?))
    }

    /// The pending review of exactly this version.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn waiting_of(&self, tool: &Tool) -> Result<Option<ReviewId>, EngineError> {
        let covers = |(name, digest): &(ToolName, Digest)| *name == tool.name && *digest == tool.digest;
        let is_about = |review: &Review| {
            (review.tool == tool.name && review.digest == tool.digest) || review.members.iter().any(covers)
        };
        Ok(self.waiting_for(&tool.name)?.into_iter().find(is_about).map(|review| review.id))
    }

    /// One review, without evidence.
    pub fn row(&self, review: ReviewId) -> Result<Review, EngineError> {
        self.workspace.read(|q| Ok(q.review(review)?))?.ok_or_else(|| {
            EngineError::new(
                ErrorCode::NotFound,
                format!("there is no review {review}"),
                "`toolsmith reviews` lists them",
            )
        })
    }

    /// One review with its evidence.
    ///
    /// # Errors
    /// `NotFound`. Files that cannot be read are a line of evidence.
    pub fn detail(&self, review: ReviewId) -> Result<ReviewDetail, EngineError> {
        self.expire_due()?;
        let review = self.row(review)?;
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest).cloned();
        let (detail, unreadable) = match tool.as_ref().map(|tool| self.engine.library().detail(tool)).transpose() {
            Ok(detail) => (detail, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let files = in_natural_order(self.files_under(&review, detail.as_ref()));
        let missing =
            detail.as_ref().map(|detail| self.engine.dependencies().missing_approved(detail)).unwrap_or_default();
        let of_interpreter = |detail| self.engine.dependencies().evidence_of_interpreter(detail);
        let interpreter = detail.as_ref().map_or(Ok(Vec::new()), of_interpreter)?;
        let manifest = detail.map(|detail| detail.manifest);
        let base = review.base_digest.filter(|base| self.workspace.copies.has(*base));
        let base_files = base.map(|base| self.engine.versions().files(base)).transpose()?.map(in_natural_order);
        let base = base_files.as_ref().and_then(|files| self.manifest_of(&review, files));
        let runs = self.runs_of(&review)?;
        let behaviour = tool.as_ref().map(|tool| self.engine.observations().behaviour(tool));
        let suggestion = match (&tool, &manifest) {
            (Some(tool), Some(manifest)) => self.suggestion_for(tool, manifest)?,
            _ => None,
        };
        let mut roles = self.roles_for(&review);
        let mut evidence = requester_evidence::lines(&review, &roles);
        roles.retain(|role| review.votes().all(|vote| vote.role.as_deref() != Some(role.as_str())));
        evidence.extend(self.engine.evolutions().evolved(&review)?);
        evidence.extend(self.signed_before(&review)?);
        evidence.extend(self.engine.teams().evidence(&review)?);
        evidence.extend(evidence::collect(Material {
            review: &review,
            tool: tool.as_deref(),
            files: &files,
            manifest: manifest.as_ref(),
            base: base.as_ref(),
            base_files: base_files.as_deref(),
            missing: &missing,
            runs: &runs,
            behaviour: behaviour.as_ref().map(Result::as_ref),
            least: self.workspace.settings.least_isolation(review.from_stage),
            unreadable: unreadable.as_deref(),
        }));
        evidence.extend(interpreter);
        evidence.extend(self.earlier(&review)?);
        evidence.extend(self.twins(&review));
        evidence.extend(suggestion.map(|found| evidence::suggested(&found)));
        let verdict = self.engine.checks().verdict_of(&review)?;
        evidence.extend(verdict.as_ref().and_then(|verdict| evidence::reach(verdict, manifest.as_ref()?)));
        evidence::worst_first(&mut evidence);
        let blocking =
            verdict.as_ref().map_or_else(Vec::new, |verdict| self.engine.checks().blocking(verdict, review.to_stage));
        let comments = self.comments_in(&review, &files)?;
        let me = self.workspace.identity();
        let marks = self.workspace.read(|q| Ok(q.marks_of(&review.tool, &me)?))?;
        Ok(ReviewDetail {
            objections: self.workspace.read(|q| Ok(core::objections(q, review.digest)?))?,
            choice: self.engine.teams().choice_for(&review)?,
            checks_place: self.engine.checks().place_in_queue(&review)?,
            review,
            files,
            base_files,
            manifest,
            evidence,
            runs,
            verdict,
            blocking,
            own_comments: comments.iter().filter(|comment| comment.who == me).map(|comment| comment.id).collect(),
            comments,
            marks,
            roles,
        })
    }

    /// Runs of the version under review.
    fn runs_of(&self, review: &Review) -> Result<Vec<Run>, EngineError> {
        let mut runs = self.engine.runs().list(&RunFilter {
            digest: Some(permits::version_called(review).unwrap_or(review.digest)),
            limit: EVIDENCE_RUNS,
            ..RunFilter::default()
        })?;
        if review.kind == ReviewKind::Call {
            // Refused runs are the ones that requested this permit.
            runs.retain(|run| run.outcome.has_started());
        }
        Ok(runs)
    }

    /// The files under decision: those on disk, otherwise the kept ones.
    fn files_under(&self, review: &Review, detail: Option<&ToolDetail>) -> Vec<VersionFile> {
        if review.kind == ReviewKind::Adoption {
            return self.member_files(review);
        }
        match detail {
            Some(detail) => detail.files.clone(),
            None => self.engine.versions().files(review.digest).unwrap_or_default(),
        }
    }

    /// The history of earlier versions of the tool.
    fn earlier(&self, review: &Review) -> Result<Vec<EvidenceLine>, EngineError> {
        if !review.is_checked() {
            return Ok(Vec::new());
        }
        let filter = RunFilter { tool: Some(review.tool.clone()), limit: EARLIER_RUNS, ..RunFilter::default() };
        let mut runs = self.engine.runs().list(&filter)?;
        runs.retain(|run| run.digest != review.digest);
        // If the tool only ran in its present version, its own runs are enough.
        let failures = if runs.is_empty() { Vec::new() } else { self.engine.failures().list(Some(&review.tool))? };
        Ok(history_evidence::lines(&runs, &failures))
    }

    fn manifest_of(&self, review: &Review, files: &[VersionFile]) -> Option<Manifest> {
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool)?;
        catalog::read_files(files.to_vec(), tool).ok().map(|detail| detail.manifest)
    }

    /// The places of tools in an adoption that share a name.
    fn twins(&self, review: &Review) -> Vec<EvidenceLine> {
        let view = self.engine.library().catalog();
        let place = |member: &(ToolName, Digest)| {
            let key = review.member_key(member);
            let tool = view.tools.iter().find(|tool| tool.name == member.0 && tool.digest == member.1)?;
            let text = format!("{key} is in {}", tool.placement.base);
            key.contains('@').then(|| EvidenceLine { weight: Weight::Warn, label: "same name".to_owned(), text })
        };
        review.members.iter().filter_map(place).collect()
    }

    /// Files of every member of an adoption, each path prefixed by the key of the tool. A member that moved or cannot
    /// be read is left out here; deciding then refuses.
    fn member_files(&self, review: &Review) -> Vec<VersionFile> {
        let view = self.engine.library().catalog();
        let mut all = Vec::new();
        for member @ (name, digest) in &review.members {
            let key = review.member_key(member);
            let tool = view.tools.iter().find(|tool| tool.name == *name && tool.digest == *digest);
            let Some(Ok(detail)) = tool.map(|tool| self.engine.library().detail(tool)) else { continue };
            all.extend(detail.files.into_iter().map(|mut file| {
                file.path = format!("{key}/{}", file.path);
                file
            }));
        }
        all
    }
}
