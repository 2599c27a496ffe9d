//! Fills a bundle: failures with input and output, comments, examples from approved tools, and feedback data.

use super::asking::EvolveRequest;
use crate::check::{Recorded, RecordedEnd};
use crate::domain::{
    CommentKind, DecisionKind, Digest, ReviewState, Run, RunId, RunOutcome, Tool, ToolDetail, ToolName, is_redacted,
};
use crate::engine::Evolutions;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::run::failing::last_bytes;
use crate::evolve::bundle::{BundleComment, BundleFailure, FewShot};
use crate::evolve::{Bundle, repair};
use crate::runner::Spool;
use crate::store::RunQuery;
use serde_json::Value;

/// The number of failures that are chosen by default.
const FAILURES: usize = 3;

/// A module that does not exist: if it is not reported as missing, nothing was checked.
const ABSENT: &str = "toolsmith_absent_module";

/// Maximum number of comments, the newest ones.
const COMMENTS: usize = 20;

/// Number of approved tools used as examples.
const FEW_SHOT: usize = 2;

/// Maximum length of an example, in bytes.
const MAX_EXAMPLE: usize = 6 * 1024;

/// Maximum part of the end of each stream of a failed run, in bytes.
const OUTPUT: usize = 4 * 1024;

/// Number of runs searched for inputs.
const LOOKED_AT: usize = 200;

/// Recorded inputs of each kind, successful and failed, that are replayed.
const RECORDED: usize = 5;

