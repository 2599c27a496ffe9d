//! The end of an evolution: a good answer becomes a version that waits for a human; any other can be kept on request.

use super::compose::Case;
use super::course_of;
use crate::domain::{
    Caller, Digest, Evolution, EvolutionId, EvolutionState, ExaminedAnswer, Mutation, Outcome, Request, RequestKind,
    ReviewId, ReviewState, Stage, Tool, ToolDetail, ToolReview, VerbCall,
};
use crate::engine::Evolutions;
use crate::engine::error::{EngineError, ErrorCode};
use crate::evolve::course::{End, Lane, LaneId};
use crate::evolve::repair::GENERATOR;
use crate::evolve::{EvolutionProgress, mutation};
use serde::Serialize;
use serde_json::{Map, json};

/// The message about a hint if only repairs answered.
const HINT_UNREAD: &str = "the hint was ignored: built-in repairs do not use hints";

/// An evolution with all its results.
#[derive(Debug, Clone, Serialize)]
pub struct EvolutionDetail {
    /// Row of the evolution as stored.
    pub evolution: Evolution,
    /// State of the loop, as stored in that row.
    #[serde(skip)]
    pub course: EvolutionProgress,
    /// The answers that were examined.
    pub examined: Vec<ExaminedAnswer>,
}

/// When an answer becomes a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The evolution ends with a good answer: only if the original is unchanged.
    Ended,
    Kept,
}

impl Way {
    const fn verb(self) -> &'static str {
        match self {
            Way::Ended => "evolve",
            Way::Kept => "keep",
        }
    }
}

