//! What faces ask without changing anything.

use super::resolve;
use crate::catalog;
use crate::domain::{
    Comment, Digest, FailureGroup, Manifest, Operation, OperationId, Review, ReviewId, ReviewKind, Run, RunId, Stage,
    Tool, ToolDetail, ToolName, VersionFile, is_redacted, without_redacted,
};
use crate::engine::clock::now;
use crate::engine::core::Approvals;
use crate::engine::doctor;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::review::evidence::{self, Material};
use crate::engine::review::{history_evidence, requester_evidence};
use crate::engine::view::{DoctorLine, EvidenceLine, ReviewDetail, ReviewFilter, RunFilter, VersionInfo};
use crate::engine::workspace::Engine;
use crate::store::{RunQuery, VersionRow};
use serde_json::Value;
use std::sync::Arc;

/// Runs shown as evidence of a version.
const EVIDENCE_RUNS: usize = 20;
/// Runs of a tool that are looked through for what earlier versions did.
const EARLIER_RUNS: usize = 200;

impl Engine {
    /// Finds a tool by name, NAME@VERSION, NAME@DIGESTPREFIX, alias or path. A version that is not on
    /// disk any more is found when a copy of it is kept.
    ///
    /// # Errors
    /// `NotFound`, or `Ambiguous` with the paths to choose from.
    pub fn resolve(&self, text: &str) -> Result<Arc<Tool>, EngineError> {
        match resolve::resolve(&self.catalog(), text) {
            Ok(Some(tool)) => Ok(tool),
            Ok(None) => self.resolve_kept(text),
            Err(error) if error.code == ErrorCode::NotFound => Err(self.told_vanished(text, error)),
            Err(error) => Err(error),
        }
    }

    fn resolve_kept(&self, text: &str) -> Result<Arc<Tool>, EngineError> {
        let (name, version) = resolve::split(text);
        let (tool, wanted) = (self.resolve(name)?, version.unwrap_or_default());
        let rows = self.read(|q| Ok(q.versions_of(&tool.name)?))?;
        let row = rows
            .iter()
            .find(|row| row.version.to_string() == wanted || row.digest.starts_with(wanted))
            .ok_or_else(|| {
                EngineError::new(
                    ErrorCode::NotFound,
                    format!("{name} has no version {wanted}"),
                    format!("`toolsmith show {name}` lists its versions"),
                )
            })?;
        Ok(Arc::new(self.kept(&tool, row)?.tool))
    }

    /// A version that is only kept, as a row beside the one on disk.
    fn kept(&self, tool: &Tool, row: &VersionRow) -> Result<ToolDetail, EngineError> {
        let files = self.version_files(row.digest)?;
        let mut kept = tool.clone();
        kept.version = row.version.clone();
        kept.digest = row.digest;
        kept.path.clone_from(&row.path);
        kept.placement = row.placement.clone();
        let mut detail = catalog::read_files(files, &kept).map_err(|p| problem(&p))?;
        detail.tool.stage = tool.stage;
        Ok(detail)
    }

    /// Finds an archived tool: by path, or the only archived row of that name.
    pub(in crate::engine) fn resolve_archived(&self, text: &str) -> Result<Arc<Tool>, EngineError> {
        let view = self.catalog();
        let (name, version) = resolve::split(text);
        let mut rows = view.tools.iter().filter(|tool| {
            tool.stage == Stage::Archived
                && (tool.path == text
                    || (tool.name.as_str() == name
                        && version.is_none_or(|v| tool.version.to_string() == v || tool.digest.starts_with(v))))
        });
        let hint = "`toolsmith list --stage archived` shows what can be restored";
        let Some(first) = rows.next() else {
            return Err(EngineError::new(ErrorCode::NotFound, format!("{text:?} is not archived"), hint));
        };
        if rows.next().is_some() {
            return Err(EngineError::new(
                ErrorCode::Ambiguous,
                format!("{text:?} means several archived versions"),
                hint,
            ));
        }
        Ok(Arc::clone(first))
    }

