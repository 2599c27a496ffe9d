//! The end of a loop: a good answer becomes a version that waits for a human; any other can be kept when one wants it.

use super::super::Engine;
use super::super::error::{EngineError, ErrorCode};
use super::compose::Case;
use super::course_of;
use crate::domain::{
    Caller, Evolution, EvolutionId, EvolutionState, ExaminedAnswer, Mutation, Outcome, Request, RequestKind,
};
use crate::evolve::course::{End, Event, LaneId};
use crate::evolve::{Course, mutation};
use serde::Serialize;
use serde_json::{Map, json};

/// A loop with everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct EvolutionDetail {
    /// Its row.
    pub evolution: Evolution,
    /// Where it stands.
    #[serde(skip)]
    pub course: Course,
    /// The answers that were examined.
    pub examined: Vec<ExaminedAnswer>,
}

impl Engine {
    /// A loop with everything that was found.
    ///
    /// # Errors
    /// `NotFound`; `Internal` when it cannot be read.
    pub fn evolution(&self, id: EvolutionId) -> Result<EvolutionDetail, EngineError> {
        let evolution = self.evolution_row(id)?;
        let examined = self.read(|q| Ok(q.examined_answers(id)?))?;
        Ok(EvolutionDetail { course: course_of(&evolution)?, evolution, examined })
    }

    /// What a generator wrote, whole, not escaped; `None` when there is no answer in this place.
    ///
    /// # Errors
    /// `NotFound`; `Internal` when the kept text is damaged.
    pub fn answer_text(&self, id: EvolutionId, at: LaneId) -> Result<Option<String>, EngineError> {
        let course = course_of(&self.evolution_row(id)?)?;
        let kept = course.lane(at).and_then(|lane| lane.answer).map(|digest| self.kept_answer(digest)).transpose()?;
        Ok(kept.map(|kept| kept.text))
    }

    /// Ends a loop whose process died, with what it has.
    pub(super) fn end_interrupted(&self, row: Evolution) -> Result<Evolution, EngineError> {
        let (id, owner) = (row.id, row.owner.clone());
        if !self.transact(|tx| Ok(tx.take_evolution(id, &owner, &self.inner.owner)?))? {
            return self.evolution_row(id);
        }
        let (course, _) = course_of(&row)?.step(Event::Stopped);
        let case = self.evolution_case(row)?;
        let end = course.end.clone().unwrap_or(End::Stopped { best: course.best() });
        self.end_course(&case, &course, &end)?;
        self.evolution_row(id)
    }

    /// Writes down how a loop ended; a good answer is written as a version first.
    pub(super) fn end_course(&self, case: &Case, course: &Course, end: &End) -> Result<(), EngineError> {
        let id = case.row.id;
        let best = end.best();
        let rounds = crate::domain::count(course.rounds.len(), "round");
        let (state, message) = match end {
            End::Good { best } => match self.keep_answer(id, Some(*best)) {
                Ok(outcome) => (EvolutionState::Good, format!("good after {rounds}: {}", outcome.message)),
                // Its place was taken meanwhile, say: it ends all the same, and what was made is not lost.
                Err(error) => (
                    EvolutionState::Spent,
                    format!("good after {rounds}, but not written: {}; it can be kept", error.message),
                ),
            },
            End::Spent { best: Some(_) } => {
                (EvolutionState::Spent, format!("not good after {rounds}; the best of them can be kept"))
            }
            End::Spent { best: None } => (EvolutionState::Spent, format!("no answer could be used in {rounds}")),
            End::Failed { message, .. } => (EvolutionState::Failed, message.clone()),
            End::Stopped { .. } => {
                (EvolutionState::Stopped, format!("stopped in round {}", course.rounds.len().max(1)))
            }
        };
        let mutation = best.and_then(|at| self.mutation_of(case, course, at));
        self.transact(|tx| Ok(tx.end_evolution(id, state, &message, mutation)?))
    }

