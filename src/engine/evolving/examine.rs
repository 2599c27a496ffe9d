//! Examining an answer: the checks of a review, and recorded inputs on the version before and on this one.

use super::compose::Case;
use crate::check;
use crate::domain::{Digest, ExaminedAnswer, ReplayOutcome, Replayed, Stage, ToolDetail};
use crate::engine::Evolutions;
use crate::engine::core::Approvals;
use crate::engine::error::EngineError;
use crate::engine::review::check_runs::EngineTrials;
use crate::evolve::course::{LaneId, ReplaySummary, VerdictSummary};
use std::sync::atomic::AtomicBool;

/// What was found of an answer, in short.
pub(super) struct Examined {
    pub(super) verdict: VerdictSummary,
    pub(super) replay: ReplaySummary,
}

impl Evolutions<'_> {
    /// Makes all checks of a version that an answer is, and replays recorded inputs. Keeps what was found.
    pub(super) fn examine_answer(
        &self,
        case: &Case,
        at: LaneId,
        (detail, step): (&ToolDetail, &str),
        stop: &AtomicBool,
    ) -> Result<Examined, EngineError> {
        let approved = self.workspace.read(|q| Ok(Approvals::read(q)?.newest(&detail.tool.name)))?;
        let base: Option<Digest> = approved.filter(|base| *base != detail.tool.digest);
        let verdict = self.engine.checks().examine_detail(detail, base, stop, &mut |_| {})?;
        let recorded = self.recorded_inputs(&detail.tool.name, &case.row.asked.failures)?;
        let trials = EngineTrials::new(self.engine, stop);
        let can_start = |detail: &ToolDetail| detail.tool.runnable && detail.manifest.recipe.is_some();
        let replayed = if can_start(detail) && can_start(&case.base) {
            check::replay(&trials, (&case.base, detail), &recorded)
                .map_err(|why| EngineError::internal(format!("recorded inputs cannot be replayed: {why}")))?
        } else {
            Vec::new()
        };
        let kept = ExaminedAnswer {
            round: at.round,
            lane: at.lane,
            digest: detail.tool.digest,
            version: detail.tool.version.clone(),
            step: step.to_owned(),
            verdict,
            replay: replayed,
        };
        self.workspace.transact(|tx| Ok(tx.put_examined(case.row.id, &kept)?))?;
        let blocking = self.engine.checks().blocking(&kept.verdict, Stage::Approved);
        Ok(Examined { verdict: VerdictSummary::of(&kept.verdict, blocking), replay: summary(&kept.replay) })
    }
}

fn summary(replayed: &[Replayed]) -> ReplaySummary {
    let count = |outcome| replayed.iter().filter(|one| one.outcome == outcome).count() as u32;
    let chosen = replayed.iter().filter(|one| one.chosen);
    ReplaySummary {
        fixed: count(ReplayOutcome::Fixed),
        same: count(ReplayOutcome::Same),
        changed: count(ReplayOutcome::Changed),
        broken: count(ReplayOutcome::Broken),
        chosen: chosen.clone().count() as u32,
        chosen_fixed: chosen.clone().filter(|one| one.outcome == ReplayOutcome::Fixed).count() as u32,
        still_fails: chosen.clone().find(|one| one.outcome != ReplayOutcome::Fixed).map(|one| one.run),
    }
}