    /// Reads everything about a tool: from disk when that still has the row's digest or there is no
    /// kept copy of it, else from the kept copy. The answer's digest says what was read.
    ///
    /// # Errors
    /// `Failed` with the problem when the files cannot be read as a tool.
    pub fn detail(&self, tool: &Tool) -> Result<ToolDetail, EngineError> {
        match catalog::read(&self.inner.plan, tool) {
            Ok(detail) if detail.tool.digest == tool.digest || !self.inner.copies.has(tool.digest) => Ok(detail),
            Err(error) if !self.inner.copies.has(tool.digest) => Err(problem(&error)),
            Ok(_) | Err(_) => {
                catalog::read_files(self.version_files(tool.digest)?, tool).map_err(|error| problem(&error))
            }
        }
    }

    /// Versions of a name, newest first.
    pub fn versions(&self, tool: &ToolName) -> Result<Vec<VersionInfo>, EngineError> {
        let (rows, approvals) = self.read(|q| Ok((q.versions_of(tool)?, Approvals::read(q)?)))?;
        let digests: Vec<Digest> = rows.iter().map(|row| row.digest).collect();
        let mut origins = self.origins(tool, &digests)?;
        let mut info = |row: VersionRow| -> Result<VersionInfo, EngineError> {
            Ok(VersionInfo {
                provenance: origins.remove(&row.digest).unwrap_or_default(),
                usage: self.usage(tool, row.digest)?,
                approved: approvals.has(tool, row.digest),
                kept: self.inner.copies.has(row.digest),
                version: row.version,
                digest: row.digest,
                stage: row.stage,
                path: row.path,
                first_seen_at: row.first_seen_at,
            })
        };
        rows.into_iter().map(&mut info).collect()
    }

    /// The kept files of a version.
    ///
    /// # Errors
    /// `NotFound` when no copy is kept.
    pub fn version_files(&self, digest: Digest) -> Result<Vec<VersionFile>, EngineError> {
        if !self.inner.copies.has(digest) {
            return Err(EngineError::new(
                ErrorCode::NotFound,
                format!("no copy of version {} is kept", digest.short()),
                "a copy is made when a version is first run, reviewed or promoted",
            ));
        }
        Ok(self.inner.copies.get(digest)?)
    }

