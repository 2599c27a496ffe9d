//! Examines an answer: runs the checks of a review, and recorded inputs on the old and the new version.

use super::compose::Case;
use super::keep::commented;
use super::probing::Examination;
use crate::check::{self, CHECKS, Cost};
use crate::domain::{
    CheckState, Digest, ExaminedAnswer, ReplayOutcome, Replayed, Severity, Stage, ToolDetail, Verdict,
};
use crate::engine::Evolutions;
use crate::engine::core::Approvals;
use crate::engine::error::EngineError;
use crate::engine::library::shelf::Shelf;
use crate::engine::review::check_runs::EngineTrials;
use crate::evolve::assess;
use crate::evolve::course::{LaneId, ReplaySummary, VerdictSummary};
use std::sync::atomic::AtomicBool;

/// The result for an answer, in short.
pub(super) struct Examined {
    pub(super) verdict: VerdictSummary,
    pub(super) replay: ReplaySummary,
}

impl Evolutions<'_> {
    /// Runs all checks of the version in an answer, and replays recorded inputs. Stores the result.
    pub(super) fn examine_answer(
        &self,
        case: &Case,
        at: LaneId,
        (detail, step): (&ToolDetail, &str),
        stop: &AtomicBool,
    ) -> Result<Examined, EngineError> {
        let approved = self.workspace.read(|q| Ok(Approvals::read(q)?.newest(&detail.tool.name)))?;
        // The version that its review will be compared with.
        let base: Option<Digest> = approved.filter(|base| *base != detail.tool.digest).or_else(|| commented(case));
        let verdict = self.engine.checks().examine_detail(detail, (base, case.worker()), stop, &mut |_| {})?;
        let all = crashes(&verdict);
        let verdict = self.without_known_failures(case, detail, verdict, stop)?;
        let fresh = crashes(&verdict);
        let still: Vec<String> = all.into_iter().filter(|crash| !fresh.contains(crash)).collect();
        let recorded = self.recorded_inputs(&detail.tool.name, &case.row.asked.failures)?;
        let examination = Examination { evolutions: self, case, detail, stop };
        let (assessment, replay) = examination.assess(&recorded, &still)?;
        let mut checks = verdict.checks;
        checks.push(assessment.report);
        let kept = ExaminedAnswer {
            round: at.round,
            lane: at.lane,
            digest: detail.tool.digest,
            version: detail.tool.version.clone(),
            step: step.to_owned(),
            verdict: Verdict::of(checks, verdict.base, verdict.at).on(case.worker()),
            replay,
        };
        self.workspace.transact(|tx| Ok(tx.put_examined(case.row.id, &kept)?))?;
        let blocking = self.blocking(&kept.verdict);
        Ok(Examined { verdict: VerdictSummary::of(&kept.verdict, blocking), replay: summary(&kept.replay) })
    }

    /// Why an answer is not good: the checks that block approval, and faults of the answer itself.
    pub(super) fn blocking(&self, verdict: &Verdict) -> Vec<String> {
        let mut blocking = self.engine.checks().blocking(verdict, Stage::Approved);
        let is_objected =
            |check: &&crate::domain::CheckReport| check.name == assess::REPORT && check.state == CheckState::Failed;
        if verdict.checks.iter().any(|check| is_objected(&check)) && !blocking.iter().any(|name| name == assess::REPORT)
        {
            blocking.push(assess::REPORT.to_owned());
        }
        blocking
    }

    /// The verdict without failures that the previous version has too; they are also in the review of the version.
    fn without_known_failures(
        &self,
        case: &Case,
        detail: &ToolDetail,
        verdict: Verdict,
        stop: &AtomicBool,
    ) -> Result<Verdict, EngineError> {
        let is_failed = |report: &crate::domain::CheckReport| {
            report.findings.iter().any(|finding| finding.severity == Severity::High)
        };
        if case.row.asked.specification.is_some() || !verdict.checks.iter().any(is_failed) {
            return Ok(verdict);
        }
        let missing = self.engine.dependencies().missing_approved(&case.base);
        let shelf = Shelf::of(self.engine);
        let trials = EngineTrials::new(self.engine, case.worker(), stop);
        let context = check::CheckContext {
            version: &case.base,
            base: None,
            missing: &missing,
            library: &shelf,
            trials: &trials,
        };
        let checks = verdict.checks.into_iter().map(|report| {
            let known = CHECKS.iter().find(|check| check.name == report.name && check.cost != Cost::Comparing);
            match known.filter(|_| is_failed(&report)) {
                Some(known) => check::failed_before(report, &check::examine(known, &context)),
                None => report,
            }
        });
        let verdict = Verdict::of(checks.collect(), verdict.base, verdict.at).on(case.worker());
        self.engine.checks().keep_verdict(&detail.tool, &verdict)?;
        Ok(verdict)
    }
}

/// The faults that keep a version from starting.
fn crashes(verdict: &Verdict) -> Vec<String> {
    let start = verdict.checks.iter().filter(|report| report.name == "start");
    let findings = start.flat_map(|report| &report.findings).filter(|finding| finding.severity == Severity::High);
    findings.map(|finding| finding.message.clone()).collect()
}

fn summary(replayed: &[Replayed]) -> ReplaySummary {
    let count = |outcome| replayed.iter().filter(|one| one.outcome == outcome).count() as u32;
    let is_fixed = |one: &Replayed| matches!(one.outcome, ReplayOutcome::Fixed | ReplayOutcome::Refused);
    // An input that no longer fits the input schema, as requested, cannot be fixed; and a run that cannot be repeated
    // here shows nothing.
    let is_judged = |one: &&Replayed| !matches!(one.outcome, ReplayOutcome::LeftOut | ReplayOutcome::NotRepeated);
    let chosen = replayed.iter().filter(|one| one.chosen).filter(is_judged);
    ReplaySummary {
        fixed: count(ReplayOutcome::Fixed) + count(ReplayOutcome::Refused),
        same: count(ReplayOutcome::Same),
        changed: count(ReplayOutcome::Changed) + count(ReplayOutcome::Hidden),
        broken: count(ReplayOutcome::Broken),
        left_out: count(ReplayOutcome::LeftOut),
        not_repeated: count(ReplayOutcome::NotRepeated),
        chosen: chosen.clone().count() as u32,
        chosen_fixed: chosen.clone().filter(|one| is_fixed(one)).count() as u32,
        still_fails: chosen.clone().find(|one| !is_fixed(one)).map(|one| one.run),
    }
}
