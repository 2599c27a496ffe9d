//! Decisions as feedback data: the question, the evidence, and the result.
//!
//! Derived from decisions in the log, oldest first; undone ones are included and marked. All texts are redacted: likely
//! tokens and keys, in the code or in quotations of it, are not exported. A decision with a damaged kept copy is
//! exported without its code, with a note.

use crate::catalog;
use crate::domain::{
    Category, CodeRedactor, Comment, CostTier, Decision, DecisionKind, Digest, FileMode, Instant, Manifest, Operation,
    Review, ReviewState, Tool, VersionFile,
};
use crate::engine::Reviews;
use crate::engine::error::EngineError;
use crate::insight::{self, Judged, Suggestion};
use serde::Serialize;
use serde_json::{Value, json};

/// Maximum number of decisions examined for suggestions, newest first.
const LOOKED_AT: usize = 2_000;

/// A file as it was decided on.
#[derive(Serialize)]
struct FileRecord<'a> {
    path: &'a str,
    executable: bool,
    bytes: usize,
    /// Its text; absent if it is not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl Reviews<'_> {
    /// Decisions made at or after `since`, oldest first, each as an object without secrets.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn feedback(&self, since: Option<Instant>) -> Result<Vec<Value>, EngineError> {
        let reviews = self.workspace.read(|q| Ok(q.reviews(ReviewState::ALL)?))?;
        let mut made: Vec<(&Review, &Decision)> =
            reviews.iter().flat_map(|review| review.decisions.iter().map(move |decision| (review, decision))).collect();
        made.retain(|(_, decision)| since.is_none_or(|since| decision.at >= since));
        made.sort_by_key(|(_, decision)| decision.operation);
        made.into_iter().map(|(review, decision)| self.record(review, decision)).collect()
    }

    /// The files of a kept version; if its copy is damaged, none, with the reason.
    fn kept_files(&self, digest: Digest) -> (Vec<VersionFile>, Option<String>) {
        if !self.workspace.copies.has(digest) {
            return (Vec::new(), None);
        }
        match self.workspace.copies.get(digest) {
            Ok(files) => (files, None),
            Err(error) => (Vec::new(), Some(format!("the kept copy of {} cannot be read: {error}", digest.short()))),
        }
    }

    fn record(&self, review: &Review, decision: &Decision) -> Result<Value, EngineError> {
        let (files, damage) = self.kept_files(decision.digest);
        let before = review.base_digest.map(|base| self.kept_files(base).0).unwrap_or_default();
        let texts = files.iter().chain(&before).filter_map(|file| std::str::from_utf8(&file.bytes).ok());
        let redactor = CodeRedactor::of(texts);
        // Prompts and answers of generators are kept in separate files, which may be damaged too.
        let (evolution, evolution_damage) = match self.engine.evolutions().asked_for(&review.tool, decision.digest) {
            Ok(asked) => (asked, None),
            Err(error) => (Value::Null, Some(error.message)),
        };
        let damage: Vec<String> = damage.into_iter().chain(evolution_damage).collect();
        let manifest = self.manifest_at(review, &files);
        let verdict = self.engine.checks().verdict_of(review)?;
        let comments = self.workspace.read(|q| Ok(q.comments_on(&review.tool)?))?;
        let comments: Vec<Comment> = comments.into_iter().filter(|comment| comment.review == review.id).collect();
        let request = json!({
            "review": review.id,
            "kind": review.kind,
            "tool": review.tool,
            "version": review.version.to_string(),
            "digest": decision.digest,
            "base_digest": review.base_digest,
            "from_stage": review.from_stage,
            "to_stage": review.to_stage,
            "risk": review.risk,
            "summary": review.summary,
            "members": review.members,
            "provenance": manifest.as_ref().map(|manifest| &manifest.provenance),
            "category": manifest.as_ref().map(|manifest| &manifest.category),
            "cost_tier": manifest.as_ref().map(|manifest| manifest.cost_tier),
        });
        Ok(redactor.json(&json!({
            "operation": decision.operation,
            "at": decision.at,
            "request": request,
            "code": files.iter().map(file_record).collect::<Vec<_>>(),
            "evolution": evolution,
            "damaged": damage,
            "evidence": verdict,
            "decision": decision.kind,
            "reason": decision.reason,
            "override_reason": decision.override_reason,
            "comments": comments,
            "reviewer": decision.reviewer,
            "shown": decision.shown,
            "lines_total": decision.shown.lines,
            "lines_unread": decision.shown.unread(),
            "unread": decision.shown.unread_words().filter(|_| decision.kind == DecisionKind::Approve),
            "taken_back": decision.undone,
        })))
    }

    /// The manifest of the files that were decided on.
    fn manifest_at(&self, review: &Review, files: &[VersionFile]) -> Option<Manifest> {
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool)?;
        catalog::read_files(files.to_vec(), tool).ok().map(|detail| detail.manifest)
    }

    /// Suggestions to ask fewer questions, based on series of approvals, with reasons.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn suggestions(&self) -> Result<Vec<Suggestion>, EngineError> {
        Ok(insight::suggestions(&self.judged()?))
    }

    /// The suggestion that concerns a tool under review.
    pub(in crate::engine) fn suggestion_for(
        &self,
        tool: &Tool,
        manifest: &Manifest,
    ) -> Result<Option<Suggestion>, EngineError> {
        let Some(generator) = manifest.provenance.generator.as_deref() else { return Ok(None) };
        if !tool.classified || tool.cost_tier != CostTier::Low {
            return Ok(None);
        }
        Ok(insight::suggestion_for(&self.judged()?, generator, &tool.category, tool.cost_tier))
    }

    /// The author of the version under review, in the form stored with the decision.
    pub(in crate::engine) fn maker_of(&self, review: &Review) -> Option<Value> {
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest)?;
        // If its files can no longer be read, there is no author; the decision reports the error.
        maker(tool, &self.engine.library().detail(tool).ok()?.manifest)
    }

    /// Keeps the bytes under decision, also for a rejection, which is meaningless without them.
    pub(in crate::engine) fn keep_decided(&self, review: &Review) -> Result<(), EngineError> {
        let view = self.engine.library().catalog();
        let row = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest);
        if let Some(detail) = row.and_then(|tool| catalog::read(&self.workspace.plan, tool).ok())
            && Digest::of_files(&detail.files) == review.digest
        {
            self.workspace.copies.put(review.digest, &detail.files)?;
        }
        Ok(())
    }

    fn judged(&self) -> Result<Vec<Judged>, EngineError> {
        let mut decided = self.workspace.read(|q| Ok(q.decided(LOOKED_AT)?))?;
        decided.reverse();
        Ok(decided.iter().filter(|operation| operation.undone_by.is_none()).filter_map(judged).collect())
    }
}

/// The author of the version, as stored with the decision; `None` if the generator is unknown.
fn maker(tool: &Tool, manifest: &Manifest) -> Option<Value> {
    let generator = manifest.provenance.generator.as_deref()?;
    // A tool without a stated tier does not count as low.
    tool.classified.then(|| json!({"generator": generator, "category": tool.category, "cost_tier": tool.cost_tier}))
}

fn judged(operation: &Operation) -> Option<Judged> {
    let maker = operation.detail.get("maker")?;
    let word = |key: &str| maker.get(key).and_then(Value::as_str);
    Some(Judged {
        generator: word("generator")?.to_owned(),
        category: Category::new(word("category")?),
        tier: word("cost_tier")?.parse().ok()?,
        kind: operation.verb.parse::<DecisionKind>().ok()?,
        overridden: operation.detail.get("override").is_some_and(|over| !over.is_null()),
        at: operation.at,
    })
}

fn file_record(file: &VersionFile) -> FileRecord<'_> {
    FileRecord {
        path: &file.path,
        executable: file.mode == FileMode::Executable,
        bytes: file.bytes.len(),
        text: std::str::from_utf8(&file.bytes).ok(),
    }
}