    /// The input last given to a tool by a human, without the fields that held a secret.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub fn last_input(&self, tool: &ToolName) -> Result<Option<Value>, EngineError> {
        let text = self.read(|q| Ok(q.last_input(tool)?))?;
        let input = text.map(|text| serde_json::from_str(&text).map_err(EngineError::internal)).transpose()?;
        Ok(input.and_then(without_redacted))
    }

    /// The input of a recorded run, to run again with it; `None` for a run without one.
    ///
    /// # Errors
    /// `NotFound` when there is no such run; `Refused` when its input held a secret, which is not kept.
    pub fn input_again(&self, run: RunId) -> Result<Option<Value>, EngineError> {
        let record = self.run_record(run)?;
        if is_redacted(&record.input) {
            return Err(EngineError::new(
                ErrorCode::Refused,
                format!("the input of run {run} held a secret, which is not kept"),
                "run the tool with its whole input instead",
            ));
        }
        let input = Some(record.input).filter(|text| !text.is_empty());
        input.map(|text| serde_json::from_str(&text).map_err(EngineError::internal)).transpose()
    }

    /// Recorded runs.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<Run>, EngineError> {
        self.read(|q| {
            Ok(q.runs(&RunQuery {
                tool: filter.tool.clone(),
                outcome: filter.outcome,
                since: filter.since,
                digest: filter.digest,
                signature: None,
                limit: if filter.limit == 0 { 50 } else { filter.limit },
            })?)
        })
    }

    /// One run.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn run_record(&self, run: RunId) -> Result<Run, EngineError> {
        self.read(|q| Ok(q.run(run)?))?.ok_or_else(|| {
            EngineError::new(ErrorCode::NotFound, format!("there is no run {run}"), "`toolsmith runs` lists them")
        })
    }

    /// Failure groups, last seen first.
    pub fn failures(&self, tool: Option<&ToolName>) -> Result<Vec<FailureGroup>, EngineError> {
        self.read(|q| Ok(q.failures(tool, now())?))
    }

    /// Reviews, oldest first.
    pub fn reviews(&self, filter: ReviewFilter) -> Result<Vec<Review>, EngineError> {
        self.expire_due()?;
        let states: Vec<_> = crate::domain::ReviewState::ALL.iter().copied().filter(|s| filter.accepts(*s)).collect();
        self.read(|q| Ok(q.reviews(&states)?))
    }

    /// One review, without evidence.
    pub(in crate::engine) fn review_row(&self, review: ReviewId) -> Result<Review, EngineError> {
        self.read(|q| Ok(q.review(review)?))?.ok_or_else(|| {
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
    pub fn review(&self, review: ReviewId) -> Result<ReviewDetail, EngineError> {
        self.expire_due()?;
        let review = self.review_row(review)?;
        let view = self.catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest).cloned();
        let (detail, unreadable) = match tool.as_ref().map(|tool| self.detail(tool)).transpose() {
            Ok(detail) => (detail, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let files = if review.kind == ReviewKind::Adoption {
            self.member_files(&review)
        } else {
            match &detail {
                Some(detail) => detail.files.clone(),
                None => self.version_files(review.digest).unwrap_or_default(),
            }
        };
        let missing = detail.as_ref().map(|detail| self.missing_approved(detail)).unwrap_or_default();
        let interpreter = detail.as_ref().map_or(Ok(Vec::new()), |detail| self.evidence_of_interpreter(detail))?;
        let manifest = detail.map(|detail| detail.manifest);
        let base_files = review
            .base_digest
            .filter(|base| self.inner.copies.has(*base))
            .map(|b| self.version_files(b))
            .transpose()?;
        let base = base_files.as_ref().and_then(|files| self.manifest_of(&review, files));
        let runs =
            self.runs(&RunFilter { digest: Some(review.digest), limit: EVIDENCE_RUNS, ..RunFilter::default() })?;
        let behaviour = tool.as_ref().map(|tool| self.behaviour(tool));
        let suggestion = match (&tool, &manifest) {
            (Some(tool), Some(manifest)) => self.suggestion_for(tool, manifest)?,
            _ => None,
        };
        let mut roles = self.roles_for(&review);
        let mut evidence = requester_evidence::lines(&review, &roles);
        roles.retain(|role| review.votes().all(|vote| vote.role.as_deref() != Some(role.as_str())));
        evidence.extend(self.evolved(&review)?);
        evidence.extend(self.signed_before(&review)?);
        evidence.extend(evidence::collect(Material {
            review: &review,
            tool: tool.as_deref(),
            files: &files,
            manifest: manifest.as_ref(),
            base: base.as_ref(),
            missing: &missing,
            runs: &runs,
            behaviour: behaviour.as_ref().map(Result::as_ref),
            least: self.inner.settings.least_isolation(review.from_stage),
            unreadable: unreadable.as_deref(),
        }));
        evidence.extend(interpreter);
        evidence.extend(self.earlier(&review)?);
        evidence.extend(suggestion.map(|found| evidence::suggested(&found)));
        evidence::worst_first(&mut evidence);
        let verdict = self.verdict_of(&review)?;
        let blocking = verdict.as_ref().map_or_else(Vec::new, |verdict| self.blocking(verdict, review.to_stage));
        let comments = self.comments_in(&review, &files)?;
        let checks_place = self.place_in_queue(&review)?;
        let marks = self.read(|q| Ok(q.marks_of(&review.tool, &self.identity())?))?;
        Ok(ReviewDetail {
            review,
            files,
            base_files,
            manifest,
            evidence,
            runs,
            verdict,
            blocking,
            checks_place,
            comments,
            marks,
            roles,
        })
    }

    /// Comments on the tool, as they stand to the files of this version.
    fn comments_in(&self, review: &Review, files: &[VersionFile]) -> Result<Vec<Comment>, EngineError> {
        let mut comments = self.read(|q| Ok(q.comments_on(&review.tool)?))?;
        for comment in &mut comments {
            let path = comment.spot.path.as_deref();
            let file = path.and_then(|path| files.iter().find(|file| file.path == path));
            let text = file.map(|file| String::from_utf8_lossy(&file.bytes));
            comment.outdated = comment.is_outdated_in(text.as_deref());
        }
        Ok(comments)
    }

    /// What became of earlier versions of the tool.
    fn earlier(&self, review: &Review) -> Result<Vec<EvidenceLine>, EngineError> {
        if !review.is_checked() {
            return Ok(Vec::new());
        }
        let filter = RunFilter { tool: Some(review.tool.clone()), limit: EARLIER_RUNS, ..RunFilter::default() };
        let mut runs = self.runs(&filter)?;
        runs.retain(|run| run.digest != review.digest);
        // Of a tool that only ran as it is now, its own runs say everything.
        let failures = if runs.is_empty() { Vec::new() } else { self.failures(Some(&review.tool))? };
        Ok(history_evidence::lines(&runs, &failures))
    }

    fn manifest_of(&self, review: &Review, files: &[VersionFile]) -> Option<Manifest> {
        let view = self.catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool)?;
        catalog::read_files(files.to_vec(), tool).ok().map(|detail| detail.manifest)
    }

    /// Files of every member of an adoption, each path led by the tool's name. A member that moved
    /// or cannot be read is left out here; deciding refuses then.
    fn member_files(&self, review: &Review) -> Vec<VersionFile> {
        let view = self.catalog();
        let mut all = Vec::new();
        for (name, digest) in &review.members {
            let tool = view.tools.iter().find(|tool| tool.name == *name && tool.digest == *digest);
            let Some(Ok(detail)) = tool.map(|tool| self.detail(tool)) else { continue };
            all.extend(detail.files.into_iter().map(|mut file| {
                file.path = format!("{name}/{}", file.path);
                file
            }));
        }
        all
    }

    /// Log entries, newest first, at most `limit`, holding `grep` where given.
    pub fn operations(&self, limit: usize, grep: Option<&str>) -> Result<Vec<Operation>, EngineError> {
        self.read(|q| Ok(q.operations(limit, grep)?))
    }

    /// One log entry.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn operation(&self, operation: OperationId) -> Result<Operation, EngineError> {
        self.read(|q| Ok(q.operation(operation)?))?.ok_or_else(|| {
            EngineError::new(
                ErrorCode::NotFound,
                format!("there is no operation {operation}"),
                "`toolsmith log` lists operations",
            )
        })
    }

    /// Checks interpreters, folders, limits.
    pub fn doctor(&self) -> Vec<DoctorLine> {
        let options = &self.inner.options;
        let place = doctor::Place { workspace: &options.workspace, home: &options.home, state_dir: self.state_dir() };
        let mut lines = doctor::doctor(&place, self.git(), &self.inner.machine, options.asker);
        lines.extend(doctor::buffers(self.buffers()));
        lines.extend(self.doctor_of_signing());
        lines.push(self.doctor_of_state());
        lines.push(doctor::library(&self.policy()));
        lines
    }
}

/// A problem with a file, as an error of a call.
fn problem(problem: &crate::domain::Problem) -> EngineError {
    let place = problem.line.map_or(problem.path.clone(), |line| format!("{}:{line}", problem.path));
    EngineError::new(ErrorCode::Failed, format!("{place}: {}", problem.message), problem.hint.clone())
}