impl Evolutions<'_> {
    /// An evolution with all its results.
    ///
    /// # Errors
    /// `NotFound`; `Internal` if it cannot be read.
    pub fn detail(&self, id: EvolutionId) -> Result<EvolutionDetail, EngineError> {
        let evolution = self.row(id)?;
        let examined = self.workspace.read(|q| Ok(q.examined_answers(id)?))?;
        Ok(EvolutionDetail { course: course_of(&evolution)?, evolution, examined })
    }

    /// The complete output of a generator, not escaped; `None` if there is no answer in this place.
    ///
    /// # Errors
    /// `NotFound`; `Internal` if the stored text is damaged.
    pub fn answer_text(&self, id: EvolutionId, at: LaneId) -> Result<Option<String>, EngineError> {
        let course = course_of(&self.row(id)?)?;
        let kept = course.lane(at).and_then(|lane| lane.answer).map(|digest| self.kept_answer(digest)).transpose()?;
        Ok(kept.map(|kept| kept.text))
    }

    /// Records the end of an evolution; the process that ran it first writes a good answer as a version.
    pub(super) fn end_course(
        &self,
        case: &Case,
        course: &EvolutionProgress,
        end: &End,
        caller: &Caller,
    ) -> Result<(), EngineError> {
        let id = case.row.id;
        let best = end.best();
        let rounds = crate::domain::count(course.rounds.len(), "round");
        let (state, message) = match end {
            End::Good { best } => match self.write_answer(case, course, Some(*best), (caller, Way::Ended)) {
                Ok(outcome) => {
                    let retired = self.retire_scaffold(case, caller);
                    (EvolutionState::Good, format!("good after {rounds}: {}{retired}", outcome.message))
                }
                // For example, its original is gone: the evolution ends anyway, and its answers are not lost.
                Err(error) => (
                    EvolutionState::Spent,
                    format!("good after {rounds}, but not saved: {}; the answer is kept", error.message),
                ),
            },
            End::Spent { best: Some(at) } => {
                let is_rejected = course.lane(*at).is_some_and(Lane::is_rejected);
                let which = if is_rejected { "an answer, although checks reject it" } else { "the best answer" };
                (EvolutionState::Spent, format!("not good after {rounds}; you can keep {which}"))
            }
            End::Spent { best: None } => (EvolutionState::Spent, format!("no usable answer in {rounds}")),
            End::Failed { message, .. } => (EvolutionState::Failed, message.clone()),
            End::Stopped { .. } => {
                (EvolutionState::Stopped, format!("stopped in round {}", course.rounds.len().max(1)))
            }
        };
        let message = if is_hint_unread(&case.row, course, best) && state != EvolutionState::Stopped {
            format!("{message}; {HINT_UNREAD}")
        } else {
            message
        };
        let mutation = best.and_then(|at| self.mutation_of(case, course, at));
        self.workspace.transact(|tx| Ok(tx.end_evolution(id, state, &message, mutation)?))
    }

    /// Archives the scaffold that an answer was written from; it contained only the specification. Returns a text to
    /// append to a message.
    fn retire_scaffold(&self, case: &Case, caller: &Caller) -> String {
        let (Caller::Human(who), Some(_)) = (caller, case.row.asked.specification) else { return String::new() };
        let reason = format!("the specification was implemented by evolution {}", case.row.id);
        let call = VerbCall::new("archive", &[("tool", &case.base.tool.path), ("reason", &reason)]);
        match self.engine.versions().archive(who, &call) {
            Ok(_) => "; its scaffold was archived".to_owned(),
            Err(error) => format!("; its scaffold could not be archived: {}", error.message),
        }
    }

    /// The kind of change in an answer.
    fn mutation_of(&self, case: &Case, course: &EvolutionProgress, at: LaneId) -> Option<Mutation> {
        let kept = course.lane(at).and_then(|lane| lane.answer).and_then(|digest| self.kept_answer(digest).ok())?;
        let answer = kept.answer?;
        let files: Vec<(&str, &str)> = answer
            .files
            .iter()
            .map(|(path, text)| (case.want.files.get(path).map_or("", String::as_str), text.as_str()))
            .collect();
        Some(mutation::made(&case.bundle, &files))
    }

    /// Writes an answer, by default the best one, as a version that waits for a human. Existing versions are not
    /// written again. An agent may keep answers of its own evolutions.
    ///
    /// # Errors
    /// `NotFound`; `Refused` for an agent that did not start it; `Conflict` if there is no such answer, or if its
    /// original version is gone.
    pub fn keep(&self, id: EvolutionId, at: Option<LaneId>, caller: &Caller) -> Result<Outcome, EngineError> {
        let row = self.row(id)?;
        super::own(&row, caller)?;
        let course = course_of(&row)?;
        self.write_answer(&self.case_of(row)?, &course, at, (caller, Way::Kept))
    }

    fn write_answer(
        &self,
        case: &Case,
        course: &EvolutionProgress,
        at: Option<LaneId>,
        (caller, way): (&Caller, Way),
    ) -> Result<Outcome, EngineError> {
        let (row, id) = (&case.row, case.row.id);
        let examined = self.workspace.read(|q| Ok(q.examined_answers(id)?))?;
        let (at, found) = chosen(id, course, &examined, at)?;
        let lane = course.lane(at).ok_or_else(|| EngineError::internal("an answer has no number"))?;
        let kept = self.candidate_kept(case, found)?;
        if let Some(there) = self.same_code(case, &kept)? {
            return self.lies_already(id, found, &there);
        }
        let made = self.numbered(case, lane, found, kept)?;
        let request = Request {
            kind: RequestKind::Tool,
            tool: Some(row.tool.clone()),
            plan: None,
            description: made.detail.manifest.description.clone(),
            rationale: rationale(row, &made.step, &lane.generator, at),
            test_results: Vec::new(),
            changes: Vec::new(),
            specification: None,
            successor: None,
            metadata: metadata(row, found, &made.step, &lane.generator),
        };
        let still = || self.still_original(case, way);
        let instead_of = if matches!(caller, Caller::Human(_)) { commented(case) } else { None };
        let bring = (instead_of, &still as &dyn Fn() -> Result<(), EngineError>);
        let outcome = self.engine.requests().bring(&request, &made.detail, caller, way.verb(), bring)?;
        let detail = &made.detail;
        let kept = ExaminedAnswer {
            digest: detail.tool.digest,
            version: detail.tool.version.clone(),
            step: made.step,
            ..found.clone()
        };
        self.workspace.transact(|tx| {
            tx.put_examined(id, &kept)?;
            Ok(tx.put_made(id, detail.tool.digest, outcome.review)?)
        })?;
        let message = format!("{} {} is in {}; {}", row.tool, kept.version, detail.tool.place(), outcome.message);
        Ok(Outcome { message, ..outcome })
    }

    /// The version of the same name with the same code in the workspace; provenance in header and manifest is ignored.
    fn same_code(&self, case: &Case, kept: &ToolDetail) -> Result<Option<Tool>, EngineError> {
        let failed = |why: String| EngineError::new(ErrorCode::Failed, why, "");
        let code = super::compose::code_of(case, &kept.files).map_err(failed)?;
        for tool in self.engine.library().catalog().tools.iter().filter(|tool| tool.name == case.row.tool) {
            // A version that cannot be read does not prevent writing.
            let Ok(files) = self.engine.library().files_on_disk(tool) else { continue };
            let is_same = super::compose::code_of(case, &files).is_ok_and(|other| other == code);
            if tool.stage != Stage::Archived && (tool.digest == kept.tool.digest || is_same) {
                return Ok(Some(Tool::clone(tool)));
            }
        }
        Ok(None)
    }

    /// Writes nothing, because the code of the answer already exists.
    fn lies_already(&self, id: EvolutionId, found: &ExaminedAnswer, there: &Tool) -> Result<Outcome, EngineError> {
        let waiting = self.workspace.read(|q| Ok(q.reviews(&[ReviewState::Waiting])?))?;
        let review: Option<ReviewId> = waiting
            .iter()
            .find(|review| review.tool == there.name && review.digest == there.digest)
            .map(|review| review.id);
        let state = match (review, there.facts.review) {
            (Some(review), _) => format!("pending in review {review}"),
            (None, ToolReview::None) => format!("in {}", there.place()),
            (None, word) => format!("now {}", word.word()),
        };
        let message = if there.digest == found.digest {
            format!("{} {} is already saved, {state}", there.name, there.version)
        } else {
            format!("same as {} {}, {state}; nothing was saved", there.name, there.version)
        };
        if review.is_some() {
            self.workspace.transact(|tx| Ok(tx.put_made(id, there.digest, review)?))?;
        }
        let detail = json!({"evolution": id, "digest": there.digest});
        Ok(Outcome { operation: None, review, message, commit: None, detail })
    }

    /// Refuses to write if the original is gone; at the end of an evolution also if it changed.
    fn still_original(&self, case: &Case, way: Way) -> Result<(), EngineError> {
        let (tool, row) = (&case.base.tool, &case.row);
        let is_same = |tool: &Tool| {
            self.engine.library().files_on_disk(tool).is_ok_and(|files| Digest::of_files(&files) == row.digest)
                && tool.stage != Stage::Archived
        };
        if is_same(tool) {
            return Ok(());
        }
        // It may have been approved meanwhile and therefore moved.
        self.engine.library().scan(&mut |_| {})?;
        let view = self.engine.library().catalog();
        if view.tools.iter().filter(|there| there.name == row.tool).any(|there| is_same(there)) {
            return Ok(());
        }
        let refused = |message: String, hint: &str| Err(EngineError::new(ErrorCode::Conflict, message, hint));
        if !view.tools.iter().any(|there| there.path == tool.path) {
            return refused(format!("{} no longer exists", tool.path), "restore it first; its files are kept");
        }
        match way {
            Way::Kept => Ok(()),
            Way::Ended => {
                let hint = format!("`toolsmith keep {}` saves it anyway", row.id);
                refused(format!("{} changed since the evolution started", row.tool), &hint)
            }
        }
    }
}