    /// What kind of change an answer is.
    fn mutation_of(&self, case: &Case, course: &Course, at: LaneId) -> Option<Mutation> {
        let kept = course.lane(at).and_then(|lane| lane.answer).and_then(|digest| self.kept_answer(digest).ok())?;
        let answer = kept.answer?;
        let files: Vec<(&str, &str)> = answer
            .files
            .iter()
            .map(|(path, text)| (case.want.files.get(path).map_or("", String::as_str), text.as_str()))
            .collect();
        Some(mutation::made(&case.bundle, &files))
    }

    /// Writes an answer as a version that waits for a human; without a place the best one. What is written already is
    /// not written again.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when there is no such answer, or its place was taken since.
    pub fn keep_answer(&self, id: EvolutionId, at: Option<LaneId>) -> Result<Outcome, EngineError> {
        let row = self.evolution_row(id)?;
        let course = course_of(&row)?;
        let examined = self.read(|q| Ok(q.examined_answers(id)?))?;
        let nothing = || {
            let message = format!("evolution {id} has no examined answer to keep");
            EngineError::new(ErrorCode::Conflict, message, "`toolsmith evolutions ID` shows its rounds")
        };
        let at = at.or_else(|| course.best()).ok_or_else(nothing)?;
        let found = examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane)).ok_or_else(nothing)?;
        if row.made == Some(found.digest) {
            let message = format!("{} {} is written already", row.tool, found.version);
            return Ok(Outcome {
                operation: None,
                review: row.review,
                message,
                commit: None,
                detail: json!({"evolution": id, "digest": found.digest}),
            });
        }
        let base = self.evolved_detail(&row)?;
        let detail = self.candidate_kept(&base.tool, &found.version, found.digest)?;
        let lane = course.lane(at);
        let request = Request {
            kind: RequestKind::Tool,
            tool: Some(row.tool.clone()),
            plan: None,
            description: detail.manifest.description.clone(),
            rationale: rationale(&row, found, lane.map_or("", |lane| lane.generator.as_str()), at),
            test_results: Vec::new(),
            changes: Vec::new(),
            specification: None,
            successor: None,
            metadata: metadata(&row, found, lane.map_or("", |lane| lane.generator.as_str())),
        };
        let caller = match row.who.strip_prefix("agent:") {
            Some(agent) => Caller::Agent(agent.to_owned()),
            None => Caller::Human(row.who.clone()),
        };
        let outcome = self.bring(&request, &detail, &caller, "evolve")?;
        self.transact(|tx| Ok(tx.put_made(id, found.digest, outcome.review)?))?;
        let message = format!("{} {} is in {}; {}", row.tool, found.version, detail.tool.place(), outcome.message);
        Ok(Outcome { message, ..outcome })
    }
}

fn rationale(row: &Evolution, found: &ExaminedAnswer, generator: &str, at: LaneId) -> String {
    let hint = row.asked.hint.lines().next().unwrap_or_default();
    let wanted = match (hint, row.asked.failures.first()) {
        ("", Some(run)) => format!("against the failure of run {run}"),
        ("", None) => "without a hint".to_owned(),
        (hint, _) => hint.to_owned(),
    };
    format!("{wanted} (evolution {}, {generator}, round {}; {})", row.id, at.round, found.step)
}

fn metadata(row: &Evolution, found: &ExaminedAnswer, generator: &str) -> Map<String, serde_json::Value> {
    let value = json!({
        "evolution": row.id,
        "generator": generator,
        "parent": format!("{}@{}", row.version, row.digest),
        "bundle": row.bundle,
        "failures": row.asked.failures,
        "version": found.step,
        "replay": found.replay.iter().map(|one| json!({"run": one.run, "outcome": one.outcome})).collect::<Vec<_>>(),
    });
    value.as_object().cloned().unwrap_or_default()
}
