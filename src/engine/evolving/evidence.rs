//! The evolution that a version comes from, for its review and for the export of decisions.

use super::course_of;
use crate::domain::{Digest, Evolution, ExaminedAnswer, ReplayOutcome, Review, Severity, ToolName, count};
use crate::engine::Evolutions;
use crate::engine::error::EngineError;
use crate::engine::view::{EvidenceLine, Weight};
use crate::evolve::assess::REPORT;
use crate::evolve::course::{Lane, LaneId};
use serde_json::{Value, json};

impl Evolutions<'_> {
    /// Which evolution made the version under review, and the results for recorded inputs; based on local records, not
    /// on claims of a requester.
    pub(in crate::engine) fn evolved(&self, review: &Review) -> Result<Vec<EvidenceLine>, EngineError> {
        let Some(row) = self.workspace.read(|q| Ok(q.evolution_that_made(&review.tool, review.digest)?))? else {
            return Ok(Vec::new());
        };
        let line = |weight, label: &str, text: String| EvidenceLine { weight, label: label.to_owned(), text };
        let examined = self.workspace.read(|q| Ok(q.examined_answers(row.id)?))?;
        let Some(found) = examined.iter().find(|one| one.digest == review.digest) else { return Ok(Vec::new()) };
        let course = course_of(&row)?;
        let lane = course.lane(LaneId { round: found.round, lane: found.lane });
        let generator = lane.map_or("", |lane| lane.generator.as_str());
        let rounds = count(course.rounds.len(), "round");
        let made = format!("evolution {} of {}: {generator}, round {} of {rounds}", row.id, row.version, found.round);
        let mut lines = vec![line(Weight::Fact, "made by", made), line(Weight::Fact, "version", found.step.clone())];
        let assessed = found.verdict.checks.iter().filter(|check| check.name == REPORT);
        let objections = assessed.flat_map(|check| &check.findings).filter(|one| one.severity == Severity::High);
        lines.extend(objections.map(|finding| line(Weight::Bad, "not good", finding.message.clone())));
        for one in found.replay.iter().filter(|one| one.outcome != ReplayOutcome::Same) {
            let is_bad = matches!(one.outcome, ReplayOutcome::Broken | ReplayOutcome::Hidden);
            let weight = if is_bad { Weight::Bad } else { Weight::Fact };
            let text = format!("input of run {} {}: {}", one.run, one.outcome, one.summary());
            lines.push(line(weight, "replayed", text));
        }
        let same = found.replay.iter().filter(|one| one.outcome == ReplayOutcome::Same).count();
        if same > 0 {
            let text = format!("{} gave the same result", count(same, "recorded input"));
            lines.push(line(Weight::Fact, "replayed", text));
        }
        Ok(lines)
    }

    /// The prompt and the answer for a version that a generator made; null for any other.
    pub(in crate::engine) fn asked_for(&self, tool: &ToolName, version: Digest) -> Result<Value, EngineError> {
        let Some(row) = self.workspace.read(|q| Ok(q.evolution_that_made(tool, version)?))? else {
            return Ok(Value::Null);
        };
        let examined = self.workspace.read(|q| Ok(q.examined_answers(row.id)?))?;
        let course = course_of(&row)?;
        let at = examined.iter().find(|one| one.digest == version);
        let at = at.map(|one| LaneId { round: one.round, lane: one.lane });
        let lane = at.and_then(|at| course.lane(at));
        let text = |digest: Option<Digest>| -> Result<Option<String>, EngineError> {
            let Some(digest) = digest else { return Ok(None) };
            Ok(Some(String::from_utf8_lossy(&self.workspace.documents().get(digest)?).into_owned()))
        };
        let answer = lane.and_then(|lane| lane.answer).map(|digest| self.kept_answer(digest)).transpose()?;
        Ok(json!({
            "number": row.id,
            "generator": lane.map(|lane| &lane.generator),
            "round": at.map(|at| at.round),
            "bundle": row.bundle,
            "prompt": text(lane.and_then(|lane| lane.prompt))?,
            "answer": answer.map(|kept| kept.text),
        }))
    }
}

/// The place of an examined answer in its evolution.
pub(in crate::engine) fn lane_of(row: &Evolution, found: &ExaminedAnswer) -> Result<Option<Lane>, EngineError> {
    Ok(course_of(row)?.lane(LaneId { round: found.round, lane: found.lane }).cloned())
}