/// The version that reviewers commented on, if the answer responds to their comments.
pub(super) fn commented(case: &Case) -> Option<Digest> {
    case.bundle.comments.iter().any(|comment| !comment.outdated).then_some(case.row.digest)
}

/// The selected answer, which was examined.
fn chosen<'e>(
    id: EvolutionId,
    course: &EvolutionProgress,
    examined: &'e [ExaminedAnswer],
    at: Option<LaneId>,
) -> Result<(LaneId, &'e ExaminedAnswer), EngineError> {
    let hint = format!("`toolsmith evolutions {id}` shows its rounds");
    let refused = |message: String| EngineError::new(ErrorCode::Conflict, message, hint.clone());
    let Some(at) = at.or_else(|| course.best()) else {
        return Err(refused(format!("evolution {id} has no checked answer to keep")));
    };
    let place = format!("{}.{}", at.round, at.lane + 1);
    if course.lane(at).is_none() {
        return Err(refused(format!("evolution {id} has no answer {place}")));
    }
    let found = examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane));
    let found =
        found.ok_or_else(|| refused(format!("answer {place} of evolution {id} was not checked: it has no version")))?;
    Ok((at, found))
}

/// Whether a hint was given and the best answer is a repair, which reads no hint.
fn is_hint_unread(row: &Evolution, course: &EvolutionProgress, best: Option<LaneId>) -> bool {
    let generator = best.and_then(|at| course.lane(at)).map(|lane| lane.generator.as_str());
    let only = course.plan.generators.iter().all(|name| name == GENERATOR);
    !row.asked.hint.trim().is_empty() && (generator == Some(GENERATOR) || generator.is_none() && only)
}

fn rationale(row: &Evolution, step: &str, generator: &str, at: LaneId) -> String {
    let hint = row.asked.hint.lines().next().unwrap_or_default();
    let wanted = match (hint, row.asked.failures.first()) {
        ("", Some(run)) => format!("to fix the failure of run {run}"),
        ("", None) => "without a hint".to_owned(),
        (hint, _) if generator == GENERATOR => format!("{hint} [{HINT_UNREAD}]"),
        (hint, _) => hint.to_owned(),
    };
    format!("{wanted} (evolution {}, {generator}, round {}; {step})", row.id, at.round)
}

fn metadata(row: &Evolution, found: &ExaminedAnswer, step: &str, generator: &str) -> Map<String, serde_json::Value> {
    let value = json!({
        "evolution": row.id,
        "generator": generator,
        "parent": format!("{}@{}", row.version, row.digest),
        "bundle": row.bundle,
        "failures": row.asked.failures,
        "version": step,
        "examined": found.digest,
        "replay": found.replay.iter().map(|one| json!({"run": one.run, "outcome": one.outcome})).collect::<Vec<_>>(),
    });
    value.as_object().cloned().unwrap_or_default()
}