impl Evolutions<'_> {
    /// The failed runs that the user chose; otherwise the newest of each kind of failure of the version.
    pub(super) fn chosen_failures(&self, tool: &Tool, chosen: &[RunId]) -> Result<Vec<RunId>, EngineError> {
        for run in chosen {
            let record = self.engine.runs().record(*run)?;
            let wrong = if record.tool != tool.name {
                format!("run {run} is a run of {}, not of {}", record.tool, tool.name)
            } else if record.outcome == RunOutcome::Succeeded && !self.is_marked(tool, *run)? {
                format!("run {run} succeeded, so there is no failure to fix")
            } else {
                continue;
            };
            let hint = format!("`toolsmith runs {}` lists its runs", tool.name);
            return Err(EngineError::new(ErrorCode::Usage, wrong, hint));
        }
        if !chosen.is_empty() {
            return Ok(chosen.to_vec());
        }
        let groups = self.engine.failures().list(Some(&tool.name))?;
        let open = groups.into_iter().filter(|group| group.state == crate::domain::GroupState::Open);
        let mut runs = Vec::new();
        for run in open.filter_map(|group| group.sample_run) {
            if runs.len() < FAILURES && self.engine.runs().record(run)?.digest == tool.digest {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// Whether a run is marked as a failure, however it ended.
    fn is_marked(&self, tool: &Tool, run: RunId) -> Result<bool, EngineError> {
        let marks = self.workspace.read(|q| Ok(q.failure_marks(&tool.name)?))?;
        Ok(marks.iter().any(|mark| mark.run == Some(run) && !mark.withdrawn))
    }

    pub(super) fn bundle_of(
        &self,
        detail: &ToolDetail,
        request: &EvolveRequest,
        failures: &[RunId],
    ) -> Result<Bundle, EngineError> {
        let tool = &detail.tool;
        let mut bundle =
            Bundle { hint: request.hint.clone(), dynamic_schema: request.dynamic_schema, ..Bundle::of(detail) };
        for run in failures {
            bundle.failures.push(self.failure_of(&self.engine.runs().record(*run)?));
        }
        let comments = self.workspace.read(|q| Ok(q.comments_on(&tool.name)?))?;
        let newest = comments.len().saturating_sub(COMMENTS);
        bundle.comments = comments[newest..]
            .iter()
            .map(|comment| BundleComment {
                outdated: comment.outdated || comment.digest != tool.digest,
                ..BundleComment::from(comment)
            })
            .collect();
        bundle.comments.extend(self.wanted_by_reviewers(&tool.name, tool.digest)?);
        bundle.installed = self.installed_packages(detail);
        bundle.few_shot = self.examples_to_go_by(tool, &bundle.language);
        bundle.learnt = self.learnt_lines(&bundle)?;
        if let Some(review) = request.specification {
            let (specification, _) = self.engine.new_tools().approved_specification(review)?;
            bundle.specification = serde_json::to_string_pretty(&specification).map_err(EngineError::internal)?;
        }
        Ok(bundle)
    }

    /// The packages that repairs can import and that are installed for this version; `None` if unknown.
    fn installed_packages(&self, detail: &ToolDetail) -> Option<Vec<String>> {
        let path = detail
            .main_file()
            .filter(|file| file.path.rsplit('.').next() == Some("py"))
            .map(|file| file.path.clone())?;
        let lines = repair::ASKED_PACKAGES.iter().chain([&ABSENT]).map(|name| format!("import {name}\n"));
        let code: String = lines.collect();
        // The same version with other code: an import that is missing for this code is missing for the real code too.
        let mut probe = detail.clone();
        for file in probe.files.iter_mut().filter(|file| file.path == path) {
            file.bytes = code.clone().into_bytes();
        }
        probe.tool.digest = Digest::of_files(&probe.files);
        let missing = self.engine.dependencies().missing(&probe);
        let is_missing = |name: &str| missing.iter().any(|one| one.name == name);
        let asked = || repair::ASKED_PACKAGES.iter();
        is_missing(ABSENT).then(|| asked().filter(|name| !is_missing(name)).map(|name| (*name).to_owned()).collect())
    }

    fn failure_of(&self, run: &Run) -> BundleFailure {
        BundleFailure {
            run: Some(run.id),
            input: run.input.clone(),
            output: self.output_tail(run.id),
            error: match &run.error {
                Some(error) => format!("{}: {error}", run.outcome),
                None => run.outcome.to_string(),
            },
            scenario: String::new(),
        }
    }

    /// The end of a run's output, standard error last; empty if it is no longer kept.
    fn output_tail(&self, run: RunId) -> String {
        let Ok(spool) = Spool::open(&self.engine.runs().spool_path(run)) else { return String::new() };
        let mut text = String::new();
        for stream in [crate::domain::Stream::Stdout, crate::domain::Stream::Stderr] {
            let bytes = last_bytes(spool.bytes(Some(stream)), OUTPUT);
            text.push_str(&String::from_utf8_lossy(&bytes));
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }

    /// The changes that reviewers requested in this version.
    fn wanted_by_reviewers(&self, tool: &ToolName, digest: Digest) -> Result<Vec<BundleComment>, EngineError> {
        let reviews =
            self.workspace.read(|q| Ok(q.reviews(&[ReviewState::ChangesRequested, ReviewState::Rejected])?))?;
        let about = reviews.iter().filter(|review| review.tool == *tool && review.digest == digest);
        let decisions = about.flat_map(|review| &review.decisions);
        let wanted = decisions.filter(|decision| !decision.undone && decision.kind != DecisionKind::Approve);
        let comment = |text: &String| BundleComment {
            path: None,
            lines: None,
            kind: CommentKind::MustFix,
            text: text.clone(),
            outdated: false,
        };
        Ok(wanted.filter_map(|decision| decision.reason.as_ref()).map(comment).collect())
    }

    /// The smallest approved tools in the same language.
    fn examples_to_go_by(&self, tool: &Tool, language: &str) -> Vec<FewShot> {
        let view = self.engine.library().catalog();
        let mut others: Vec<_> =
            view.tools.iter().filter(|other| other.stage.is_vouched() && other.name != tool.name).collect();
        others.sort_by_key(|other| (other.bytes, &other.path));
        let read = others.into_iter().filter_map(|other| {
            let detail = self.engine.library().detail(other).ok()?;
            let file = detail.main_file()?;
            let code = std::str::from_utf8(&file.bytes).ok().filter(|code| code.len() <= MAX_EXAMPLE)?;
            let is_same = crate::domain::source::Language::of(&file.path, code)?.name() == language;
            is_same.then(|| FewShot {
                tool: other.name.to_string(),
                description: other.description.clone(),
                code: code.to_owned(),
            })
        });
        read.take(FEW_SHOT).collect()
    }

    /// What helped against such failures before, one line each.
    fn learnt_lines(&self, bundle: &Bundle) -> Result<Vec<String>, EngineError> {
        let kinds: Vec<_> = bundle
            .failures
            .iter()
            .map(|failure| crate::evolve::mutation::failure_kind(&failure.error, &failure.output))
            .collect();
        let learnt = self.learnt()?;
        let helped = learnt.iter().filter(|row| row.good > 0 && kinds.contains(&row.failure));
        Ok(helped
            .map(|row| {
                let uses = crate::domain::plural(row.uses as usize, "time", "times");
                format!("against {} failures: {} helped {} of {uses}", row.failure, row.mutation, row.good)
            })
            .collect())
    }

    /// Inputs of recorded runs of a tool for replaying: those that the user chose, then the newest failed and
    /// successful ones. Inputs with redacted secrets are left out.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn recorded_inputs(
        &self,
        tool: &ToolName,
        chosen: &[RunId],
    ) -> Result<Vec<Recorded>, EngineError> {
        let query = RunQuery { tool: Some(tool.clone()), limit: LOOKED_AT, ..RunQuery::default() };
        let mut runs = self.workspace.read(|q| Ok(q.runs(&query)?))?;
        for run in chosen.iter().filter(|run| !runs.iter().any(|known| known.id == **run)).collect::<Vec<_>>() {
            runs.push(self.engine.runs().record(*run)?);
        }
        runs.sort_by_key(|run| (!chosen.contains(&run.id), std::cmp::Reverse(run.id)));
        let (mut recorded, mut failed, mut succeeded) = (Vec::<Recorded>::new(), 0, 0);
        for run in runs {
            let is_chosen = chosen.contains(&run.id);
            let count = if run.outcome == RunOutcome::Succeeded { &mut succeeded } else { &mut failed };
            let fits = run.outcome == RunOutcome::Succeeded || run.outcome.is_failure() && run.outcome.has_started();
            if !is_chosen && (!fits || *count >= RECORDED) || is_redacted(&run.input) {
                continue;
            }
            let input: Value = if run.input.is_empty() {
                Value::Object(serde_json::Map::new())
            } else {
                let Ok(input) = serde_json::from_str(&run.input) else { continue };
                input
            };
            if recorded.iter().all(|known| known.input != input) {
                *count += 1;
                recorded.push(Recorded { run: run.id, input, chosen: is_chosen, ended: RecordedEnd::of(&run) });
            }
        }
        Ok(recorded)
    }
}
